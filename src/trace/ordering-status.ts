/** Rare events of goroutines: statuses at the start of a generation, coroutine switches, threads of C code. */
import { inconsistent } from "./broken.ts";
import { EventKind, GoState, ProcState } from "./model.ts";
import { GoStatus, ProcStatus } from "./scheduler.ts";
import { Wire, wireName } from "./spec.ts";
import { notInStatus, type State } from "./state.ts";

/** States as the model shows them, by status in the file. */
export const goStates = [GoState.Undetermined, GoState.Runnable, GoState.Running, GoState.Syscall, GoState.Waiting] as const;

/** @param on id of the thread the goroutine sits on, where it is in a system call. */
export function goStatus(
  state: State,
  type: number,
  thread: number,
  at: number,
  id: number,
  on: number,
  status: number,
  stackId: number,
): boolean {
  const { goroutines, threads } = state;
  if (status >= goStates.length) throw inconsistent(`invalid status for goroutine ${id}: ${status}`);
  let from: number = goStates[status];
  let slot = goroutines.table.find(id);
  if (slot >= 0) {
    if (goroutines.status[slot] !== status) {
      throw inconsistent(`inconsistent status for goroutine ${id}: old ${goroutines.status[slot]} vs. new ${status}`);
    }
    goroutines.generation[slot] = state.generation;
    goroutines.sequence[slot] = 0;
  } else {
    if (!state.isFirst)
      throw inconsistent(`found goroutine status for new goroutine after the first generation: id=${id} status=${status}`);
    slot = goroutines.add(id, status, state.generation);
    from = GoState.Undetermined;
  }
  let threadId = state.threadId(thread);
  let context = threads.goroutineId[thread];
  if (status === GoStatus.Running) bind(state, thread, slot, id);
  else if (status === GoStatus.Syscall) {
    if (on === -1) throw inconsistent(`found goroutine ${id} in syscall without a thread`);
    if (on === threadId) {
      if (!state.isFirst && context !== id)
        throw inconsistent(`inconsistent thread for syscalling goroutine ${id}: thread has goroutine ${context}`);
      bind(state, thread, slot, id);
    } else {
      const other = threads.slotFor(on);
      if (threads.known[other] === 1) {
        const found = threads.goroutineId[other];
        if (found !== id) throw inconsistent(`inconsistent thread for syscalling goroutine ${id}: thread has goroutine ${found}`);
        context = id;
      } else {
        threads.known[other] = 1;
        bind(state, other, slot, id);
      }
      threadId = on;
    }
  }
  const stack = state.stack(stackId, type);
  state.emit(EventKind.GoTransition, at, threadId, state.procId(thread), context, stack, id, from, goStates[status], 0, stack, 0);
  return true;
}

function bind(state: State, thread: number, slot: number, id: number): void {
  state.threads.goroutine[thread] = slot;
  state.threads.goroutineId[thread] = id;
}

/** One goroutine hands over to another that waits: three transitions. */
export function goSwitch(state: State, type: number, thread: number, at: number, next: number, sequence: number): boolean {
  const { goroutines, threads } = state;
  const slot = state.running(thread, type);
  if (goroutines.status[slot] !== GoStatus.Running) throw notInStatus(type, "Running");
  const nextSlot = goroutines.table.find(next);
  if (nextSlot < 0 || goroutines.status[nextSlot] !== GoStatus.Waiting) return false;
  if (goroutines.sequence[nextSlot] + 1 !== sequence || goroutines.generation[nextSlot] !== state.generation) return false;
  const threadId = state.threadId(thread);
  const proc = state.procId(thread);
  const id = threads.goroutineId[thread];
  state.emit(EventKind.GoTransition, at, threadId, proc, id, 0, next, GoState.Waiting, GoState.Runnable, 0, 0, 0);
  if (type === Wire.GoSwitch) {
    goroutines.status[slot] = GoStatus.Waiting;
    state.emit(EventKind.GoTransition, at, threadId, proc, id, 0, id, GoState.Running, GoState.Waiting, 0, 0, 0);
  } else {
    goroutines.remove(slot);
    state.emit(EventKind.GoTransition, at, threadId, proc, id, 0, id, GoState.Running, GoState.NotExist, 0, 0, 0);
  }
  goroutines.status[nextSlot] = GoStatus.Running;
  goroutines.sequence[nextSlot] = sequence;
  bind(state, thread, nextSlot, next);
  state.emit(EventKind.GoTransition, at, threadId, proc, -1, 0, next, GoState.Runnable, GoState.Running, 0, 0, 0);
  return true;
}

/** A thread of C code enters Go: its goroutine begins in a system call. */
export function goCreateSyscall(state: State, thread: number, at: number, id: number): boolean {
  const { goroutines, threads } = state;
  state.needThread(thread);
  if (threads.goroutineId[thread] !== -1) throw inconsistent("expected no goroutine but had one");
  if (goroutines.table.find(id) >= 0) throw inconsistent(`tried to create goroutine (${id}) in syscall that already exists`);
  bind(state, thread, goroutines.add(id, GoStatus.Syscall, state.generation), id);
  state.emit(
    EventKind.GoTransition,
    at,
    state.threadId(thread),
    state.procId(thread),
    -1,
    0,
    id,
    GoState.NotExist,
    GoState.Syscall,
    0,
    0,
    0,
  );
  return true;
}

/** A thread of C code leaves Go. The thread's id may be used again at once, so a processor that it still holds is given up here. */
export function goDestroySyscall(state: State, thread: number, at: number): boolean {
  const { goroutines, procs, threads } = state;
  state.needThread(thread);
  const slot = state.goroutineOn(thread, Wire.GoDestroySyscall);
  if (goroutines.status[slot] !== GoStatus.Syscall) throw notInStatus(Wire.GoDestroySyscall, "in a system call");
  const id = threads.goroutineId[thread];
  const threadId = state.threadId(thread);
  const held = state.procId(thread);
  const proc = threads.proc[thread];
  goroutines.remove(slot);
  threads.release(thread);
  if (proc >= 0) {
    if (procs.status[proc] !== ProcStatus.Syscall)
      throw inconsistent(`proc ${held} in unexpected state during ${wireName(Wire.GoDestroySyscall)}`);
    procs.status[proc] = ProcStatus.SyscallAbandoned;
    state.emit(EventKind.ProcTransition, at, threadId, held, id, 0, held, ProcState.Running, ProcState.Idle, 0, 0, 0);
  }
  state.emit(EventKind.GoTransition, at, threadId, held, id, 0, id, GoState.Syscall, GoState.NotExist, 0, 0, 0);
  return true;
}
