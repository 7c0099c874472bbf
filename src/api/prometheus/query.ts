/** /query and /query_range. */
import { ForetraceError } from "../../lib/errors.ts";
import type { Clock } from "../../lib/units.ts";
import { evaluateInstant, evaluateRange, type Queryable } from "../../promql/evaluate.ts";
import { parsePromql } from "../../promql/parse.ts";
import type { App } from "../context.ts";
import { instantAnswer, rangeAnswer } from "./answer.ts";
import { badData, invalid, limitOf, lookback, naming, optionalTime, readForm, requiredTime, stepMillis, timeoutMillis } from "./params.ts";
import { described, InstantAnswer, parameters, prometheusBase, RangeAnswer } from "./schemas.ts";

/** Points per series that a range query may ask for, as in Prometheus. */
const maxPointsPerSeries = 11_000;
const defaultTimeoutMillis = 120_000;

export function queryRoutes(app: App, storage: Queryable, clock: Clock): void {
  app.route({
    method: ["GET", "POST"],
    url: `${prometheusBase}/query`,
    schema: described("Value at one moment", parameters.query, InstantAnswer),
    handler: async (request) => {
      const form = readForm(request);
      const limit = limitOf(form);
      const at = optionalTime(form, "time", clock());
      const timeout = timeoutMillis(form);
      const options = lookback(form);
      const expr = parseQuery(form);
      return instantAnswer(await withTimeout(() => evaluateInstant(expr, at, storage, options), timeout), limit);
    },
  });
  app.route({
    method: ["GET", "POST"],
    url: `${prometheusBase}/query_range`,
    schema: described("Values on a grid of moments, also beyond now", parameters.range, RangeAnswer),
    handler: async (request) => {
      const form = readForm(request);
      const limit = limitOf(form);
      const start = requiredTime(form, "start");
      const end = requiredTime(form, "end");
      if (end < start) throw invalid("end", "end timestamp must not be before start time");
      const step = stepMillis(form);
      if ((end - start) / step > maxPointsPerSeries) {
        throw badData(
          "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
          "step",
        );
      }
      const timeout = timeoutMillis(form);
      const options = lookback(form);
      const expr = parseQuery(form);
      return rangeAnswer(await withTimeout(() => evaluateRange(expr, { start, end, step }, storage, options), timeout), limit);
    },
  });
}

const parseQuery = (form: URLSearchParams) => naming("query", () => parsePromql(form.get("query") ?? ""));

const late = (): ForetraceError => new ForetraceError("unavailable", "query timed out in expression evaluation", { input: "timeout" });

/** Answers in time; a read of the store that is under way ends on its own. */
async function withTimeout<T>(start: () => Promise<T>, millis = defaultTimeoutMillis): Promise<T> {
  if (millis <= 0) throw late();
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(late()), Math.min(millis, 2 ** 31 - 1));
  });
  try {
    return await Promise.race([start(), expired]);
  } finally {
    clearTimeout(timer);
  }
}
