/** A threshold for scores that stands for a rate of false alarms: peaks over threshold (SPOT: Siffer et al., KDD 2017), gross outliers left out. */
import { ForetraceError } from "../../lib/errors.ts";
import { quantileSorted, sortedPresent } from "../../lib/statistics.ts";
import { fitPareto, paretoQuantile } from "./pareto.ts";

export type ThresholdOptions = {
  /** Share of calm points that may stand above the threshold; default 1e-3. */
  readonly falseAlarmRate?: number;
  /** The threshold is at least this; default 0. */
  readonly floor?: number;
};

export type Threshold = {
  /** A score above it is anomalous. */
  readonly threshold: number;
  /** An open window goes on while scores stay above this: 70 % of the way from the median up to the threshold. */
  readonly closeLevel: number;
  /** What the threshold stands for: the share of calm points above it (0 where scores were constant; at most this where `floor` lifted it). */
  readonly falseAlarmRate: number;
  /** Scores used, and those left out as gross outliers. */
  readonly used: number;
  readonly leftOut: number;
};

const fewestScores = 20;
const closeShare = 0.7;

/**
 * Fits the threshold on mostly calm scores, best ones that the model did not see in training (`FittedDetector.calibration`). NaN is skipped.
 * 1. Gross outliers (a fault in the calibration part, up to a tenth of it) are left out: those beyond what an exponential or heavier tail,
 *    fitted between the 70 % and the 90 % quantile only, would exceed once in 100 such samples.
 * 2. A generalised Pareto tail is fitted to the highest 200 scores (at most a fifth, at least 2 % of all) and solved for the rate.
 * The rate is per point and holds for scores distributed like these; with n scores, rates far below 1/n are extrapolated.
 * @throws not_enough_data below 20 scores.
 */
export function fitThreshold(scores: Float64Array, options: ThresholdOptions = {}): Threshold {
  const rate = options.falseAlarmRate ?? 1e-3;
  if (!(rate > 0 && rate < 0.5)) throw new ForetraceError("bad_usage", `false-alarm rate ${rate} is not in (0, 0.5); the default is 0.001`);
  const all = sortedPresent(scores);
  if (all.length < fewestScores) {
    throw new ForetraceError("not_enough_data", `a threshold needs ${fewestScores} scores, got ${all.length}; widen the training range`);
  }
  const calm = withoutGrossOutliers(all);
  const level = tailLevel(calm, rate);
  const median = quantileSorted(calm, 0.5);
  const threshold = Math.max(level, options.floor ?? 0);
  return {
    threshold,
    closeLevel: median + closeShare * (threshold - median),
    falseAlarmRate: calm[0] === calm.at(-1) ? 0 : rate,
    used: calm.length,
    leftOut: all.length - calm.length,
  };
}

function withoutGrossOutliers(sorted: Float64Array): Float64Array {
  const n = sorted.length;
  const from = quantileSorted(sorted, 0.7);
  const limit = quantileSorted(sorted, 0.9);
  const excesses = sorted.filter((score) => score > from && score <= limit).map((score) => score - from);
  const censored = sorted.reduce((count, score) => count + (score > limit ? 1 : 0), 0);
  const tail = fitPareto(excesses, { leastShape: 0, censored, limit: limit - from });
  if (tail === undefined) return sorted;
  const gross = from + paretoQuantile(tail, Math.min(1, 1 / (100 * n) / ((excesses.length + censored) / n)));
  return sorted.filter((score) => score <= gross);
}

/** The score that a share `rate` of points exceeds, by a Pareto tail beyond the sample's resolution. */
function tailLevel(sorted: Float64Array, rate: number): number {
  const n = sorted.length;
  const share = Math.min(0.2, Math.max(200 / n, 0.02));
  if (rate >= share) return quantileSorted(sorted, 1 - rate);
  const from = quantileSorted(sorted, 1 - share);
  const excesses = sorted.filter((score) => score > from).map((score) => score - from);
  const tail = fitPareto(excesses);
  return tail === undefined ? sorted.at(-1)! : from + paretoQuantile(tail, Math.min(1, (rate * n) / excesses.length));
}
