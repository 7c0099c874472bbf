/** The less frequent events: statuses, coroutine switches, threads of C code, ranges, annotations, experiments. */
import { COUNTS, DONE, EXACT, UNUSUAL, WAIT } from "./memory";
import {
  emit, emitAll, emitEnd, emitOpen, emitRange, emitSmall, EXPERIMENTAL, GO_TRANSITION, LABEL, LOG, METRIC, PROC_TRANSITION, RANGE_ACTIVE, RANGE_BEGIN,
  RANGE_END, REGION_BEGIN, REGION_END, STOP_BEGIN, STOP_END, TASK_BEGIN, TASK_END, watch,
} from "./records";
import {
  addGoroutine, addProc, bind, findGoroutine, findProc, gcRunning, gcSequence, holderOf, leave, NO_PROC, NO_THREAD, release,
  removeGoroutine, setGc, threadFor,
} from "./scheduler";
import {
  generation, GO_NOT_EXIST, GO_RUNNABLE, GO_RUNNING, GO_SYSCALL, GO_UNDETERMINED, GO_WAITING, goroutineOn, idOk, isFirst, P_ABANDONED,
  P_IDLE, P_RUNNING, P_SYSCALL, PROC_IDLE, PROC_NOT_EXIST, PROC_RUNNING, PROC_UNDETERMINED, RUNNABLE, RUNNING, SYSCALL, WAITING,
} from "./state";
import { hasStack, hasString } from "./tables";

/** Names of ranges and scopes, as in the model. */
const GC_MARK: i32 = 1;
const GC_SWEEP: i32 = 2;
const GC_ASSIST: i32 = 3;
const ON_GLOBAL: i32 = 0;
const ON_GOROUTINE: i32 = 1;
const ON_PROC: i32 = 2;

export function advanceRare(type: i32, thread: usize, at: i64, cursor: usize): i32 {
  const a = load<u64>(cursor, 32);
  const b = load<u64>(cursor, 40);
  const c = load<u64>(cursor, 48);
  const d = load<u64>(cursor, 56);
  switch (type) {
    case 9: // ProcsChange
      if (!runs(thread) || !hasStack(b)) return UNUSUAL;
      emit(METRIC, at, thread, <f64>b, 0, <f64>a, 0, 0, 0, 0);
      return DONE;
    case 13:
      return procStatus(thread, at, a, b);
    case 15:
      return goCreateSyscall(thread, at, a);
    case 18:
      return goDestroySyscall(thread, at);
    case 25:
      return goStatus(thread, at, a, <i64>b, c, 0);
    case 48:
      return goStatus(thread, at, a, <i64>b, c, d);
    case 26: // STWBegin
      if (!runs(thread) || goroutineOn(thread) == 0 || !hasStack(b) || !hasString(a)) return UNUSUAL;
      watch();
      emitOpen(STOP_BEGIN, at, thread, b, a, 0, 0);
      return DONE;
    case 27: // STWEnd
      if (!runs(thread) || goroutineOn(thread) == 0) return UNUSUAL;
      emitOpen(STOP_END, at, thread, 0, 0, 0, 0);
      return DONE;
    case 28:
    case 29:
    case 30:
      return collection(type, thread, at, a, b);
    case 31:
      return sweepActive(thread, at, a);
    case 32:
      return sweep(thread, at, true, a, 0);
    case 33:
      return sweep(thread, at, false, a, b);
    case 34:
      return assistActive(thread, at, a);
    case 35:
      return assist(thread, at, true, a);
    case 36:
      return assist(thread, at, false, 0);
    case 39: // GoLabel
      if (!runs(thread) || !hasString(a)) return UNUSUAL;
      emit(LABEL, at, thread, 0, <f64>a, ON_GOROUTINE, <f64>load<i64>(thread, 8), 0, 0, 0);
      return DONE;
    case 40:
      if (!runs(thread) || !hasStack(d) || !hasString(c)) return UNUSUAL;
      emitOpen(TASK_BEGIN, at, thread, d, a, b, c);
      return DONE;
    case 41:
      if (!runs(thread) || !hasStack(b)) return UNUSUAL;
      emitOpen(TASK_END, at, thread, b, a, 0, 0);
      return DONE;
    case 42:
    case 43: // UserRegionBegin, UserRegionEnd
      if (!runs(thread) || goroutineOn(thread) == 0 || !hasStack(c) || !hasString(b)) return UNUSUAL;
      watch();
      emitOpen(type == 42 ? REGION_BEGIN : REGION_END, at, thread, c, a, b, 0);
      return DONE;
    case 44: // UserLog
      if (!runs(thread) || !hasStack(d) || !hasString(b) || !hasString(c)) return UNUSUAL;
      emit(LOG, at, thread, <f64>d, <f64>a, <f64>b, <f64>c, 0, 0, 0);
      return DONE;
    case 45:
      return goSwitch(thread, at, a, b, false);
    case 46:
      return goSwitch(thread, at, a, b, true);
    default:
      return experimental(type, thread, at, a, b, c, d);
  }
}

/** Processor and goroutine are there. */
// @ts-ignore: decorator
@inline
function runs(thread: usize): bool {
  return load<u32>(thread, 20) != <u32>NO_PROC && load<i64>(thread, 8) != -1;
}

function procState(status: i32): i32 {
  return status == P_RUNNING || status == P_SYSCALL ? PROC_RUNNING : status == 0 ? PROC_UNDETERMINED : PROC_IDLE;
}

function goState(status: i32): i32 {
  switch (status) {
    case RUNNABLE:
      return GO_RUNNABLE;
    case RUNNING:
      return GO_RUNNING;
    case SYSCALL:
      return GO_SYSCALL;
    case WAITING:
      return GO_WAITING;
    default:
      return GO_UNDETERMINED;
  }
}

function procStatus(thread: usize, at: i64, id: i64, wanted: u64): i32 {
  if (wanted > 4 || !idOk(id)) return UNUSUAL;
  const status = <i32>wanted;
  let from = procState(status);
  let to = from;
  let owner = thread;
  let proc = findProc(id);
  if (proc == 0) {
    proc = addProc(id);
    if (proc == 0) return UNUSUAL;
    store<i32>(proc, status, 24);
    from = isFirst ? PROC_UNDETERMINED : PROC_NOT_EXIST;
  } else if (status == P_ABANDONED && load<i32>(proc, 24) == P_SYSCALL) {
    // Nothing was lost: the thread that holds it is known, and the event belongs to that one.
    from = PROC_RUNNING;
    to = PROC_RUNNING;
    owner = holderOf(proc);
    if (owner == 0) return UNUSUAL;
  } else if (load<i32>(proc, 24) != status) return UNUSUAL;
  store<i64>(proc, generation, 16);
  store<i64>(proc, 0, 8);
  emit(PROC_TRANSITION, at, owner, 0, <f64>id, from, to, 0, 0, 0);
  if (status == P_RUNNING || status == P_SYSCALL) store<u32>(thread, <u32>proc, 20);
  return DONE;
}

/** @param on id of the thread the goroutine sits on, where it is in a system call. */
function goStatus(thread: usize, at: i64, id: i64, on: i64, wanted: u64, stack: u64): i32 {
  if (wanted > 4 || !idOk(id) || (on != -1 && !idOk(on)) || !hasStack(stack)) return UNUSUAL;
  const status = <i32>wanted;
  const to = goState(status);
  let from = to;
  let goroutine = findGoroutine(id);
  if (goroutine != 0) {
    if (load<i32>(goroutine, 24) != status) return UNUSUAL;
    store<i64>(goroutine, generation, 16);
    store<i64>(goroutine, 0, 8);
  } else {
    if (!isFirst) return UNUSUAL;
    goroutine = addGoroutine(id, status, generation);
    if (goroutine == 0) return UNUSUAL;
    from = GO_UNDETERMINED;
  }
  let threadId = load<i64>(thread);
  let context = load<i64>(thread, 8);
  if (status == RUNNING) bind(thread, goroutine);
  else if (status == SYSCALL) {
    if (on == -1) return UNUSUAL;
    if (on == threadId) {
      if (!isFirst && context != id) return UNUSUAL;
      bind(thread, goroutine);
    } else {
      const other = threadFor(on);
      if (other == 0) return UNUSUAL;
      if (load<i32>(other, 24) == 1) {
        if (load<i64>(other, 8) != id) return UNUSUAL;
        context = id;
      } else {
        store<i32>(other, 1, 24);
        bind(other, goroutine);
      }
      threadId = on;
    }
  }
  const proc = <f64>load<i64>(<usize>load<u32>(thread, 20));
  emitAll(GO_TRANSITION, at, <f64>threadId, proc, <f64>context, <f64>stack, <f64>id, from, to, 0, <f64>stack, 0);
  return DONE;
}

/** One goroutine hands over to another that waits: three transitions. */
function goSwitch(thread: usize, at: i64, next: i64, sequence: i64, ends: bool): i32 {
  if (load<u32>(thread, 20) == <u32>NO_PROC) return UNUSUAL;
  const goroutine = goroutineOn(thread);
  if (goroutine == 0 || load<i32>(goroutine, 24) != RUNNING) return UNUSUAL;
  const other = findGoroutine(next);
  if (other == 0 || load<i32>(other, 24) != WAITING) return WAIT;
  if (load<i64>(other, 8) + 1 != sequence || load<i64>(other, 16) != generation) return WAIT;
  const id = load<i64>(thread, 8);
  emitSmall(GO_TRANSITION, at, thread, next, 0, GO_WAITING, GO_RUNNABLE, 0, 0);
  if (ends) {
    emitEnd(at, thread, id, GO_RUNNING);
    removeGoroutine(goroutine);
  } else {
    emitSmall(GO_TRANSITION, at, thread, id, 0, GO_RUNNING, GO_WAITING, 0, 0);
    store<i32>(goroutine, WAITING, 24);
  }
  store<i32>(other, RUNNING, 24);
  store<i64>(other, sequence, 8);
  leave(thread);
  emitSmall(GO_TRANSITION, at, thread, next, 0, GO_RUNNABLE, GO_RUNNING, 0, 0);
  bind(thread, other);
  return DONE;
}

/** A thread of C code enters Go: its goroutine begins in a system call. */
function goCreateSyscall(thread: usize, at: i64, id: i64): i32 {
  if (thread == NO_THREAD || load<i64>(thread, 8) != -1 || !idOk(id) || findGoroutine(id) != 0) return UNUSUAL;
  const goroutine = addGoroutine(id, SYSCALL, generation);
  if (goroutine == 0) return UNUSUAL;
  emitSmall(GO_TRANSITION, at, thread, id, 0, GO_NOT_EXIST, GO_SYSCALL, 0, 0);
  bind(thread, goroutine);
  return DONE;
}

/** A thread of C code leaves Go. The thread's id may be used again at once, so a processor that it still holds is given up here. */
function goDestroySyscall(thread: usize, at: i64): i32 {
  if (thread == NO_THREAD) return UNUSUAL;
  const goroutine = goroutineOn(thread);
  if (goroutine == 0 || load<i32>(goroutine, 24) != SYSCALL) return UNUSUAL;
  const proc = <usize>load<u32>(thread, 20);
  if (proc != NO_PROC) {
    if (load<i32>(proc, 24) != P_SYSCALL) return UNUSUAL;
    store<i32>(proc, P_ABANDONED, 24);
    emit(PROC_TRANSITION, at, thread, 0, <f64>load<i64>(proc), PROC_RUNNING, PROC_IDLE, 0, 0, 0);
  }
  emitEnd(at, thread, load<i64>(thread, 8), GO_SYSCALL);
  removeGoroutine(goroutine);
  release(thread);
  return DONE;
}

/** Starts and ends of the collector's cycles are numbered in one sequence, since they happen on any thread. */
function collection(type: i32, thread: usize, at: i64, sequence: i64, stack: u64): i32 {
  const begins = type == 29;
  if (!idOk(sequence)) return UNUSUAL;
  if (type == 28 && isFirst) {
    if (gcRunning != -1) return UNUSUAL;
  } else if (!begins || gcRunning != -1) {
    if (sequence != gcSequence + 1) return WAIT;
    if (gcRunning != (begins ? 0 : 1) || !runs(thread)) return UNUSUAL;
  }
  if (begins && !hasStack(stack)) return UNUSUAL;
  setGc(type == 30 ? 0 : 1, sequence, begins);
  emitRange(begins ? RANGE_BEGIN : type == 30 ? RANGE_END : RANGE_ACTIVE, at, thread, begins ? stack : 0, GC_MARK, ON_GLOBAL, 0, 0, 0);
  return DONE;
}

/** In the first generation the range is new to us; later it must have been seen to begin. */
// @ts-ignore: decorator
@inline
function activate(resource: usize): bool {
  if (isFirst == (load<i32>(resource, 28) == 1)) return false;
  store<i32>(resource, 1, 28);
  return true;
}

// @ts-ignore: decorator
@inline
function toggle(resource: usize, begins: bool): bool {
  if (begins == (load<i32>(resource, 28) == 1)) return false;
  store<i32>(resource, begins ? 1 : 0, 28);
  return true;
}

function assistActive(thread: usize, at: i64, id: i64): i32 {
  const goroutine = findGoroutine(id);
  if (goroutine == 0 || !activate(goroutine)) return UNUSUAL;
  emitRange(RANGE_ACTIVE, at, thread, 0, GC_ASSIST, ON_GOROUTINE, id, 0, 0);
  return DONE;
}

function assist(thread: usize, at: i64, begins: bool, stack: u64): i32 {
  if (!runs(thread)) return UNUSUAL;
  const goroutine = goroutineOn(thread);
  if (goroutine == 0 || !toggle(goroutine, begins) || !hasStack(stack)) return UNUSUAL;
  emitRange(begins ? RANGE_BEGIN : RANGE_END, at, thread, stack, GC_ASSIST, ON_GOROUTINE, load<i64>(thread, 8), 0, 0);
  return DONE;
}

function sweepActive(thread: usize, at: i64, id: i64): i32 {
  const proc = findProc(id);
  if (proc == 0 || !activate(proc)) return UNUSUAL;
  emitRange(RANGE_ACTIVE, at, thread, 0, GC_SWEEP, ON_PROC, id, 0, 0);
  return DONE;
}

/** @param a stack at the begin, bytes swept at the end. @param b bytes reclaimed at the end. */
function sweep(thread: usize, at: i64, begins: bool, a: u64, b: u64): i32 {
  const proc = <usize>load<u32>(thread, 20);
  if (proc == NO_PROC || !toggle(proc, begins)) return UNUSUAL;
  const id = load<i64>(proc);
  if (!begins) emitRange(RANGE_END, at, thread, 0, GC_SWEEP, ON_PROC, id, a, b);
  else if (!hasStack(a)) return UNUSUAL;
  else emitRange(RANGE_BEGIN, at, thread, a, GC_SWEEP, ON_PROC, id, 0, 0);
  return DONE;
}

function experimental(type: i32, thread: usize, at: i64, a: u64, b: u64, c: u64, d: u64): i32 {
  if (type < 128 || thread == NO_THREAD) return UNUSUAL;
  const count = load<i8>(COUNTS + <usize>type);
  if (count > 3) return UNUSUAL;
  emit(EXPERIMENTAL, at, thread, 0, type, count > 0 ? <f64>a : 0, count > 1 ? <f64>b : 0, count > 2 ? <f64>c : 0, 0, 0);
  return DONE;
}
