/** Brings a column to its training range, so that no unit and no rare spike outweighs the rest. */
import { quantileSorted, sortedPresent } from "../../lib/statistics.ts";
import { logCap } from "./log-cap.ts";

export type Scaling = {
  /** Median of the training values, in the column's unit; NaN for a column that was all missing. */
  readonly centre: number;
  /** Width of the range from the 1 % to the 99 % quantile (where that is 0, of the whole range); 0 for a constant column. */
  readonly range: number;
};

/** Of the values that are not marked as gross. */
export function fitScaling(values: Float64Array, gross: Uint8Array): Scaling {
  const sorted = sortedPresent(values.filter((value, t) => Number.isFinite(value) && gross[t] !== 1));
  if (sorted.length === 0) return { centre: Number.NaN, range: 0 };
  const inner = quantileSorted(sorted, 0.99) - quantileSorted(sorted, 0.01);
  return { centre: quantileSorted(sorted, 0.5), range: inner > 0 ? inner : sorted.at(-1)! - sorted[0]! };
}

/**
 * (value − median) / range, by the logarithm beyond ±10 ({@link logCap}). A column that was constant at a: (value − a) relative to the larger of |a| and the move,
 * so that it is 0 until it moves and a full range (±1) at most. NaN stays NaN.
 */
export function scaleColumn(values: Float64Array, { centre, range }: Scaling): Float64Array {
  return values.map((value) => {
    const move = value - centre;
    if (range > 0) return logCap(move / range);
    return move === 0 ? 0 : move / Math.max(Math.abs(centre), Math.abs(move));
  });
}
