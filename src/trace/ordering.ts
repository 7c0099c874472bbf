/**
 * The order of events across threads: the scheduler's state decides which thread's next event may happen now.
 * The rules are those of the reference reader (golang.org/x/exp/trace); a table of them is in the format's description.
 * This file holds what is frequent; processors, statuses, ranges and annotations have files of their own.
 */
import { inconsistent } from "./broken.ts";
import type { Cursors } from "./cursors.ts";
import { recordWidth } from "./cursors.ts";
import { EventKind, GoState, Metric } from "./model.ts";
import { advanceAnnotation, type Tasks } from "./ordering-annotations.ts";
import { GcCycle, advanceRange } from "./ordering-ranges.ts";
import { procStart, procStatus, procSteal, procStop } from "./ordering-procs.ts";
import { goCreateSyscall, goDestroySyscall, goStatus, goSwitch } from "./ordering-status.ts";
import { GoStatus, noThread, ProcStatus } from "./scheduler.ts";
import { Wire, wireName } from "./spec.ts";
import { notInStatus, type State } from "./state.ts";
import { idOrNone } from "./varint.ts";

export class Ordering {
  readonly #state: State;
  readonly #cursors: Cursors;
  readonly gc = new GcCycle();
  tasks: Tasks = new Map();

  constructor(state: State, cursors: Cursors) {
    this.#state = state;
    this.#cursors = cursors;
  }

  /** What another ordering knew of the collector (undefined = nothing yet) and of the tasks that have begun. */
  restore(collecting: boolean | undefined, sequence: number, tasks: Tasks): void {
    this.gc.running = collecting;
    this.gc.sequence = sequence;
    this.tasks = tasks;
  }

  /**
   * Lets a cursor's current event happen, if it may: checks, changes the state, delivers.
   * False = not yet, other threads come first. @throws Break when the event contradicts what came before.
   */
  advance(cursor: number): boolean {
    const state = this.#state;
    const cursors = this.#cursors;
    const { threads } = state;
    const record = cursors.record[cursor];
    const thread = cursors.threadSlot[cursor];
    if (thread === noThread) {
      const done = this.#advance(cursors.type[record], record, thread);
      threads.release(noThread);
      return done;
    }
    threads.known[thread] = 1;
    return this.#advance(cursors.type[record], record, thread);
  }

  #advance(type: number, record: number, thread: number): boolean {
    switch (type) {
      case Wire.GoSyscallBegin:
        return this.#syscallBegin(record, thread);
      case Wire.GoSyscallEnd:
        return this.#syscallEnd(record, thread);
      case Wire.GoStart:
        return this.#goStart(record, thread);
      case Wire.GoBlock:
      case Wire.GoStop:
      case Wire.GoDestroy:
        return this.#goStopExec(type, record, thread);
      case Wire.GoUnblock:
        return this.#goUnblock(record, thread);
      case Wire.GoCreate:
      case Wire.GoCreateBlocked:
        return this.#goCreate(type, record, thread);
      case Wire.ProcStart:
        return procStart(this.#state, this.#cursors, record, thread);
      case Wire.ProcStop:
        return procStop(this.#state, this.#cursors, record, thread);
      case Wire.ProcSteal:
        return procSteal(this.#state, this.#cursors, record, thread);
      case Wire.GoSyscallEndBlocked:
        return this.#syscallEndBlocked(record, thread);
      case Wire.HeapAlloc:
        return this.#heapMetric(Metric.HeapLive, record, thread);
      case Wire.HeapGoal:
        return this.#heapMetric(Metric.HeapGoal, record, thread);
      default:
        return this.#rare(type, record, thread);
    }
  }

  #rare(type: number, record: number, thread: number): boolean {
    const { time, values } = this.#cursors;
    const at = time[record];
    const first = record * recordWidth + 1;
    const [a, b, c, d] = [values[first], values[first + 1], values[first + 2], values[first + 3]];
    const state = this.#state;
    switch (type) {
      case Wire.ProcStatus:
        return procStatus(state, thread, at, a, b);
      case Wire.GoStatus:
        return goStatus(state, type, thread, at, a, idOrNone(b), c, 0);
      case Wire.GoStatusStack:
        return goStatus(state, type, thread, at, a, idOrNone(b), c, d);
      case Wire.GoSwitch:
      case Wire.GoSwitchDestroy:
        return goSwitch(state, type, thread, at, a, b);
      case Wire.GoCreateSyscall:
        return goCreateSyscall(state, thread, at, a);
      case Wire.GoDestroySyscall:
        return goDestroySyscall(state, thread, at);
      case Wire.STWBegin:
      case Wire.STWEnd:
      case Wire.GCActive:
      case Wire.GCBegin:
      case Wire.GCEnd:
      case Wire.GCSweepActive:
      case Wire.GCSweepBegin:
      case Wire.GCSweepEnd:
      case Wire.GCMarkAssistActive:
      case Wire.GCMarkAssistBegin:
      case Wire.GCMarkAssistEnd:
        return advanceRange(state, this.gc, type, thread, at, a, b);
      default:
        return advanceAnnotation(state, this.tasks, type, thread, at, a, b, c, d);
    }
  }

  #goStart(record: number, thread: number): boolean {
    const state = this.#state;
    const { values, time } = this.#cursors;
    const { goroutines, threads } = state;
    const id = values[record * recordWidth + 1];
    const sequence = values[record * recordWidth + 2];
    const slot = goroutines.table.find(id);
    if (slot < 0 || goroutines.status[slot] !== GoStatus.Runnable) return false;
    if (goroutines.sequence[slot] + 1 !== sequence || goroutines.generation[slot] !== state.generation) return false;
    state.procOn(thread);
    if (threads.goroutineId[thread] !== -1) throw inconsistent("expected no goroutine but had one");
    goroutines.status[slot] = GoStatus.Running;
    goroutines.sequence[slot] = sequence;
    state.emit(
      EventKind.GoTransition,
      time[record],
      state.threadId(thread),
      state.procId(thread),
      -1,
      0,
      id,
      GoState.Runnable,
      GoState.Running,
      0,
      0,
      0,
    );
    threads.goroutine[thread] = slot;
    threads.goroutineId[thread] = id;
    return true;
  }

  #goStopExec(type: number, record: number, thread: number): boolean {
    const state = this.#state;
    const { values, time } = this.#cursors;
    const slot = state.running(thread, type);
    if (state.goroutines.status[slot] !== GoStatus.Running) throw notInStatus(type, "Running");
    const id = state.threads.goroutineId[thread];
    const proc = state.procId(thread);
    state.threads.leave(thread);
    if (type === Wire.GoDestroy) {
      state.goroutines.remove(slot);
      state.emit(EventKind.GoTransition, time[record], state.threadId(thread), proc, id, 0, id, GoState.Running, GoState.NotExist, 0, 0, 0);
      return true;
    }
    const blocks = type === Wire.GoBlock;
    state.goroutines.status[slot] = blocks ? GoStatus.Waiting : GoStatus.Runnable;
    const stack = state.stack(values[record * recordWidth + 2], type);
    const reason = state.string(values[record * recordWidth + 1], type);
    const to = blocks ? GoState.Waiting : GoState.Runnable;
    state.emit(EventKind.GoTransition, time[record], state.threadId(thread), proc, id, stack, id, GoState.Running, to, reason, stack, 0);
    return true;
  }

  #goUnblock(record: number, thread: number): boolean {
    const state = this.#state;
    const { values, time } = this.#cursors;
    const { goroutines, threads } = state;
    const id = values[record * recordWidth + 1];
    const sequence = values[record * recordWidth + 2];
    const slot = goroutines.table.find(id);
    if (slot < 0 || goroutines.status[slot] !== GoStatus.Waiting) return false;
    if (goroutines.sequence[slot] + 1 !== sequence || goroutines.generation[slot] !== state.generation) return false;
    goroutines.status[slot] = GoStatus.Runnable;
    goroutines.sequence[slot] = sequence;
    const stack = state.stack(values[record * recordWidth + 3], Wire.GoUnblock);
    const on = threads.goroutineId[thread];
    state.emit(
      EventKind.GoTransition,
      time[record],
      state.threadId(thread),
      state.procId(thread),
      on,
      stack,
      id,
      GoState.Waiting,
      GoState.Runnable,
      0,
      0,
      0,
    );
    return true;
  }

  #goCreate(type: number, record: number, thread: number): boolean {
    const state = this.#state;
    const { values, time } = this.#cursors;
    const { goroutines, threads } = state;
    state.procOn(thread);
    const on = threads.goroutineId[thread];
    if (on !== -1) {
      const slot = goroutines.table.find(on);
      if (slot >= 0 && goroutines.status[slot] !== GoStatus.Running) throw notInStatus(type, "Running");
    }
    const id = values[record * recordWidth + 1];
    if (goroutines.table.find(id) >= 0) throw inconsistent(`tried to create goroutine (${id}) that already exists`);
    const blocked = type === Wire.GoCreateBlocked;
    goroutines.add(id, blocked ? GoStatus.Waiting : GoStatus.Runnable, state.generation);
    const stack = state.stack(values[record * recordWidth + 3], type);
    const entry = state.stack(values[record * recordWidth + 2], type);
    const to = blocked ? GoState.Waiting : GoState.Runnable;
    state.emit(
      EventKind.GoTransition,
      time[record],
      state.threadId(thread),
      state.procId(thread),
      on,
      stack,
      id,
      GoState.NotExist,
      to,
      0,
      entry,
      0,
    );
    return true;
  }

  #syscallBegin(record: number, thread: number): boolean {
    const state = this.#state;
    const { values, time } = this.#cursors;
    const { goroutines, procs, threads } = state;
    const slot = state.running(thread, Wire.GoSyscallBegin);
    if (goroutines.status[slot] !== GoStatus.Running) throw notInStatus(Wire.GoSyscallBegin, "Running");
    const proc = threads.proc[thread];
    const sequence = values[record * recordWidth + 1];
    if (procs.sequence[proc] + 1 !== sequence || procs.generation[proc] !== state.generation) {
      const before = `${procs.sequence[proc]} (gen=${procs.generation[proc]})`;
      throw inconsistent(`failed to advance GoSyscallBegin: can't make sequence: ${before} -> ${sequence} (gen=${state.generation})`);
    }
    goroutines.status[slot] = GoStatus.Syscall;
    procs.status[proc] = ProcStatus.Syscall;
    procs.sequence[proc] = sequence;
    const id = threads.goroutineId[thread];
    const stack = state.stack(values[record * recordWidth + 2], Wire.GoSyscallBegin);
    const procId = procs.table.ids[proc];
    state.emit(
      EventKind.GoTransition,
      time[record],
      state.threadId(thread),
      procId,
      id,
      stack,
      id,
      GoState.Running,
      GoState.Syscall,
      0,
      stack,
      0,
    );
    return true;
  }

  #syscallEnd(record: number, thread: number): boolean {
    const state = this.#state;
    const { goroutines, procs, threads } = state;
    const slot = state.running(thread, Wire.GoSyscallEnd);
    if (goroutines.status[slot] !== GoStatus.Syscall) throw notInStatus(Wire.GoSyscallEnd, "in a system call");
    const proc = threads.proc[thread];
    const procId = procs.table.ids[proc];
    if (procs.status[proc] !== ProcStatus.Syscall) throw inconsistent(`expected proc ${procId} in a system call, but it was not`);
    goroutines.status[slot] = GoStatus.Running;
    procs.status[proc] = ProcStatus.Running;
    const id = threads.goroutineId[thread];
    const at = this.#cursors.time[record];
    state.emit(EventKind.GoTransition, at, state.threadId(thread), procId, id, 0, id, GoState.Syscall, GoState.Running, 0, 0, 0);
    return true;
  }

  /** Waits until the thread has lost its processor: it does, since the system call ended without it. */
  #syscallEndBlocked(record: number, thread: number): boolean {
    const state = this.#state;
    const { goroutines, procs, threads } = state;
    const proc = threads.proc[thread];
    if (proc >= 0 && procs.status[proc] === ProcStatus.Syscall) return false;
    state.needThread(thread);
    const slot = state.goroutineOn(thread, Wire.GoSyscallEndBlocked);
    if (goroutines.status[slot] !== GoStatus.Syscall) throw notInStatus(Wire.GoSyscallEndBlocked, "in a system call");
    const id = threads.goroutineId[thread];
    threads.leave(thread);
    goroutines.status[slot] = GoStatus.Runnable;
    const at = this.#cursors.time[record];
    state.emit(
      EventKind.GoTransition,
      at,
      state.threadId(thread),
      state.procId(thread),
      id,
      0,
      id,
      GoState.Syscall,
      GoState.Runnable,
      0,
      0,
      0,
    );
    return true;
  }

  #heapMetric(metric: number, record: number, thread: number): boolean {
    const state = this.#state;
    const proc = state.procs.table.ids[state.procOn(thread)];
    const value = this.#cursors.values[record * recordWidth + 1];
    const on = state.threads.goroutineId[thread];
    state.emit(EventKind.Metric, this.#cursors.time[record], state.threadId(thread), proc, on, 0, metric, value, 0, 0, 0, 0);
    return true;
  }
}

/** For the message when no thread's next event may happen. */
export const waitingEvent = (cursors: Cursors, cursor: number): string => wireName(cursors.type[cursors.record[cursor]]);
