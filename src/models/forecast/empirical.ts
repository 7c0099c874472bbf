/** Forecast errors of the past, taken as they were: their order statistics are the interval. */
import { quantileLevels } from "../model.ts";

/** Errors older than this many are forgotten. */
const memory = 1500;
/** Fewer errors than this at a lag say too little about its tails. */
const enough = 8;

/** The present differences y[t] − y[t − lag], newest last, at most `memory` of them. */
function differences(values: Float64Array, lag: number): number[] {
  const errors: number[] = [];
  for (let t = values.length - 1; t >= lag && errors.length < memory; t--) {
    const error = values[t]! - values[t - lag]!;
    if (!Number.isNaN(error)) errors.push(error);
  }
  return errors.reverse();
}

/**
 * Quantiles of an exchangeable next error at {@link quantileLevels}: rank p(n + 1), interpolated (Hyndman and Fan's type 6),
 * so that the k-th of n errors is passed with probability k/(n + 1) whatever their distribution. Levels beyond 1/(n + 1) get the extremes.
 */
export function errorQuantiles(errors: readonly number[]): number[] {
  const sorted = Float64Array.from(errors).sort();
  return quantileLevels.map((p) => errorQuantile(sorted, p));
}

/** One of them; `sorted` is ascending. 0 without errors. */
export function errorQuantile(sorted: Float64Array, p: number): number {
  const n = sorted.length;
  if (n === 0) return 0;
  const position = Math.min(Math.max(p * (n + 1) - 1, 0), n - 1);
  const low = Math.floor(position);
  return sorted[low]! + (position - low) * (sorted[Math.min(low + 1, n - 1)]! - sorted[low]!);
}

/**
 * Error quantiles of "the value `lag` points ago" as a forecast. When the history holds too few such pairs, those of the longest
 * lag that has enough, widened by the square root of the ratio of lags (a random walk's growth).
 * `unit` is the lag that one step of shortening takes away (a season, or 1).
 */
export function lagErrorQuantiles(values: Float64Array, lag: number, unit: number): number[] {
  let best: number[] = [];
  for (let shorter = lag; shorter >= unit; shorter -= unit) {
    const errors = differences(values, shorter);
    if (errors.length >= enough || (shorter === unit && errors.length > 0)) {
      const growth = Math.sqrt(lag / shorter);
      best = errorQuantiles(errors).map((error) => error * growth);
      break;
    }
  }
  return best.length > 0 ? best : quantileLevels.map(() => 0);
}
