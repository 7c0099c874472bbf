/** The heap as the pacer reports it: range, what is allocated, what survives a collection. Section F of the feature list. */
import type { SeriesNames } from "../core/names.ts";
import { putAmount, type Row } from "../core/rows.ts";

export class Memory {
  live = Number.NaN;
  private goal = Number.NaN;
  /** What was reported in the open window; infinite where nothing was. */
  private lowest = Number.POSITIVE_INFINITY;
  private highest = Number.NEGATIVE_INFINITY;
  /** The same of the window before. */
  least = Number.POSITIVE_INFINITY;
  most = Number.NEGATIVE_INFINITY;
  /** As the open window began. */
  private carried = Number.NaN;
  private allocated = 0;
  /** Of the last collection: live heap over its goal at its begin, what is live at its end. */
  private filled = Number.NaN;
  private after = Number.NaN;
  private collecting = false;
  private overshoots = 0;
  private readonly names: {
    readonly least: number;
    readonly most: number;
    readonly allocated: number;
    readonly headroom: number;
    readonly filled: number;
    readonly after: number;
    readonly overshoots: number;
  };

  constructor(names: SeriesNames) {
    this.names = {
      least: names.id("go_trace_heap_live_min_bytes"),
      most: names.id("go_trace_heap_live_max_bytes"),
      allocated: names.id("go_trace_allocated_bytes"),
      headroom: names.id("go_trace_heap_headroom_bytes"),
      filled: names.id("go_trace_heap_filled_at_gc"),
      after: names.id("go_trace_heap_after_gc_bytes"),
      overshoots: names.id("go_trace_heap_overshoots"),
    };
  }

  /**
   * Live heap as reported when a span is taken. It falls only at the end of marking, so a rise is what was allocated; the first value after
   * a fall is a new beginning.
   */
  setLive(bytes: number): void {
    if (bytes > this.live) this.allocated += bytes - this.live;
    this.live = bytes;
    if (bytes < this.lowest) this.lowest = bytes;
    if (bytes > this.highest) this.highest = bytes;
  }

  setGoal(bytes: number): void {
    this.goal = bytes;
  }

  gcBegin(): void {
    this.collecting = true;
    this.filled = this.live / this.goal;
  }

  gcEnd(): void {
    if (!this.collecting) return;
    this.collecting = false;
    if (this.live > this.goal) this.overshoots++;
    this.after = this.live;
  }

  close(row: Row): void {
    const { names } = this;
    const put = (series: number, value: number): void => {
      if (!Number.isNaN(value)) row.values.push(series, value);
    };
    this.least = this.lowest;
    this.most = this.highest;
    put(names.least, Number.isNaN(this.carried) && this.least <= this.most ? this.least : Math.min(this.carried, this.least));
    put(names.most, Number.isNaN(this.carried) && this.least <= this.most ? this.most : Math.max(this.carried, this.most));
    put(names.headroom, this.goal - this.live);
    put(names.filled, this.filled);
    put(names.after, this.after);
    putAmount(row, names.allocated, this.allocated);
    putAmount(row, names.overshoots, this.overshoots);
    this.lowest = Number.POSITIVE_INFINITY;
    this.highest = Number.NEGATIVE_INFINITY;
    this.carried = this.live;
    this.allocated = 0;
    this.overshoots = 0;
  }
}
