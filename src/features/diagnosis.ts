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
import type { Observed, Observer } from "./wide-series.ts";

export class Diagnosis implements Observer {
  readonly groups: Groups;
  readonly waits: Waits;
  readonly wakes: Wakes;
  readonly slices: Slices;
  readonly calls: Calls;
  readonly observed: Observed;

  constructor(observed: Observed) {
    this.observed = observed;
    this.groups = new Groups(observed);
    this.waits = new Waits(observed);
    this.wakes = new Wakes(observed);
    this.slices = new Slices(observed);
    this.calls = new Calls(observed);
  }

  change(change: Change): void {
    this.groups.change(change);
    this.waits.change(change);
    this.wakes.change(change);
    this.slices.change(change);
    this.calls.change(change);
  }

  existed(slot: number, time: number): void {
    this.groups.existed(slot);
    this.waits.existed(slot, time);
  }

  syscall(slot: number, nanos: number, time: number): void {
    this.groups.syscall(slot, nanos);
    this.calls.syscall(slot, nanos, time);
  }

  gap(start: number, end: number): void {
    this.slices.gap(start, end);
  }

  window(end: number): void {
    this.groups.window(end);
  }

  /** After the last event. */
  finish(end: number): void {
    this.waits.finish(end);
  }
}
