/** Goroutines and their threads in a damaged generation: what an event implies of them is made so. */
import { GoState } from "../model.ts";
import { goStates } from "../ordering-status.ts";
import { GoStatus, ProcStatus } from "../scheduler.ts";
import { Wire } from "../spec.ts";
import type { State } from "../state.ts";
import type { ProcRepair } from "./repair-procs.ts";
import { type Told, unknownProc, Verdict } from "./verdict.ts";

/** Ids far beyond all that were seen are damage. */
const idLeap = 1 << 22;

export class GoroutineRepair {
  readonly #state: State;
  readonly #procs: ProcRepair;
  readonly #told: Told;
  /** Where a goroutine (by id) was last seen on a thread; to be checked before use. */
  readonly #threadOf = new Map<number, number>();
  #largestGoroutine = 0;

  constructor(state: State, procs: ProcRepair, told: Told) {
    this.#state = state;
    this.#procs = procs;
    this.#told = told;
    const { table } = state.goroutines;
    for (let slot = 0; slot < table.slots; slot++) this.#seen(table.ids[slot]);
  }

  /** Who sits on the thread now. */
  note(thread: number): void {
    const id = this.#state.threads.goroutineId[thread];
    if (id !== -1) this.#threadOf.set(id, thread);
  }

  status(thread: number, id: number, on: number, status: number): Verdict {
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
    const before = this.#onThread(id);
    if (before >= 0 && before !== thread) threads.leave(before);
    if (threads.goroutineId[thread] !== id) this.#displace(thread);
  }

  start(thread: number, id: number, sequence: number, force: boolean): Verdict {
    const verdict = this.named(id, sequence, GoStatus.Runnable, force);
    if (verdict !== Verdict.Ready) return verdict;
    this.#displace(thread);
    this.#procs.of(thread);
    return Verdict.Ready;
  }

  /** The event tells the goroutine's state before it, and the number of its last event. */
  named(id: number, sequence: number, status: number, force: boolean): Verdict {
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

  create(type: number, thread: number, id: number): Verdict {
    if (!this.#believable(id)) return Verdict.Drop;
    if (this.#state.goroutines.table.find(id) >= 0) this.#end(id);
    this.#seen(id);
    if (type === Wire.GoCreateSyscall) {
      this.#displace(thread);
      return Verdict.Ready;
    }
    this.#procs.of(thread);
    if (this.#state.threads.goroutineId[thread] !== -1) this.hasGoroutine(thread, GoStatus.Running);
    return Verdict.Ready;
  }

  syscallBegin(thread: number, sequence: number): Verdict {
    if (!this.has(thread, GoStatus.Running)) return Verdict.Drop;
    const { procs, threads, generation } = this.#state;
    const slot = threads.proc[thread];
    if (procs.sequence[slot] + 1 !== sequence || procs.generation[slot] !== generation) {
      if (procs.table.ids[slot] !== unknownProc) this.#told.repaired();
      procs.sequence[slot] = sequence - 1;
      procs.generation[slot] = generation;
    }
    return Verdict.Ready;
  }

  syscallEnd(thread: number): Verdict {
    if (!this.has(thread, GoStatus.Syscall)) return Verdict.Drop;
    const { procs, threads } = this.#state;
    if (procs.status[threads.proc[thread]] !== ProcStatus.Syscall) this.#procs.set(threads.proc[thread], ProcStatus.Syscall);
    return Verdict.Ready;
  }

  syscallEndBlocked(thread: number, force: boolean): Verdict {
    const { procs, threads } = this.#state;
    const slot = threads.proc[thread];
    if (slot >= 0 && procs.table.ids[slot] === unknownProc) threads.proc[thread] = -1;
    else if (slot >= 0 && procs.status[slot] === ProcStatus.Syscall) {
      if (!force) return Verdict.Wait;
      this.#procs.take(thread);
    }
    return this.hasGoroutine(thread, GoStatus.Syscall) ? Verdict.Ready : Verdict.Drop;
  }

  /** Goroutine and processor are on the thread. @param exactly the goroutine is in the status, too. */
  has(thread: number, status: number, exactly = true): boolean {
    if (exactly ? !this.hasGoroutine(thread, status) : this.#goroutineOn(thread) < 0) return false;
    this.#procs.of(thread);
    return true;
  }

  /** A goroutine is on the thread, and in the status now. */
  hasGoroutine(thread: number, status: number): boolean {
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
      this.#told.repaired();
      this.#told.goroutine(id, GoState.Undetermined, goStates[status], 0);
    } else {
      const thread = this.#onThread(id);
      if (thread >= 0 && (status === GoStatus.Runnable || status === GoStatus.Waiting)) this.#state.threads.leave(thread);
      this.#changeGo(slot, id, status);
    }
    return slot;
  }

  #changeGo(slot: number, id: number, status: number): void {
    const { goroutines, tables } = this.#state;
    const from = goStates[goroutines.status[slot]];
    goroutines.status[slot] = status;
    this.#told.repaired();
    if (from === goStates[status]) return;
    this.#told.goroutine(id, from, goStates[status], status === GoStatus.Waiting && from === GoState.Running ? tables.lostName : 0);
  }

  /** Its end was lost. */
  #end(id: number): void {
    const { goroutines, threads } = this.#state;
    const slot = goroutines.table.find(id);
    const thread = this.#onThread(id);
    if (thread >= 0) threads.leave(thread);
    this.#told.repaired();
    this.#told.goroutine(id, goStates[goroutines.status[slot]], GoState.NotExist, 0);
    this.#threadOf.delete(id);
    goroutines.remove(slot);
  }

  #onThread(id: number): number {
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
  endUnmentioned(): void {
    const { goroutines, generation } = this.#state;
    for (let slot = 0; slot < goroutines.table.slots; slot++) {
      const id = goroutines.table.ids[slot];
      if (!Number.isNaN(id) && goroutines.generation[slot] !== generation) this.#end(id);
    }
  }
}
