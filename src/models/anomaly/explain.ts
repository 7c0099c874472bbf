/** What moved in a window: shares about its peak, and for each column the row where it lay farthest from what was expected. */
import type { Frame } from "../../lib/series.ts";
import type { AnomalyWindow, Scores } from "../model.ts";

export type Explanation = {
  /** Index in the frame. */
  readonly column: number;
  /** Of the scores summed about the peak, 0..1. */
  readonly share: number;
  /** Row of the window where the column deviates most from what was expected (a column's own spread is one number: it decides no order of rows). */
  readonly row: number;
};

/** Rows on either side of the peak whose scores count: half a window of the usual length. */
const aboutPeak = 10;

/** Columns with a share, largest first. */
export function explainWindow(frame: Frame, scored: Scores, window: AnomalyWindow): Explanation[] {
  const from = Math.max(window.start, window.peak - aboutPeak);
  const to = Math.min(window.end, window.peak + aboutPeak + 1);
  const sums = frame.columns.map((_, c) => {
    let sum = 0;
    for (let t = from; t < to; t++) sum += (scored.scores[t]! || 0) * (scored.contributions[c]?.[t] ?? 0);
    return sum;
  });
  const total = sums.reduce((all, sum) => all + sum, 0);
  return sums
    .map((sum, column) => ({ column, share: total > 0 ? sum / total : 0 }))
    .filter(({ share }) => share > 0)
    .sort((a, b) => b.share - a.share)
    .map((each) => ({ ...each, row: farthest(frame.columns[each.column]!.values, scored.expected[each.column], window) }));
}

/** The peak where the column has nothing to compare. */
function farthest(values: Float64Array, expected: Float64Array | undefined, window: AnomalyWindow): number {
  if (expected === undefined) return window.peak;
  let row = window.peak;
  let most = -1;
  for (let t = window.start; t < window.end; t++) {
    const deviation = Math.abs(values[t]! - expected[t]!);
    if (deviation > most) [most, row] = [deviation, t];
  }
  return row;
}
