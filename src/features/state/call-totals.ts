/**
 * System calls by place: time, processors lost, and calls of one goroutine so close together that one could do.
 * Columns by number of the call, because calls come by the million.
 */
import type { GoroutineTable } from "./goroutine-table.ts";

/** Calls of one goroutine at one place with less than this between them could be one; nanoseconds. */
export const closeNanos = 100e3;

export class CallTotals {
  private capacity = 256;
  count = new Float64Array(this.capacity);
  nanos = new Float64Array(this.capacity);
  longest = new Float64Array(this.capacity);
  longestAt = new Float64Array(this.capacity);
  lost = new Float64Array(this.capacity);
  lostNanos = new Float64Array(this.capacity);
  close = new Float64Array(this.capacity);

  /** Makes room for the call of this number. */
  admit(call: number): void {
    if (call < this.capacity) return;
    this.capacity *= 2;
    for (const column of ["count", "nanos", "longest", "longestAt", "lost", "lostNanos", "close"] as const) {
      const longer = new Float64Array(this.capacity);
      longer.set(this[column]);
      this[column] = longer;
    }
  }

  /** The call in a slot of the table ends at `time`, after `nanos`. */
  add(table: GoroutineTable, slot: number, nanos: number, time: number): void {
    const call = table.site[slot]!;
    this.count[call] = this.count[call]! + 1;
    this.nanos[call] = this.nanos[call]! + nanos;
    if (nanos > this.longest[call]!) {
      this.longest[call] = nanos;
      this.longestAt[call] = time - nanos;
    }
    if (table.lastCall[slot] === call && time - nanos - table.lastEnd[slot]! < closeNanos) this.close[call] = this.close[call]! + 1;
    table.lastCall[slot] = call;
    table.lastEnd[slot] = time;
  }

  /** The same for one that lost its processor. */
  addLost(table: GoroutineTable, slot: number, nanos: number, time: number): void {
    const call = table.site[slot]!;
    this.lost[call] = this.lost[call]! + 1;
    this.lostNanos[call] = this.lostNanos[call]! + nanos;
    this.add(table, slot, nanos, time);
  }
}
