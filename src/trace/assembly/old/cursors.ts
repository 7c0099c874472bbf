/** One cursor per processor over its batches: an event is parsed where it lies, twice in all. */
import { longEnd, longVarint, bitsOf, stopsOf, valueOf } from "../varint";
import { nobody } from "./goroutines";
import { COUNTS, CURSOR, CURSORS, isExact, ORDERED, STACKED } from "./memory";
import { end as fileEnd } from "./scan";
import { CPU_SAMPLE, STRING, USER_LOG } from "./spec";
import { SAMPLE, samples, samplesEnd } from "./tables";

export const END: i32 = 0;
export const EVENT: i32 = 1;
export const MALFORMED: i32 = 2;

/** How many cursors have a processor; the one behind them has the CPU samples. */
export let procs: i32 = 0;

/** Its number. */
export function addProc(): i32 {
  return procs++;
}

export let sampleCursor: usize = 0;
/** The sample at hand. */
export let sample: usize = 0;

/** All cursors before their first event. */
export function loadCursors(): bool {
  sampleCursor = CURSORS + <usize>procs * CURSOR;
  store<i32>(sampleCursor, procs, 76);
  store<i32>(sampleCursor, CPU_SAMPLE, 16);
  // Before the first one.
  sample = samples - SAMPLE;
  for (let cursor = CURSORS; cursor < sampleCursor; cursor += CURSOR) {
    const first = load<u32>(cursor, 20);
    store<u32>(cursor, first, 108);
    store<u32>(cursor, <u32>nobody, 24);
    store<i64>(cursor, -1, 96);
  }
  return true;
}

/** As {@link loadCursors}, for the second time. */
export function rewind(): void {
  sample = samples - SAMPLE;
  for (let cursor = CURSORS; cursor < sampleCursor; cursor += CURSOR) {
    store<u32>(cursor, 0);
    store<u32>(cursor, 0, 4);
    store<u32>(cursor, load<u32>(cursor, 108), 20);
    store<f64>(cursor, -1, 88);
  }
}

/** Goes to the cursor's next event. */
export function step(cursor: usize): i32 {
  if (cursor != sampleCursor) return parse(cursor);
  sample += SAMPLE;
  if (sample >= samplesEnd) return END;
  store<i64>(cursor, load<i64>(sample), 8);
  return EVENT;
}

/** The next event of a processor: time, type, values; nobody it is about as yet. */
// @ts-ignore: decorator
@inline
export function parse(cursor: usize): i32 {
  const at = <usize>load<u32>(cursor);
  if (at < <usize>load<u32>(cursor, 4)) {
    const head = <i32>load<u8>(at);
    if (load<u8>(ORDERED + (head & 63)) != 0) return parseEvent(cursor, at, head);
  }
  return parseNext(cursor);
}

/** As {@link parse}, past the end of a batch and records that are no events. */
function parseNext(cursor: usize): i32 {
  let at = <usize>load<u32>(cursor);
  while (true) {
    while (at >= <usize>load<u32>(cursor, 4)) {
      const batch = <usize>load<u32>(cursor, 20);
      if (batch == 0) return END;
      at = <usize>load<u32>(batch);
      store<u32>(cursor, load<u32>(batch, 4), 4);
      store<u32>(cursor, load<u32>(batch, 8), 20);
      store<u64>(cursor, load<u64>(batch, 16), 8);
    }
    const head = <i32>load<u8>(at);
    if (load<u8>(ORDERED + (head & 63)) != 0) return parseEvent(cursor, at, head);
    at = behind(at, head);
  }
}

function behind(at: usize, head: i32): usize {
  if ((head & 63) == STRING) {
    longVarint(at + 1, fileEnd);
    const length = longVarint(longEnd, fileEnd);
    return longEnd + <usize>length;
  }
  const first = longVarint(at + 1, fileEnd);
  // What is not in front of its length is a single value: the scan took no other.
  return head < 192 ? longEnd : longEnd + <usize>first;
}

// @ts-ignore: decorator
@inline
function parseEvent(cursor: usize, begin: usize, head: i32): i32 {
  const type = <usize>(head & 63);
  const count = <i32>load<i8>(COUNTS + type);
  store<u32>(cursor, <u32>begin, 68);
  store<i32>(cursor, <i32>type, 16);
  store<u32>(cursor, 0, 28);
  let at = begin + 1;
  if (head > 191) while (load<u8>(at++) > 127);
  const word = load<u64>(at);
  const stops = stopsOf(word);
  if (<i32>popcnt(stops) < count || count > 4 || type == USER_LOG) return parseLong(cursor, at, type, count);
  const time = load<i64>(cursor, 8) + <i64>valueOf(word, stops);
  store<i64>(cursor, time, 8);
  let used = bitsOf(stops);
  // One value behind the time is read whether it is there or not: nothing has to be guessed by the processor.
  let rest = stops >> used;
  let last = valueOf(word >> used, rest);
  store<u64>(cursor, last, 32);
  used = select(used, used + bitsOf(rest), count == 1);
  if (count > 2) {
    rest = stops >> used;
    last = valueOf(word >> used, rest);
    store<u64>(cursor, last, 40);
    used += bitsOf(rest);
    if (count == 4) {
      rest = stops >> used;
      last = valueOf(word >> used, rest);
      store<u64>(cursor, last, 48);
      used += bitsOf(rest);
    }
  }
  // 0 or all bits.
  store<u32>(cursor, <u32>last & (0 - <u32>load<u8>(STACKED + type)), 64);
  store<u32>(cursor, <u32>at + <u32>(used >> 3));
  return isExact(<u64>time) ? EVENT : MALFORMED;
}

function parseLong(cursor: usize, from: usize, type: usize, count: i32): i32 {
  let at = from;
  let last: u64 = 0;
  for (let i = 0; i < count; i++) {
    last = longVarint(at, fileEnd);
    if (longEnd == 0 || (i == 0 && !isExact(last))) return MALFORMED;
    at = longEnd;
    if (i == 0) store<i64>(cursor, load<i64>(cursor, 8) + <i64>last, 8);
    else store<u64>(cursor + (<usize>i << 3), last, 24);
  }
  const hasStack = load<u8>(STACKED + type) != 0;
  if (hasStack && !isExact(last)) return MALFORMED;
  store<u32>(cursor, hasStack ? <u32>last : 0, 64);
  if (type == USER_LOG) {
    store<u32>(cursor, <u32>at, 72);
    const length = longVarint(at, fileEnd);
    at = longEnd + <usize>length;
  }
  store<u32>(cursor, <u32>at);
  return isExact(load<u64>(cursor, 8)) ? EVENT : MALFORMED;
}
