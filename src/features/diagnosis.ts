/**
 * What the findings are decided by: facts by group of goroutines, by place of waiting, of calling and of waking, beside the wide series.
 * Memory: bounded by the number of places and groups, and of goroutines alive at once.
 */
import { Calls } from "./diagnosis/calls.ts";
import { Groups } from "./diagnosis/groups.ts";
import { Slices } from "./diagnosis/slices.ts";
import { Waits } from "./diagnosis/waits.ts";
import { Wakes } from "./diagnosis/wakes.ts";
import type { Change } from "./state/change.ts";
import type { Observed } from "./wide/observer.ts";

export class Diagnosis {
  groups: Groups;
  waits: Waits;
  wakes: Wakes;
  slices: Slices;
  readonly observed: Observed;
  private readonly from: number;
  private readonly to: number;
  private inside: boolean;

  /** @param from, to range in trace nanoseconds, on borders of windows. What began before it counts from its begin on. */
  constructor(observed: Observed, from: number, to: number) {
    this.observed = observed;
    this.from = from;
    this.to = to;
    this.inside = from === 0;
    this.groups = new Groups(observed, from);
    this.waits = new Waits(observed, from);
    this.wakes = new Wakes(observed);
    this.slices = new Slices(observed, from);
  }

  get calls(): Calls {
    return new Calls(this.observed);
  }

  change(change: Change): void {
    if (!this.inside) return;
    const { nanos, time } = change;
    change.nanos = Math.min(nanos, time - this.from);
    this.groups.change(change);
    this.waits.change(change);
    this.wakes.change(change);
    this.slices.change(change);
    change.nanos = nanos;
  }

  existed(slot: number, time: number): void {
    if (!this.inside) return;
    this.groups.existed(slot);
    this.waits.existed(slot, time);
  }

  syscall(slot: number, since: number, time: number, seen: boolean): void {
    if (!this.inside || !seen) return;
    this.groups.syscall(slot, time - Math.max(since, this.from));
  }

  gap(start: number, end: number): void {
    // Told before the windows that end in it, so one that reaches into the range from outside comes while it is not inside.
    if (end > this.from && start < this.to) this.slices.gap(Math.max(start, this.from), Math.min(end, this.to));
  }

  window(end: number): void {
    if (this.inside) this.groups.window();
    if (end === this.from) this.begin(end);
    else if (end === this.to) this.finish(end);
  }

  /** At the end of the range, or after the last event. */
  finish(end: number): void {
    if (this.inside) {
      this.waits.finish(end);
      this.groups.finish(end);
    }
    this.inside = false;
  }

  /** The range begins with the goroutines that are alive. */
  private begin(time: number): void {
    this.inside = true;
    const { table } = this.observed;
    table.forEach((slot) => this.existed(slot, time));
  }
}
