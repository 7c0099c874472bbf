/** Durations by scope, and in the buckets of Go's own metrics. */
import type { MetricName } from "../catalogue.ts";
import type { SeriesNames } from "../core/names.ts";
import { QuantileSeries, Samples } from "../core/quantile-series.ts";
import type { Row } from "../core/rows.ts";

/**
 * Upper bounds (seconds) of go_sched_latencies_seconds and go_gc_pauses_seconds as client_golang exposes them by default: the bounds
 * of runtime/metrics (powers of two of nanoseconds in four linear parts) joined to powers of ten up to a second.
 */
export const runtimeBuckets = ["6.4e-08", "6.4e-07", "7.168e-06", "8.192e-05", "0.000917504", "0.01048576", "0.117440512", "+Inf"] as const;
const bucketNanos = runtimeBuckets.map((bound) => (bound === "+Inf" ? Number.POSITIVE_INFINITY : Math.round(Number(bound) * 1e9)));

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
