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

/** Buckets an octave, of which there are 31 and one below; what lies above is one bucket. */
const perOctave = 32;
const largest = 2 ** 31;
const counts = new Int32Array(33 * perOctave);
/** With fewer, counting costs more than selecting three times. */
const leastCounted = 512;

/**
 * Median, 99th percentile (nearest rank) and maximum of values[0 … count), whole numbers, count ≥ 1; reorders them.
 * Many are counted in buckets by size first, so that only the buckets that hold the two ranks are searched: two to three passes in all.
 */
export function selectQuantiles(
  values: Float64Array,
  count: number,
): { readonly median: number; readonly p99: number; readonly max: number } {
  const rank50 = Math.ceil(count / 2);
  const rank99 = Math.ceil((99 * count) / 100);
  if (count < leastCounted) {
    // Each selection leaves the larger ones on its right, so the next may look at the left part only.
    const max = selectRank(values, count, count);
    const p99 = selectRank(values, count, rank99);
    return { median: selectRank(values, rank99, rank50), p99, max };
  }
  let max = values[0]!;
  counts.fill(0);
  for (let i = 0; i < count; i++) {
    const value = values[i]!;
    if (value > max) max = value;
    const bucket = bucketOf(value);
    counts[bucket] = counts[bucket]! + 1;
  }
  const p99 = selectCounted(values, count, rank99);
  return { median: selectCounted(values, count, rank50), p99, max };
}

/** Octave and the five bits below its leading one; in order of the values. */
function bucketOf(value: number): number {
  if (!(value < largest)) return 32 * perOctave;
  if (value < 1) return 0;
  const whole = value | 0;
  const octave = 31 - Math.clz32(whole);
  return (octave + 1) * perOctave + (((whole << (31 - octave)) >>> 26) & (perOctave - 1));
}

/** As selectRank; `counts` holds how many values each bucket has. */
function selectCounted(values: Float64Array, count: number, rank: number): number {
  let bucket = 0;
  let below = 0;
  while (below + counts[bucket]! < rank) below += counts[bucket++]!;
  const [from, to] = boundsOf(bucket);
  let found = 0;
  for (let i = 0; i < count; i++) {
    const value = values[i]!;
    if (!(value >= from && value < to)) continue;
    values[i] = values[found]!;
    values[found++] = value;
  }
  return selectRank(values, found, rank - below);
}

/** Values v of the bucket: from ≤ v < to. */
function boundsOf(bucket: number): [from: number, to: number] {
  if (bucket < perOctave) return [Number.NEGATIVE_INFINITY, 1];
  if (bucket === 32 * perOctave) return [largest, Number.POSITIVE_INFINITY];
  const width = 2 ** ((bucket >> 5) - 1) / perOctave;
  const from = (perOctave + (bucket & (perOctave - 1))) * width;
  return [from, from + width];
}

function median3(a: number, b: number, c: number): number {
  return a < b ? (b < c ? b : Math.max(a, c)) : a < c ? a : Math.max(b, c);
}
