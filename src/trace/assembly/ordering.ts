/**
 * The order of events across threads: the plain reader's ordering.ts and its neighbours, rule by rule.
 * A handler checks, delivers, then changes the state; UNUSUAL may leave the state anyhow, since it is dropped.
 */
import { advanceRare } from "./ordering-rare";
import { DONE, UNUSUAL, WAIT } from "./memory";
import { emit, emitEnd, emitSmall, GO_TRANSITION, METRIC, PROC_TRANSITION } from "./records";
import {
  addGoroutine, bind, findGoroutine, findProc, findThread, leave, NO_PROC, NO_THREAD, release, removeGoroutine,
} from "./scheduler";
import {
  generation, GO_NOT_EXIST, GO_RUNNABLE, GO_RUNNING, GO_SYSCALL, GO_WAITING, idOk, PROC_IDLE, PROC_RUNNING, RUNNABLE, RUNNING, SYSCALL,
  WAITING, P_ABANDONED, P_IDLE, P_RUNNING, P_SYSCALL, goroutineOn,
} from "./state";
import { hasStack, hasString } from "./tables";

/** Lets a cursor's current event happen, if it may. */
export function advance(cursor: usize): i32 {
  const thread = <usize>load<u32>(cursor, 8);
  know(thread);
  return advanceOn(thread, cursor, load<i64>(cursor, 16), load<i32>(cursor, 24));
}

/** A thread is known from its first event on. */
// @ts-ignore: decorator
@inline
export function know(thread: usize): void {
  if (thread != NO_THREAD) store<i32>(thread, 1, 24);
}

/** As {@link advance}, for a thread that is known: its event's time and type are at hand. */
// @ts-ignore: decorator
@inline
export function advanceOn(thread: usize, cursor: usize, at: i64, type: i32): i32 {
  const done = dispatch(thread, cursor, at, type);
  if (thread == NO_THREAD) release(NO_THREAD);
  return done;
}

// @ts-ignore: decorator
@inline
function dispatch(thread: usize, cursor: usize, at: i64, type: i32): i32 {
  switch (type) {
    case 10:
      return procStart(thread, at, load<i64>(cursor, 32), load<i64>(cursor, 40));
    case 11:
      return procStop(thread, at);
    case 12:
      return procSteal(thread, at, load<i64>(cursor, 32), load<i64>(cursor, 40), load<i64>(cursor, 48));
    case 14:
      return goCreate(thread, at, load<i64>(cursor, 32), load<u64>(cursor, 40), load<u64>(cursor, 48), false);
    case 47:
      return goCreate(thread, at, load<i64>(cursor, 32), load<u64>(cursor, 40), load<u64>(cursor, 48), true);
    case 16:
      return goStart(thread, at, load<i64>(cursor, 32), load<i64>(cursor, 40));
    case 17:
      return goDestroy(thread, at);
    case 19:
      return goStop(thread, at, load<u64>(cursor, 32), load<u64>(cursor, 40), RUNNABLE, GO_RUNNABLE);
    case 20:
      return goStop(thread, at, load<u64>(cursor, 32), load<u64>(cursor, 40), WAITING, GO_WAITING);
    case 21:
      return goUnblock(thread, at, load<i64>(cursor, 32), load<i64>(cursor, 40), load<u64>(cursor, 48));
    case 22:
      return syscallBegin(thread, at, load<i64>(cursor, 32), load<u64>(cursor, 40));
    case 23:
      return syscallEnd(thread, at);
    case 24:
      return syscallEndBlocked(thread, at);
    case 37:
      return heapMetric(thread, at, 1, load<u64>(cursor, 32));
    case 38:
      return heapMetric(thread, at, 2, load<u64>(cursor, 32));
    default:
      return advanceRare(type, thread, at, cursor);
  }
}

// @ts-ignore: decorator
@inline
function goStart(thread: usize, at: i64, id: i64, sequence: i64): i32 {
  const goroutine = findGoroutine(id);
  if (goroutine == 0 || load<i32>(goroutine, 24) != RUNNABLE) return WAIT;
  if (load<i64>(goroutine, 8) + 1 != sequence || load<i64>(goroutine, 16) != generation) return WAIT;
  if (load<u32>(thread, 20) == <u32>NO_PROC || load<i64>(thread, 8) != -1) return UNUSUAL;
  store<i32>(goroutine, RUNNING, 24);
  store<i64>(goroutine, sequence, 8);
  emitSmall(GO_TRANSITION, at, thread, id, 0, GO_RUNNABLE, GO_RUNNING, 0, 0);
  bind(thread, goroutine);
  return DONE;
}

/** Goroutine of a thread that has a processor and runs it; 0 = none. */
// @ts-ignore: decorator
@inline
function runningOn(thread: usize): usize {
  if (load<u32>(thread, 20) == <u32>NO_PROC) return 0;
  const goroutine = goroutineOn(thread);
  return goroutine != 0 && load<i32>(goroutine, 24) == RUNNING ? goroutine : 0;
}

// @ts-ignore: decorator
@inline
function goDestroy(thread: usize, at: i64): i32 {
  const goroutine = runningOn(thread);
  if (goroutine == 0) return UNUSUAL;
  emitEnd(at, thread, load<i64>(thread, 8), GO_RUNNING);
  leave(thread);
  removeGoroutine(goroutine);
  return DONE;
}

// @ts-ignore: decorator
@inline
function goStop(thread: usize, at: i64, reason: u64, stack: u64, status: i32, to: i32): i32 {
  const goroutine = runningOn(thread);
  if (goroutine == 0 || !hasStack(stack) || !hasString(reason)) return UNUSUAL;
  store<i32>(goroutine, status, 24);
  emitSmall(GO_TRANSITION, at, thread, load<i64>(thread, 8), <i32>stack, GO_RUNNING, to, <i32>reason, <i32>stack);
  leave(thread);
  return DONE;
}

// @ts-ignore: decorator
@inline
function goUnblock(thread: usize, at: i64, id: i64, sequence: i64, stack: u64): i32 {
  const goroutine = findGoroutine(id);
  if (goroutine == 0 || load<i32>(goroutine, 24) != WAITING) return WAIT;
  if (load<i64>(goroutine, 8) + 1 != sequence || load<i64>(goroutine, 16) != generation) return WAIT;
  if (!hasStack(stack)) return UNUSUAL;
  store<i32>(goroutine, RUNNABLE, 24);
  store<i64>(goroutine, sequence, 8);
  emitSmall(GO_TRANSITION, at, thread, id, <i32>stack, GO_WAITING, GO_RUNNABLE, 0, 0);
  return DONE;
}

function goCreate(thread: usize, at: i64, id: i64, entry: u64, stack: u64, blocked: bool): i32 {
  if (load<u32>(thread, 20) == <u32>NO_PROC || !idOk(id) || !hasStack(stack) || !hasStack(entry)) return UNUSUAL;
  if (load<i64>(thread, 8) != -1) {
    const current = goroutineOn(thread);
    if (current != 0 && load<i32>(current, 24) != RUNNING) return UNUSUAL;
  }
  if (findGoroutine(id) != 0 || addGoroutine(id, blocked ? WAITING : RUNNABLE, generation) == 0) return UNUSUAL;
  emitSmall(GO_TRANSITION, at, thread, id, <i32>stack, GO_NOT_EXIST, blocked ? GO_WAITING : GO_RUNNABLE, 0, <i32>entry);
  return DONE;
}

// @ts-ignore: decorator
@inline
function syscallBegin(thread: usize, at: i64, sequence: i64, stack: u64): i32 {
  const goroutine = runningOn(thread);
  if (goroutine == 0) return UNUSUAL;
  const proc = <usize>load<u32>(thread, 20);
  if (load<i64>(proc, 8) + 1 != sequence || load<i64>(proc, 16) != generation || !hasStack(stack)) return UNUSUAL;
  store<i32>(goroutine, SYSCALL, 24);
  store<i32>(proc, P_SYSCALL, 24);
  store<i64>(proc, sequence, 8);
  emitSmall(GO_TRANSITION, at, thread, load<i64>(thread, 8), <i32>stack, GO_RUNNING, GO_SYSCALL, 0, <i32>stack);
  return DONE;
}

// @ts-ignore: decorator
@inline
function syscallEnd(thread: usize, at: i64): i32 {
  const proc = <usize>load<u32>(thread, 20);
  if (proc == NO_PROC) return UNUSUAL;
  const goroutine = goroutineOn(thread);
  if (goroutine == 0 || load<i32>(goroutine, 24) != SYSCALL || load<i32>(proc, 24) != P_SYSCALL) return UNUSUAL;
  store<i32>(goroutine, RUNNING, 24);
  store<i32>(proc, P_RUNNING, 24);
  emitSmall(GO_TRANSITION, at, thread, load<i64>(thread, 8), 0, GO_SYSCALL, GO_RUNNING, 0, 0);
  return DONE;
}

/** Waits until the thread has lost its processor: it does, since the system call ended without it. */
function syscallEndBlocked(thread: usize, at: i64): i32 {
  const proc = <usize>load<u32>(thread, 20);
  if (proc != NO_PROC && load<i32>(proc, 24) == P_SYSCALL) return WAIT;
  if (thread == NO_THREAD) return UNUSUAL;
  const goroutine = goroutineOn(thread);
  if (goroutine == 0 || load<i32>(goroutine, 24) != SYSCALL) return UNUSUAL;
  store<i32>(goroutine, RUNNABLE, 24);
  emitSmall(GO_TRANSITION, at, thread, load<i64>(thread, 8), 0, GO_SYSCALL, GO_RUNNABLE, 0, 0);
  leave(thread);
  return DONE;
}

// @ts-ignore: decorator
@inline
function heapMetric(thread: usize, at: i64, metric: i32, value: u64): i32 {
  if (load<u32>(thread, 20) == <u32>NO_PROC) return UNUSUAL;
  if (value <= 0x7fffffff) emitSmall(METRIC, at, thread, metric, 0, <i32>value, 0, 0, 0);
  else emit(METRIC, at, thread, 0, metric, <f64>value, 0, 0, 0, 0);
  return DONE;
}

function procStart(thread: usize, at: i64, id: i64, sequence: i64): i32 {
  const proc = findProc(id);
  if (proc == 0 || load<i32>(proc, 24) != P_IDLE || load<u32>(thread, 20) != <u32>NO_PROC) return WAIT;
  if (load<i64>(proc, 8) + 1 != sequence || load<i64>(proc, 16) != generation) return WAIT;
  if (thread == NO_THREAD) return UNUSUAL;
  store<i32>(proc, P_RUNNING, 24);
  store<i64>(proc, sequence, 8);
  emitSmall(PROC_TRANSITION, at, thread, id, 0, PROC_IDLE, PROC_RUNNING, 0, 0);
  store<u32>(thread, <u32>proc, 20);
  return DONE;
}

function procStop(thread: usize, at: i64): i32 {
  const proc = <usize>load<u32>(thread, 20);
  if (proc == NO_PROC) return UNUSUAL;
  const status = load<i32>(proc, 24);
  if (status != P_RUNNING && status != P_SYSCALL) return UNUSUAL;
  store<i32>(proc, P_IDLE, 24);
  emitSmall(PROC_TRANSITION, at, thread, load<i64>(proc), 0, PROC_RUNNING, PROC_IDLE, 0, 0);
  store<u32>(thread, <u32>NO_PROC, 20);
  return DONE;
}

/** A processor is taken from a thread that sits in a system call with it, perhaps from the very thread that says so. */
function procSteal(thread: usize, at: i64, id: i64, sequence: i64, from: i64): i32 {
  const proc = findProc(id);
  if (proc == 0) return WAIT;
  const status = load<i32>(proc, 24);
  if (status != P_SYSCALL && status != P_ABANDONED) return WAIT;
  if (load<i64>(proc, 8) + 1 != sequence || load<i64>(proc, 16) != generation) return WAIT;
  if (thread == NO_THREAD) return UNUSUAL;
  store<i32>(proc, P_IDLE, 24);
  store<i64>(proc, sequence, 8);
  // An abandoned processor has no thread any more that would have to lose it.
  emitSmall(PROC_TRANSITION, at, thread, id, 0, status == P_ABANDONED ? PROC_IDLE : PROC_RUNNING, PROC_IDLE, 0, 0);
  if (status == P_ABANDONED) return DONE;
  const loser = findThread(from);
  if (loser == 0 || load<i32>(loser, 24) == 0 || load<u32>(loser, 20) != <u32>proc) return UNUSUAL;
  store<u32>(loser, <u32>NO_PROC, 20);
  return DONE;
}
