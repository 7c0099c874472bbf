/** Series on a regular grid, and Prometheus' notation for their names. */
import { ForetraceError } from "./errors.ts";
import type { EpochMillis } from "./units.ts";

/** Labels of one series; `__name__` is the metric name, as in Prometheus. */
export type Labels = Readonly<Record<string, string>>;

/** Values at start, start + step, …; NaN means missing, everywhere. */
export type Series = {
  readonly labels: Labels;
  readonly start: EpochMillis;
  /** Milliseconds, > 0. */
  readonly step: number;
  readonly values: Float64Array;
};

/** Several series on one grid: same start, step and length. */
export type Frame = {
  readonly start: EpochMillis;
  readonly step: number;
  readonly length: number;
  readonly columns: readonly { readonly labels: Labels; readonly values: Float64Array }[];
};

/** One raw sample: milliseconds since the epoch and the value with its exact bits. */
export type Sample = { readonly t: EpochMillis; readonly v: number };

/** Prometheus' staleness marker: a NaN with these bits, kept apart from an ordinary NaN by the store. */
export const staleNaNBits = 0x7ff0000000000002n;

/** `name{a="x",b="y"}`, labels sorted by name, values escaped as in the exposition format. */
export function formatSeriesName(labels: Labels): string {
  const name = labels["__name__"] ?? "";
  const rest = Object.keys(labels)
    .filter((key) => key !== "__name__")
    .sort()
    .map((key) => `${key}="${escapeLabelValue(labels[key]!)}"`);
  return rest.length === 0 ? name : `${name}{${rest.join(",")}}`;
}

export function escapeLabelValue(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

/** Inverse of {@link formatSeriesName}. */
export function parseSeriesName(text: string): Labels {
  const match = /^([a-zA-Z_:][a-zA-Z0-9_:]*)?(?:\{(.*)\})?$/s.exec(text);
  if (match === null || text === "") throw new ForetraceError("bad_usage", `"${text}" is not a series name; write name{label="value"}`);
  const labels: Record<string, string> = match[1] === undefined ? {} : { __name__: match[1] };
  const body = match[2] ?? "";
  const pair = /\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)/y;
  while (pair.lastIndex < body.length) {
    const found = pair.exec(body);
    if (found === null) throw new ForetraceError("bad_usage", `"${text}" is not a series name; write name{label="value"}`);
    labels[found[1]!] = found[2]!.replace(/\\(.)/g, (_, escaped: string) => (escaped === "n" ? "\n" : escaped));
  }
  return labels;
}

/** A key that is equal exactly when the label sets are equal. */
export const seriesKey = (labels: Labels): string => formatSeriesName(labels);
