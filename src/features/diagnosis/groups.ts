/** Goroutines by the function they run and the place that created them: how many, how long, what they did with their time. */
import { GoState } from "../../trace/model.ts";
import { NumberTable } from "../core/number-table.ts";
import type { Change } from "../state/change.ts";
import { GoScope, ReadyCause } from "../state/goroutine-table.ts";
import { waitClasses } from "../state/reasons.ts";
import { LogHistogram } from "../summary/log-histogram.ts";
import type { Observed } from "../wide/observer.ts";

/** Living goroutines of a group at moments that lie evenly; thinned to every other one when there are too many. */
const mostSamples = 256;
/** Groups beyond this many have no such curve. */
const mostCurves = 1000;

export class Group {
  readonly name: string;
  /** `pkg.Func (file.go:12)` that created them; "" = they were there before the trace. */
  readonly origin: string;
  readonly system: boolean;
  existed = 0;
  created = 0;
  ended = 0;
  live = 0;
  /** Nanoseconds. On a processor, system calls that kept it included. */
  busy = 0;
  runnable = 0;
  syscall = 0;
  /** In system calls that lost their processor. */
  away = 0;
  readonly waiting = new Float64Array(waitClasses.length);
  /** Times that one of them got a processor. */
  starts = 0;
  /** Goroutines that got to run a first time, and what they waited for it. */
  begun = 0;
  firstWait = 0;
  firstCreation = Number.NaN;
  lastCreation = Number.NaN;
  readonly curve: number[] = [];

  constructor(name: string, origin: string, system: boolean) {
    this.name = name;
    this.origin = origin;
    this.system = system;
  }
}

export class Groups {
  readonly groups: Group[] = [];
  /**
   * How long goroutines of the program waited to run after the network or a timer woke them: what those outside notice.
   * Those that were created wait for their turn in a plan of the program's own.
   */
  readonly answers = new LogHistogram();
  private readonly observed: Observed;
  private readonly byKey = new NumberTable(-1);
  /** Number of the group of the goroutine in a slot. */
  private readonly ofSlot: number[] = [];
  private readonly from: number;
  /** Since when one that was there before the trace has had its processor, until it gives it up; else NaN. */
  private readonly ranSince: number[] = [];
  private windows = 0;
  private stride = 1;

  constructor(observed: Observed, from: number) {
    this.observed = observed;
    this.from = from;
  }

  groupAt(slot: number): Group {
    return this.groups[this.ofSlot[slot]!]!;
  }

  existed(slot: number): void {
    const { table } = this.observed;
    const state = table.state[slot];
    this.ranSince[slot] = state === GoState.Running || state === GoState.Syscall ? table.since[slot]! : Number.NaN;
    const group = this.enter(slot);
    group.existed++;
    group.live++;
  }

  change({ slot, from, to, time, nanos }: Change): void {
    const { table } = this.observed;
    if (from === GoState.NotExist || from === GoState.Undetermined) {
      this.ranSince[slot] = Number.NaN;
      const group = this.enter(slot);
      group.live++;
      group.created++;
      if (Number.isNaN(group.firstCreation)) group.firstCreation = time;
      group.lastCreation = time;
      return;
    }
    let group = this.groupAt(slot);
    group.syscall += table.calling[slot]!;
    if (group.name === "" && table.name[slot] !== 0) {
      const kind = table.born[slot]! >= this.from ? "created" : "existed";
      group[kind]--;
      group.live--;
      group = this.enter(slot);
      group[kind]++;
      group.live++;
    }
    switch (from) {
      case GoState.Runnable:
        group.runnable += nanos;
        if (to !== GoState.Running) break;
        group.starts++;
        if (!group.system && table.cause[slot] === ReadyCause.Wake) this.answers.add(nanos);
        if (table.runs[slot] !== 0 || Number.isNaN(table.born[slot]!)) break;
        group.begun++;
        group.firstWait += nanos;
        break;
      case GoState.Running:
        group.busy += this.onProcessor(slot, time, nanos);
        break;
      case GoState.Waiting: {
        const waits = this.observed.reasons.classes[table.reason[slot]!]!;
        group.waiting[waits] = group.waiting[waits]! + nanos;
        break;
      }
      case GoState.Syscall:
        group.busy += this.onProcessor(slot, time - nanos, 0);
        group.syscall += nanos;
        group.away += nanos;
        break;
    }
    this.ranSince[slot] = Number.NaN;
    if (to !== GoState.NotExist) return;
    group.ended++;
    group.live--;
  }

  syscall(slot: number, nanos: number): void {
    this.groupAt(slot).syscall += nanos;
  }

  window(): void {
    if (this.windows++ % this.stride !== 0) return;
    const points = Math.ceil(this.windows / this.stride);
    for (const group of this.groups.slice(0, mostCurves)) {
      while (group.curve.length < points - 1) group.curve.push(0);
      group.curve.push(group.live);
    }
    if (points < mostSamples) return;
    this.stride *= 2;
    for (const group of this.groups) group.curve.splice(0, group.curve.length, ...group.curve.filter((_live, i) => i % 2 === 0));
  }

  /** What goroutines are in the middle of at the end counts until then. */
  finish(end: number): void {
    const { table, reasons } = this.observed;
    table.forEach((slot) => {
      const number = this.ofSlot[slot];
      if (number === undefined) return;
      const group = this.groups[number]!;
      group.syscall += table.calling[slot]!;
      const nanos = end - Math.max(table.since[slot]!, this.from);
      const state = table.state[slot];
      if (state === GoState.Running) group.busy += this.onProcessor(slot, end, nanos);
      else if (state === GoState.Runnable) group.runnable += nanos;
      else if (state === GoState.Syscall) {
        group.busy += this.onProcessor(slot, table.since[slot]!, 0);
        group.syscall += nanos;
        group.away += nanos;
      } else if (state === GoState.Waiting) {
        const waits = reasons.classes[table.reason[slot]!]!;
        group.waiting[waits] = group.waiting[waits]! + nanos;
      }
    });
  }

  /** Since the processor was taken; of the last stay alone when that is not known. */
  private onProcessor(slot: number, time: number, nanos: number): number {
    const seen = this.observed.table.slice[slot]!;
    const slice = Number.isNaN(seen) ? this.ranSince[slot]! : seen;
    return Number.isNaN(slice) ? nanos : Math.max(0, time - Math.max(slice, this.from));
  }

  private enter(slot: number): Group {
    const { table, names, sites } = this.observed;
    const name = table.name[slot]!;
    const place = this.byKey.place(name * 65536 + (table.origin[slot]! & 65535));
    let number = this.byKey.values[place]!;
    if (number < 0) {
      const system = table.scope[slot] === GoScope.System;
      number = this.groups.push(new Group(names.texts[name]!, sites.texts[table.origin[slot]!]!, system)) - 1;
      this.byKey.values[place] = number;
    }
    this.ofSlot[slot] = number;
    return this.groups[number]!;
  }
}
