/** What features deliver: one row of named values for each window, as the trace streams. */
import type { TraceNanos } from "../lib/units.ts";

export type FeatureWindow = {
  /** Window number i; it covers [i·W, (i+1)·W) since the trace's first event. */
  readonly index: number;
  readonly start: TraceNanos;
  /** Nanoseconds; W except for the last window. */
  readonly length: number;
  /** Series name in Prometheus notation (labels sorted) → value. Absent counts and sums are 0 by the core-series contract. */
  readonly values: ReadonlyMap<string, number>;
};
