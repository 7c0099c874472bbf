/** Processors in a damaged generation: what an event implies of them is made so. */
import { ProcState } from "../model.ts";
import { procStates } from "../ordering-procs.ts";
import { ProcStatus } from "../scheduler.ts";
import type { State } from "../state.ts";
import { type Told, unknownProc, Verdict } from "./verdict.ts";

/** Ids beyond are damage. */
const largestProc = 1 << 16;

export class ProcRepair {
  readonly #state: State;
  readonly #told: Told;
  /** Where a processor (by slot) was last seen on a thread; to be checked before use. */
  readonly #threadOf = new Map<number, number>();

  constructor(state: State, told: Told) {
    this.#state = state;
    this.#told = told;
  }

  /** The thread has a processor now. */
  note(thread: number): void {
    const slot = this.#state.threads.proc[thread];
    if (slot >= 0) this.#threadOf.set(slot, thread);
  }

  status(thread: number, id: number, status: number): Verdict {
    const { procs, threads } = this.#state;
    if (status < ProcStatus.Running || status > ProcStatus.SyscallAbandoned || id > largestProc) return Verdict.Drop;
    const slot = procs.table.find(id);
    const binds = status === ProcStatus.Running || status === ProcStatus.Syscall;
    if (slot >= 0) {
      const known = procs.status[slot];
      const owner = this.#ownerOf(slot);
      const abandons = status === ProcStatus.SyscallAbandoned && known === ProcStatus.Syscall;
      if (abandons ? owner < 0 : known !== status) this.set(slot, status);
      if (!abandons && owner >= 0 && owner !== thread) threads.proc[owner] = -1;
    }
    if (binds && threads.proc[thread] >= 0 && threads.proc[thread] !== slot) this.take(thread);
    return Verdict.Ready;
  }

  start(thread: number, id: number, sequence: number, force: boolean): Verdict {
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
      return this.start(thread, id, sequence, force);
    }
    if (!force) return Verdict.Wait;
    if (id > largestProc) return Verdict.Drop;
    if (threads.proc[thread] >= 0) this.take(thread);
    if (slot < 0) {
      slot = procs.add(id);
      procs.status[slot] = ProcStatus.Idle;
      this.#told.proc(id, ProcState.Undetermined, ProcState.Idle);
    } else if (procs.status[slot] !== ProcStatus.Idle) this.#free(slot);
    else this.#told.repaired();
    procs.sequence[slot] = sequence - 1;
    procs.generation[slot] = generation;
    return Verdict.Ready;
  }

  stop(thread: number): Verdict {
    const { procs, threads } = this.#state;
    const slot = threads.proc[thread];
    if (slot < 0) return Verdict.Drop;
    if (procs.table.ids[slot] === unknownProc) {
      threads.proc[thread] = -1;
      return Verdict.Drop;
    }
    if (procs.status[slot] !== ProcStatus.Running && procs.status[slot] !== ProcStatus.Syscall) this.set(slot, ProcStatus.Running);
    return Verdict.Ready;
  }

  steal(thread: number, id: number, sequence: number, from: number, force: boolean): Verdict {
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
        this.#told.proc(id, ProcState.Undetermined, ProcState.Idle);
      } else if (!inCall) this.set(slot, ProcStatus.SyscallAbandoned);
      else this.#told.repaired();
      procs.sequence[slot] = sequence - 1;
      procs.generation[slot] = generation;
    }
    if (procs.status[slot] === ProcStatus.Syscall) {
      const fromSlot = threads.table.find(from);
      if (fromSlot < 0 || threads.known[fromSlot] === 0 || threads.proc[fromSlot] !== slot) {
        const owner = this.#ownerOf(slot);
        if (owner >= 0) threads.proc[owner] = -1;
        this.set(slot, ProcStatus.SyscallAbandoned);
      }
    } else {
      const owner = this.#ownerOf(slot);
      if (owner >= 0 && owner !== thread) threads.proc[owner] = -1;
    }
    return Verdict.Ready;
  }

  /** Thread that has the processor, -1 = none. */
  #ownerOf(slot: number): number {
    const thread = this.#threadOf.get(slot);
    return thread !== undefined && this.#state.threads.proc[thread] === slot ? thread : -1;
  }

  /** The thread's processor, or a stand-in where it has none. */
  of(thread: number): number {
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
  take(thread: number): void {
    const { threads, procs } = this.#state;
    const slot = threads.proc[thread];
    threads.proc[thread] = -1;
    if (procs.table.ids[slot] !== unknownProc && procs.status[slot] !== ProcStatus.Idle) this.set(slot, ProcStatus.Idle);
  }

  /** Idle, and on no thread. */
  #free(slot: number): void {
    const owner = this.#ownerOf(slot);
    if (owner >= 0) this.#state.threads.proc[owner] = -1;
    this.set(slot, ProcStatus.Idle);
  }

  set(slot: number, status: number): void {
    const { procs } = this.#state;
    const from = procStates[procs.status[slot]];
    procs.status[slot] = status;
    const to = procStates[status];
    this.#told.repaired();
    if (from !== to) this.#told.proc(procs.table.ids[slot], from, to);
  }
}
