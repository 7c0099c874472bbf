/** How long is one season? Found by autocorrelation over all series of a frame. */
import { median, robustScale } from "../lib/statistics.ts";
import type { Frame } from "../lib/series.ts";

/** Blocks that the series are averaged to before lags are compared; lags up to a third of them count. */
const blocks = 1200;
/** A season explains at least this much: median autocorrelation of the series that move. */
const leastCorrelation = 0.3;
/** A correlation of fewer pairs says nothing. */
const fewestPairs = 12;
const calendar = [60_000, 300_000, 900_000, 3_600_000, 43_200_000, 86_400_000, 604_800_000];

/**
 * Points per season on the frame's grid; 1 = none found. The median over the series keeps one odd series from deciding; values are cut at
 * three robust deviations so that a spike does not; a lag within 3 % of a minute, hour, day or week becomes that. At least three seasons must be seen.
 */
export function detectSeason(frame: Frame): number {
  const width = Math.max(1, Math.ceil(frame.length / blocks));
  const moving = frame.columns.map(({ values }) => prepare(values, width)).filter((values) => values !== undefined);
  if (moving.length === 0) return 1;
  const length = moving[0]!.length;
  const correlation = Array.from({ length: Math.floor(length / 3) + 1 }, (_, lag) =>
    lag === 0 ? 1 : median(moving.map((values) => autocorrelation(values, lag))),
  );
  const lag = firstHighPeak(correlation);
  if (lag === undefined) return 1;
  return toCalendar(refine(correlation, lag) * width, frame.step);
}

/** Block means, drift taken out, outliers cut, median 0; missing stays NaN. Undefined when it does not move. */
function prepare(values: Float64Array, width: number): Float64Array | undefined {
  const length = Math.floor(values.length / width);
  if (length < 12) return undefined;
  const means = new Float64Array(length);
  for (let block = 0; block < length; block++) {
    let sum = 0;
    let count = 0;
    for (let i = block * width; i < (block + 1) * width; i++) {
      if (Number.isNaN(values[i]!)) continue;
      sum += values[i]!;
      count++;
    }
    means[block] = count === 0 ? Number.NaN : sum / count;
  }
  const half = Math.floor(length / 2);
  const drift = (median(means.subarray(half)) - median(means.subarray(0, half))) / half;
  for (let i = 0; i < length; i++) means[i]! -= Number.isFinite(drift) ? drift * i : 0;
  const centre = median(means);
  const scale = robustScale(means);
  if (!(scale > 0)) return undefined;
  return means.map((value) => Math.max(-3, Math.min(3, (value - centre) / scale)));
}

/** Over the pairs that are both present (a grid finer than the scrapes has holes at regular places); 0 when they are too few. */
function autocorrelation(values: Float64Array, lag: number): number {
  let pairs = 0;
  let product = 0;
  let early = 0;
  let late = 0;
  for (let i = lag; i < values.length; i++) {
    const a = values[i - lag]!;
    const b = values[i]!;
    if (Number.isNaN(a) || Number.isNaN(b)) continue;
    pairs++;
    product += a * b;
    early += a * a;
    late += b * b;
  }
  if (pairs < fewestPairs) return 0;
  return early > 0 && late > 0 ? product / Math.sqrt(early * late) : 0;
}

/** The first local maximum after the first trough that is nearly as high as the highest. */
function firstHighPeak(correlation: readonly number[]): number | undefined {
  let trough = 1;
  while (trough < correlation.length && correlation[trough]! > 0.1) trough++;
  let highest = leastCorrelation;
  for (let lag = trough; lag < correlation.length - 1; lag++) highest = Math.max(highest, correlation[lag]!);
  for (let lag = Math.max(trough, 2); lag < correlation.length - 1; lag++) {
    const here = correlation[lag]!;
    if (here >= leastCorrelation && here >= 0.9 * highest && here >= correlation[lag - 1]! && here >= correlation[lag + 1]!) return lag;
  }
  return undefined;
}

/** Top of the parabola through the peak and its neighbours. */
function refine(correlation: readonly number[], lag: number): number {
  const before = correlation[lag - 1]!;
  const here = correlation[lag]!;
  const after = correlation[lag + 1]!;
  const bend = before - 2 * here + after;
  return bend < 0 ? lag + (before - after) / (2 * bend) : lag;
}

function toCalendar(points: number, step: number): number {
  const near = calendar.find((length) => Math.abs(points * step - length) <= 0.03 * length && length >= 2 * step);
  return Math.max(1, Math.round(near === undefined ? points : near / step));
}
