/** Processors: their status at the start of a generation, who starts, stops and steals them. */
import { inconsistent } from "./broken.ts";
import { type Cursors, recordWidth } from "./cursors.ts";
import { EventKind, ProcState } from "./model.ts";
import { ProcStatus } from "./scheduler.ts";
import type { State } from "./state.ts";
import { idOrNone } from "./varint.ts";

/** States as the model shows them, by status in the file. */
export const procStates = [ProcState.Undetermined, ProcState.Running, ProcState.Idle, ProcState.Running, ProcState.Idle] as const;

export function procStatus(state: State, thread: number, at: number, id: number, status: number): boolean {
  const { procs, threads } = state;
  if (status >= procStates.length) throw inconsistent(`invalid status for proc ${id}: ${status}`);
  let from: number = procStates[status];
  let to: number = procStates[status];
  let owner = thread;
  let slot = procs.table.find(id);
  if (slot < 0) {
    slot = procs.add(id);
    procs.status[slot] = status;
    from = state.isFirst ? ProcState.Undetermined : ProcState.NotExist;
  } else if (status === ProcStatus.SyscallAbandoned && procs.status[slot] === ProcStatus.Syscall) {
    // Nothing was lost: the thread that holds it is known, and the event belongs to that one.
    from = ProcState.Running;
    to = ProcState.Running;
    owner = threads.proc.indexOf(slot);
    if (owner < 0 || owner >= threads.table.slots)
      throw inconsistent(`failed to find sched context for proc ${id} that's about to be stolen`);
  } else if (procs.status[slot] !== status) {
    throw inconsistent(`inconsistent status for proc ${id}: old ${procs.status[slot]} vs. new ${status}`);
  }
  procs.generation[slot] = state.generation;
  procs.sequence[slot] = 0;
  const held = state.procId(owner);
  const on = threads.goroutineId[owner];
  if (status === ProcStatus.Running || status === ProcStatus.Syscall) threads.proc[thread] = slot;
  state.emit(EventKind.ProcTransition, at, state.threadId(owner), held, on, 0, id, from, to, 0, 0, 0);
  return true;
}

export function procStart(state: State, cursors: Cursors, record: number, thread: number): boolean {
  const { values, time } = cursors;
  const { procs, threads } = state;
  const id = values[record * recordWidth + 1];
  const sequence = values[record * recordWidth + 2];
  const slot = procs.table.find(id);
  if (slot < 0 || procs.status[slot] !== ProcStatus.Idle || threads.proc[thread] >= 0) return false;
  if (procs.sequence[slot] + 1 !== sequence || procs.generation[slot] !== state.generation) return false;
  state.needThread(thread);
  procs.status[slot] = ProcStatus.Running;
  procs.sequence[slot] = sequence;
  threads.proc[thread] = slot;
  const on = threads.goroutineId[thread];
  state.emit(EventKind.ProcTransition, time[record], state.threadId(thread), -1, on, 0, id, ProcState.Idle, ProcState.Running, 0, 0, 0);
  return true;
}

export function procStop(state: State, cursors: Cursors, record: number, thread: number): boolean {
  const { procs, threads } = state;
  const slot = threads.proc[thread];
  if (slot < 0) throw inconsistent("event ProcStop for a proc that doesn't exist: the thread has none");
  const status = procs.status[slot];
  if (status !== ProcStatus.Running && status !== ProcStatus.Syscall) {
    throw inconsistent("ProcStop event for proc that's not running or in a system call");
  }
  state.needThread(thread);
  procs.status[slot] = ProcStatus.Idle;
  threads.proc[thread] = -1;
  const id = procs.table.ids[slot];
  const at = cursors.time[record];
  const on = threads.goroutineId[thread];
  state.emit(EventKind.ProcTransition, at, state.threadId(thread), id, on, 0, id, ProcState.Running, ProcState.Idle, 0, 0, 0);
  return true;
}

/** A processor is taken from a thread that sits in a system call with it, perhaps from the very thread that says so. */
export function procSteal(state: State, cursors: Cursors, record: number, thread: number): boolean {
  const { values, time } = cursors;
  const { procs, threads } = state;
  const id = values[record * recordWidth + 1];
  const sequence = values[record * recordWidth + 2];
  const slot = procs.table.find(id);
  if (slot < 0) return false;
  const status = procs.status[slot];
  if (status !== ProcStatus.Syscall && status !== ProcStatus.SyscallAbandoned) return false;
  if (procs.sequence[slot] + 1 !== sequence || procs.generation[slot] !== state.generation) return false;
  state.needThread(thread);
  const held = state.procId(thread);
  // An abandoned processor has no thread any more that would have to lose it.
  if (status !== ProcStatus.SyscallAbandoned) {
    const from = idOrNone(values[record * recordWidth + 3]);
    const fromSlot = threads.table.find(from);
    if (fromSlot < 0 || threads.known[fromSlot] === 0) throw inconsistent(`stole proc from non-existent thread ${from}`);
    if (threads.proc[fromSlot] !== slot) {
      throw inconsistent(`tried to steal proc ${id} from thread ${from}, but got proc ${state.procId(fromSlot)} instead`);
    }
    threads.proc[fromSlot] = -1;
  }
  procs.status[slot] = ProcStatus.Idle;
  procs.sequence[slot] = sequence;
  const before = status === ProcStatus.SyscallAbandoned ? ProcState.Idle : ProcState.Running;
  const on = threads.goroutineId[thread];
  state.emit(EventKind.ProcTransition, time[record], state.threadId(thread), held, on, 0, id, before, ProcState.Idle, 0, 0, 0);
  return true;
}
