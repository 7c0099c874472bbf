/**
 * Third pass: follows the order and tells the events in the model of later formats, as ../../old/replay.ts and ../../old/convert.ts do.
 * Nothing is refused here: all has been looked at.
 */
import { closeTask, openTask } from "./annotations";
import { parse, sample, sampleCursor, step } from "./cursors";
import { findGoroutine, wideIds } from "./goroutines";
import { BLOCK_FULL, BYTES, CURSOR, CURSORS, DONE, MORE, REASONS, STOP_KINDS, STOPS, TIMERS } from "./memory";
import { EXIT, exits, exitsEnd, firstTime, FLAGGED, length, order } from "./order";
import { untold, untoldEnd } from "./preamble";
import {
  context, elsewhere, emit, emitGo, emitWide, LABEL, LOG, METRIC, out, PROC_TRANSITION, RANGE_BEGIN, RANGE_END, REGION_BEGIN, REGION_END, setStack,
  setThread, setTime, STACK_SAMPLE, TASK_BEGIN, TASK_END,
} from "./records";
import { timers } from "./scan";
import {
  GC_DONE, GC_MARK_ASSIST_DONE, GC_MARK_ASSIST_START, GC_START, GC_SWEEP_DONE, GC_SWEEP_START, GO_CREATE, GO_END, GO_IN_SYSCALL, GO_PREEMPT,
  GO_SCHED, GO_START, GO_START_LABEL, GO_START_LOCAL, GO_SYS_BLOCK, GO_SYS_CALL, GO_SYS_EXIT, GO_UNBLOCK, GO_UNBLOCK_LOCAL, GO_WAITING,
  GOMAXPROCS, HEAP_ALLOC, HEAP_GOAL, PROC_START, PROC_STOP, STW_DONE, STW_START, USER_LOG, USER_REGION, USER_TASK_CREATE, USER_TASK_END,
} from "./spec";
import { knownStack } from "./tables";

const UNDETERMINED: i32 = 0;
const NOT_EXIST: i32 = 1;
const RUNNABLE: i32 = 2;
const RUNNING: i32 = 3;
const WAITING: i32 = 4;
const SYSCALL: i32 = 5;
const PROC_RUNNING: i32 = 2;
const PROC_IDLE: i32 = 3;
const HEAP_LIVE: f64 = 1;
const HEAP_GOAL_METRIC: f64 = 2;
const STOP_THE_WORLD: f64 = 0;
const GC_MARK: f64 = 1;
const GC_SWEEP: f64 = 2;
const GC_MARK_ASSIST: f64 = 3;
const SCOPE_GOROUTINE: f64 = 1;
const SCOPE_PROC: f64 = 2;
/** Processors that stand for something else. */
const TIMER_PROC: i32 = 1000001;
const NETPOLL_PROC: i32 = 1000002;
const SYSCALL_PROC: i32 = 1000003;
const GC_PROC: i32 = 1000004;

let nanosPerTick: f64 = 1;
let next: u32 = 0;
/** The cursor of the next entry stands on its event already. */
let parsed: bool = false;
let exit: usize = 0;
let isPreamble: bool = true;
/** The next of those to be told at the end of the preamble; 0 = not there. */
let untoldNext: usize = 0;
let stop: f64 = 0;
/** Id of the message that would lie at place 0 of the file. */
let firstMessage: f64 = 0;

export function beginConversion(nanos: f64, messages: f64): void {
  nanosPerTick = nanos;
  firstMessage = messages;
  exit = exits;
}

/** Nanoseconds since the Sync before the first event, which is 1 ns earlier. */
// @ts-ignore: decorator
@inline
export function nanosOf(ticks: i64): f64 {
  return trunc(<f64>(ticks - firstTime) * nanosPerTick) + 1;
}

/** Fills the block that was begun. */
export function convert(): i32 {
  const narrow = !wideIds;
  if (untoldNext != 0 && !tellUntold()) return MORE;
  let ending = exit < exitsEnd ? load<i64>(exit) : i64.MAX_VALUE;
  while (out < BLOCK_FULL) {
    if (next == length) {
      if (exit == exitsEnd) return DONE;
      tellExit();
      continue;
    }
    const entry = <u32>load<u16>(order + (<usize>next << 1));
    const cursor = CURSORS + <usize>(entry & 0x7fff) * CURSOR;
    if (!parsed) {
      if (cursor == sampleCursor) step(cursor);
      else parse(cursor);
    }
    parsed = false;
    const type = load<i32>(cursor, 16);
    const ticks = load<i64>(cursor, 8);
    if (type == GO_SYS_EXIT && load<u64>(cursor, 48) != 0) {
      // It has a time of its own, and comes by itself.
      next++;
      continue;
    }
    if (ending <= ticks && (ending < ticks || load<u32>(exit, 12) < next)) {
      tellExit();
      ending = exit < exitsEnd ? load<i64>(exit) : i64.MAX_VALUE;
      parsed = true;
      continue;
    }
    next++;
    if (cursor == sampleCursor) {
      context(nanosOf(ticks), -1, load<i32>(sample, 8), load<i64>(sample, 16), knownStack(load<u32>(sample, 24)), false);
      emitWide(STACK_SAMPLE, 0, 0, 0, 0, 0);
      continue;
    }
    const proc = load<i32>(cursor, 80);
    const thread = proc < 0 ? -1 : load<f64>(cursor, 88);
    context(nanosOf(ticks), thread, proc, load<i64>(cursor, 96), knownStack(load<u32>(cursor, 64)), narrow);
    tell(cursor, type, (entry & <u32>FLAGGED) != 0);
    if (untoldNext != 0 && !tellUntold()) return MORE;
  }
  return MORE;
}

function tellExit(): void {
  const id = load<i64>(<usize>load<u32>(exit, 8));
  context(nanosOf(load<i64>(exit)), -1, SYSCALL_PROC, id, 0, !wideIds);
  emitGo(id, SYSCALL, RUNNABLE, 0, 0);
  exit += EXIT;
}

/** False when the block is full before all are told. */
function tellUntold(): bool {
  for (; untoldNext < untoldEnd; untoldNext += 8) {
    if (out >= BLOCK_FULL) return false;
    emitGo(<i64>load<f64>(untoldNext), UNDETERMINED, RUNNABLE, 0, 0);
  }
  untoldNext = 0;
  return true;
}

// @ts-ignore: decorator
@inline
function argument(cursor: usize, index: usize): u64 {
  return load<u64>(cursor + (index << 3), 32);
}

function tell(cursor: usize, type: i32, flagged: bool): void {
  const on = load<i64>(cursor, 96);
  switch (type) {
    case GO_START:
    case GO_START_LOCAL:
    case GO_START_LABEL:
    case GO_WAITING:
    case GO_IN_SYSCALL:
      tellNamed(cursor, type);
      return;
    case GO_UNBLOCK:
    case GO_UNBLOCK_LOCAL:
      if (flagged) elsewhere(NETPOLL_PROC);
      else if (timers > 0 && isTimer(on)) elsewhere(TIMER_PROC);
      emitGo(argument(cursor, 0), WAITING, RUNNABLE, 0, 0);
      return;
    case GO_SYS_CALL: {
      // As the reference: thread 0 where none is known.
      if (!flagged) setThread(max(0, load<f64>(cursor, 88)));
      const stack = knownStack(load<u32>(cursor, 64));
      emitGo(on, RUNNING, SYSCALL, 0, stack);
      if (flagged) return;
      setStack(0);
      setTime(nanosOf(load<i64>(cursor, 8)) + 1);
      emitGo(on, SYSCALL, RUNNING, 0, 0);
      return;
    }
    case GO_SYS_BLOCK:
      store<i64>(cursor, -1, 96);
      return;
    case GO_SYS_EXIT: {
      const id = <i64>argument(cursor, 0);
      context(nanosOf(load<i64>(cursor, 8)), -1, SYSCALL_PROC, id, 0, !wideIds);
      emitGo(id, SYSCALL, RUNNABLE, 0, 0);
      return;
    }
    case HEAP_ALLOC:
      emit(METRIC, HEAP_LIVE, <f64>argument(cursor, 0));
      return;
    case HEAP_GOAL:
      emit(METRIC, HEAP_GOAL_METRIC, <f64>argument(cursor, 0));
      return;
    case GO_CREATE:
      if (!isPreamble) emitGo(argument(cursor, 0), NOT_EXIST, RUNNABLE, 0, knownStack(argument(cursor, 1)));
      return;
    case GO_END:
      store<i64>(cursor, -1, 96);
      emitGo(on, RUNNING, NOT_EXIST, 0, 0);
      return;
    default:
      if (load<f64>(REASONS + (<usize>type << 3)) >= 0) leave(cursor, type, on);
      else tellRare(cursor, type, on);
  }
}

/** The goroutine stops running, for the reason that is the type's. */
function leave(cursor: usize, type: i32, on: i64): void {
  store<i64>(cursor, -1, 96);
  const reason = <i32>load<f64>(REASONS + (<usize>type << 3));
  const to = type == GO_SCHED || type == GO_PREEMPT ? RUNNABLE : WAITING;
  emitGo(on, RUNNING, to, reason, knownStack(load<u32>(cursor, 64)));
}

/** What happens on the goroutine that the event names. */
function tellNamed(cursor: usize, type: i32): void {
  const id = <i64>argument(cursor, 0);
  const proc = load<i32>(cursor, 80);
  let thread = proc < 0 ? -1 : load<f64>(cursor, 88);
  if (type == GO_START_LABEL) thread = max(0, load<f64>(cursor, 88));
  context(nanosOf(load<i64>(cursor, 8)), thread, proc, id, 0, !wideIds);
  if (type == GO_WAITING) emitGo(id, UNDETERMINED, WAITING, 0, 0);
  else if (type == GO_IN_SYSCALL) emitGo(id, UNDETERMINED, SYSCALL, 0, 0);
  else {
    store<i64>(cursor, id, 96);
    emitGo(id, isPreamble && type != GO_START_LABEL ? UNDETERMINED : RUNNABLE, RUNNING, 0, 0);
    if (type == GO_START_LABEL) emit(LABEL, <f64>argument(cursor, 2), SCOPE_GOROUTINE, <f64>id);
  }
}

function isTimer(id: i64): bool {
  if (id < 0) return false;
  return load<u8>(findGoroutine(<u64>id), 15) == 1;
}

/** A processor that was not seen before has had no state until now. */
function tellProc(cursor: usize, from: i32, to: i32): void {
  const known = load<u8>(cursor, 86) == 1;
  store<u8>(cursor, 1, 86);
  emit(PROC_TRANSITION, load<i32>(cursor, 80), known ? from : 0, to);
}

function tellRare(cursor: usize, type: i32, on: i64): void {
  const proc = load<i32>(cursor, 80);
  switch (type) {
    case GOMAXPROCS:
      if (!isPreamble) emit(METRIC, 0, <f64>argument(cursor, 0));
      else {
        isPreamble = false;
        context(nanosOf(load<i64>(cursor, 8)), -1, -1, -1, 0, !wideIds);
        untoldNext = untold;
      }
      return;
    case PROC_START: {
      const thread = <f64>argument(cursor, 0);
      store<f64>(cursor, thread, 88);
      if (proc >= 0) setThread(thread);
      tellProc(cursor, PROC_IDLE, PROC_RUNNING);
      return;
    }
    case PROC_STOP:
      tellProc(cursor, PROC_RUNNING, PROC_IDLE);
      store<f64>(cursor, -1, 88);
      return;
    case GC_START:
      elsewhere(GC_PROC);
      emit(RANGE_BEGIN, GC_MARK);
      return;
    case GC_DONE:
      emit(RANGE_END, GC_MARK);
      return;
    case STW_START: {
      const kind = argument(cursor, 0);
      stop = kind < STOP_KINDS ? load<f64>(STOPS + (<usize>kind << 3)) : 0;
      emit(RANGE_BEGIN, STOP_THE_WORLD, stop, SCOPE_GOROUTINE, <f64>on);
      return;
    }
    case STW_DONE:
      emit(RANGE_END, STOP_THE_WORLD, stop, SCOPE_GOROUTINE, <f64>on);
      return;
    case GC_SWEEP_START:
      emit(RANGE_BEGIN, GC_SWEEP, 0, SCOPE_PROC, proc);
      return;
    case GC_SWEEP_DONE: {
      const swept = <f64>argument(cursor, 0);
      const reclaimed = <f64>argument(cursor, 1);
      if (reclaimed == 0) emit(RANGE_END, GC_SWEEP, 0, SCOPE_PROC, proc, swept);
      else emitWide(RANGE_END, GC_SWEEP, 0, SCOPE_PROC, proc, swept, reclaimed);
      return;
    }
    case GC_MARK_ASSIST_START:
      emit(RANGE_BEGIN, GC_MARK_ASSIST, 0, SCOPE_GOROUTINE, <f64>on);
      return;
    case GC_MARK_ASSIST_DONE:
      emit(RANGE_END, GC_MARK_ASSIST, 0, SCOPE_GOROUTINE, <f64>on);
      return;
    default:
      tellAnnotation(cursor, type);
  }
}

function tellAnnotation(cursor: usize, type: i32): void {
  const id = argument(cursor, 0);
  const second = argument(cursor, 1);
  switch (type) {
    case USER_TASK_CREATE:
      openTask(id, second, <u32>argument(cursor, 2));
      emit(TASK_BEGIN, <f64>id, second == 0 ? -1 : <f64>second, <f64>argument(cursor, 2));
      return;
    case USER_TASK_END: {
      const task = closeTask(id);
      // The end names a parent as it was written: 0 stays 0.
      if (task == 0) emit(TASK_END, <f64>id, -1);
      else emit(TASK_END, <f64>id, <f64>load<u64>(task, 8), load<u32>(task, 16));
      return;
    }
    case USER_REGION:
      emit(second == 0 ? REGION_BEGIN : REGION_END, <f64>id, <f64>argument(cursor, 2));
      return;
    case USER_LOG: {
      const place = <usize>load<u32>(cursor, 72);
      emit(LOG, <f64>id, <f64>second, load<u8>(place) == 0 ? 0 : firstMessage + <f64>(place - BYTES));
    }
  }
}
