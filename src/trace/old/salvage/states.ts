/**
 * The way out for a broken trace: states of goroutines and processors, ranges, tasks and regions as they have been told. Where an event
 * does not fit them, what it implies is told first, as transitions from the state that was known.
 */
import { EventKind, GoState, ProcState, RangeName, Scope, type TraceVisitor } from "../../model.ts";
import type { SalvageReport } from "../../salvage/report.ts";
import type { SlotTable } from "../../slot-table.ts";
import { Output } from "../output.ts";
import { FakeProc, oldMost } from "../spec.ts";

type Region = { readonly task: number; readonly name: number };
type Stop = { readonly kind: number; readonly goroutine: number };

export class States extends Output {
  readonly #goroutines: SlotTable;
  readonly #report: SalvageReport;
  /** String id of the reason of a transition that nobody told. */
  readonly #lostReason: number;
  /** By slot: {@link GoState}, and 1 while it assists the collector. */
  readonly #state: Uint8Array;
  readonly #assists: Uint8Array;
  /** By slot: 1 after a call that counts as one that did not block, which need not be true: its processor may have gone on without it. */
  readonly #mayCall: Uint8Array;
  readonly #procs = new Map<number, number>();
  /** Goroutine that started last, by processor; and by slot the processor it started on. */
  readonly #runs = new Map<number, number>();
  readonly #on: Int32Array;
  readonly #sweeps = new Set<number>();
  #marks = false;
  #stop: Stop | undefined;
  readonly #tasks = new Set<number>();
  readonly #regions = new Map<number, Region[]>();
  #openRegions = 0;
  /** Of the event at hand. */
  #at = 0;

  constructor(visitor: TraceVisitor, goroutines: SlotTable, report: SalvageReport, lostReason: number) {
    super(visitor);
    this.#goroutines = goroutines;
    this.#report = report;
    this.#lostReason = lostReason;
    this.#state = new Uint8Array(goroutines.slots);
    this.#assists = new Uint8Array(goroutines.slots);
    this.#on = new Int32Array(goroutines.slots).fill(-1);
    this.#mayCall = new Uint8Array(goroutines.slots);
  }

  override emit(
    kind: EventKind,
    at: number,
    thread: number,
    proc: number,
    goroutine: number,
    stack: number,
    a: number,
    b: number,
    c: number,
    d: number,
    e: number,
    f: number,
  ): void {
    if (!(at <= Number.MAX_SAFE_INTEGER - oldMost.goroutines)) {
      this.#report.skippedEvents++;
      return;
    }
    this.#at = at;
    const isGo = kind === EventKind.GoTransition;
    if (goroutine >= 0 && proc < FakeProc.Timer && kind !== EventKind.StackSample && !(isGo && a === goroutine))
      this.#needRunning(goroutine);
    let from = b;
    if (isGo) from = this.#goroutine(a, b, c, proc);
    else if (kind === EventKind.ProcTransition) from = this.#proc(a, b, c);
    else if (!this.#fits(kind, proc, goroutine, a, b, d)) from = unfit;
    if (from === unfit) this.#report.skippedEvents++;
    else super.emit(kind, at, thread, proc, goroutine, stack, a, from, c, d, e, f);
  }

  /** The state that the event is told to come from. */
  #goroutine(id: number, from: number, to: number, proc: number): number {
    const slot = id < 0 ? -1 : this.#goroutines.find(id);
    // On no goroutine: its start was lost.
    if (slot < 0) return unfit;
    let begin = from;
    const known = this.#state[slot];
    if (from === GoState.Undetermined) {
      if (known === to) return unfit;
      if (known > GoState.NotExist) begin = known;
    } else if (from === GoState.NotExist) {
      if (known > GoState.NotExist) this.#lead(slot, GoState.NotExist);
    } else if (!(from === GoState.Syscall && this.#mayCall[slot] === 1)) this.#lead(slot, from);
    this.#mayCall[slot] = from === GoState.Syscall && to === GoState.Running ? 1 : 0;
    if (to === GoState.Running && proc >= 0 && proc < FakeProc.Timer) this.#runsAlone(id, slot, proc);
    else if (to === GoState.NotExist) this.#end(slot);
    this.#state[slot] = to;
    return begin;
  }

  #needRunning(id: number): void {
    const slot = this.#goroutines.find(id);
    if (slot >= 0) this.#lead(slot, GoState.Running);
  }

  /** Tells how the goroutine came to the state, by the transitions that there are. */
  #lead(slot: number, to: number): void {
    let from = this.#state[slot];
    if (from === to) return;
    if (from === GoState.NotExist) from = GoState.Undetermined;
    this.#report.repairs++;
    this.#mayCall[slot] = 0;
    while (from !== to) {
      const next = stepTowards(from, to);
      const isStop = from === GoState.Running && (next === GoState.Runnable || next === GoState.Waiting);
      super.emit(
        EventKind.GoTransition,
        this.#at,
        -1,
        -1,
        -1,
        0,
        this.#goroutines.ids[slot],
        from,
        next,
        isStop ? this.#lostReason : 0,
        0,
        0,
      );
      from = next;
    }
    if (to === GoState.NotExist) this.#end(slot);
    this.#state[slot] = to;
  }

  /** Whoever ran there has stopped meanwhile. */
  #runsAlone(id: number, started: number, proc: number): void {
    const other = this.#runs.get(proc);
    this.#runs.set(proc, id);
    this.#on[started] = proc;
    if (other === undefined || other === id) return;
    const slot = this.#goroutines.find(other);
    if (this.#on[slot] === proc && this.#state[slot] === GoState.Running && this.#mayCall[slot] === 0) this.#lead(slot, GoState.Waiting);
  }

  #end(slot: number): void {
    this.#openRegions -= this.#regions.get(slot)?.length ?? 0;
    this.#regions.delete(slot);
    if (this.#assists[slot] === 1) this.#endAssist(this.#goroutines.ids[slot], slot);
  }

  #endAssist(id: number, slot: number): void {
    this.#assists[slot] = 0;
    this.#endRange(RangeName.GcMarkAssist, 0, Scope.Goroutine, id, id, -1);
  }

  #endRange(name: number, kind: number, scope: number, id: number, goroutine: number, proc: number): void {
    this.#report.repairs++;
    super.emit(EventKind.RangeEnd, this.#at, -1, proc, goroutine, 0, name, kind, scope, id, 0, 0);
  }

  #proc(id: number, from: number, to: number): number {
    const known = this.#procs.get(id) ?? ProcState.Undetermined;
    this.#procs.set(id, to);
    if (from === known || known === ProcState.Undetermined) return known;
    this.#report.repairs++;
    super.emit(EventKind.ProcTransition, this.#at, -1, id, -1, 0, id, known, from, 0, 0, 0);
    return from;
  }

  /** False for what cannot be told. What it needs has been told then. */
  #fits(kind: EventKind, proc: number, goroutine: number, a: number, b: number, d: number): boolean {
    switch (kind) {
      case EventKind.RangeBegin:
        return this.#rangeBegins(a, b, proc, goroutine);
      case EventKind.RangeEnd:
        return this.#rangeEnds(a, proc, goroutine);
      case EventKind.TaskBegin:
        if (this.#tasks.has(a)) return false;
        this.#tasks.add(a);
        return true;
      case EventKind.TaskEnd:
        this.#tasks.delete(a);
        return true;
      case EventKind.RegionBegin:
      case EventKind.RegionEnd:
        return goroutine >= 0 && this.#region(kind, this.#goroutines.find(goroutine), goroutine, a, b);
      case EventKind.Label:
        return d >= 0;
      default:
        return true;
    }
  }

  #rangeBegins(name: number, kind: number, proc: number, goroutine: number): boolean {
    if (name === RangeName.GcMark) {
      if (this.#marks) this.#endRange(name, 0, Scope.Global, 0, -1, -1);
      this.#marks = true;
    } else if (name === RangeName.StopTheWorld) {
      const stop = this.#stop;
      if (stop !== undefined) this.#endRange(name, stop.kind, Scope.Goroutine, stop.goroutine, stop.goroutine, -1);
      this.#stop = { kind, goroutine };
    } else if (name === RangeName.GcSweep) {
      if (this.#sweeps.has(proc)) this.#endRange(name, 0, Scope.Proc, proc, -1, proc);
      this.#sweeps.add(proc);
    } else {
      if (goroutine < 0) return false;
      const slot = this.#goroutines.find(goroutine);
      if (this.#assists[slot] === 1) this.#endAssist(goroutine, slot);
      this.#assists[slot] = 1;
    }
    return true;
  }

  #rangeEnds(name: number, proc: number, goroutine: number): boolean {
    if (name === RangeName.GcMark) {
      const known = this.#marks;
      this.#marks = false;
      return known;
    }
    if (name === RangeName.StopTheWorld) {
      const known = this.#stop !== undefined;
      this.#stop = undefined;
      return known;
    }
    if (name === RangeName.GcSweep) return this.#sweeps.delete(proc);
    if (goroutine < 0) return false;
    // It may have begun before the trace.
    this.#assists[this.#goroutines.find(goroutine)] = 0;
    return true;
  }

  /** Regions whose end was lost end with the one around them. */
  #region(kind: EventKind, slot: number, goroutine: number, task: number, name: number): boolean {
    let open = this.#regions.get(slot);
    if (kind === EventKind.RegionBegin) {
      if (this.#openRegions >= oldMost["open regions"]) return false;
      if (open === undefined) this.#regions.set(slot, (open = []));
      this.#openRegions++;
      open.push({ task, name });
      return true;
    }
    // One that began before the trace ends without a beginning.
    if (open === undefined || open.length === 0) return true;
    const matching = open.findLastIndex((region) => region.task === task && region.name === name);
    if (matching < 0) return false;
    for (let inner = open.pop()!; open.length > matching; inner = open.pop()!) {
      this.#openRegions--;
      this.#report.repairs++;
      super.emit(EventKind.RegionEnd, this.#at, -1, -1, goroutine, 0, inner.task, inner.name, 0, 0, 0, 0);
    }
    this.#openRegions--;
    return true;
  }
}

/** In place of a state: the event is left out. */
const unfit = -1;

/** The next state on the way. */
function stepTowards(from: number, to: number): number {
  if (from === GoState.Undetermined || from === GoState.Running) return to;
  if (from === GoState.Waiting) return GoState.Runnable;
  if (from === GoState.Runnable) return GoState.Running;
  return to === GoState.Running ? GoState.Running : GoState.Runnable;
}
