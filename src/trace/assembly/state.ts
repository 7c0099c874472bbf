/** What the handlers of the ordering share: statuses, states, the generation, and checks. */
import { EXACT } from "./memory";
import { findGoroutine } from "./scheduler";

/** Statuses of goroutines and processors in the file. */
export const RUNNABLE: i32 = 1;
export const RUNNING: i32 = 2;
export const SYSCALL: i32 = 3;
export const WAITING: i32 = 4;
export const P_RUNNING: i32 = 1;
export const P_IDLE: i32 = 2;
export const P_SYSCALL: i32 = 3;
export const P_ABANDONED: i32 = 4;

/** States as the model shows them. */
export const GO_UNDETERMINED: i32 = 0;
export const GO_NOT_EXIST: i32 = 1;
export const GO_RUNNABLE: i32 = 2;
export const GO_RUNNING: i32 = 3;
export const GO_WAITING: i32 = 4;
export const GO_SYSCALL: i32 = 5;
export const PROC_UNDETERMINED: i32 = 0;
export const PROC_NOT_EXIST: i32 = 1;
export const PROC_RUNNING: i32 = 2;
export const PROC_IDLE: i32 = 3;

/** Number of the generation being read; some rules hold only in the first one. */
export let generation: i64 = 0;
export let isFirst: bool = false;

export function setGeneration(number: i64, first: bool): void {
  generation = number;
  isFirst = first;
}

/** False for an id that JavaScript would not hold exactly. */
// @ts-ignore: decorator
@inline
export function idOk(id: i64): bool {
  return <u64>id < EXACT;
}

/** The goroutine on a thread: 0 = none, or it has ended elsewhere. */
// @ts-ignore: decorator
@inline
export function goroutineOn(thread: usize): usize {
  const goroutine = <usize>load<u32>(thread, 16);
  if (goroutine == 0 || load<i64>(goroutine) == load<i64>(thread, 8)) return goroutine;
  return findGoroutine(load<i64>(thread, 8));
}
