/** The envelope of the Prometheus API: {status, data} or {status, errorType, error}. */
import type { ForetraceError } from "../../lib/errors.ts";
import type { InstantResult, MatrixItem, RangeResult } from "../../promql/evaluate.ts";
import { formatLabels, formatScalar, formatValue } from "../../promql/format.ts";

export type Answer<T> = { status: "success"; data: T; warnings?: string[] };

export function answer<T>(data: T, warnings: string[] = []): Answer<T> {
  return { status: "success", data, ...(warnings.length > 0 ? { warnings } : {}) };
}

export const truncated = "results truncated due to limit";

/** At most `limit` items (0 = all), with Prometheus' warning when some were left out. */
export function limited<T>(items: readonly T[], limit: number): { items: T[]; warnings: string[] } {
  if (limit === 0 || items.length <= limit) return { items: [...items], warnings: [] };
  return { items: items.slice(0, limit), warnings: [truncated] };
}

const seconds = (millis: number): number => millis / 1000;
const matrixItem = ({ labels, samples }: MatrixItem) => ({
  metric: formatLabels(labels),
  values: samples.map(({ t, v }) => [seconds(t), formatValue(v)] as [number, string]),
});

/** A result of an instant query. */
export function instantAnswer(result: InstantResult, limit: number) {
  if (result.type === "scalar") {
    return answer({ resultType: result.type, result: [seconds(result.sample.t), formatScalar(result.sample.v)] as [number, string] });
  }
  if (result.type === "string") return answer({ resultType: result.type, result: [seconds(result.t), result.text] as [number, string] });
  const { items, warnings } = limited(result.items, limit);
  const vector = items.map(({ labels, sample: { t, v } }) => ({
    metric: formatLabels(labels),
    value: [seconds(t), formatValue(v)] as [number, string],
  }));
  return answer({ resultType: result.type, result: vector }, warnings);
}

/** A result of a range query. */
export function rangeAnswer(result: RangeResult, limit: number) {
  const { items, warnings } = limited(result.items, limit);
  return answer({ resultType: result.type, result: items.map(matrixItem) }, warnings);
}

/** Status and body of an error, in Prometheus' words. */
export function errorAnswer(error: ForetraceError): { status: number; body: { status: "error"; errorType: string; error: string } } {
  const of = (status: number, errorType: string) => ({ status, body: { status: "error" as const, errorType, error: error.message } });
  switch (error.code) {
    case "too_large":
      // Too many points are the query's doing; anything else that is too large is the body.
      return error.place.input === "query" ? of(422, "execution") : of(413, "bad_data");
    case "unavailable":
      return of(503, error.place.input === "timeout" ? "timeout" : "unavailable");
    case "store_failed":
      return of(503, "unavailable");
    case "canceled":
      return of(499, "canceled");
    case "internal":
    case "not_found":
    case "unauthorized":
    case "forbidden":
      return of(error.status, error.code);
    default:
      return error.status < 500 ? of(error.status, "bad_data") : of(error.status, "execution");
  }
}
