/** Durations that ended in the window: how many, their sum, exact quantiles. */
import type { MetricName } from "../catalogue.ts";
import type { SeriesNames } from "./names.ts";
import type { Row } from "./rows.ts";
import { selectQuantiles } from "./select.ts";

const exact = 2 ** 53;
const first = 256;
/** Room for more than this is given back when the window has ended. */
const kept = 1 << 18;

/** Samples of one window; nanoseconds. */
export class Samples {
  values = new Float64Array(first);
  count = 0;

  add(nanos: number): void {
    if (this.count === this.values.length) this.reserve(this.count * 2);
    this.values[this.count++] = nanos;
  }

  private reserve(length: number): void {
    const longer = new Float64Array(length);
    longer.set(this.values.subarray(0, this.count));
    this.values = longer;
  }

  addAll(other: Samples): void {
    const count = this.count + other.count;
    if (count > this.values.length) this.reserve(2 ** Math.ceil(Math.log2(count)));
    this.values.set(other.values.subarray(0, other.count), this.count);
    this.count = count;
  }

  clear(): void {
    this.count = 0;
    if (this.values.length > kept) this.values = new Float64Array(first);
  }
}

type Labels = Readonly<Record<string, string>>;

/** Writes `metric_count`, `metric_sum` and `metric{quantile="0.5|0.99|1"}` of samples, all absent where there were none. */
export class QuantileSeries {
  private readonly numbers: { count: number; sum: number; median: number; p99: number; max: number };

  constructor(names: SeriesNames, metric: MetricName, labels: Labels = {}) {
    const quantile = (q: string): number => names.id(metric, { ...labels, quantile: q });
    this.numbers = {
      count: names.id(`${metric}_count` as MetricName, labels),
      sum: names.id(`${metric}_sum` as MetricName, labels),
      median: quantile("0.5"),
      p99: quantile("0.99"),
      max: quantile("1"),
    };
  }

  /** Reorders the samples. */
  put(row: Row, { values, count }: Samples): void {
    if (count === 0) return;
    const { numbers } = this;
    const sum = sumOf(values, count);
    const { median, p99, max } = selectQuantiles(values, count);
    row.values.push(
      numbers.count,
      count,
      numbers.sum,
      sum / 1e9,
      numbers.median,
      median / 1e9,
      numbers.p99,
      p99 / 1e9,
      numbers.max,
      max / 1e9,
    );
  }
}

function sumOf(samples: Float64Array, count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += samples[i]!;
  if (sum < exact) return sum;
  let large = 0n;
  for (let i = 0; i < count; i++) large += BigInt(samples[i]!);
  return Number(large);
}
