/** Published measures of forecasts. Missing (NaN) actual values are left out; empty gives NaN. */
import { quantileLevels } from "../model.ts";

/** Levels that the weighted quantile loss is averaged over: 0.1, 0.2, …, 0.9. */
const scoredLevels = quantileLevels.map((level, k) => ({ level, k })).filter(({ level }) => level > 0.05 && level < 0.95);
const median = quantileLevels.indexOf(0.5);

export type ForecastScores = {
  /** Weighted quantile loss: Σ 2 ρ_q(y − ŷ_q) / Σ |y|, mean over q = 0.1 … 0.9 (Park et al. 2022; GIFT-Eval's CRPS). */
  readonly wql: number;
  /** Mean absolute scaled error of the median: mean |y − ŷ| / scale (Hyndman & Koehler 2006). */
  readonly mase: number;
  /** Share of actual values within the 2.5 % and 97.5 % quantiles, bounds included. */
  readonly coverage95: number;
  /** Within the 10 % and 90 % quantiles. */
  readonly coverage80: number;
  /** Σ 2 ρ_q over the same levels, mean: the numerator of wql. */
  readonly quantileLoss: number;
  /** Actual values that were scored. */
  readonly points: number;
};

export type ScoreKeeper = {
  /** Adds one forecast: actual[h] against quantiles[k][h] (at {@link quantileLevels}), h < actual.length. */
  add(actual: ArrayLike<number>, quantiles: readonly ArrayLike<number>[]): void;
  scores(): ForecastScores;
};

/** `scale`: mean |y[t] − y[t − season]| over the training range, as MASE has it. */
export function keepScores(scale: number): ScoreKeeper {
  let loss = 0;
  let magnitude = 0;
  let absolute = 0;
  let in95 = 0;
  let in80 = 0;
  let points = 0;
  return {
    add(actual, quantiles) {
      for (let h = 0; h < actual.length; h++) {
        const y = actual[h]!;
        if (Number.isNaN(y)) continue;
        points++;
        magnitude += Math.abs(y);
        absolute += Math.abs(y - quantiles[median]![h]!);
        for (const { level, k } of scoredLevels) loss += 2 * pinball(y - quantiles[k]![h]!, level);
        if (y >= quantiles[0]![h]! && y <= quantiles.at(-1)![h]!) in95++;
        if (y >= quantiles[1]![h]! && y <= quantiles.at(-2)![h]!) in80++;
      }
    },
    scores() {
      const quantileLoss = points === 0 ? Number.NaN : loss / scoredLevels.length;
      return {
        wql: quantileLoss / magnitude,
        mase: absolute / points / scale,
        coverage95: in95 / points,
        coverage80: in80 / points,
        quantileLoss,
        points,
      };
    },
  };
}

/** ρ_q(u) = max(q u, (q − 1) u). */
export const pinball = (error: number, level: number): number => Math.max(level * error, (level - 1) * error);

/** Symmetric mean absolute percentage error as in the M4 competition: 200 × mean |y − ŷ| / (|y| + |ŷ|). */
export function smape(actual: ArrayLike<number>, point: ArrayLike<number>): number {
  let sum = 0;
  let count = 0;
  for (let h = 0; h < actual.length; h++) {
    if (Number.isNaN(actual[h]!)) continue;
    const size = Math.abs(actual[h]!) + Math.abs(point[h]!);
    sum += size === 0 ? 0 : (200 * Math.abs(actual[h]! - point[h]!)) / size;
    count++;
  }
  return count === 0 ? Number.NaN : sum / count;
}
