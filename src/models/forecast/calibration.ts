/** Widths of intervals, set right on windows that training did not learn from (in the manner of conformalised quantile regression). */
import { sortedPresent } from "../../lib/statistics.ts";
import { errorQuantile } from "./empirical.ts";
import type { Batch, LstmShape } from "./engine.ts";

/** Fewer held-out errors than this say too little: the widths stay. */
const enough = 50;
/** One period is not like the next: of the inner levels only this share of the measured change is made; the outermost hold the promise of coverage. */
const shrinkage = 0.5;

/**
 * A factor for each level: (quantile − median) × factor is passed by the stated share of the batch's targets.
 * 1 where the batch is too small; within [0.75, 2], the outermost within [0.5, 3].
 */
export function widthFactors(quantiles: Float32Array, batch: Batch, { horizon, levels }: LstmShape): number[] {
  const middle = (levels.length - 1) / 2;
  return levels.map((level, k) => {
    if (k === middle) return 1;
    const ratios: number[] = [];
    for (let i = 0; i < batch.size * horizon; i++) {
      const counts = batch.mask[i]! * batch.weight[Math.floor(i / horizon)]!;
      if (counts === 0) continue;
      const median = quantiles[i * levels.length + middle]!;
      ratios.push((batch.y[i]! - median) / (quantiles[i * levels.length + k]! - median));
    }
    if (ratios.length < enough) return 1;
    const factor = errorQuantile(sortedPresent(ratios), k > middle ? level : 1 - level);
    const outermost = k === 0 || k === levels.length - 1;
    return 1 + (outermost ? 1 : shrinkage) * (Math.max(0.5, Math.min(3, factor)) - 1);
  });
}
