/**
 * Makes the state fit an event where the trace has lost what lies between: the rules of the ordering the other way round.
 * What is corrected is told to the visitor as a transition from what was known to what the event implies, so that every resource's transitions fit
 * each other. An event whose goroutine or thread cannot be known is left out.
 */
import { EventKind, GoState, ProcState, RangeName, Scope } from "../model.ts";
import type { Ordering } from "../ordering.ts";
import { goStates } from "../ordering-status.ts";
import { procStates } from "../ordering-procs.ts";
import { GoStatus, noThread, ProcStatus } from "../scheduler.ts";
import { Wire } from "../spec.ts";
import type { State } from "../state.ts";
import { idOrNone } from "../varint.ts";
import type { SalvageReport } from "./report.ts";

/** Answers of {@link Repair.prepare}. */
export const Verdict = { Wait: 0, Ready: 1, Drop: 2 } as const;
export type Verdict = (typeof Verdict)[keyof typeof Verdict];

/** Id of the processor of a thread that runs goroutines while none is known to be on it: none, to the visitor. */
const unknownProc = -1;
/** Ids far beyond all that were seen are damage. */
const idLeap = 1 << 22;
const largestProc = 1 << 16;

export class Repair {
  readonly #state: State;
  readonly #ordering: Ordering;
  readonly #report: SalvageReport;
  /** Where a goroutine (by id) or processor (by slot) was last seen on a thread; to be checked before use. */
  readonly #threadOf = new Map<number, number>();
  readonly #threadOfProc = new Map<number, number>();
  #largestGoroutine = 0;
  #at = 0;

  constructor(state: State, ordering: Ordering, report: SalvageReport) {
    this.#state = state;
    this.#ordering = ordering;
    this.#report = report;
    const { threads, goroutines } = state;
    for (let slot = 0; slot < threads.table.slots; slot++) this.note(slot);
    for (let slot = 0; slot < goroutines.table.slots; slot++) this.#seen(goroutines.table.ids[slot]);
  }

  /** After an event: who sits on its thread now. */
  note(thread: number): void {
    const { goroutineId, proc } = this.#state.threads;
    if (goroutineId[thread] !== -1) this.#threadOf.set(goroutineId[thread], thread);
    if (proc[thread] >= 0) this.#threadOfProc.set(proc[thread], thread);
  }

  /**
   * May the event happen now? What contradicts what is known is corrected at once; what others may still bring about only by `force`.
   * @param values the event's arguments.
   */
  prepare(type: number, thread: number, at: number, values: readonly number[], force: boolean): Verdict {
    this.#at = at;
    const [a, b, c] = values;
    switch (type) {
      case Wire.ProcStatus:
        return this.#procStatus(thread, a, b);
      case Wire.GoStatus:
      case Wire.GoStatusStack:
        return this.#goStatus(thread, a, idOrNone(b), c);
    }
    if (type === Wire.GoUnblock) return this.#named(a, b, GoStatus.Waiting, force);
    if (thread === noThread) return Verdict.Drop;
    switch (type) {
      case Wire.ProcStart:
        return this.#procStart(thread, a, b, force);
      case Wire.ProcStop:
        return this.#procStop(thread);
      case Wire.ProcSteal:
        return this.#procSteal(thread, a, b, idOrNone(c), force);
      case Wire.GoStart:
        return this.#goStart(thread, a, b, force);
      case Wire.GoCreate:
      case Wire.GoCreateBlocked:
      case Wire.GoCreateSyscall:
        return this.#create(type, thread, a);
      case Wire.GoSwitch:
      case Wire.GoSwitchDestroy:
        if (!this.#has(thread, GoStatus.Running) || this.#state.threads.goroutineId[thread] === a) return Verdict.Drop;
        return this.#named(a, b, GoStatus.Waiting, force);
      case Wire.GoSyscallBegin:
        return this.#syscallBegin(thread, a);
      case Wire.GoSyscallEnd:
        return this.#syscallEnd(thread);
      case Wire.GoSyscallEndBlocked:
        return this.#syscallEndBlocked(thread, force);
      case Wire.GoDestroySyscall:
        if (!this.#hasGoroutine(thread, GoStatus.Syscall)) return Verdict.Drop;
        if (this.#state.threads.proc[thread] >= 0) this.#state.procs.status[this.#state.threads.proc[thread]] = ProcStatus.Syscall;
        return Verdict.Ready;
      case Wire.HeapAlloc:
      case Wire.HeapGoal:
        this.#proc(thread);
        return Verdict.Ready;
      case Wire.GCActive:
      case Wire.GCBegin:
      case Wire.GCEnd:
        return this.#collection(type, thread, a, force);
      case Wire.GCSweepActive:
      case Wire.GCSweepBegin:
      case Wire.GCSweepEnd:
        return this.#sweep(type, thread, a);
      case Wire.GCMarkAssistActive:
      case Wire.GCMarkAssistBegin:
      case Wire.GCMarkAssistEnd:
        return this.#assist(type, thread, a);
      default:
        if (type >= Wire.FirstExperimental) return Verdict.Ready;
        return this.#has(thread, GoStatus.Running, false) ? this.#annotation(type, thread, a) : Verdict.Drop;
    }
  }

  #annotation(type: number, thread: number, a: number): Verdict {
    const { goroutines, threads } = this.#state;
    const slot = goroutines.table.find(threads.goroutineId[thread]);
    if (type === Wire.STWEnd && !((goroutines.stops[slot]?.length ?? 0) > 0)) return Verdict.Drop;
    if (type === Wire.STWBegin) {
      const open = goroutines.stops[slot];
      const same = open?.findIndex((stop) => stop.id === a) ?? -1;
      if (same >= 0)
        this.#endRange(
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

  // Processors

  #procStatus(thread: number, id: number, status: number): Verdict {
    const { procs, threads } = this.#state;
    if (status < ProcStatus.Running || status > ProcStatus.SyscallAbandoned || id > largestProc) return Verdict.Drop;
    const slot = procs.table.find(id);
    const binds = status === ProcStatus.Running || status === ProcStatus.Syscall;
    if (slot >= 0) {
      const known = procs.status[slot];
      const owner = this.#ownerOf(slot);
      const abandons = status === ProcStatus.SyscallAbandoned && known === ProcStatus.Syscall;
      if (abandons ? owner < 0 : known !== status) this.#setProc(slot, status);
      if (!abandons && owner >= 0 && owner !== thread) threads.proc[owner] = -1;
    }
    if (binds && threads.proc[thread] >= 0 && threads.proc[thread] !== slot) this.#takeProc(thread);
    return Verdict.Ready;
  }

  #procStart(thread: number, id: number, sequence: number, force: boolean): Verdict {
    const { procs, threads, generation } = this.#state;
    let slot = procs.table.find(id);
    const ready =
      slot >= 0 &&
      procs.status[slot] === ProcStatus.Idle &&
      threads.proc[thread] < 0 &&
      procs.sequence[slot] + 1 === sequence &&
      procs.generation[slot] === generation;
    if (ready) return Verdict.Ready;
    // A stand-in is no processor that would have to stop first.
    if (threads.proc[thread] >= 0 && procs.table.ids[threads.proc[thread]] === unknownProc) {
      threads.proc[thread] = -1;
      return this.#procStart(thread, id, sequence, force);
    }
    if (!force) return Verdict.Wait;
    if (id > largestProc) return Verdict.Drop;
    if (threads.proc[thread] >= 0) this.#takeProc(thread);
    if (slot < 0) {
      slot = procs.add(id);
      procs.status[slot] = ProcStatus.Idle;
      this.#procEvent(id, ProcState.Undetermined, ProcState.Idle);
    } else if (procs.status[slot] !== ProcStatus.Idle) this.#freeProc(slot);
    else this.#report.repairs++;
    procs.sequence[slot] = sequence - 1;
    procs.generation[slot] = generation;
    return Verdict.Ready;
  }

  #procStop(thread: number): Verdict {
    const { procs, threads } = this.#state;
    const slot = threads.proc[thread];
    if (slot < 0) return Verdict.Drop;
    if (procs.table.ids[slot] === unknownProc) {
      threads.proc[thread] = -1;
      return Verdict.Drop;
    }
    if (procs.status[slot] !== ProcStatus.Running && procs.status[slot] !== ProcStatus.Syscall) this.#setProc(slot, ProcStatus.Running);
    return Verdict.Ready;
  }

  #procSteal(thread: number, id: number, sequence: number, from: number, force: boolean): Verdict {
    const { procs, threads, generation } = this.#state;
    let slot = procs.table.find(id);
    const status = slot < 0 ? 0 : procs.status[slot];
    const inCall = status === ProcStatus.Syscall || status === ProcStatus.SyscallAbandoned;
    const ready = inCall && procs.sequence[slot] + 1 === sequence && procs.generation[slot] === generation;
    if (!ready && !force) return Verdict.Wait;
    if (!ready) {
      if (id > largestProc) return Verdict.Drop;
      if (slot < 0) {
        slot = procs.add(id);
        procs.status[slot] = ProcStatus.SyscallAbandoned;
        this.#procEvent(id, ProcState.Undetermined, ProcState.Idle);
      } else if (!inCall) this.#setProc(slot, ProcStatus.SyscallAbandoned);
      else this.#report.repairs++;
      procs.sequence[slot] = sequence - 1;
      procs.generation[slot] = generation;
    }
    if (procs.status[slot] === ProcStatus.Syscall) {
      const fromSlot = threads.table.find(from);
      if (fromSlot < 0 || threads.known[fromSlot] === 0 || threads.proc[fromSlot] !== slot) {
        const owner = this.#ownerOf(slot);
        if (owner >= 0) threads.proc[owner] = -1;
        this.#setProc(slot, ProcStatus.SyscallAbandoned);
      }
    } else {
      const owner = this.#ownerOf(slot);
      if (owner >= 0 && owner !== thread) threads.proc[owner] = -1;
    }
    return Verdict.Ready;
  }

  /** Thread that has the processor, -1 = none. */
  #ownerOf(slot: number): number {
    const thread = this.#threadOfProc.get(slot);
    return thread !== undefined && this.#state.threads.proc[thread] === slot ? thread : -1;
  }

  /** The thread's processor, or a stand-in where it has none. */
  #proc(thread: number): number {
    const { threads, procs } = this.#state;
    if (threads.proc[thread] < 0) {
      let slot = procs.table.find(unknownProc);
      if (slot < 0) slot = procs.add(unknownProc);
      procs.status[slot] = ProcStatus.Running;
      threads.proc[thread] = slot;
    }
    return threads.proc[thread];
  }

  /** Takes the processor off the thread: it stopped, or was stolen, and that was lost. */
  #takeProc(thread: number): void {
    const { threads, procs } = this.#state;
    const slot = threads.proc[thread];
    threads.proc[thread] = -1;
    if (procs.table.ids[slot] !== unknownProc && procs.status[slot] !== ProcStatus.Idle) this.#setProc(slot, ProcStatus.Idle);
  }

  /** Idle, and on no thread. */
  #freeProc(slot: number): void {
    const owner = this.#ownerOf(slot);
    if (owner >= 0) this.#state.threads.proc[owner] = -1;
    this.#setProc(slot, ProcStatus.Idle);
  }

  #setProc(slot: number, status: number): void {
    const { procs } = this.#state;
    const from = procStates[procs.status[slot]];
    procs.status[slot] = status;
    const to = procStates[status];
    this.#report.repairs++;
    if (from !== to) this.#procEvent(procs.table.ids[slot], from, to);
  }

  #procEvent(id: number, from: number, to: number): void {
    if (id === unknownProc) return;
    this.#state.emit(EventKind.ProcTransition, this.#at, -1, -1, -1, 0, id, from, to, 0, 0, 0);
  }

  // Goroutines

  #goStatus(thread: number, id: number, on: number, status: number): Verdict {
    const { goroutines, threads } = this.#state;
    if (status < GoStatus.Runnable || status > GoStatus.Waiting || !this.#believable(id)) return Verdict.Drop;
    if (status === GoStatus.Syscall && on === -1) return Verdict.Drop;
    const slot = goroutines.table.find(id);
    if (slot >= 0 && goroutines.status[slot] !== status) this.#setGo(id, status);
    this.#seen(id);
    if (status === GoStatus.Running) {
      this.#comesTo(thread, id);
    } else if (status === GoStatus.Syscall) {
      const other = threads.slotFor(on);
      this.#comesTo(other, id);
      // The ordering takes what it is told of a thread that it does not know.
      if (other !== thread) threads.known[other] = 0;
      this.#threadOf.set(id, other);
    }
    return Verdict.Ready;
  }

  /** The goroutine is on no other thread, and no other goroutine on this one. */
  #comesTo(thread: number, id: number): void {
    const { threads } = this.#state;
    const before = this.#threadOfGoroutine(id);
    if (before >= 0 && before !== thread) threads.leave(before);
    if (threads.goroutineId[thread] !== id) this.#displace(thread);
  }

  #goStart(thread: number, id: number, sequence: number, force: boolean): Verdict {
    const verdict = this.#named(id, sequence, GoStatus.Runnable, force);
    if (verdict !== Verdict.Ready) return verdict;
    this.#displace(thread);
    this.#proc(thread);
    return Verdict.Ready;
  }

  /** The event tells the goroutine's state before it, and the number of its last event. */
  #named(id: number, sequence: number, status: number, force: boolean): Verdict {
    const { goroutines, generation } = this.#state;
    let slot = goroutines.table.find(id);
    const ready =
      slot >= 0 &&
      goroutines.status[slot] === status &&
      goroutines.sequence[slot] + 1 === sequence &&
      goroutines.generation[slot] === generation;
    if (ready) return Verdict.Ready;
    if (!force) return Verdict.Wait;
    if (!this.#believable(id)) return Verdict.Drop;
    slot = this.#setGo(id, status);
    goroutines.sequence[slot] = sequence - 1;
    goroutines.generation[slot] = generation;
    return Verdict.Ready;
  }

  #create(type: number, thread: number, id: number): Verdict {
    if (!this.#believable(id)) return Verdict.Drop;
    if (this.#state.goroutines.table.find(id) >= 0) this.#end(id);
    this.#seen(id);
    if (type === Wire.GoCreateSyscall) {
      this.#displace(thread);
      return Verdict.Ready;
    }
    this.#proc(thread);
    if (this.#state.threads.goroutineId[thread] !== -1) this.#hasGoroutine(thread, GoStatus.Running);
    return Verdict.Ready;
  }

  #syscallBegin(thread: number, sequence: number): Verdict {
    if (!this.#has(thread, GoStatus.Running)) return Verdict.Drop;
    const { procs, threads, generation } = this.#state;
    const slot = threads.proc[thread];
    if (procs.sequence[slot] + 1 !== sequence || procs.generation[slot] !== generation) {
      if (procs.table.ids[slot] !== unknownProc) this.#report.repairs++;
      procs.sequence[slot] = sequence - 1;
      procs.generation[slot] = generation;
    }
    return Verdict.Ready;
  }

  #syscallEnd(thread: number): Verdict {
    if (!this.#has(thread, GoStatus.Syscall)) return Verdict.Drop;
    const { procs, threads } = this.#state;
    if (procs.status[threads.proc[thread]] !== ProcStatus.Syscall) this.#setProc(threads.proc[thread], ProcStatus.Syscall);
    return Verdict.Ready;
  }

  #syscallEndBlocked(thread: number, force: boolean): Verdict {
    const { procs, threads } = this.#state;
    const slot = threads.proc[thread];
    if (slot >= 0 && procs.table.ids[slot] === unknownProc) threads.proc[thread] = -1;
    else if (slot >= 0 && procs.status[slot] === ProcStatus.Syscall) {
      if (!force) return Verdict.Wait;
      this.#takeProc(thread);
    }
    return this.#hasGoroutine(thread, GoStatus.Syscall) ? Verdict.Ready : Verdict.Drop;
  }

  /** Goroutine and processor are on the thread. @param exactly the goroutine is in the status, too. */
  #has(thread: number, status: number, exactly = true): boolean {
    if (exactly ? !this.#hasGoroutine(thread, status) : this.#goroutineOn(thread) < 0) return false;
    this.#proc(thread);
    return true;
  }

  /** A goroutine is on the thread, and in the status now. */
  #hasGoroutine(thread: number, status: number): boolean {
    const slot = this.#goroutineOn(thread);
    if (slot < 0) return false;
    const { goroutines, threads } = this.#state;
    if (goroutines.status[slot] !== status) {
      const id = threads.goroutineId[thread];
      this.#changeGo(slot, id, status);
      threads.goroutine[thread] = slot;
    }
    return true;
  }

  /** Slot of the thread's goroutine; -1 = none, or it has ended elsewhere. */
  #goroutineOn(thread: number): number {
    const { goroutines, threads } = this.#state;
    const id = threads.goroutineId[thread];
    if (id === -1) return -1;
    const slot = goroutines.table.find(id);
    if (slot < 0) threads.leave(thread);
    else threads.goroutine[thread] = slot;
    return slot;
  }

  /** The goroutine on the thread left it, and how was lost: it waits. */
  #displace(thread: number): void {
    const slot = this.#goroutineOn(thread);
    const { threads } = this.#state;
    if (slot < 0) return;
    const id = threads.goroutineId[thread];
    threads.leave(thread);
    this.#changeGo(slot, id, GoStatus.Waiting);
  }

  /** Makes a status known; off its thread where that does not go with it. Returns the slot. */
  #setGo(id: number, status: number): number {
    const { goroutines, generation } = this.#state;
    let slot = goroutines.table.find(id);
    if (slot < 0) {
      slot = goroutines.add(id, status, generation);
      this.#seen(id);
      this.#report.repairs++;
      this.#goEvent(id, GoState.Undetermined, goStates[status], 0);
    } else {
      const thread = this.#threadOfGoroutine(id);
      if (thread >= 0 && (status === GoStatus.Runnable || status === GoStatus.Waiting)) this.#state.threads.leave(thread);
      this.#changeGo(slot, id, status);
    }
    return slot;
  }

  #changeGo(slot: number, id: number, status: number): void {
    const { goroutines, tables } = this.#state;
    const from = goStates[goroutines.status[slot]];
    goroutines.status[slot] = status;
    this.#report.repairs++;
    if (from === goStates[status]) return;
    this.#goEvent(id, from, goStates[status], status === GoStatus.Waiting && from === GoState.Running ? tables.lostName : 0);
  }

  /** Its end was lost. */
  #end(id: number): void {
    const { goroutines, threads } = this.#state;
    const slot = goroutines.table.find(id);
    const thread = this.#threadOfGoroutine(id);
    if (thread >= 0) threads.leave(thread);
    this.#report.repairs++;
    this.#goEvent(id, goStates[goroutines.status[slot]], GoState.NotExist, 0);
    this.#threadOf.delete(id);
    goroutines.remove(slot);
  }

  #goEvent(id: number, from: number, to: number, reason: number): void {
    this.#state.emit(EventKind.GoTransition, this.#at, -1, -1, -1, 0, id, from, to, reason, 0, 0);
  }

  #threadOfGoroutine(id: number): number {
    const thread = this.#threadOf.get(id);
    return thread !== undefined && this.#state.threads.goroutineId[thread] === id ? thread : -1;
  }

  #believable(id: number): boolean {
    return id > 0 && id <= this.#largestGoroutine * 2 + idLeap;
  }

  #seen(id: number): void {
    if (id > this.#largestGoroutine) this.#largestGoroutine = id;
  }

  /** Goroutines of which a whole generation said nothing have ended before it: every one that lives is named in each. */
  endUnmentioned(at: number): void {
    const { goroutines, generation } = this.#state;
    this.#at = at;
    for (let slot = 0; slot < goroutines.table.slots; slot++) {
      const id = goroutines.table.ids[slot];
      if (!Number.isNaN(id) && goroutines.generation[slot] !== generation) this.#end(id);
    }
  }

  // Ranges

  #endRange(name: number, stop: number, scope: number, id: number): void {
    this.#report.repairs++;
    this.#state.emit(EventKind.RangeEnd, this.#at, -1, -1, -1, 0, name, stop, scope, id, 0, 0);
  }

  #collection(type: number, thread: number, sequence: number, force: boolean): Verdict {
    const { gc } = this.#ordering;
    if (type === Wire.GCActive) {
      gc.running = undefined;
      return Verdict.Ready;
    }
    const begins = type === Wire.GCBegin;
    if (gc.running === undefined && begins) return Verdict.Ready;
    if (sequence !== gc.sequence + 1 && !force) return Verdict.Wait;
    if (begins) {
      if (gc.running === true) this.#endRange(RangeName.GcMark, 0, Scope.Global, 0);
      gc.running = undefined;
      return Verdict.Ready;
    }
    if (gc.running === true && this.#has(thread, GoStatus.Running, false)) {
      gc.sequence = sequence - 1;
      return Verdict.Ready;
    }
    if (gc.running === true) this.#endRange(RangeName.GcMark, 0, Scope.Global, 0);
    gc.running = false;
    gc.sequence = sequence;
    return Verdict.Drop;
  }

  #sweep(type: number, thread: number, id: number): Verdict {
    const { procs } = this.#state;
    if (type === Wire.GCSweepActive) {
      const slot = procs.table.find(id);
      if (slot < 0) return Verdict.Drop;
      procs.sweeping[slot] = 0;
      return Verdict.Ready;
    }
    const slot = this.#proc(thread);
    const known = procs.table.ids[slot];
    if (known === unknownProc) return Verdict.Drop;
    return this.#toggle(procs.sweeping, slot, type === Wire.GCSweepBegin, RangeName.GcSweep, Scope.Proc, known);
  }

  #assist(type: number, thread: number, id: number): Verdict {
    const { goroutines, threads } = this.#state;
    if (type === Wire.GCMarkAssistActive) {
      const slot = goroutines.table.find(id);
      if (slot < 0) return Verdict.Drop;
      goroutines.assisting[slot] = 0;
      return Verdict.Ready;
    }
    if (!this.#has(thread, GoStatus.Running, false)) return Verdict.Drop;
    const on = threads.goroutineId[thread];
    const slot = goroutines.table.find(on);
    return this.#toggle(goroutines.assisting, slot, type === Wire.GCMarkAssistBegin, RangeName.GcMarkAssist, Scope.Goroutine, on);
  }

  /** A begin ends what was open; an end of nothing is left out. */
  #toggle(flags: Uint8Array, slot: number, begins: boolean, name: number, scope: number, id: number): Verdict {
    if (!begins) return flags[slot] === 1 ? Verdict.Ready : Verdict.Drop;
    if (flags[slot] === 1) this.#endRange(name, 0, scope, id);
    flags[slot] = 0;
    return Verdict.Ready;
  }
}
