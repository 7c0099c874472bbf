/**
 * Makes the state fit an event where the trace has lost what lies between: the rules of the ordering the other way round.
 * What is corrected is told to the visitor as a transition from what was known to what the event implies, so that every resource's transitions fit
 * each other. An event whose goroutine or thread cannot be known is left out.
 */
import type { Ordering } from "../ordering.ts";
import { GoStatus, noThread, ProcStatus } from "../scheduler.ts";
import { Wire } from "../spec.ts";
import type { State } from "../state.ts";
import { idOrNone } from "../varint.ts";
import { GoroutineRepair } from "./repair-goroutines.ts";
import { ProcRepair } from "./repair-procs.ts";
import { RangeRepair } from "./repair-ranges.ts";
import type { SalvageReport } from "./report.ts";
import { Told, Verdict } from "./verdict.ts";

export class Repair {
  readonly #state: State;
  readonly #told: Told;
  readonly #procs: ProcRepair;
  readonly #goroutines: GoroutineRepair;
  readonly #ranges: RangeRepair;

  constructor(state: State, ordering: Ordering, report: SalvageReport) {
    this.#state = state;
    this.#told = new Told(state, report);
    this.#procs = new ProcRepair(state, this.#told);
    this.#goroutines = new GoroutineRepair(state, this.#procs, this.#told);
    this.#ranges = new RangeRepair(state, ordering, this.#procs, this.#goroutines, this.#told);
    for (let slot = 0; slot < state.threads.table.slots; slot++) this.note(slot);
  }

  /** After an event: who sits on its thread now. */
  note(thread: number): void {
    this.#goroutines.note(thread);
    this.#procs.note(thread);
  }

  /** What the ordering refuses all the same (a region of another name): nothing is open then. */
  closeRegions(thread: number): void {
    this.#ranges.closeRegions(thread);
  }

  /** Goroutines of which a whole generation said nothing have ended before it, at `at`. */
  endUnmentioned(at: number): void {
    this.#told.at = at;
    this.#goroutines.endUnmentioned();
  }

  /**
   * May the event happen now? What contradicts what is known is corrected at once; what others may still bring about only by `force`.
   * @param values the event's arguments.
   */
  prepare(type: number, thread: number, at: number, values: readonly number[], force: boolean): Verdict {
    this.#told.at = at;
    const [a, b, c] = values;
    switch (type) {
      case Wire.ProcStatus:
        return this.#procs.status(thread, a, b);
      case Wire.GoStatus:
      case Wire.GoStatusStack:
        return this.#goroutines.status(thread, a, idOrNone(b), c);
    }
    if (type === Wire.GoUnblock) return this.#goroutines.named(a, b, GoStatus.Waiting, force);
    if (thread === noThread) return Verdict.Drop;
    switch (type) {
      case Wire.ProcStart:
        return this.#procs.start(thread, a, b, force);
      case Wire.ProcStop:
        return this.#procs.stop(thread);
      case Wire.ProcSteal:
        return this.#procs.steal(thread, a, b, idOrNone(c), force);
      case Wire.GoStart:
        return this.#goroutines.start(thread, a, b, force);
      case Wire.GoCreate:
      case Wire.GoCreateBlocked:
      case Wire.GoCreateSyscall:
        return this.#goroutines.create(type, thread, a);
      case Wire.GoSwitch:
      case Wire.GoSwitchDestroy:
        if (!this.#goroutines.has(thread, GoStatus.Running) || this.#state.threads.goroutineId[thread] === a) return Verdict.Drop;
        return this.#goroutines.named(a, b, GoStatus.Waiting, force);
      case Wire.GoSyscallBegin:
        return this.#goroutines.syscallBegin(thread, a);
      case Wire.GoSyscallEnd:
        return this.#goroutines.syscallEnd(thread);
      case Wire.GoSyscallEndBlocked:
        return this.#goroutines.syscallEndBlocked(thread, force);
      case Wire.GoDestroySyscall:
        if (!this.#goroutines.hasGoroutine(thread, GoStatus.Syscall)) return Verdict.Drop;
        if (this.#state.threads.proc[thread] >= 0) this.#state.procs.status[this.#state.threads.proc[thread]] = ProcStatus.Syscall;
        return Verdict.Ready;
      case Wire.HeapAlloc:
      case Wire.HeapGoal:
        this.#procs.of(thread);
        return Verdict.Ready;
      case Wire.GCActive:
      case Wire.GCBegin:
      case Wire.GCEnd:
        return this.#ranges.collection(type, thread, a, force);
      case Wire.GCSweepActive:
      case Wire.GCSweepBegin:
      case Wire.GCSweepEnd:
        return this.#ranges.sweep(type, thread, a);
      case Wire.GCMarkAssistActive:
      case Wire.GCMarkAssistBegin:
      case Wire.GCMarkAssistEnd:
        return this.#ranges.assist(type, thread, a);
      default:
        if (type >= Wire.FirstExperimental) return Verdict.Ready;
        return this.#goroutines.has(thread, GoStatus.Running, false) ? this.#ranges.annotation(type, thread, a) : Verdict.Drop;
    }
  }
}
