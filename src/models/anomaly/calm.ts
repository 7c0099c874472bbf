/**
 * Which of the training data are past faults: an operator's history always holds some, and they must not set what is normal.
 * Gross contamination of up to a tenth of the rows is tolerated: excursions of 1000 times the normal range are told from normal life, of 10 times
 * about half (most of 2 % of the rows, few of a tenth). What recurs throughout the history, or moves a column that otherwise stands still,
 * is taken as normal.
 */
import { quantileSorted, sortedPresent } from "../../lib/statistics.ts";
import { fitPareto, paretoQuantile } from "./pareto.ts";

/** A column's tail is judged by the values between these quantiles: what is contaminated lies beyond. */
const body = { from: 0.5, to: 0.88 };
/** Of joined scores: a fault's windows spread it over up to a third of a short history. */
const scoreBody = { from: 0.3, to: 0.65 };
/** A value is gross when it lies this many times farther out than the tail would reach; below, real columns hold much that is no fault. */
const grossTimes = 4;
/** The history falls into as many blocks of time; what is reached in more than `recurring` of them is part of normal life. */
const blocks = 20;
const recurring = 8;
/** Order statistics that a tail is fitted to: enough for its scale, few enough to cost nothing beside the forest. */
const fittedTo = 64;

/**
 * Marks (1) the values that no ordinary tail of the column explains: four times as far from the median as an exponential or heavier tail,
 * fitted between the median and the 88 % quantile on that side, would reach once in 100 such histories.
 */
export function grossValues(values: Float64Array): Uint8Array {
  const gross = new Uint8Array(values.length);
  for (const sign of [1, -1]) {
    const side = values.map((value) => (Number.isFinite(value) ? sign * value : Number.NaN));
    mark(gross, side, tailLimit(sortedPresent(side)));
  }
  return gross;
}

/** As {@link grossValues}, of values that are strange only when high; those at `skip` are neither looked at nor marked. */
export function grossMoves(values: Float64Array, skip: Uint8Array): Uint8Array {
  const gross = new Uint8Array(values.length);
  const kept = values.map((value, t) => (skip[t] === 1 ? Number.NaN : value));
  mark(gross, kept, tailLimit(sortedPresent(kept)));
  return gross;
}

/**
 * Marks, of the joined scores near gross values of a column, those beyond what an exponential tail, fitted between the 30 % and the 65 % quantile
 * of all, would exceed once in 100 histories. Scores that are high without a gross value stay: left out, the threshold would be too low for them.
 */
export function grossScores(scores: Float64Array, near: Uint8Array): Uint8Array {
  const gross = new Uint8Array(scores.length);
  const sorted = sortedPresent(scores);
  const from = quantileSorted(sorted, scoreBody.from);
  const to = quantileSorted(sorted, scoreBody.to);
  const above = sorted.filter((score) => score > from);
  const inside = above.reduce((count, score) => count + (score <= to ? 1 : 0), 0);
  if (inside === 0) return gross;
  const scale = above.reduce((sum, score) => sum + Math.min(score, to) - from, 0) / inside;
  const candidates = scores.map((score, t) => (near[t] === 1 ? score : Number.NaN));
  mark(gross, candidates, from + scale * Math.log(100 * above.length));
  return gross;
}

/** Marks also the `before` rows ahead of each mark and the `after` rows behind it. */
export function widened(marks: Uint8Array, before: number, after: number): Uint8Array {
  const wide = new Uint8Array(marks.length);
  let until = 0;
  for (let t = 0; t < marks.length; t++) {
    if (marks[t] !== 1) continue;
    const to = Math.min(marks.length, t + after + 1);
    wide.fill(1, Math.max(until, t - before), to);
    until = to;
  }
  return wide;
}

/** Infinite where the body has no width: a column that mostly stands still. */
function tailLimit(sorted: Float64Array): number {
  const from = quantileSorted(sorted, body.from);
  const to = quantileSorted(sorted, body.to);
  if (!(to > from)) return Infinity;
  const first = sorted.findIndex((value) => value > from);
  const inside = sorted.findLastIndex((value) => value <= to) - first + 1;
  if (inside < 1) return Infinity;
  const count = Math.min(fittedTo, inside);
  const excesses = Float64Array.from({ length: count }, (_, i) => sorted[first + Math.floor(((i + 0.5) * inside) / count)]! - from);
  const above = sorted.length - first;
  const tail = fitPareto(excesses, { leastShape: 0, censored: ((above - inside) / inside) * count, limit: to - from });
  if (tail === undefined) return Infinity;
  return from + grossTimes * paretoQuantile({ ...tail, shapeVariance: 0 }, Math.min(1, 1 / (100 * above)));
}

/** Marks what lies above the tail's limit and above what more than `recurring` blocks reach. */
function mark(gross: Uint8Array, values: Float64Array, tail: number): void {
  const highest = new Float64Array(blocks).fill(-Infinity);
  for (let t = 0; t < values.length; t++) {
    const block = Math.floor((t * blocks) / values.length);
    if (values[t]! > highest[block]!) highest[block] = values[t]!;
  }
  const limit = Math.max(tail, highest.sort()[blocks - 1 - recurring]!);
  for (let t = 0; t < values.length; t++) if (values[t]! > limit) gross[t] = 1;
}
