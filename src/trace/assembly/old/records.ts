/** The way out: records in a block that JavaScript reads, laid out as EventBlock of ../../model.ts says. */
import { BLOCK, SLOT } from "./memory";

export const GO_TRANSITION: i32 = 1;
export const PROC_TRANSITION: i32 = 2;
export const METRIC: i32 = 3;
export const LABEL: i32 = 4;
export const RANGE_BEGIN: i32 = 5;
export const RANGE_END: i32 = 7;
export const TASK_BEGIN: i32 = 8;
export const TASK_END: i32 = 9;
export const REGION_BEGIN: i32 = 10;
export const REGION_END: i32 = 11;
export const LOG: i32 = 12;
export const STACK_SAMPLE: i32 = 13;
const WIDE: i32 = 256;

export let out: usize = BLOCK;
/** Events in the block, and the time of the last one. */
export let events: i32 = 0;
export let last: f64 = -1;

// The context of the event at hand; the thread and the goroutine are -1 for none.
let at: f64 = 0;
let thread: f64 = -1;
let proc: i32 = -1;
let goroutine: i64 = -1;
let stack: i32 = 0;
/** All of it fits words. */
let isNarrow: bool = true;

/** An empty block. @param time of the last event so far. */
export function beginBlock(time: f64): void {
  out = BLOCK;
  events = 0;
  last = time;
}

export function context(time: f64, onThread: f64, onProc: i32, onGoroutine: i64, withStack: i32, narrow: bool): void {
  at = time;
  thread = onThread;
  proc = onProc;
  goroutine = onGoroutine;
  stack = withStack;
  isNarrow = narrow;
}

export function setTime(time: f64): void {
  at = time;
}

export function setThread(onThread: f64): void {
  thread = onThread;
}

export function setStack(withStack: i32): void {
  stack = withStack;
}

/** A processor that has no thread. */
export function elsewhere(onProc: i32): void {
  proc = onProc;
  thread = -1;
}

// @ts-ignore: decorator
@inline
function timed(slot: usize): void {
  const time = at > last ? at : last + 1;
  last = time;
  store<f64>(slot, time);
  events++;
}

export function emitGo(id: i64, from: i32, to: i32, reason: i32, ofStack: i32): void {
  if (!isNarrow) {
    emitWide(GO_TRANSITION, <f64>id, from, to, reason, ofStack);
    return;
  }
  const slot = out;
  out = slot + SLOT;
  timed(slot);
  store<i32>(slot, GO_TRANSITION, 8);
  store<i32>(slot, <i32>thread, 12);
  store<i32>(slot, proc, 16);
  store<i32>(slot, <i32>goroutine, 20);
  store<i32>(slot, stack, 24);
  store<i32>(slot, <i32>id, 28);
  store<i32>(slot, from, 32);
  store<i32>(slot, to, 36);
  store<i32>(slot, reason, 40);
  store<i32>(slot, ofStack, 44);
}

// @ts-ignore: decorator
@inline
function fits(value: f64): bool {
  return <f64>(<i32>value) == value;
}

export function emit(kind: i32, a: f64 = 0, b: f64 = 0, c: f64 = 0, d: f64 = 0, e: f64 = 0): void {
  if (!isNarrow || !fits(a) || !fits(b) || !fits(c) || !fits(d) || !fits(e)) {
    emitWide(kind, a, b, c, d, e);
    return;
  }
  const slot = out;
  out = slot + SLOT;
  timed(slot);
  store<i32>(slot, kind, 8);
  store<i32>(slot, <i32>thread, 12);
  store<i32>(slot, proc, 16);
  store<i32>(slot, <i32>goroutine, 20);
  store<i32>(slot, stack, 24);
  store<i32>(slot, <i32>a, 28);
  store<i32>(slot, <i32>b, 32);
  store<i32>(slot, <i32>c, 36);
  store<i32>(slot, <i32>d, 40);
  store<i32>(slot, <i32>e, 44);
}

export function emitWide(kind: i32, a: f64, b: f64, c: f64, d: f64, e: f64, f: f64 = 0): void {
  const slot = out;
  out = slot + 3 * SLOT;
  timed(slot);
  store<i32>(slot, kind | WIDE, 8);
  store<f64>(slot, thread, 48);
  store<f64>(slot, proc, 56);
  store<f64>(slot, <f64>goroutine, 64);
  store<f64>(slot, stack, 72);
  store<f64>(slot, a, 80);
  store<f64>(slot, b, 88);
  store<f64>(slot, c, 96);
  store<f64>(slot, d, 104);
  store<f64>(slot, e, 112);
  store<f64>(slot, f, 120);
}
