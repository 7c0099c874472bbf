/** Follows the order that was found: the cursors once more, CPU samples and ends of system calls where they belong. */
import type { Order } from "./ordering.ts";
import { flagged, moved } from "./ordering.ts";
import type { OldProcs } from "./procs.ts";
import type { OldSamples } from "./samples.ts";
import { Old, plainType } from "./spec.ts";

/** Cursor of what happened on no processor. */
export const noCursor = -1;

export class Replay {
  /** The current event. Its type is never one of those made for ordering only. */
  type = 0;
  /** Nanoseconds since the first event of the trace. */
  time = 0;
  cursor = noCursor;
  /** Slot of the goroutine it happened on, 0 = none, and of the one it is about. */
  goroutine = 0;
  subject = 0;
  stack = 0;
  /** Where it lies in the file, as far as that is known. */
  place = 0;
  /** Place in the order, for {@link flag}; meaningless for what was moved. */
  index = 0;
  /** Number of the processor, for CPU samples; the others have a cursor. */
  sampleProc = -1;

  readonly #procs: OldProcs;
  readonly #order: Order;
  readonly #samples: OldSamples;
  readonly #nanosPerTick: number;
  #origin = Number.NaN;
  /** Next entry of the order, and whether its event has been parsed already. */
  #next = 0;
  #parsed = false;
  #sample = 0;
  #exit = 0;

  constructor(procs: OldProcs, order: Order, samples: OldSamples, nanosPerTick: number) {
    this.#procs = procs;
    this.#order = order;
    this.#samples = samples;
    this.#nanosPerTick = nanosPerTick;
    procs.rewind();
  }

  /** Goes to the next event; false at the end. */
  step(): boolean {
    const { cursors, length, exits } = this.#order;
    while (this.#next < length && cursors[this.#next] === moved) this.#next++;
    const cursor = this.#next < length ? cursors[this.#next] & ~flagged : noCursor;
    const exitTime = this.#exit < exits.time.length ? exits.time[this.#exit] : Number.POSITIVE_INFINITY;
    if (cursor === noCursor) {
      if (exitTime === Number.POSITIVE_INFINITY) return false;
      this.#takeExit(exitTime);
      return true;
    }
    const time = this.#ticksOf(cursor);
    if (exitTime < time || (exitTime === time && exits.index[this.#exit] < this.#next)) this.#takeExit(exitTime);
    else this.#take(cursor, time);
    return true;
  }

  argument(index: number): number {
    return this.#procs.argument(this.cursor, index);
  }

  /** Marks the event at a place of the order for the passes to come. */
  flag(index: number): void {
    this.#order.cursors[index] |= flagged;
  }

  get isFlagged(): boolean {
    return this.#order.cursors[this.index] >= flagged;
  }

  /** Ticks of the entry at hand; its cursor stands on the event from then on. */
  #ticksOf(cursor: number): number {
    if (cursor === this.#procs.count) return this.#samples.time[this.#sample];
    if (!this.#parsed) {
      // The cursor passes by the ends of system calls that were moved.
      do this.#procs.step(cursor);
      while (this.#procs.type[cursor] === Old.GoSysExit && this.#procs.argument(cursor, 2) !== 0);
      this.#parsed = true;
    }
    return this.#procs.time[cursor];
  }

  #take(cursor: number, ticks: number): void {
    this.index = this.#next++;
    this.#setTime(ticks);
    if (cursor === this.#procs.count) {
      const sample = this.#sample++;
      this.type = Old.CPUSample;
      this.cursor = noCursor;
      this.goroutine = this.#samples.goroutine[sample];
      this.stack = this.#samples.stack[sample];
      this.sampleProc = this.#samples.proc[sample];
      return;
    }
    const procs = this.#procs;
    this.#parsed = false;
    this.cursor = cursor;
    this.type = plainType(procs.type[cursor]);
    this.goroutine = procs.goroutine[cursor];
    this.subject = procs.subject[cursor];
    this.stack = procs.stack[cursor];
    this.place = procs.place[cursor];
  }

  #takeExit(ticks: number): void {
    this.#setTime(ticks);
    this.type = Old.GoSysExit;
    this.cursor = noCursor;
    this.goroutine = this.subject = this.#order.exits.goroutine[this.#exit++];
    this.stack = 0;
  }

  #setTime(ticks: number): void {
    if (Number.isNaN(this.#origin)) this.#origin = ticks;
    this.time = Math.trunc((ticks - this.#origin) * this.#nanosPerTick);
  }
}
