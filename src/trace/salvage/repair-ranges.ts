/** Ranges, regions and tasks in a damaged generation: a begin ends what was open, an end of nothing is left out. */
import { RangeName, Scope } from "../model.ts";
import type { Ordering } from "../ordering.ts";
import { GoStatus } from "../scheduler.ts";
import { Wire } from "../spec.ts";
import type { State } from "../state.ts";
import type { GoroutineRepair } from "./repair-goroutines.ts";
import type { ProcRepair } from "./repair-procs.ts";
import { type Told, unknownProc, Verdict } from "./verdict.ts";

export class RangeRepair {
  readonly #state: State;
  readonly #ordering: Ordering;
  readonly #procs: ProcRepair;
  readonly #goroutines: GoroutineRepair;
  readonly #told: Told;

  constructor(state: State, ordering: Ordering, procs: ProcRepair, goroutines: GoroutineRepair, told: Told) {
    this.#state = state;
    this.#ordering = ordering;
    this.#procs = procs;
    this.#goroutines = goroutines;
    this.#told = told;
  }

  annotation(type: number, thread: number, a: number): Verdict {
    const { goroutines, threads } = this.#state;
    const slot = goroutines.table.find(threads.goroutineId[thread]);
    if (type === Wire.STWEnd && !((goroutines.stops[slot]?.length ?? 0) > 0)) return Verdict.Drop;
    if (type === Wire.STWBegin) {
      const open = goroutines.stops[slot];
      const same = open?.findIndex((stop) => stop.id === a) ?? -1;
      if (same >= 0)
        this.#told.rangeEnd(
          RangeName.StopTheWorld,
          this.#state.tables.intern(open!.splice(same, 1)[0].kind),
          Scope.Goroutine,
          threads.goroutineId[thread],
        );
    }
    if (type === Wire.UserTaskBegin) this.#ordering.tasks.delete(a);
    if (type === Wire.UserRegionEnd && goroutines.regions[slot] !== undefined) this.#regionEnd(slot, a);
    return Verdict.Ready;
  }

  /** Regions whose end was lost end with the one around them. */
  #regionEnd(slot: number, task: number): void {
    const open = this.#state.goroutines.regions[slot]!;
    const matching = open.findLastIndex((region) => region.task === task);
    open.length = matching + 1;
  }

  /** What the ordering refuses all the same (a region of another name): nothing is open then. */
  closeRegions(thread: number): void {
    const { goroutines, threads } = this.#state;
    const slot = goroutines.table.find(threads.goroutineId[thread]);
    if (slot >= 0) goroutines.regions[slot] = undefined;
  }

  collection(type: number, thread: number, sequence: number, force: boolean): Verdict {
    const { gc } = this.#ordering;
    if (type === Wire.GCActive) {
      gc.running = undefined;
      return Verdict.Ready;
    }
    const begins = type === Wire.GCBegin;
    if (gc.running === undefined && begins) return Verdict.Ready;
    if (sequence !== gc.sequence + 1 && !force) return Verdict.Wait;
    if (begins) {
      if (gc.running === true) this.#told.rangeEnd(RangeName.GcMark, 0, Scope.Global, 0);
      gc.running = undefined;
      return Verdict.Ready;
    }
    if (gc.running === true && this.#goroutines.has(thread, GoStatus.Running, false)) {
      gc.sequence = sequence - 1;
      return Verdict.Ready;
    }
    if (gc.running === true) this.#told.rangeEnd(RangeName.GcMark, 0, Scope.Global, 0);
    gc.running = false;
    gc.sequence = sequence;
    return Verdict.Drop;
  }

  sweep(type: number, thread: number, id: number): Verdict {
    const { procs } = this.#state;
    if (type === Wire.GCSweepActive) {
      const slot = procs.table.find(id);
      if (slot < 0) return Verdict.Drop;
      procs.sweeping[slot] = 0;
      return Verdict.Ready;
    }
    const slot = this.#procs.of(thread);
    const known = procs.table.ids[slot];
    if (known === unknownProc) return Verdict.Drop;
    return this.#toggle(procs.sweeping, slot, type === Wire.GCSweepBegin, RangeName.GcSweep, Scope.Proc, known);
  }

  assist(type: number, thread: number, id: number): Verdict {
    const { goroutines, threads } = this.#state;
    if (type === Wire.GCMarkAssistActive) {
      const slot = goroutines.table.find(id);
      if (slot < 0) return Verdict.Drop;
      goroutines.assisting[slot] = 0;
      return Verdict.Ready;
    }
    if (!this.#goroutines.has(thread, GoStatus.Running, false)) return Verdict.Drop;
    const on = threads.goroutineId[thread];
    const slot = goroutines.table.find(on);
    return this.#toggle(goroutines.assisting, slot, type === Wire.GCMarkAssistBegin, RangeName.GcMarkAssist, Scope.Goroutine, on);
  }

  /** A begin ends what was open; an end of nothing is left out. */
  #toggle(flags: Uint8Array, slot: number, begins: boolean, name: number, scope: number, id: number): Verdict {
    if (!begins) return flags[slot] === 1 ? Verdict.Ready : Verdict.Drop;
    if (flags[slot] === 1) this.#told.rangeEnd(name, 0, scope, id);
    flags[slot] = 0;
    return Verdict.Ready;
  }
}
