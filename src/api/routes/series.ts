/** /series: stored series by target, and one with its forecast and anomalies. */
import { Type } from "typebox";
import { ForetraceError } from "../../lib/errors.ts";
import { formatSeriesName, parseSeriesName, seriesKey } from "../../lib/series.ts";
import { epochMillis } from "../../lib/units.ts";
import { targetMatcher } from "../../jobs/frames.ts";
import type { ApiContext, App } from "../context.ts";
import { describe } from "../describe.ts";
import { parseRange } from "../moments.ts";
import { RangeFrom, RangeTo, TargetName, answers, itemsOf, queryOf, restBase } from "../schemas/common.ts";
import { SeriesData, SeriesItem } from "../schemas/records.ts";
import { always, finite, latestSamples, seriesData } from "../series-view.ts";

const day = 86_400_000;
const tags = ["series"];

export async function seriesRoutes(app: App, { store, clock }: ApiContext): Promise<void> {
  app.get(
    `${restBase}/series`,
    {
      schema: {
        summary: "Series of a target, with their newest samples",
        tags,
        querystring: queryOf({ target: TargetName, from: RangeFrom, to: RangeTo }),
        response: answers({ 200: itemsOf(SeriesItem) }),
      },
    },
    async ({ query }) => {
      const matchers = targetMatcher(query.target);
      const [all, latest] = await Promise.all([
        store.series.series(matchers, parseRange(query, always)),
        latestSamples(store.series, matchers, clock()),
      ]);
      const items = all.map((labels) => {
        const last = latest.get(seriesKey(labels));
        return {
          name: formatSeriesName(labels),
          labels,
          ...describe(labels),
          last: last === undefined ? null : { t: last.t, v: finite(last.v) },
        };
      });
      return { items: items.sort((a, b) => (a.name < b.name ? -1 : 1)) };
    },
  );
  app.get(
    `${restBase}/series/data`,
    {
      schema: {
        summary: "One series: samples, forecast, what was said before, anomalies",
        description: "The last hour unless from and to say otherwise; 31 days at most.",
        tags,
        querystring: queryOf({
          target: TargetName,
          name: Type.String({ minLength: 1, maxLength: 10_000, description: 'Prometheus notation: name{label="value"}' }),
          from: RangeFrom,
          to: RangeTo,
        }),
        response: answers({ 200: SeriesData }),
      },
    },
    async ({ query }) => {
      const now = clock();
      const to = query.to === undefined ? now : parseRange({ to: query.to }, always).to;
      const range = parseRange(query, { from: epochMillis(to - 3_600_000), to });
      if (range.to - range.from > 31 * day) {
        throw new ForetraceError("bad_usage", 'the range of "from" and "to" is longer than 31 days', { input: "from" });
      }
      const labels = { ...parseSeriesName(query.name), target: query.target };
      const known = await store.series.series(targetMatcher(query.target), always);
      if (!known.some((other) => seriesKey(other) === seriesKey(labels))) {
        throw new ForetraceError("not_found", `target "${query.target}" has no series ${formatSeriesName(labels)}`, { input: "name" });
      }
      return { ...(await seriesData(store, query.target, labels, range)), ...describe(labels) };
    },
  );
}
