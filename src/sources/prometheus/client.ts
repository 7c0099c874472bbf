/** Prometheus' range queries of any length: cut into pieces that the server answers, put together again. */
import { ForetraceError } from "../../lib/errors.ts";
import { type Sample, seriesKey } from "../../lib/series.ts";
import { type EpochMillis, epochMillis } from "../../lib/units.ts";
import type { SampleSeries } from "../samples.ts";
import { readMatrix } from "./answer.ts";
import { postForm, type RequestOptions, TooMuchAsked } from "./request.ts";

/** The server refuses more points in one answer. */
export const maxPoints = 11_000;

export type RangeOptions = { readonly signal?: AbortSignal; readonly progress?: (done: number) => void };

export type PrometheusClient = {
  /**
   * Samples of `expr` at the multiples of `step` milliseconds in [from, to], both inclusive, so that two pulls meet on the same points.
   * A point that the server leaves out is missing (no sample); label sets may appear and end anywhere.
   * @throws ForetraceError source_unreachable, source_rejected, canceled.
   */
  rangeQuery(expr: string, from: EpochMillis, to: EpochMillis, step: number, options?: RangeOptions): Promise<SampleSeries[]>;
};

export function createPrometheusClient(request: RequestOptions & { readonly maxPoints?: number }): PrometheusClient {
  // What the server has proved able to answer stays for the next query.
  let pointsAtOnce = Math.max(1, request.maxPoints ?? maxPoints);
  return {
    async rangeQuery(expr, from, to, step, options = {}) {
      if (!Number.isInteger(step) || step <= 0) {
        throw new ForetraceError("bad_usage", `step ${step} of "${expr}" is not a whole number of milliseconds above 0`, { input: "step" });
      }
      const first = Math.ceil(from / step) * step;
      const last = Math.floor(to / step) * step;
      const merged = new Map<string, { labels: SampleSeries["labels"]; samples: Sample[] }>();
      for (let start = first; start <= last;) {
        const end = Math.min(last, start + (pointsAtOnce - 1) * step);
        const form = { query: expr, start: seconds(start), end: seconds(end), step: seconds(step) };
        let part: SampleSeries[];
        try {
          part = readMatrix(await postForm("/api/v1/query_range", form, request, options.signal), `${request.url} "${expr}"`);
        } catch (error) {
          const points = Math.round((end - start) / step) + 1;
          if (!(error instanceof TooMuchAsked) || points < 2) throw error;
          pointsAtOnce = Math.floor(points / 2);
          continue;
        }
        for (const { labels, samples } of part) {
          const known = merged.get(seriesKey(labels));
          if (known === undefined) merged.set(seriesKey(labels), { labels, samples: [...samples] });
          else for (const sample of samples) known.samples.push(sample);
        }
        start = end + step;
        options.progress?.(Math.min(1, (start - first) / (last - first + step)));
      }
      return [...merged.values()];
    },
  };
}

/** Millisecond times as the API's decimal seconds, exactly. */
const seconds = (millis: number): string => (millis / 1000).toFixed(3);

/** The multiples of `step` inside the range that a pull covers: for overlap and "newest" arithmetic of callers. */
export const alignDown = (time: number, step: number): EpochMillis => epochMillis(Math.floor(time / step) * step);
