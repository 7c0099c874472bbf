/** Quantiles of a stream in constant memory: 128 buckets an octave, so that a quantile is within 0.3 % of the exact nearest rank. */
const perOctave = 128;

export class LogHistogram {
  count = 0;
  total = 0;
  largest = 0;
  private readonly buckets = new Float64Array(perOctave * 53);
  /** 1 + the bucket of small values; 0 = not computed yet. */
  private readonly small = new Uint16Array(1 << 15);

  /** `value` is a whole number ≥ 1. */
  add(value: number): void {
    this.count++;
    this.total += value;
    this.largest = Math.max(this.largest, value);
    let bucket = value < this.small.length ? this.small[value]! - 1 : -1;
    if (bucket < 0) {
      bucket = Math.floor(Math.log2(value) * perOctave);
      if (value < this.small.length) this.small[value] = bucket + 1;
    }
    this.buckets[bucket] = this.buckets[bucket]! + 1;
  }

  /** Middle of the bucket that holds the ⌈q·n⌉-th smallest; NaN without values. */
  quantile(q: number): number {
    const rank = Math.ceil(q * this.count);
    let below = 0;
    for (let bucket = 0; bucket < this.buckets.length; bucket++) {
      below += this.buckets[bucket]!;
      if (below >= rank && rank > 0) return Math.min(this.largest, Math.round(2 ** ((bucket + 0.5) / perOctave)));
    }
    return Number.NaN;
  }
}
