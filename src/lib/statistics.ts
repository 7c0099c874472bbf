/** Order statistics and moments that skip NaN (missing). Empty input gives NaN. */

export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isNaN(value)) {
      sum += value;
      count++;
    }
  }
  return count === 0 ? Number.NaN : sum / count;
}

/** Population standard deviation. */
export function standardDeviation(values: ArrayLike<number>): number {
  const centre = mean(values);
  let sum = 0;
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isNaN(value)) {
      sum += (value - centre) ** 2;
      count++;
    }
  }
  return count === 0 ? Number.NaN : Math.sqrt(sum / count);
}

/** Finite or infinite values in ascending order, NaN left out. */
export function sortedPresent(values: ArrayLike<number>): Float64Array {
  const present = Float64Array.from(values).filter((value) => !Number.isNaN(value));
  return present.sort();
}

/** Quantile by linear interpolation between order statistics (Hyndman and Fan's type 7); `sorted` is ascending without NaN. */
export function quantileSorted(sorted: ArrayLike<number>, q: number): number {
  if (sorted.length === 0) return Number.NaN;
  const position = q * (sorted.length - 1);
  const low = Math.floor(position);
  const high = Math.min(low + 1, sorted.length - 1);
  const share = position - low;
  return share === 0 ? sorted[low]! : sorted[low]! * (1 - share) + sorted[high]! * share;
}

export const quantile = (values: ArrayLike<number>, q: number): number => quantileSorted(sortedPresent(values), q);
export const median = (values: ArrayLike<number>): number => quantile(values, 0.5);

/** Median absolute deviation × 1.4826, which estimates the standard deviation of a normal sample. */
export function robustScale(values: ArrayLike<number>): number {
  const centre = median(values);
  return 1.4826 * median(Float64Array.from(values, (value) => Math.abs(value - centre)));
}
