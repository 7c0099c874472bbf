/** The k-th smallest of unsorted numbers, without sorting them all. */

/** Value of rank `rank` (1 = smallest) of values[0 … count); reorders them. Quickselect, falling back to a sort on hostile orders. */
export function selectRank(values: Float64Array, count: number, rank: number): number {
  const target = rank - 1;
  let low = 0;
  let high = count - 1;
  for (let round = 0; high > low; round++) {
    if (round > 64) {
      values.subarray(low, high + 1).sort();
      break;
    }
    const pivot = median3(values[low]!, values[(low + high) >>> 1]!, values[high]!);
    let i = low;
    let j = high;
    while (i <= j) {
      while (values[i]! < pivot) i++;
      while (values[j]! > pivot) j--;
      if (i <= j) {
        const swap = values[i]!;
        values[i++] = values[j]!;
        values[j--] = swap;
      }
    }
    if (target <= j) high = j;
    else if (target >= i) low = i;
    else return values[target]!;
  }
  return values[target]!;
}

function median3(a: number, b: number, c: number): number {
  return a < b ? (b < c ? b : Math.max(a, c)) : a < c ? a : Math.max(b, c);
}
