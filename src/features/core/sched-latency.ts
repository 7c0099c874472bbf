/** Scheduling latency: how long goroutines were runnable before they ran. Exact quantiles over the window's stays. */
import type { SeriesNames } from "./names.ts";
import { putAmount, type Family, type Row } from "./rows.ts";
import { selectQuantiles } from "./select.ts";

const exact = 2 ** 53;

export class SchedLatency implements Family {
  private samples = new Float64Array(1024);
  private count = 0;
  private readonly names: { count: number; sum: number; median: number; p99: number; max: number };

  constructor(names: SeriesNames) {
    const quantile = (q: string): number => names.id("go_trace_sched_latency_seconds", { quantile: q });
    this.names = {
      count: names.id("go_trace_sched_latency_seconds_count"),
      sum: names.id("go_trace_sched_latency_seconds_sum"),
      median: quantile("0.5"),
      p99: quantile("0.99"),
      max: quantile("1"),
    };
  }

  /** A stay that began with a seen transition and ended in running. */
  add(nanos: number): void {
    if (this.count === this.samples.length) {
      const longer = new Float64Array(this.count * 2);
      longer.set(this.samples);
      this.samples = longer;
    }
    this.samples[this.count++] = nanos;
  }

  close(row: Row): void {
    const { samples, count, names } = this;
    if (count === 0) return;
    putAmount(row, names.count, count);
    putAmount(row, names.sum, sumOf(samples, count) / 1e9);
    const { median, p99, max } = selectQuantiles(samples, count);
    row.values.push(names.median, median / 1e9, names.p99, p99 / 1e9, names.max, max / 1e9);
    this.count = 0;
    if (samples.length > 1 << 20) this.samples = new Float64Array(1024);
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
