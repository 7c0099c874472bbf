/** Scheduling latency: how long goroutines were runnable before they ran. */
import type { SeriesNames } from "./names.ts";
import { QuantileSeries, Samples } from "./quantile-series.ts";
import type { Family, Row } from "./rows.ts";

export class SchedLatency implements Family {
  private readonly samples = new Samples();
  private readonly series: QuantileSeries;

  constructor(names: SeriesNames) {
    this.series = new QuantileSeries(names, "go_trace_sched_latency_seconds");
  }

  /** A stay that began with a seen transition and ended in running. */
  add(nanos: number): void {
    this.samples.add(nanos);
  }

  close(row: Row): void {
    this.series.put(row, this.samples);
    this.samples.clear();
  }
}
