/**
 * Ready forecasts at an origin, mixed by how well each did just before it. The network corrects this mixture, in units of its recent error,
 * so it need not learn what a simple rule already knows, and series of any size look alike to it.
 */
import type { PreparedSeries } from "./prepared.ts";

export type BaseSpec = {
  readonly season: number;
  readonly horizon: number;
  /** Whether a season is a day, so that the same day one week ago is worth a look. */
  readonly weeks: boolean;
};

/** Past origins at which the bases are compared. */
export const trials = 12;
/** Horizon steps at which they are compared. */
const anchorCount = 8;
/** Weight of a base ∝ (its recent error)^−sharpness. */
const sharpness = 4;
/** Points of the long level (or a season, if that is longer). */
export const longLevel = 288;

export const levelLength = (season: number): number => (season > 1 ? Math.max(3, Math.min(12, Math.round(season / 4))) : 12);
export const baseCount = ({ season, weeks }: Pick<BaseSpec, "season" | "weeks">): number => (season > 1 ? (weeks ? 8 : 6) : 3);

export type Mixture = {
  /** Mean of the last few values, long mean where those are missing. */
  readonly level: number;
  /** Mean recent error of the best base, with a floor: the unit of this origin. */
  readonly unit: number;
  /** Horizon steps (from 0) of the comparison. */
  readonly anchors: readonly number[];
  /** errors[k][a]: mean |error| of base k around anchor a; NaN without past forecasts. */
  readonly errors: readonly Float64Array[];
  /** Value of base k at step j. */
  base(k: number, j: number): number;
  /** The mixture at step j. */
  at(j: number): number;
};

/** The mixture at `origin` (values before it are known); undefined when nothing is present in the last long level or season. */
export function mixBases(series: PreparedSeries, origin: number, spec: BaseSpec): Mixture | undefined {
  const count = baseCount(spec);
  const here = basesAt(series, origin, spec);
  if (here === undefined) return undefined;
  const anchors = anchorSteps(spec.horizon);
  const errors = recentErrors(series, origin, spec, anchors);
  const floor = errorFloor(series, origin, here.level);
  const best = anchors
    .map((_, a) => errors.reduce((least, error) => (error[a]! < least ? error[a]! : least), Infinity))
    .filter(Number.isFinite);
  const unit = (best.length > 0 ? best.reduce((sum, error) => sum + error, 0) / best.length : 0) + floor;
  const weights = errors.map((error) => error.map((value) => (Number.isNaN(value) ? 0 : ((value + floor) / unit) ** -sharpness)));
  for (let a = 0; a < anchors.length; a++) {
    let total = 0;
    for (const weight of weights) total += weight[a]!;
    for (const weight of weights) weight[a] = total > 0 && Number.isFinite(total) ? weight[a]! / total : 1 / count;
  }
  const at = (j: number): number => {
    const { low, share } = between(anchors, j);
    let sum = 0;
    for (let k = 0; k < count; k++) {
      const weight = weights[k]![low]! * (1 - share) + weights[k]![Math.min(low + 1, anchors.length - 1)]! * share;
      if (weight > 0) sum += weight * here.base(k, j);
    }
    return sum;
  };
  return { level: here.level, unit, anchors, errors, base: here.base, at };
}

/** Position of step j between ascending `points`: index of the one at or below it, and the share of the way to the next. */
export function between(points: readonly number[], j: number): { low: number; share: number } {
  let low = 0;
  while (low < points.length - 2 && points[low + 1]! <= j) low++;
  if (points.length === 1) return { low: 0, share: 0 };
  return { low, share: Math.max(0, Math.min(1, (j - points[low]!) / (points[low + 1]! - points[low]!))) };
}

/** Evenly spaced steps from the first to the last. */
function anchorSteps(horizon: number): number[] {
  const count = Math.min(anchorCount, horizon);
  return Array.from({ length: count }, (_, a) => (count === 1 ? 0 : Math.round((a * (horizon - 1)) / (count - 1))));
}

/**
 * Bases: last value, recent level, long level; with a season also the value one season ago, the same moved by how far the recent level
 * stands from where it stood then, and the mean of the last three seasons at this phase. A missing one takes the recent level.
 */
function basesAt(series: PreparedSeries, origin: number, { season, weeks }: BaseSpec) {
  const length = levelLength(season);
  const long = series.mean(origin - Math.max(longLevel, season), origin);
  if (Number.isNaN(long)) return undefined;
  const recent = series.mean(origin - length, origin);
  const level = Number.isNaN(recent) ? long : recent;
  const last = series.last(origin, length);
  const before = season > 1 ? series.mean(origin - season - length, origin - season) : Number.NaN;
  const shift = Number.isNaN(before) ? 0 : level - before;
  const weekBefore = weeks ? series.mean(origin - 7 * season - length, origin - 7 * season) : Number.NaN;
  const weekShift = Number.isNaN(weekBefore) ? 0 : level - weekBefore;
  const ago = (j: number, seasons: number): number => {
    const index = origin + j - Math.ceil((j + 1) / season) * season - seasons * season;
    return index >= 0 ? series.values[index]! : Number.NaN;
  };
  const seasonal = (j: number): number => {
    for (let seasons = 0; seasons < 3; seasons++) {
      const value = ago(j, seasons);
      if (!Number.isNaN(value)) return value;
    }
    return level;
  };
  const seasonalMean = (j: number): number => {
    let sum = 0;
    let count = 0;
    for (let seasons = 0; seasons < 3; seasons++) {
      const value = ago(j, seasons);
      if (Number.isNaN(value)) continue;
      sum += value;
      count++;
    }
    return count === 0 ? level : sum / count;
  };
  const base = (k: number, j: number): number => {
    if (k === 0) return Number.isNaN(last) ? level : last;
    if (k === 1) return level;
    if (k === 2) return long;
    if (k === 3) return seasonal(j);
    if (k === 4) return seasonal(j) + shift;
    if (k === 5) return seasonalMean(j);
    const value = ago(j, 6);
    if (Number.isNaN(value)) return level;
    return k === 6 ? value : value + weekShift;
  };
  return { level, base };
}

/** Mean |error| of each base around each anchor, over past origins whose forecasts were complete before this one. */
function recentErrors(series: PreparedSeries, origin: number, spec: BaseSpec, anchors: readonly number[]): Float64Array[] {
  const count = baseCount(spec);
  const sums = Array.from({ length: count }, () => new Float64Array(anchors.length));
  const seen = new Float64Array(anchors.length);
  const gap = Math.max(1, Math.round(spec.horizon / 4));
  for (let trial = 0; trial < trials; trial++) {
    const past = origin - spec.horizon - trial * gap;
    const then = past > 0 ? basesAt(series, past, spec) : undefined;
    if (then === undefined) continue;
    for (const [a, j] of anchors.entries()) {
      const actual = series.values[past + j]!;
      if (Number.isNaN(actual)) continue;
      seen[a]!++;
      for (let k = 0; k < count; k++) sums[k]![a]! += Math.abs(actual - then.base(k, j));
    }
  }
  return sums.map((sum) => sum.map((_, a) => smoothed(sum, seen, a)));
}

/** With the neighbouring anchors: a few origins alone are noisy. */
function smoothed(sum: Float64Array, seen: Float64Array, a: number): number {
  let total = 0;
  let count = 0;
  for (let i = Math.max(0, a - 1); i <= Math.min(sum.length - 1, a + 1); i++) {
    total += sum[i]!;
    count += seen[i]!;
  }
  return count === 0 ? Number.NaN : total / count;
}

/** Keeps flat stretches from giving a unit of nothing: a little of the recent movement, and of the level. */
function errorFloor(series: PreparedSeries, origin: number, level: number): number {
  const from = Math.max(1, origin - longLevel);
  let moves = 0;
  let count = 0;
  for (let i = from; i < origin; i++) {
    const move = Math.abs(series.values[i]! - series.values[i - 1]!);
    if (Number.isNaN(move)) continue;
    moves += move;
    count++;
  }
  const floor = (count > 0 ? (0.1 * moves) / count : 0) + 1e-4 * Math.abs(level);
  return floor > 0 ? floor : 1e-9;
}
