/**
 * First pass: walks over every record, counts the events, notes where all others lie. What is not as programs write it is refused.
 */
import { longEnd, longVarint, stopsOf } from "../varint";
import { BYTES, COUNTS, DONE, isExact, MORE, ORDERED, SEEN, SLACK, TIMER_LIMIT, TIMERS, UNUSUAL, VALUES } from "./memory";
import { BATCH, CPU_SAMPLE, FREQUENCY, isOdd, STACK, STRING, TIMER_GOROUTINE, USER_LOG } from "./spec";

/** Limits of the format. */
const EVENT_BYTES: u64 = 2048;
const STRING_BYTES: u64 = 1000000;
const STACK_FRAMES: u64 = 1000;
/** No more of each kind of record than this; ids of strings are not larger than those that fit an index. */
const RECORD_LIMIT: u32 = 1 << 22;
const ID_LIMIT: u64 = 1 << 28;

let at: usize = 0;
export let end: usize = 0;
/** Addresses (32 bits) of the records that are no events, in order. */
export let places: usize = 0;
export let placesEnd: usize = 0;
export let batches: u32 = 0;
export let strings: u32 = 0;
export let stringLimit: u32 = 0;
export let stacks: u32 = 0;
export let stackLimit: u32 = 0;
export let samples: u32 = 0;
export let timers: i32 = 0;
/** Of a processor each. */
export let events: u64 = 0;
/** Ticks per second; 0 = not told. */
export let frequency: u64 = 0;

export function beginScan(length: usize): void {
  at = BYTES;
  end = BYTES + length;
  places = (end + SLACK + 7) & ~7;
  placesEnd = places;
  // Nothing may stand before the first batch.
  if (length > 0 && (load<u8>(BYTES) & 63) != BATCH) end = BYTES - 1;
  stringLimit = stackLimit = 1;
}

/** Walks over so many records. MORE, DONE or UNUSUAL. */
export function scan(records: i32): i32 {
  let here = at;
  const limit = end;
  let simple: u32 = 0;
  for (let left = records; left > 0; left--) {
    if (here >= limit) {
      events += simple;
      return here == limit ? DONE : UNUSUAL;
    }
    const head = <usize>load<u8>(here);
    const values = <i32>load<u8>(VALUES + head);
    // The end of the last value that follows; all in one word, nearly always.
    let stops = stopsOf(load<u64>(here, 1));
    const second = stops & (stops - 1);
    const third = second & (second - 1);
    stops = select(stops, select(second, third, values == 2), values == 1);
    if (values == 0) {
      here = special(here);
      if (here == 0) return UNUSUAL;
      continue;
    }
    if (stops == 0) {
      here = behind(here + 1, values);
      if (here == 0) return UNUSUAL;
    } else here += 2 + <usize>(ctz(stops) >> 3);
    simple++;
  }

  at = here;
  events += simple;
  return MORE;
}

// @ts-ignore: decorator
@inline
function count(type: usize): void {
  const cell = SEEN + (type << 2);
  store<u32>(cell, load<u32>(cell) + 1);
}

/** Where so many values end; 0 when they do not. */
function behind(from: usize, values: i32): usize {
  let here = from;
  for (let i = 0; i < values; i++) {
    longVarint(here, end);
    if (longEnd == 0) return 0;
    here = longEnd;
  }
  return here;
}

/** Takes a record that has not just a few values; returns where it ends, 0 = unusual. */
function special(begin: usize): usize {
  const head = <i32>load<u8>(begin);
  const type = head & 63;
  const known = <i32>load<i8>(COUNTS + type);
  if (known < 0 || isOdd(type)) return 0;
  if (type == BATCH) return batch(begin);
  if (type == STRING) return string(begin);
  if (type == FREQUENCY || type == TIMER_GOROUTINE) return single(begin, type);
  if (head < 192) return 0;
  const short = <usize>load<u8>(begin, 1);
  if (short - 1 < 8 && load<u8>(ORDERED + type) != 0 && type != USER_LOG) {
    // All values of an event in one word.
    const stops = stopsOf(load<u64>(begin, 2)) & (u64.MAX_VALUE >> (64 - (short << 3)));
    if (<i32>popcnt(stops) != known || clz(stops) != 64 - (short << 3) || begin + 2 + short > end) return 0;
    count(type);
    events++;
    return begin + 2 + short;
  }
  const length = longVarint(begin + 1, end);
  const first = longEnd;
  if (first == 0 || length > EVENT_BYTES || length > <u64>(end - first)) return 0;
  const last = first + <usize>length;
  const values = valuesIn(first, last);
  if (length == 0 || load<u8>(last - 1) > 127) return 0;
  if (type == STACK) return stack(begin, first, last, values) ? last : 0;
  if (values != known || batches == 0) return 0;
  if (type == CPU_SAMPLE) {
    if (samples++ >= RECORD_LIMIT) return 0;
    note(begin);
    return last;
  }
  if (load<u8>(ORDERED + type) == 0) return 0;
  count(type);
  events++;
  if (type != USER_LOG) return last;
  const message = longVarint(last, end);
  return longEnd == 0 || message > STRING_BYTES || message > <u64>(end - longEnd) ? 0 : longEnd + <usize>message;
}

function note(begin: usize): void {
  store<u32>(placesEnd, <u32>begin);
  placesEnd += 4;
}

function valuesIn(first: usize, last: usize): i32 {
  let values = 0;
  let here = first;
  for (; here + 8 <= last; here += 8) values += <i32>popcnt(stopsOf(load<u64>(here)));
  for (; here < last; here++) values += load<u8>(here) < 128 ? 1 : 0;
  return values;
}

function batch(begin: usize): usize {
  if (load<u8>(begin) >> 6 != 1 || batches++ >= RECORD_LIMIT) return 0;
  const proc = longVarint(begin + 1, end);
  if (longEnd == 0 || (proc > 0x7fffffff && proc != u64.MAX_VALUE)) return 0;
  const ticks = longVarint(longEnd, end);
  if (longEnd == 0 || !isExact(ticks)) return 0;
  note(begin);
  return longEnd;
}

function string(begin: usize): usize {
  const id = longVarint(begin + 1, end);
  if (longEnd == 0 || id == 0 || id >= ID_LIMIT || strings++ >= RECORD_LIMIT || batches == 0) return 0;
  const length = longVarint(longEnd, end);
  if (longEnd == 0 || length == 0 || length > STRING_BYTES || length > <u64>(end - longEnd)) return 0;
  stringLimit = max(stringLimit, <u32>id + 1);
  note(begin);
  return longEnd + <usize>length;
}

function stack(begin: usize, first: usize, last: usize, values: i32): bool {
  const id = longVarint(first, last);
  if (longEnd == 0 || !isExact(id)) return false;
  const size = longVarint(longEnd, last);
  if (longEnd == 0 || size > STACK_FRAMES || values != 2 + 4 * <i32>size || batches == 0) return false;
  // The frames are looked at when somebody asks for them: here, that each is a number.
  for (let here = longEnd; here < last; here = longEnd) {
    longVarint(here, last);
    if (longEnd == 0) return false;
  }
  if (<u32>id == 0 || size == 0) return true;
  if (<u32>id >= ID_LIMIT || stacks++ >= RECORD_LIMIT) return false;
  stackLimit = max(stackLimit, <u32>id + 1);
  note(begin);
  return true;
}

function single(begin: usize, type: i32): usize {
  if (load<u8>(begin) >> 6 != 0 || batches == 0) return 0;
  const value = longVarint(begin + 1, end);
  if (longEnd == 0 || value == 0 || !isExact(value)) return 0;
  if (type == FREQUENCY) frequency = value;
  else {
    if (timers == TIMER_LIMIT) return 0;
    store<u64>(TIMERS + (<usize>(timers++) << 3), value);
  }
  return longEnd;
}
