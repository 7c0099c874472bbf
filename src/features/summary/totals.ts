/** Totals of the windows of a range: what the core series come to over all of it. */
import { describeSeries, type MetricName } from "../catalogue.ts";
import type { FeatureWindow } from "../window.ts";

type Peak = { value: number; start: number; length: number };

export class Totals {
  /** Nanoseconds covered by windows. */
  covered = 0;
  /** Length of the longest window. */
  private longest = 0;
  private readonly sums = new Map<string, number>();
  private readonly peaks = new Map<string, Peak>();
  private readonly last = new Map<string, number>();

  add(window: FeatureWindow): void {
    this.covered += window.length;
    this.longest = Math.max(this.longest, window.length);
    for (const [name, value] of window.values) {
      const aggregation = describeSeries(name)?.aggregation;
      const weight = aggregation === "mean" ? window.length : 1;
      if (aggregation === "mean" || aggregation === "count" || aggregation === "sum") {
        this.sums.set(name, (this.sums.get(name) ?? 0) + value * weight);
      }
      this.last.set(name, value);
      // The mean of the short rest at the end says nothing about the trace.
      if (aggregation === "mean" && window.length < this.longest / 2) continue;
      const peak = this.peaks.get(name);
      if (peak === undefined) this.peaks.set(name, { value, start: window.start, length: window.length });
      else if (value > peak.value) {
        peak.value = value;
        peak.start = window.start;
        peak.length = window.length;
      }
    }
  }

  /** Counts and sums added up; of a mean, its integral over time (goroutine nanoseconds and the like). */
  sum(name: MetricName, labels = ""): number {
    return this.sums.get(name + labels) ?? 0;
  }

  /** Seconds summed up, in whole nanoseconds. */
  nanos(name: MetricName): number {
    return Math.round(this.sum(name) * 1e9);
  }

  /** Window in which the value was largest. */
  peak(name: MetricName, labels = ""): Peak | undefined {
    return this.peaks.get(name + labels);
  }

  lastOf(name: MetricName): number | undefined {
    return this.last.get(name);
  }
}
