/** Wire events by their id (../../old/spec.ts says what each has), and the rules of the order (../../old/ordering.ts explains them). */
import { COUNTS, GIVES, NEEDS, ORDERED, RULES, VALUES } from "./memory";

export const BATCH: i32 = 1;
export const FREQUENCY: i32 = 2;
export const STACK: i32 = 3;
export const GOMAXPROCS: i32 = 4;
export const PROC_START: i32 = 5;
export const PROC_STOP: i32 = 6;
export const GC_START: i32 = 7;
export const GC_DONE: i32 = 8;
export const STW_START: i32 = 9;
export const STW_DONE: i32 = 10;
export const GC_SWEEP_START: i32 = 11;
export const GC_SWEEP_DONE: i32 = 12;
export const GO_CREATE: i32 = 13;
export const GO_START: i32 = 14;
export const GO_END: i32 = 15;
export const GO_STOP: i32 = 16;
export const GO_SCHED: i32 = 17;
export const GO_PREEMPT: i32 = 18;
export const GO_SLEEP: i32 = 19;
export const GO_BLOCK: i32 = 20;
export const GO_UNBLOCK: i32 = 21;
export const GO_BLOCK_SEND: i32 = 22;
export const GO_BLOCK_RECV: i32 = 23;
export const GO_BLOCK_SELECT: i32 = 24;
export const GO_BLOCK_SYNC: i32 = 25;
export const GO_BLOCK_COND: i32 = 26;
export const GO_BLOCK_NET: i32 = 27;
export const GO_SYS_CALL: i32 = 28;
export const GO_SYS_EXIT: i32 = 29;
export const GO_SYS_BLOCK: i32 = 30;
export const GO_WAITING: i32 = 31;
export const GO_IN_SYSCALL: i32 = 32;
export const HEAP_ALLOC: i32 = 33;
export const HEAP_GOAL: i32 = 34;
export const TIMER_GOROUTINE: i32 = 35;
export const FUTILE_WAKEUP: i32 = 36;
export const STRING: i32 = 37;
export const GO_START_LOCAL: i32 = 38;
export const GO_UNBLOCK_LOCAL: i32 = 39;
export const GO_SYS_EXIT_LOCAL: i32 = 40;
export const GO_START_LABEL: i32 = 41;
export const GO_BLOCK_GC: i32 = 42;
export const GC_MARK_ASSIST_START: i32 = 43;
export const GC_MARK_ASSIST_DONE: i32 = 44;
export const USER_TASK_CREATE: i32 = 45;
export const USER_TASK_END: i32 = 46;
export const USER_REGION: i32 = 47;
export const USER_LOG: i32 = 48;
export const CPU_SAMPLE: i32 = 49;

/** States of a goroutine. That of one that ended is as that of one that was never made: nothing follows on it, or the trace is refused. */
export const DEAD: u8 = 0;
export const RUNNABLE: u8 = 1;
export const RUNNING: u8 = 2;
export const WAITING_STATE: u8 = 3;
/** Waiting for the network: a wake-up is told as the network's. */
export const WAITING_NET: u8 = 4;

export const FREE: u8 = 0;
/** The one it is about is new. */
export const CREATE: u8 = 1;
/** Tells of the goroutine it names, which has been made just before. */
export const NAMED: u8 = 2;
/** The goroutine that runs leaves. */
export const LEAVE: u8 = 3;
/** The next event of the one it names, by its number or without one. */
export const NEXT: u8 = 4;
export const TOLD: u8 = 5;
export const COLLECTION: u8 = 6;

function bind(type: i32, rule: u8, needs: i32, gives: u8): void {
  store<u8>(RULES + type, rule);
  store<u8>(NEEDS + type, <u8>needs);
  store<u8>(GIVES + type, gives);
}

const IS_RUNNABLE: i32 = 1 << <i32>RUNNABLE;
const IS_RUNNING: i32 = 1 << <i32>RUNNING;
const IS_WAITING: i32 = (1 << <i32>WAITING_STATE) | (1 << <i32>WAITING_NET);

/** Fills the tables; the counts must be there. */
export function prepareSpec(): void {
  bind(GO_CREATE, CREATE, 0, RUNNABLE);
  bind(GO_WAITING, NAMED, IS_RUNNABLE, WAITING_STATE);
  bind(GO_IN_SYSCALL, NAMED, IS_RUNNABLE, WAITING_STATE);
  bind(GO_START, TOLD, IS_RUNNABLE, RUNNING);
  bind(GO_START_LABEL, TOLD, IS_RUNNABLE, RUNNING);
  bind(GO_START_LOCAL, NEXT, IS_RUNNABLE, RUNNING);
  for (let type = GO_SLEEP; type <= GO_BLOCK_NET; type++) if (type != GO_UNBLOCK) bind(type, LEAVE, IS_RUNNING, WAITING_STATE);
  bind(GO_BLOCK_NET, LEAVE, IS_RUNNING, WAITING_NET);
  bind(GO_BLOCK_GC, LEAVE, IS_RUNNING, WAITING_STATE);
  bind(GO_SYS_BLOCK, LEAVE, IS_RUNNING, WAITING_STATE);
  bind(GO_SCHED, LEAVE, IS_RUNNING, RUNNABLE);
  bind(GO_PREEMPT, LEAVE, IS_RUNNING, RUNNABLE);
  bind(GO_UNBLOCK, TOLD, IS_WAITING, RUNNABLE);
  bind(GO_SYS_EXIT, TOLD, IS_WAITING, RUNNABLE);
  bind(GO_UNBLOCK_LOCAL, NEXT, IS_WAITING, RUNNABLE);
  bind(GC_START, COLLECTION, 0, 0);
  for (let head = 0; head < 256; head++) {
    const type = head & 63;
    const open = (head >> 6) + 1;
    const plain = open < 4 && load<u8>(ORDERED + type) == 1 && <i32>load<i8>(COUNTS + type) == open && !isOdd(type);
    store<u8>(VALUES + head, plain ? <u8>open : 0);
  }
}

/** Written by no version that is read here, or by none in practice. */
export function isOdd(type: i32): bool {
  return type == FUTILE_WAKEUP || type == GO_SYS_EXIT_LOCAL;
}
