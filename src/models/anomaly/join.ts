/** Columns to one score, and the score back to its columns. */

/** Standardised scores of one column, per row; NaN where it has none. */
export type ColumnScores = {
  readonly forest: Float64Array;
  readonly deviation: Float64Array;
  /** Whether it moved in training; one that did not joins the mean from its first move on. */
  readonly moved: boolean;
};

/**
 * Per part max over columns + mean over the columns that have ever moved; a row's forest part is the mean over all windows that cover it
 * (those that have arrived: the newest rows are provisional and settle within one window length); score = mean of the two parts.
 * contributions[c][t] ≥ 0 sum to 1 over c, and are 0 where the score is 0 or NaN.
 */
export function joinColumns(columns: readonly ColumnScores[], window: number): { scores: Float64Array; contributions: Float64Array[] } {
  const length = columns[0]?.forest.length ?? 0;
  const forest = columns.map(() => new Float64Array(length));
  const deviation = columns.map(() => new Float64Array(length));
  const scored = new Uint8Array(length);
  const moved = columns.map((column) => column.moved);
  for (let t = 0; t < length; t++) {
    for (const [c, column] of columns.entries()) if (column.deviation[t]! > 0) moved[c] = true;
    const count = Math.max(1, moved.filter(Boolean).length);
    if (
      allot(
        columns.map((column) => column.forest[t]!),
        count,
        forest,
        t,
      )
    )
      scored[t] = 1;
    allot(
      columns.map((column) => column.deviation[t]!),
      count,
      deviation,
      t,
    );
  }
  const windows = covering(scored, window);
  const scores = new Float64Array(length);
  const contributions = forest.map((part, c) => {
    const sums = spread(part, window);
    return deviation[c]!.map((value, t) => {
      const share = (value + (windows[t]! > 0 ? sums[t]! / windows[t]! : 0)) / 2;
      scores[t]! += share;
      return share;
    });
  });
  for (let t = 0; t < length; t++) {
    const total = windows[t]! > 0 ? scores[t]! : Number.NaN;
    for (const part of contributions) part[t] = total > 0 ? part[t]! / total : 0;
    scores[t] = total;
  }
  return { scores, contributions };
}

/** Splits max + mean over the columns: each its share of the mean, the largest also the max. False when no column has a value. */
function allot(values: number[], count: number, parts: Float64Array[], t: number): boolean {
  let largest = -1;
  for (let c = 0; c < values.length; c++) {
    const value = values[c]!;
    if (Number.isNaN(value)) continue;
    parts[c]![t] = value / count;
    if (largest < 0 || value > values[largest]!) largest = c;
  }
  if (largest < 0) return false;
  parts[largest]![t]! += values[largest]!;
  return true;
}

/** Sum of values[t .. t + window − 1], cut at the end. */
function spread(values: Float64Array, window: number): Float64Array {
  const sums = new Float64Array(values.length);
  for (let t = 0; t < values.length; t++) {
    let sum = 0;
    for (let i = t; i < Math.min(t + window, values.length); i++) sum += values[i]!;
    sums[t] = sum;
  }
  return sums;
}

/** How many scored windows cover each row. */
const covering = (scored: Uint8Array, window: number): Float64Array => spread(Float64Array.from(scored), window);
