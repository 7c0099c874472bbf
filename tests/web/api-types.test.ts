/** The page's own shapes of the answers are those of the API's schemas: by type (tsc refuses a difference) and at run time. */
import type { Static, TSchema } from "typebox";
import { Errors } from "typebox/value";
import { describe, expect, test } from "vitest";
import * as schemas from "../../src/api/schemas/records.ts";
import type * as page from "../../src/web/api-types.ts";
import { seriesData, serverTarget, traceTarget } from "../helpers/page-data.ts";
import { readSpans, timelineOf } from "../helpers/page-timeline.ts";
import { sharedDir } from "../helpers/shared.ts";

/** The store's types are read-only all the way down, the schemas' are not. */
type Writable<T> = T extends readonly unknown[] | Readonly<Record<string, unknown>> ? { -readonly [K in keyof T]: Writable<T[K]> } : T;
type Exact<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Both without read-only marks, flattened, equal to the last optional key. */
type Same<Page, Schema extends TSchema> = Exact<Writable<Page>, Writable<Static<Schema>>>;

test("each type of the page is the type of its schema, optional keys included", () => {
  const same: [
    Same<page.TargetItem, typeof schemas.Target>,
    Same<page.TraceItem, typeof schemas.Trace>,
    Same<page.SeriesItem, typeof schemas.SeriesItem>,
    Same<page.SeriesData, typeof schemas.SeriesData>,
    Same<page.Forecast, typeof schemas.Forecast>,
    Same<page.Anomaly, typeof schemas.Anomaly>,
    Same<page.Timeline, typeof schemas.Timeline>,
    Same<page.Job, typeof schemas.Job>,
    Same<page.ReportItem, typeof schemas.Report>,
  ] = [true, true, true, true, true, true, true, true, true];
  expect(same).not.toContain(false);
});

describe.skipIf(sharedDir === undefined)("answers that the tests of the page are made of", () => {
  const errors = (schema: TSchema, value: unknown): unknown[] => [...Errors(schema, value)];
  const now = 1_764_000_000_000;

  test("series, forecasts and anomalies fulfil the schemas", () => {
    for (const target of [serverTarget(sharedDir!, now), traceTarget(sharedDir!, now, ["3f1c"])]) {
      for (const anomaly of target.anomalies) expect(errors(schemas.Anomaly, anomaly)).toEqual([]);
      for (const series of target.series.slice(0, 8)) {
        expect(errors(schemas.SeriesItem, series.item)).toEqual([]);
        expect(errors(schemas.SeriesData, seriesData(target, series, now - 7_200_000, now))).toEqual([]);
      }
    }
  });

  test("a timeline fulfils the schema", () => {
    const spans = readSpans(`${sharedDir!}/traces/real/nats-server-2.9.10-go1.19.8-load3s.trace.tsv.gz`);
    expect(errors(schemas.Timeline, timelineOf(spans, 0, spans.end, 300))).toEqual([]);
    expect(errors(schemas.Timeline, { ...timelineOf(spans, 0, spans.end, 300), names: [1] })).not.toEqual([]);
  });
});
