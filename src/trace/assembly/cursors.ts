/**
 * One cursor per thread over its batches of a generation, in a min-heap by the time of their next event.
 * Cursor: position, end of the batch, thread, next batch (0 = none), time (double), type, -, four arguments. Heap entry: time, cursor.
 */
import { COUNTS, CURSOR, CURSORS, HEAP } from "./memory";
import { forgetCursors, threadFor } from "./scheduler";
import { bitsOf, longEnd, longVarint, stopsOf, valueOf } from "./varint";

export const EVENT: i32 = 1;
export const END: i32 = 0;
export const MALFORMED: i32 = 2;
const TIMED: i32 = 0;

export let size: i32 = 0;
let bytes: usize = 0;
let nanosPerTick: f64 = 1;
let origin: f64 = 0;

/** Cursors at the first events of a generation; false when one is malformed or there are too many threads. */
export function loadCursors(base: usize, batches: usize, count: usize, nanos: f64, zero: f64): bool {
  bytes = base;
  nanosPerTick = nanos;
  origin = zero;
  size = 0;
  let cursors: usize = 0;
  forgetCursors();
  // Chains the batches of each thread: the cursor's type holds the last one meanwhile.
  for (let i: usize = 0; i < count; i++) {
    const batch = batches + (i << 5);
    if (load<i32>(batch, 28) != TIMED) continue;
    store<u32>(batch, 0, 24);
    const thread = threadFor(<i64>load<f64>(batch));
    if (thread == 0) return false;
    let cursor = <usize>load<u32>(thread, 28);
    if (cursor == 0) {
      cursor = CURSORS + cursors++ * CURSOR;
      store<u32>(thread, <u32>cursor, 28);
      store<u32>(cursor, 0);
      store<u32>(cursor, 0, 4);
      store<u32>(cursor, <u32>thread, 8);
      store<u32>(cursor, <u32>batch, 12);
    } else store<u32>(<usize>load<u32>(cursor, 24), <u32>batch, 24);
    store<u32>(cursor, <u32>batch, 24);
  }
  for (let i: usize = 0; i < cursors; i++) {
    const cursor = CURSORS + i * CURSOR;
    const found = parse(cursor);
    if (found == MALFORMED) return false;
    if (found == END) continue;
    place(size, load<f64>(cursor, 16), cursor);
    siftUp(size++);
  }
  return true;
}

function nextBatch(cursor: usize): bool {
  const batch = <usize>load<u32>(cursor, 12);
  if (batch == 0) return false;
  store<u32>(cursor, load<u32>(batch, 24), 12);
  store<u32>(cursor, <u32>bytes + load<u32>(batch, 16));
  store<u32>(cursor, <u32>bytes + load<u32>(batch, 20), 4);
  store<f64>(cursor, trunc(load<f64>(batch, 8) * nanosPerTick) - origin, 16);
  return true;
}

/** The cursor's next event: time, type, arguments. */
export function parse(cursor: usize): i32 {
  let at = <usize>load<u32>(cursor);
  while (at >= <usize>load<u32>(cursor, 4)) {
    if (!nextBatch(cursor)) return END;
    at = <usize>load<u32>(cursor);
  }
  const limit = <usize>load<u32>(cursor, 4);
  const type = <usize>load<u8>(at++);
  const count = <i32>load<i8>(COUNTS + type);
  if (count < 0) return MALFORMED;
  store<i32>(cursor, <i32>type, 24);
  const word = load<u64>(at);
  const stops = stopsOf(word);
  // Nearly always an event lies in one word: its varints are found without waiting for one another.
  if (<i32>popcnt(stops) <= count) return parseLong(cursor, at, limit, count);
  store<f64>(cursor, load<f64>(cursor, 16) + ticks(valueOf(word, stops)), 16);
  at += argumentsOf(cursor, word, stops, count);
  // Reading behind the batch is allowed for (there is slack) and found here.
  if (at > limit) return MALFORMED;
  store<u32>(cursor, <u32>at);
  return EVENT;
}

/** Nanoseconds of so many ticks. */
// @ts-ignore: decorator
@inline
export function ticks(count: u64): f64 {
  return trunc(<f64>count * nanosPerTick);
}

/** Puts the arguments of an event into its cursor; `word` is what follows its type. Returns its length without the type. */
// @ts-ignore: decorator
@inline
export function argumentsOf(cursor: usize, word: u64, stops: u64, count: i32): usize {
  let end = bitsOf(stops);
  if (count > 0) {
    // Shifts by a whole word do not come: there is a stop behind.
    let rest = stops >> end;
    store<u64>(cursor, valueOf(word >> end, rest), 32);
    end += bitsOf(rest);
    if (count > 1) {
      rest = stops >> end;
      store<u64>(cursor, valueOf(word >> end, rest), 40);
      end += bitsOf(rest);
      for (let to = cursor + 48; to < cursor + 32 + (<usize>count << 3); to += 8) {
        rest = stops >> end;
        store<u64>(to, valueOf(word >> end, rest));
        end += bitsOf(rest);
      }
    }
  }
  return <usize>(end >> 3);
}

/** An event of more than eight bytes, from its time delta on. */
function parseLong(cursor: usize, from: usize, limit: usize, count: i32): i32 {
  let at = from;
  for (let i = -1; i < count; i++) {
    const word = load<u64>(at);
    const stops = stopsOf(word);
    let value: u64;
    if (stops != 0) {
      value = valueOf(word, stops);
      at += <usize>(bitsOf(stops) >> 3);
    } else {
      value = longVarint(at, limit);
      if (longEnd == 0) return MALFORMED;
      at = longEnd;
    }
    if (i < 0) store<f64>(cursor, load<f64>(cursor, 16) + ticks(value), 16);
    else store<u64>(cursor + (<usize>i << 3), value, 32);
  }
  if (at > limit) return MALFORMED;
  store<u32>(cursor, <u32>at);
  return EVENT;
}

// @ts-ignore: decorator
@inline
function entry(index: i32): usize {
  return HEAP + (<usize>index << 4);
}

// @ts-ignore: decorator
@inline
export function timeAt(index: i32): f64 {
  return load<f64>(entry(index));
}

// @ts-ignore: decorator
@inline
export function cursorAt(index: i32): usize {
  return <usize>load<u32>(entry(index), 8);
}

// @ts-ignore: decorator
@inline
export function place(index: i32, time: f64, cursor: usize): void {
  store<f64>(entry(index), time);
  store<u32>(entry(index), <u32>cursor, 8);
}

/** The earliest time behind the head's: up to there it may go on without a look at the others. */
export function runnerUp(): f64 {
  if (size < 2) return Infinity;
  return size == 2 ? timeAt(1) : min(timeAt(1), timeAt(2));
}

export function siftUp(start: i32): i32 {
  let index = start;
  const time = timeAt(start);
  const cursor = cursorAt(start);
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if (!(timeAt(parent) > time)) break;
    place(index, timeAt(parent), cursorAt(parent));
    index = parent;
  }
  place(index, time, cursor);
  return index;
}

/** Ties stay where they are, then go left: equal times come out in the reference's order. */
export function siftDown(start: i32): void {
  let index = start;
  const time = timeAt(start);
  const cursor = cursorAt(start);
  for (let left = 2 * index + 1; left < size; left = 2 * index + 1) {
    let least = index;
    let leastTime = time;
    if (timeAt(left) < leastTime) {
      leastTime = timeAt(left);
      least = left;
    }
    if (left + 1 < size && timeAt(left + 1) < leastTime) {
      leastTime = timeAt(left + 1);
      least = left + 1;
    }
    if (least == index) break;
    place(index, leastTime, cursorAt(least));
    index = least;
  }
  place(index, time, cursor);
}

/** Lifts the entry to the root, puts the last one there instead, and lets that one sink. */
export function removeAt(start: i32): void {
  for (let index = start; index > 0; index = (index - 1) >> 1) {
    const parent = (index - 1) >> 1;
    place(index, timeAt(parent), cursorAt(parent));
  }
  size--;
  place(0, timeAt(size), cursorAt(size));
  if (size > 0) siftDown(0);
}

/** Sorts the heap by time (a sorted array is a heap), for trying the others in order. */
export function sortHeap(): void {
  for (let i = 1; i < size; i++) {
    const time = timeAt(i);
    const cursor = cursorAt(i);
    let to = i;
    for (; to > 0 && timeAt(to - 1) > time; to--) place(to, timeAt(to - 1), cursorAt(to - 1));
    place(to, time, cursor);
  }
}
