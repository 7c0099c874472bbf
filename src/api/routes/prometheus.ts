/** /api/v1: the part of the Prometheus HTTP API that Grafana, KEDA and scripts call, over stored and derived series. */
import { Type } from "typebox";
import { ForetraceError, isForetraceError } from "../../lib/errors.ts";
import type { Labels } from "../../lib/series.ts";
import { withDerived } from "../../promql/derived.ts";
import { evaluateInstant, evaluateRange } from "../../promql/evaluate.ts";
import { formatLabels } from "../../promql/format.ts";
import { compareCodePoints, compareLabels } from "../../promql/labels.ts";
import { parsePromql, parseSelector } from "../../promql/parse.ts";
import type { Matcher } from "../../store/ports.ts";
import type { ApiContext, App } from "../context.ts";
import { metadata } from "../describe.ts";
import { sendErrorBody, toForetraceError } from "../plugins/errors.ts";
import {
  BuildinfoAnswer,
  ErrorAnswer,
  MatrixAnswer,
  MetadataAnswer,
  NamesAnswer,
  SeriesAnswer,
  VectorAnswer,
} from "../prometheus/answer.ts";
import { answer, errorAnswer, instantAnswer, limited, rangeAnswer } from "../prometheus/answer.ts";
import { badData, invalid, limitOf, lookback, optionalTime, readForm } from "../prometheus/params.ts";
import { requiredTime, searchRange, stepMillis, timeoutMillis, unescapeLabelName } from "../prometheus/params.ts";

const base = "/api/v1";
/** Points per series that a range query may ask for, as in Prometheus. */
const maxPointsPerSeries = 11_000;
const defaultTimeoutMillis = 120_000;
/** The Prometheus whose API this is; clients choose their requests by it. */
const spokenVersion = "3.14.0";

const text = (description: string) => Type.Optional(Type.String({ description }));
const moment = (what: string) => text(`${what}: Unix seconds or RFC 3339`);
const Selectors = {
  "match[]": text("Series selector; may be repeated"),
  start: moment("Start"),
  end: moment("End"),
  limit: text("At most so many"),
};
const Common = {
  timeout: text("Seconds or a duration"),
  limit: text("At most so many series"),
  lookback_delta: text("Seconds or a duration; 5m unless told"),
};
const QueryParams = { query: text("PromQL: a selector, or numbers"), time: moment("Moment; now unless told"), ...Common };
const RangeParams = {
  query: QueryParams.query,
  start: moment("Start"),
  end: moment("End"),
  step: text("Seconds or a duration"),
  ...Common,
};
const tags = ["prometheus"];
const consumes = ["application/x-www-form-urlencoded"];

export async function prometheusRoutes(root: App, context: ApiContext): Promise<void> {
  await root.register(async (app: App) => routes(app, context));
}

async function routes(app: App, { store, clock, log, version }: ApiContext): Promise<void> {
  const storage = withDerived(store.series, store.outcomes);
  // Prometheus reads its parameters itself and takes no notice of those it does not know; the schemas describe.
  app.setValidatorCompiler(() => (value: unknown) => ({ value }));
  app.removeContentTypeParser("application/json");
  app.addContentTypeParser(consumes, { parseAs: "string" }, (_request, body, done) => done(null, body));
  app.addContentTypeParser("*", { parseAs: "string" }, (_request, _body, done) => done(null, undefined));
  app.setErrorHandler((error, request, reply) => {
    const known = toForetraceError(error, request, log);
    const { status, body } = errorAnswer(known);
    return sendErrorBody(reply, known, status, body);
  });

  /** GET with the parameters in the address, POST with them as a form. */
  const both = ["GET", "POST"] as ("GET" | "POST")[];
  const described = (summary: string, parameters: Record<string, ReturnType<typeof text>>, success: object) => ({
    summary,
    tags,
    consumes,
    querystring: Type.Object(parameters),
    response: { 200: success, "4xx": ErrorAnswer, "5xx": ErrorAnswer },
  });

  app.route({
    method: both,
    url: `${base}/query`,
    schema: described("Value at one moment", QueryParams, VectorAnswer),
    handler: async (request) => {
      const form = readForm(request);
      const limit = limitOf(form);
      const at = optionalTime(form, "time", clock());
      const timeout = timeoutMillis(form);
      const options = lookback(form);
      const expr = parseQuery(form);
      return instantAnswer(await withTimeout(evaluateInstant(expr, at, storage, options), timeout), limit);
    },
  });
  app.route({
    method: both,
    url: `${base}/query_range`,
    schema: described("Values on a grid of moments, also beyond now", RangeParams, MatrixAnswer),
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
      return rangeAnswer(await withTimeout(evaluateRange(expr, { start, end, step }, storage, options), timeout), limit);
    },
  });
  app.route({
    method: both,
    url: `${base}/series`,
    schema: described("Label sets that match", Selectors, SeriesAnswer),
    handler: async (request) => {
      const form = readForm(request);
      if (form.getAll("match[]").length === 0) throw badData("no match[] parameter provided", "match[]");
      const limit = limitOf(form);
      const range = searchRange(form);
      const found = new Map<string, Record<string, string>>();
      for (const matchers of naming("match[]", () => selectors(form))) {
        for (const labels of await storage.series(matchers, range)) {
          const formatted = formatLabels(labels);
          found.set(JSON.stringify(formatted), formatted);
        }
      }
      const { items, warnings } = limited([...found.values()].sort(compareLabels as (a: Labels, b: Labels) => number), limit);
      return answer(items, warnings);
    },
  });
  app.route({
    method: both,
    url: `${base}/labels`,
    schema: described("Names of labels", Selectors, NamesAnswer),
    handler: async (request) => {
      const form = readForm(request);
      const limit = limitOf(form);
      const range = searchRange(form);
      return names(await Promise.all(orEverything(selectors(form)).map((matchers) => storage.labelNames(matchers, range))), limit);
    },
  });
  app.get(
    `${base}/label/:name/values`,
    { schema: { ...described("Values of a label", Selectors, NamesAnswer), params: Type.Object({ name: Type.String() }) } },
    async (request) => {
      const form = readForm(request);
      const name = unescapeLabelName(request.params.name);
      if (name === "") throw badData(`invalid label name: ${JSON.stringify(name)}`, "name");
      const limit = limitOf(form);
      const range = searchRange(form);
      return names(await Promise.all(orEverything(selectors(form)).map((matchers) => storage.labelValues(name, matchers, range))), limit);
    },
  );
  app.get(
    `${base}/metadata`,
    {
      schema: described(
        "Type, help and unit of the metrics that this service makes",
        {
          metric: text("Only this metric"),
          limit: text("At most so many metrics"),
          limit_per_metric: text("At most so many entries for each"),
        },
        MetadataAnswer,
      ),
    },
    async (request) => {
      const form = readForm(request);
      const limit = wholeNumber(form, "limit");
      wholeNumber(form, "limit_per_metric");
      const wanted = form.get("metric") ?? "";
      const known = metadata().filter(({ name }) => wanted === "" || name === wanted);
      const shown = limit === undefined || limit < 0 ? known : known.slice(0, limit);
      return answer(Object.fromEntries(shown.map(({ name, ...rest }) => [name, [rest]])));
    },
  );
  app.get(`${base}/status/buildinfo`, { schema: described("Which API this is", {}, BuildinfoAnswer) }, async () =>
    answer({
      version: spokenVersion,
      revision: `foretrace ${version}`,
      branch: "",
      buildUser: "",
      buildDate: "",
      goVersion: "",
    }),
  );
}

/** @throws ForetraceError bad_query in the form of Prometheus: `invalid parameter "query": 1:5: …`. */
const parseQuery = (form: URLSearchParams) => naming("query", () => parsePromql(form.get("query") ?? ""));

function naming<T>(parameter: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!isForetraceError(error) || error.code !== "bad_query") throw error;
    throw new ForetraceError("bad_query", `invalid parameter "${parameter}": ${error.message}`, error.place);
  }
}

const selectors = (form: URLSearchParams): Matcher[][] => form.getAll("match[]").map((one) => [...parseSelector(one).matchers]);

const orEverything = (sets: Matcher[][]): Matcher[][] => (sets.length === 0 ? [[]] : sets);

function names(lists: readonly (readonly string[])[], limit: number) {
  const { items, warnings } = limited([...new Set(lists.flat())].sort(compareCodePoints), limit);
  return answer(items, warnings);
}

function wholeNumber(form: URLSearchParams, name: string): number | undefined {
  const given = form.get(name) ?? "";
  if (given === "") return undefined;
  if (!/^[+-]?\d+$/.test(given)) throw badData(`${name} must be a number`, name);
  return Number(given);
}

/** Answers in time; the read of the store that is under way ends on its own. */
async function withTimeout<T>(work: Promise<T>, millis = defaultTimeoutMillis): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const fail = (): void => reject(new ForetraceError("unavailable", "query timed out in expression evaluation", { input: "timeout" }));
    timer = setTimeout(fail, Math.max(0, Math.min(millis, 2 ** 31 - 1)));
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
