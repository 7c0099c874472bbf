/** What a column did against what its recent past let expect. */

/** Weight of the newest value in the exponentially weighted level. */
const alpha = 0.3;

/**
 * |value − exponentially weighted level before it|, averaged over the `width` present points around it (so it looks width/2 ahead).
 * NaN where all of them are missing. After more than `window` missing points the level starts anew.
 */
export function smoothedResidual(column: Float64Array, window: number): Float64Array {
  const residual = new Float64Array(column.length).fill(Number.NaN);
  let level = Number.NaN;
  let gap = 0;
  for (let t = 0; t < column.length; t++) {
    const value = column[t]!;
    if (Number.isNaN(value)) {
      if (++gap > window) level = Number.NaN;
      continue;
    }
    gap = 0;
    if (Number.isNaN(level)) level = value;
    residual[t] = Math.abs(value - level);
    level += alpha * (value - level);
  }
  return centredMean(residual, Math.max(1, Math.floor(window / 2)));
}

function centredMean(values: Float64Array, width: number): Float64Array {
  const means = new Float64Array(values.length);
  const before = Math.floor(width / 2);
  for (let t = 0; t < values.length; t++) {
    let sum = 0;
    let count = 0;
    for (let i = Math.max(0, t - before); i < Math.min(values.length, t - before + width); i++) {
      if (Number.isNaN(values[i]!)) continue;
      sum += values[i]!;
      count++;
    }
    means[t] = count > 0 ? sum / count : Number.NaN;
  }
  return means;
}

/**
 * A robust recent normal, in the column's unit: at each row the median of the 4 windows that ended one window before it, so that
 * the first window of a fault is not in it. `fallback` (the training median) where fewer than a window's worth of values is there.
 */
export function recentNormal(values: Float64Array, window: number, fallback: number): Float64Array {
  const span = 4 * window;
  const sorted = new Float64Array(span);
  let size = 0;
  return values.map((_, t) => {
    const enters = t - window >= 0 ? values[t - window]! : Number.NaN;
    const leaves = t - window - span >= 0 ? values[t - window - span]! : Number.NaN;
    if (!Number.isNaN(leaves)) {
      const at = rank(sorted, size, leaves);
      sorted.copyWithin(at, at + 1, size--);
    }
    if (!Number.isNaN(enters)) {
      const at = rank(sorted, size, enters);
      sorted.copyWithin(at + 1, at, size++);
      sorted[at] = enters;
    }
    if (size < window) return fallback;
    return (sorted[(size - 1) >> 1]! + sorted[size >> 1]!) / 2;
  });
}

/** Index of the first of `size` ascending values that is not below `value`. */
function rank(sorted: Float64Array, size: number, value: number): number {
  let low = 0;
  let high = size;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
