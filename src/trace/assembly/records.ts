/**
 * The way out: records in a block that JavaScript reads. A slot is 48 bytes: time (double), then as 32-bit integers kind, thread,
 * processor, goroutine, stack and the arguments a..e. Where a number needs more, the kind is marked `WIDE`
 * and the two slots behind hold thread .. f as doubles.
 */
import { BLOCK, NOTED, SLOT } from "./memory";
import { wideIds } from "./scheduler";

export const GO_TRANSITION: i32 = 1;
export const PROC_TRANSITION: i32 = 2;
export const METRIC: i32 = 3;
export const LABEL: i32 = 4;
export const RANGE_BEGIN: i32 = 5;
export const RANGE_ACTIVE: i32 = 6;
export const RANGE_END: i32 = 7;
export const LOG: i32 = 12;
export const STACK_SAMPLE: i32 = 13;
export const EXPERIMENTAL: i32 = 14;
/** What JavaScript completes, since it takes text that was remembered from earlier generations: core-annotations.ts. Always wide. */
export const STOP_BEGIN: i32 = 17;
export const STOP_END: i32 = 18;
export const TASK_BEGIN: i32 = 19;
export const TASK_END: i32 = 20;
export const REGION_BEGIN: i32 = 21;
export const REGION_END: i32 = 22;
const WIDE: i32 = 256;
const GO_NOT_EXIST: i32 = 1;

export let out: usize = BLOCK;
/** Wide records in the block, and records noted for JavaScript. */
export let wides: i32 = 0;
export let noted: i32 = 0;
/** Time of the last event. */
export let last: i64 = -1;

/** True while a goroutine may have text remembered: JavaScript is told of its end. */
let watched: bool = false;

export function watch(): void {
  watched = true;
}

export function beginBlock(time: i64, isWatched: bool): void {
  watched = isWatched;
  out = BLOCK;
  wides = 0;
  noted = 0;
  last = time;
}

/** JavaScript will look at the record that comes next. */
function note(): void {
  store<u32>(NOTED + (<usize>noted << 2), <u32>out);
  noted++;
}

/** The goroutine ends. */
export function emitEnd(at: i64, thread: usize, id: i64, from: i32): void {
  if (watched) note();
  emitSmall(GO_TRANSITION, at, thread, id, 0, from, GO_NOT_EXIST, 0, 0);
}

/** An event that JavaScript completes. */
export function emitOpen(kind: i32, at: i64, thread: usize, stack: u64, a: u64, b: u64, c: u64): void {
  note();
  const proc = <f64>load<i64>(<usize>load<u32>(thread, 20));
  emitWide(kind, at, <f64>load<i64>(thread), proc, <f64>load<i64>(thread, 8), <f64>stack, <f64>a, <f64>b, <f64>c, 0, 0, 0);
}

// @ts-ignore: decorator
@inline
function timed(at: i64): f64 {
  const time = at > last ? at : last + 1;
  last = time;
  return <f64>time;
}

/** An event whose first argument is an id, in the context of the thread as it is now. */
export function emitSmall(kind: i32, at: i64, thread: usize, id: i64, stack: i32, b: i32, c: i32, d: i32, e: i32): void {
  if (wideIds) {
    emit(kind, at, thread, stack, <f64>id, b, c, d, e, 0);
    return;
  }
  const slot = out;
  out = slot + SLOT;
  store<f64>(slot, timed(at));
  store<i32>(slot, kind, 8);
  store<i32>(slot, load<i32>(thread), 12);
  store<i32>(slot, load<i32>(<usize>load<u32>(thread, 20)), 16);
  store<i32>(slot, load<i32>(thread, 8), 20);
  store<i32>(slot, stack, 24);
  store<i32>(slot, <i32>id, 28);
  store<i32>(slot, b, 32);
  store<i32>(slot, c, 36);
  store<i32>(slot, d, 40);
  store<i32>(slot, e, 44);
}

/** A range of a resource; `e` and `f` are bytes. */
export function emitRange(kind: i32, at: i64, thread: usize, stack: u64, name: i32, scope: i32, id: i64, e: u64, f: u64): void {
  if (wideIds || e > 0x7fffffff || f != 0) {
    const proc = <f64>load<i64>(<usize>load<u32>(thread, 20));
    emitWide(kind, at, <f64>load<i64>(thread), proc, <f64>load<i64>(thread, 8), <f64>stack, name, 0, scope, <f64>id, <f64>e, <f64>f);
    return;
  }
  emitSmall(kind, at, thread, name, <i32>stack, 0, scope, <i32>id, <i32>e);
}

/** Any event, in the context of the thread as it is now. */
export function emit(kind: i32, at: i64, thread: usize, stack: f64, a: f64, b: f64, c: f64, d: f64, e: f64, f: f64): void {
  const proc = <f64>load<i64>(<usize>load<u32>(thread, 20));
  emitAll(kind, at, <f64>load<i64>(thread), proc, <f64>load<i64>(thread, 8), stack, a, b, c, d, e, f);
}

// @ts-ignore: decorator
@inline
function narrow(value: f64): bool {
  return <f64>(<i32>value) == value;
}

export function emitAll(
  kind: i32, at: i64, thread: f64, proc: f64, goroutine: f64, stack: f64, a: f64, b: f64, c: f64, d: f64, e: f64, f: f64,
): void {
  if (
    narrow(thread) && narrow(proc) && narrow(goroutine) && narrow(stack) &&
    narrow(a) && narrow(b) && narrow(c) && narrow(d) && narrow(e) && f == 0
  ) {
    const slot = out;
    out = slot + SLOT;
    store<f64>(slot, timed(at));
    store<i32>(slot, kind, 8);
    store<i32>(slot, <i32>thread, 12);
    store<i32>(slot, <i32>proc, 16);
    store<i32>(slot, <i32>goroutine, 20);
    store<i32>(slot, <i32>stack, 24);
    store<i32>(slot, <i32>a, 28);
    store<i32>(slot, <i32>b, 32);
    store<i32>(slot, <i32>c, 36);
    store<i32>(slot, <i32>d, 40);
    store<i32>(slot, <i32>e, 44);
    return;
  }
  emitWide(kind, at, thread, proc, goroutine, stack, a, b, c, d, e, f);
}

function emitWide(
  kind: i32, at: i64, thread: f64, proc: f64, goroutine: f64, stack: f64, a: f64, b: f64, c: f64, d: f64, e: f64, f: f64,
): void {
  const slot = out;
  out = slot + 3 * SLOT;
  wides++;
  store<f64>(slot, timed(at));
  store<i32>(slot, kind | WIDE, 8);
  store<f64>(slot, thread, 48);
  store<f64>(slot, proc, 56);
  store<f64>(slot, goroutine, 64);
  store<f64>(slot, stack, 72);
  store<f64>(slot, a, 80);
  store<f64>(slot, b, 88);
  store<f64>(slot, c, 96);
  store<f64>(slot, d, 104);
  store<f64>(slot, e, 112);
  store<f64>(slot, f, 120);
}
