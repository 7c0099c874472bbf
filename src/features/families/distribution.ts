/** Durations that ended in the window: how many, their sum, exact quantiles, and where asked for the buckets of Go's own metrics. */
import type { MetricName } from "../catalogue.ts";
import type { SeriesNames } from "../core/names.ts";
import type { Row } from "../core/rows.ts";
import { selectQuantiles } from "../core/select.ts";

/**
 * Upper bounds (seconds) of go_sched_latencies_seconds and go_gc_pauses_seconds as client_golang exposes them by default: the bounds
 * of runtime/metrics (powers of two of nanoseconds in four linear parts) joined to powers of ten up to a second.
 */
export const runtimeBuckets = ["6.4e-08", "6.4e-07", "7.168e-06", "8.192e-05", "0.000917504", "0.01048576", "0.117440512", "+Inf"] as const;
const bucketNanos = runtimeBuckets.map((bound) => (bound === "+Inf" ? Number.POSITIVE_INFINITY : Math.round(Number(bound) * 1e9)));

const first = 256;
/** A window with more is thinned no further, but its memory is given back. */
const kept = 1 << 18;

/** Samples of one window; nanoseconds. */
export class Samples {
  values = new Float64Array(first);
  count = 0;

  add(nanos: number): void {
    if (this.count === this.values.length) this.grow();
    this.values[this.count++] = nanos;
  }

  private grow(): void {
    const longer = new Float64Array(this.count * 2);
    longer.set(this.values);
    this.values = longer;
  }

  addAll(other: Samples): void {
    const count = this.count + other.count;
    if (count > this.values.length) {
      const longer = new Float64Array(2 ** Math.ceil(Math.log2(count)));
      longer.set(this.values.subarray(0, this.count));
      this.values = longer;
    }
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
    let sum = 0;
    for (let i = 0; i < count; i++) sum += values[i]!;
    const { numbers } = this;
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

/** Writes `metric_bucket{le=…}`, cumulative as Prometheus has them, over the samples of one window. */
export class BucketSeries {
  private readonly numbers: readonly number[];
  private readonly counts = new Float64Array(runtimeBuckets.length);

  constructor(names: SeriesNames, metric: MetricName) {
    this.numbers = runtimeBuckets.map((le) => names.id(metric, { le }));
  }

  put(row: Row, { values, count }: Samples): void {
    if (count === 0) return;
    const { counts } = this;
    counts.fill(0);
    for (let i = 0; i < count; i++) {
      let bucket = 0;
      while (values[i]! > bucketNanos[bucket]!) bucket++;
      counts[bucket] = counts[bucket]! + 1;
    }
    let below = 0;
    for (let bucket = 0; bucket < counts.length; bucket++) {
      below += counts[bucket]!;
      row.values.push(this.numbers[bucket]!, below);
    }
  }
}

/** A distribution of all goroutines (without a label), of the program's own, and of the runtime's. */
export class ScopedDistribution {
  /** By scope number; the third takes both together. */
  private readonly samples = [new Samples(), new Samples(), new Samples()] as const;
  private readonly series: readonly [QuantileSeries, QuantileSeries, QuantileSeries | undefined];
  private readonly buckets: BucketSeries | undefined;

  /** @param options.all false where the series without a label is made elsewhere; `buckets` names the series of its buckets. */
  constructor(names: SeriesNames, metric: MetricName, options: { readonly all?: false; readonly buckets?: MetricName } = {}) {
    this.series = [
      new QuantileSeries(names, metric, { scope: "system" }),
      new QuantileSeries(names, metric, { scope: "user" }),
      options.all === false ? undefined : new QuantileSeries(names, metric),
    ];
    this.buckets = options.buckets === undefined ? undefined : new BucketSeries(names, options.buckets);
  }

  add(scope: number, nanos: number): void {
    this.samples[scope]!.add(nanos);
  }

  close(row: Row): void {
    const [system, user, all] = this.samples;
    all.addAll(system);
    all.addAll(user);
    this.buckets?.put(row, all);
    for (let i = 0; i < 3; i++) {
      this.series[i]?.put(row, this.samples[i]!);
      this.samples[i]!.clear();
    }
  }
}
