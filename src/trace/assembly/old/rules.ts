/** What the events do to goroutines, processors and the collector, and whether they may. */
import { closeRegion, closeTask, isRegion, openRegion, openTask } from "./annotations";
import { addGoroutine, findGoroutine, nobody, widen } from "./goroutines";
import { DONE, GIVES, isExact, NEEDS, RULES, TIMERS, UNUSUAL, WAIT } from "./memory";
import { addExit, flag } from "./order";
import { beginPreamble, isPreamble, tellPreamble } from "./preamble";
import { timers } from "./scan";
import {
  COLLECTION, CPU_SAMPLE, CREATE, DEAD, FREE, GC_DONE, GC_MARK_ASSIST_DONE, GC_MARK_ASSIST_START, GC_START, GC_SWEEP_DONE, GC_SWEEP_START,
  GO_BLOCK, GO_BLOCK_COND, GO_BLOCK_GC, GO_BLOCK_NET, GO_BLOCK_RECV, GO_BLOCK_SELECT, GO_BLOCK_SEND, GO_BLOCK_SYNC, GO_CREATE, GO_END,
  GO_IN_SYSCALL, GO_PREEMPT, GO_SCHED, GO_SLEEP, GO_START, GO_START_LABEL, GO_START_LOCAL, GO_STOP, GO_SYS_BLOCK, GO_SYS_CALL, GO_SYS_EXIT,
  GO_UNBLOCK, GO_UNBLOCK_LOCAL, GO_WAITING, GOMAXPROCS, HEAP_ALLOC, HEAP_GOAL, LEAVE, NAMED, PROC_START, PROC_STOP, RUNNABLE, RUNNING, STW_DONE,
  STW_START, TOLD, USER_LOG, USER_REGION, USER_TASK_CREATE, USER_TASK_END, WAITING_NET, WAITING_STATE,
} from "./spec";
import { hasString } from "./tables";

let collections: u64 = 0;
let isCollecting: bool = false;
let isStopped: bool = false;

// @ts-ignore: decorator
@inline
function stateOf(goroutine: usize): u8 {
  return load<u8>(goroutine, 12);
}

// @ts-ignore: decorator
@inline
function current(cursor: usize): usize {
  return <usize>load<u32>(cursor, 24);
}

/** The goroutine that the event names, 0 while there is none. */
// @ts-ignore: decorator
@inline
function subject(cursor: usize): usize {
  const known = <usize>load<u32>(cursor, 28);
  if (known != 0) return known;
  const found = findGoroutine(load<u64>(cursor, 32));
  store<u32>(cursor, <u32>found, 28);
  return found;
}

/** True when all that has to be before the event has been. */
export function isReady(cursor: usize): bool {
  const type = <usize>load<i32>(cursor, 16);
  const rule = load<u8>(RULES + type);
  if (rule == FREE) return true;
  if (rule == COLLECTION) return load<u64>(cursor, 32) == collections;
  if (rule == CREATE) return subject(cursor) == 0;
  const goroutine = rule == LEAVE ? current(cursor) : subject(cursor);
  // What leaves and is nobody is refused, sooner or later: now.
  if (goroutine == 0 || goroutine == nobody) return false;
  if (((<i32>load<u8>(NEEDS + type) >> <i32>stateOf(goroutine)) & 1) == 0) return false;
  if (rule == TOLD) return load<u64>(cursor, 40) == <u64>load<u32>(goroutine, 8);
  return rule != NAMED || load<u32>(goroutine, 8) == 1;
}

/** A system call blocked when the goroutine's next event says so. */
// @ts-ignore: decorator
@inline
function notice(goroutine: usize, type: i32): void {
  const call = load<u32>(goroutine, 24);
  if (call == 0) return;
  if (type == GO_SYS_BLOCK) flag(call - 1);
  store<u32>(goroutine, 0, 24);
}

export function noticeSample(id: i64): void {
  const goroutine: usize = id < 0 ? 0 : findGoroutine(<u64>id);
  if (goroutine != 0) notice(goroutine, CPU_SAMPLE);
}

/**
 * The event comes: DONE; WAIT, with nothing changed, when it is not ready, as {@link isReady} says; else UNUSUAL.
 * @param index its place in the order.
 */
export function apply(cursor: usize, index: u32): i32 {
  const type = load<i32>(cursor, 16);
  const on = current(cursor);
  switch (type) {
    case GO_START:
    case GO_START_LOCAL:
    case GO_START_LABEL:
      return start(cursor, on, type);
    case GO_SCHED:
    case GO_PREEMPT:
      return leave(cursor, on, type, RUNNABLE);
    case GO_SLEEP:
    case GO_BLOCK:
    case GO_BLOCK_SEND:
    case GO_BLOCK_RECV:
    case GO_BLOCK_SELECT:
    case GO_BLOCK_SYNC:
    case GO_BLOCK_COND:
    case GO_BLOCK_GC:
      return leave(cursor, on, type, WAITING_STATE);
    case GO_BLOCK_NET:
      return leave(cursor, on, type, WAITING_NET);
    case GO_SYS_BLOCK:
      if (on == nobody || stateOf(on) != RUNNING) return WAIT;
      store<i64>(on, load<i64>(cursor, 8), 16);
      return leave(cursor, on, type, WAITING_STATE);
    case GO_UNBLOCK:
    case GO_UNBLOCK_LOCAL: {
      const woken = subject(cursor);
      if (woken == 0 || stateOf(woken) < WAITING_STATE || (type == GO_UNBLOCK && !isNext(cursor, woken))) return WAIT;
      notice(on, type);
      if (stateOf(on) != RUNNING) return UNUSUAL;
      if (stateOf(woken) == WAITING_NET) flag(index);
      step(woken, RUNNABLE);
      return DONE;
    }
    case GO_SYS_CALL:
      if (on == nobody || stateOf(on) != RUNNING) return UNUSUAL;
      store<u32>(on, index + 1, 24);
      return DONE;
    case HEAP_ALLOC:
    case HEAP_GOAL:
      notice(on, type);
      return DONE;
    case GO_CREATE:
      if (subject(cursor) != 0) return WAIT;
      notice(on, type);
      return create(cursor, on) ? DONE : UNUSUAL;
    case GO_END:
    case GO_STOP:
      notice(on, type);
      return end(cursor, on, type) ? DONE : UNUSUAL;
    case GO_SYS_EXIT:
    case GO_WAITING:
    case GO_IN_SYSCALL:
    case GC_START:
      if (!isReady(cursor)) return WAIT;
      if (type == GC_START) notice(on, type);
      return (type == GC_START ? collect() : named(cursor, type, index)) ? DONE : UNUSUAL;
    default:
      notice(on, type);
      return applyRare(cursor, on, type) ? DONE : UNUSUAL;
  }
}

// @ts-ignore: decorator
@inline
function isNext(cursor: usize, goroutine: usize): bool {
  return load<u64>(cursor, 40) == <u64>load<u32>(goroutine, 8);
}

// @ts-ignore: decorator
@inline
function step(goroutine: usize, state: u8): void {
  store<u8>(goroutine, state, 12);
  store<u32>(goroutine, load<u32>(goroutine, 8) + 1, 8);
}

// @ts-ignore: decorator
@inline
function start(cursor: usize, on: usize, type: i32): i32 {
  const goroutine = subject(cursor);
  if (goroutine == 0 || stateOf(goroutine) != RUNNABLE || (type != GO_START_LOCAL && !isNext(cursor, goroutine))) return WAIT;
  if (on != nobody) return UNUSUAL;
  notice(goroutine, type);
  step(goroutine, RUNNING);
  // As the reference: a start with a label tells no state.
  if (isPreamble && type != GO_START_LABEL) store<u8>(goroutine, 0, 14);
  store<u32>(cursor, <u32>goroutine, 24);
  return type != GO_START_LABEL || hasString(load<u64>(cursor, 48)) ? DONE : UNUSUAL;
}

// @ts-ignore: decorator
@inline
function leave(cursor: usize, on: usize, type: i32, state: u8): i32 {
  if (on == nobody || stateOf(on) != RUNNING) return WAIT;
  notice(on, type);
  store<u8>(on, state, 12);
  store<u32>(cursor, <u32>nobody, 24);
  return DONE;
}

/** What tells of the goroutine that it names. */
function named(cursor: usize, type: i32, index: u32): bool {
  const goroutine = subject(cursor);
  notice(goroutine, type);
  step(goroutine, load<u8>(GIVES + <usize>type));
  if (type == GO_SYS_EXIT) return exit(cursor, goroutine, index);
  if (type == GO_IN_SYSCALL) store<i64>(goroutine, load<i64>(cursor, 8), 16);
  if (isPreamble) store<u8>(goroutine, 0, 14);
  return true;
}

function collect(): bool {
  if (isCollecting) return false;
  isCollecting = true;
  collections++;
  return true;
}

function create(cursor: usize, on: usize): bool {
  const id = load<u64>(cursor, 32);
  // Without a parent when the runtime made it; not where its parent is at something else.
  if (stateOf(on) != RUNNING || id == 0 || !isExact(id)) return false;
  const goroutine = addGoroutine(id);
  store<u8>(goroutine, load<u8>(GIVES + GO_CREATE), 12);
  store<u32>(goroutine, 1, 8);
  if (isPreamble) beginPreamble(goroutine);
  for (let i = 0; i < timers; i++) if (load<u64>(TIMERS + (<usize>i << 3)) == id) store<u8>(goroutine, 1, 15);
  return true;
}

function end(cursor: usize, on: usize, type: i32): bool {
  if (on == nobody || stateOf(on) != RUNNING) return false;
  store<u8>(on, DEAD, 12);
  store<u32>(cursor, <u32>nobody, 24);
  if (type == GO_END) for (let region = load<u32>(on, 28); region != 0; ) region = closeRegion(region);
  if (type == GO_END) store<u32>(on, 0, 28);
  return true;
}

/** An end of a call that tells its own time goes there: behind the beginning, and never behind where it stands. */
function exit(cursor: usize, goroutine: usize, index: u32): bool {
  const time = load<u64>(cursor, 48);
  if (time == 0) return true;
  const blocked = load<u64>(goroutine, 16);
  if (blocked == 0 || time < blocked || time > load<u64>(cursor, 8)) return false;
  addExit(time, goroutine, index);
  return true;
}

function applyRare(cursor: usize, on: usize, type: i32): bool {
  switch (type) {
    case PROC_START: {
      if (load<u8>(cursor, 84) == 1) return false;
      store<u8>(cursor, 1, 84);
      if (load<u64>(cursor, 32) > 0x7fffffff) widen();
      return isExact(load<u64>(cursor, 32));
    }
    case PROC_STOP:
      if (load<u8>(cursor, 84) == 0 || on != nobody) return false;
      store<u8>(cursor, 0, 84);
      return true;
    case GOMAXPROCS:
      if (isPreamble) tellPreamble();
      return true;
    case GC_DONE:
      if (!isCollecting) return false;
      isCollecting = false;
      return true;
    case STW_START:
      if (isStopped) return false;
      isStopped = true;
      return true;
    case STW_DONE:
      if (!isStopped) return false;
      isStopped = false;
      return true;
    case GC_SWEEP_START:
      if (load<u8>(cursor, 85) == 1) return false;
      store<u8>(cursor, 1, 85);
      return true;
    case GC_SWEEP_DONE:
      if (load<u8>(cursor, 85) == 0) return false;
      store<u8>(cursor, 0, 85);
      return true;
    case GC_MARK_ASSIST_START:
      if (load<u8>(on, 13) == 1) return false;
      store<u8>(on, 1, 13);
      return true;
    case GC_MARK_ASSIST_DONE:
      store<u8>(on, 0, 13);
      return true;
    case USER_TASK_CREATE:
      if (!isExact(load<u64>(cursor, 32)) || !isExact(load<u64>(cursor, 40)) || !hasString(load<u64>(cursor, 48))) return false;
      return openTask(load<u64>(cursor, 32), load<u64>(cursor, 40), load<u32>(cursor, 48));
    case USER_TASK_END:
      closeTask(load<u64>(cursor, 32));
      return isExact(load<u64>(cursor, 32));
    case USER_REGION:
      return region(cursor, on);
    case USER_LOG:
      return hasString(load<u64>(cursor, 40));
    default:
      return false;
  }
}

function region(cursor: usize, on: usize): bool {
  const task = load<u64>(cursor, 32);
  const mode = load<u64>(cursor, 40);
  const name = load<u64>(cursor, 48);
  if (mode > 1 || !hasString(name) || !isExact(task)) return false;
  const innermost = load<u32>(on, 28);
  if (mode == 0) {
    store<u32>(on, openRegion(innermost, task, <u32>name), 28);
    return true;
  }
  // One that began before the trace ends without a beginning.
  if (innermost == 0) return true;
  if (!isRegion(innermost, task, <u32>name)) return false;
  store<u32>(on, closeRegion(innermost), 28);
  return true;
}
