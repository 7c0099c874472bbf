/**
 * One cursor per thread over its batches of a generation, in a min-heap by the time of their next event.
 * Cursor: position, end of the batch, thread, next batch (0 = none), time, type, -, four arguments. Heap entry: time, cursor.
 * Times are whole nanoseconds of 64 bits.
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
/** The same where it is a whole number, else 0. */
let wholeNanos: u64 = 0;
let origin: f64 = 0;
/** Heap entries that are not there. */
const NEVER: i64 = i64.MAX_VALUE;
/** Beyond these, times are left to the plain reader: sums over a batch stay within 64 bits. */
const MOST_NANOS: f64 = 65535;
const LATEST: f64 = 9007199254740991;

/** Cursors at the first events of a generation; false when one is malformed or there are too many threads. */
export function loadCursors(base: usize, batches: usize, count: usize, nanos: f64, zero: f64): bool {
  bytes = base;
  if (!(nanos <= MOST_NANOS)) return false;
  nanosPerTick = nanos;
  wholeNanos = trunc(nanos) == nanos ? <u64>nanos : 0;
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
    place(size, load<i64>(cursor, 16), cursor);
    siftUp(size++);
  }
  place(size, NEVER, 0);
  place(size + 1, NEVER, 0);
  return true;
}

/** EVENT, END, or MALFORMED for a time far away. */
function nextBatch(cursor: usize): i32 {
  const batch = <usize>load<u32>(cursor, 12);
  if (batch == 0) return END;
  const time = trunc(load<f64>(batch, 8) * nanosPerTick) - origin;
  if (!(abs(time) <= LATEST)) return MALFORMED;
  store<u32>(cursor, load<u32>(batch, 24), 12);
  store<u32>(cursor, <u32>bytes + load<u32>(batch, 16));
  store<u32>(cursor, <u32>bytes + load<u32>(batch, 20), 4);
  store<i64>(cursor, <i64>time, 16);
  return EVENT;
}

/** The cursor's next event: time, type, arguments. */
export function parse(cursor: usize): i32 {
  let at = <usize>load<u32>(cursor);
  while (at >= <usize>load<u32>(cursor, 4)) {
    const found = nextBatch(cursor);
    if (found != EVENT) return found;
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
  if (<i32>popcnt(stops) <= count || isLong(stops)) return parseLong(cursor, at, limit, count);
  store<i64>(cursor, load<i64>(cursor, 16) + ticks(valueOf(word, stops)), 16);
  at += argumentsOf(cursor, word, stops, count);
  // Reading behind the batch is allowed for (there is slack) and found here.
  if (at > limit) return MALFORMED;
  store<u32>(cursor, <u32>at);
  return EVENT;
}

/** True for a time delta of more than four bytes, which {@link ticks} does not take. */
// @ts-ignore: decorator
@inline
export function isLong(stops: u64): bool {
  return (stops & 0x80808080) == 0;
}

/** Nanoseconds of so many ticks, below 2^28. */
// @ts-ignore: decorator
@inline
export function ticks(count: u64): i64 {
  return wholeNanos != 0 ? <i64>(count * wholeNanos) : <i64>trunc(<f64>(<i64>count) * nanosPerTick);
}

/** Puts the arguments of an event into its cursor; `word` is what follows its type. Returns its length without the type. */
// @ts-ignore: decorator
@inline
export function argumentsOf(cursor: usize, word: u64, stops: u64, count: i32): usize {
  // The lowest bit is the stop of the varint before.
  let rest = stops;
  if (count > 0) {
    // Shifts by a whole word do not come: there is a stop behind.
    let from = ctz(rest) + 1;
    rest &= rest - 1;
    store<u64>(cursor, valueOf(word >> from, rest >> from), 32);
    if (count > 1) {
      from = ctz(rest) + 1;
      rest &= rest - 1;
      store<u64>(cursor, valueOf(word >> from, rest >> from), 40);
      for (let to = cursor + 48; to < cursor + 32 + (<usize>count << 3); to += 8) {
        from = ctz(rest) + 1;
        rest &= rest - 1;
        store<u64>(to, valueOf(word >> from, rest >> from));
      }
    }
  }
  return <usize>(ctz(rest) >> 3) + 1;
}

/** An event of more than eight bytes, or with a large time delta, from that on. */
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
    if (i < 0) {
      const time = <f64>load<i64>(cursor, 16) + trunc(<f64>value * nanosPerTick);
      if (!(abs(time) <= LATEST)) return MALFORMED;
      store<i64>(cursor, <i64>time, 16);
    } else store<u64>(cursor + (<usize>i << 3), value, 32);
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
export function timeAt(index: i32): i64 {
  return load<i64>(entry(index));
}

// @ts-ignore: decorator
@inline
export function cursorAt(index: i32): usize {
  return <usize>load<u32>(entry(index), 8);
}

// @ts-ignore: decorator
@inline
export function place(index: i32, time: i64, cursor: usize): void {
  store<i64>(entry(index), time);
  store<u32>(entry(index), <u32>cursor, 8);
}

/** The earliest time behind the head's: up to there it may go on without a look at the others. */
// @ts-ignore: decorator
@inline
export function runnerUp(): i64 {
  return timeAt(1) < timeAt(2) ? timeAt(1) : timeAt(2);
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
// @ts-ignore: decorator
@inline
export function siftDown(start: i32, time: i64, cursor: usize): void {
  let index = start;
  for (let left = 2 * index + 1; left < size; left = 2 * index + 1) {
    // Without a branch for the side: it could not be foretold.
    const isRight = timeAt(left + 1) < timeAt(left);
    const least = left + <i32>isRight;
    const leastTime = select<i64>(timeAt(left + 1), timeAt(left), isRight);
    if (!(leastTime < time)) break;
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
  const time = timeAt(size);
  const cursor = cursorAt(size);
  place(size, NEVER, 0);
  if (size > 0) siftDown(0, time, cursor);
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
