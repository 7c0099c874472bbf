/** What a window of a column looks like, in six numbers. */

export const summaryCount = 6;

export type Summaries = {
  /** Row-major, one row for each scored window: mean, standard deviation, slope × w, roughness (mean |difference|), minimum, maximum. */
  readonly rows: Float64Array;
  /** ends[i]: index in the column of the last point of window i. */
  readonly ends: Int32Array;
};

/**
 * Summaries of all trailing windows of `w` points. A window with more than a quarter missing is left out;
 * else a missing point takes the value before it (at the start of the column the first value after).
 */
export function summarise(column: Float64Array, w: number): Summaries {
  const filled = fill(column);
  const rows: number[] = [];
  const ends: number[] = [];
  let missing = 0;
  for (let end = 0; end < column.length; end++) {
    if (Number.isNaN(column[end]!)) missing++;
    if (end >= w && Number.isNaN(column[end - w]!)) missing--;
    if (end < w - 1 || missing > w / 4) continue;
    ends.push(end);
    rows.push(...summaryOf(filled, end - w + 1, w));
  }
  return { rows: Float64Array.from(rows), ends: Int32Array.from(ends) };
}

function summaryOf(values: Float64Array, from: number, w: number): number[] {
  let sum = 0;
  let rough = 0;
  let low = Infinity;
  let high = -Infinity;
  for (let i = from; i < from + w; i++) {
    const value = values[i]!;
    sum += value;
    if (i > from) rough += Math.abs(value - values[i - 1]!);
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const mean = sum / w;
  let square = 0;
  let cross = 0;
  for (let i = 0; i < w; i++) {
    const deviation = values[from + i]! - mean;
    square += deviation * deviation;
    cross += (i - (w - 1) / 2) * deviation;
  }
  // Σ (i − mean i)² = w (w² − 1) / 12
  return [mean, Math.sqrt(square / w), (12 * cross) / (w * w - 1), rough / (w - 1), low, high];
}

function fill(column: Float64Array): Float64Array {
  const filled = column.slice();
  let last = filled.find((value) => !Number.isNaN(value)) ?? 0;
  for (let i = 0; i < filled.length; i++) {
    if (Number.isNaN(filled[i]!)) filled[i] = last;
    else last = filled[i]!;
  }
  return filled;
}
