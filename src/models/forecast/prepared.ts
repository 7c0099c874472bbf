/** One series made ready for many windows: running sums, so that the mean of any stretch costs two look-ups. */

export type PreparedSeries = {
  /** Infinite values count as missing (NaN). */
  readonly values: Float64Array;
  /** Time of index 0, ms since the epoch. */
  readonly start: number;
  /** Mean of the present values in [from, to), cut to the series; NaN when there is none. */
  mean(from: number, to: number): number;
  /** Number of present values in [from, to). */
  count(from: number, to: number): number;
  /** The last present value before `origin`, at most `lookback` back; NaN when there is none. */
  last(origin: number, lookback: number): number;
};

export function prepareSeries(series: { readonly start: number; readonly values: Float64Array }): PreparedSeries {
  const values = series.values.map((value) => (Number.isFinite(value) ? value : Number.NaN));
  const sums = new Float64Array(values.length + 1);
  const counts = new Uint32Array(values.length + 1);
  for (let i = 0; i < values.length; i++) {
    const missing = Number.isNaN(values[i]!);
    sums[i + 1] = sums[i]! + (missing ? 0 : values[i]!);
    counts[i + 1] = counts[i]! + (missing ? 0 : 1);
  }
  const cut = (i: number): number => Math.max(0, Math.min(values.length, i));
  const count = (from: number, to: number): number => Math.max(0, counts[cut(to)]! - counts[cut(from)]!);
  return {
    values,
    start: series.start,
    count,
    mean: (from, to) => (count(from, to) === 0 ? Number.NaN : (sums[cut(to)]! - sums[cut(from)]!) / count(from, to)),
    last(origin, lookback) {
      for (let i = origin - 1; i >= Math.max(0, origin - lookback); i--) if (!Number.isNaN(values[i]!)) return values[i]!;
      return Number.NaN;
    },
  };
}

/** Mean |y[t] − y[t − lag]| over all present pairs: the scale of a series in errors of its (seasonal) naive forecast. NaN without pairs. */
export function differenceScale(values: Float64Array, lag: number): number {
  let sum = 0;
  let count = 0;
  for (let t = lag; t < values.length; t++) {
    const difference = Math.abs(values[t]! - values[t - lag]!);
    if (Number.isNaN(difference)) continue;
    sum += difference;
    count++;
  }
  return count === 0 ? Number.NaN : sum / count;
}
