/** Where windows begin and end: number 0 may be shorter or longer than the others, and the last one ends with the trace. */
import { ForetraceError } from "../../lib/errors.ts";
import { formatDuration } from "../../lib/units.ts";
import { createRow, type Row } from "./rows.ts";

export type WindowOptions = {
  /** Length of a window; whole nanoseconds > 0. */
  readonly windowNanos: number;
  /** Length of window 0 where the others are to begin elsewhere than at multiples of windowNanos (a grid of the wall clock); ≥ 1, default windowNanos. */
  readonly firstWindowNanos?: number;
  /** More windows than this (broken time stamps, tiny windows) are an error. */
  readonly maxWindows?: number;
};

export class Windows {
  /** Of the open window. */
  index = 0;
  // Times begin as NaN: an engine that took them for small integers would throw its code away when one passes 2^31.
  start = Number.NaN;
  border = Number.NaN;
  private readonly nanos: number;
  private readonly firstNanos: number;
  private readonly most: number;

  constructor({ windowNanos, firstWindowNanos = windowNanos, maxWindows = 1_000_000 }: WindowOptions) {
    this.nanos = windowNanos;
    this.firstNanos = firstWindowNanos;
    this.most = maxWindows;
    this.start = 0;
    this.border = firstWindowNanos;
  }

  /** Number of the window of `time`, which lies behind the open one. @throws ForetraceError too_many_windows */
  indexOf(time: number): number {
    const index = 1 + Math.floor((time - this.firstNanos) / this.nanos);
    if (index < this.most) return index;
    throw new ForetraceError(
      "too_many_windows",
      `the trace would have more than ${this.most.toLocaleString("en-US")} windows of ${formatDuration(this.nanos)} ` +
        `(it goes to ${formatDuration(time)}); use a longer window (or the trace's time stamps are broken)`,
    );
  }

  /** Opens this window as the first one. */
  beginAt(index: number): void {
    this.index = index;
    this.start = index === 0 ? 0 : this.firstNanos + (index - 1) * this.nanos;
    this.border = this.firstNanos + index * this.nanos;
  }

  /** Ends the open window and opens the next one; an empty row of the ended one. */
  end(time: number): Row {
    const row = createRow(this.index, this.start, time - this.start);
    this.index++;
    this.start = time;
    this.border = this.firstNanos + this.index * this.nanos;
    return row;
  }
}
