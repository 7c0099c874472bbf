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

/** Numbers of series and values in turn → a window whose values are named when somebody asks: many may wait for their delivery. */
export class NumberedWindow implements FeatureWindow {
  readonly index: number;
  readonly start: TraceNanos;
  readonly length: number;
  private readonly names: readonly string[];
  private readonly numbers: readonly number[];
  private named: ReadonlyMap<string, number> | undefined;

  constructor(index: number, start: TraceNanos, length: number, numbers: readonly number[], names: readonly string[]) {
    this.index = index;
    this.start = start;
    this.length = length;
    this.numbers = numbers;
    this.names = names;
  }

  get values(): ReadonlyMap<string, number> {
    if (this.named !== undefined) return this.named;
    const { names, numbers } = this;
    const values = new Map<string, number>();
    for (let i = 0; i < numbers.length; i += 2) values.set(names[numbers[i]!]!, numbers[i + 1]!);
    this.named = values;
    return values;
  }
}
