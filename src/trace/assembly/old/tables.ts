/** Behind the scan: batches by processor, indices of strings and stacks, CPU samples by time, and room for what the order needs. */
import { insert, find } from "../hash-table";
import { longEnd, longVarint } from "../varint";
import { addProc, loadCursors, procs } from "./cursors";
import { makeGoroutines } from "./goroutines";
import { makeAnnotations } from "./annotations";
import { BYTES, CURSOR, CURSORS, isExact, PROC_CELLS, PROC_LIMIT, PROCS, SEEN } from "./memory";
import { makeOrder } from "./order";
import { makePreamble } from "./preamble";
import * as scanned from "./scan";
import { BATCH, CPU_SAMPLE, GO_CREATE, GO_SYS_EXIT, STACK, STRING, USER_REGION, USER_TASK_CREATE } from "./spec";

/** As IdIndex: a dense table may have this many empty places per entry, and at least `SPARE`. */
const SPARE_PER_ENTRY: u64 = 8;
const SPARE: u64 = 4096;

/** Bytes in a batch: begin (behind its ticks), end, the next one of its processor, -, ticks. */
const BATCH_SIZE: usize = 24;
const PROC_MASK: u32 = 2 * <u32>PROC_LIMIT - 1;
export const SAMPLE: usize = 32;

/** Places of strings and stacks in the file by entry, and entries by id (-1 = none), as 32-bit integers. */
export let stringPlaces: usize = 0;
export let stringIds: usize = 0;
export let stackPlaces: usize = 0;
export let stackIds: usize = 0;
export let samples: usize = 0;
export let samplesEnd: usize = 0;

let free: u64 = 0;

/** Room for so many bytes behind all that is there; 0 when the memory has none. */
export function reserve(bytes: u64): usize {
  const begin = free;
  free = (begin + bytes + 7) & ~7;
  return free > <u64>memory.size() << 16 ? 0 : <usize>begin;
}

export function seen(type: i32): u64 {
  return <u64>load<u32>(SEEN + (<usize>type << 2));
}

/** False = unusual. */
export function arrange(): bool {
  free = (<u64>scanned.placesEnd + 7) & ~7;
  const batches = reserve(<u64>scanned.batches * BATCH_SIZE);
  stringPlaces = reserve((<u64>scanned.strings + 1) << 2);
  stackPlaces = reserve((<u64>scanned.stacks + 1) << 2);
  stringIds = index(scanned.strings, scanned.stringLimit);
  stackIds = index(scanned.stacks, scanned.stackLimit);
  samples = reserve(<u64>scanned.samples * SAMPLE);
  samplesEnd = samples + <usize>scanned.samples * SAMPLE;
  if (batches == 0 || stringPlaces == 0 || stackPlaces == 0 || stringIds == 0 || stackIds == 0 || samples == 0) return false;
  if (!readRecords(batches)) return false;
  sortRows(samples, samplesEnd, SAMPLE);
  return makeRoom();
}

function makeRoom(): bool {
  const events = scanned.events + scanned.samples;
  // Places in the order are told by 31 bits.
  return (
    events < 0x7fffffff &&
    makeGoroutines(seen(GO_CREATE)) &&
    makeAnnotations(seen(USER_TASK_CREATE), seen(USER_REGION)) &&
    makeOrder(events, seen(GO_SYS_EXIT)) &&
    makePreamble() &&
    loadCursors()
  );
}

function index(entries: u32, limit: u32): usize {
  if (<u64>limit > (<u64>entries + 1) * SPARE_PER_ENTRY + SPARE) return 0;
  const at = reserve(<u64>limit << 2);
  if (at == 0) return 0;
  memory.fill(at, 0xff, <usize>limit << 2);
  store<i32>(at, 0);
  return at;
}

function readRecords(batches: usize): bool {
  let batch: usize = batches - BATCH_SIZE;
  let strings = stringPlaces;
  let stacks = stackPlaces;
  let sample = samples;
  for (let place = scanned.places; place < scanned.placesEnd; place += 4) {
    const begin = <usize>load<u32>(place);
    const type = <i32>load<u8>(begin) & 63;
    let first = begin + 1;
    // These have their length in front.
    if (type == STACK || type == CPU_SAMPLE) while (load<u8>(first++) > 127);
    const value = longVarint(first, scanned.end);
    if (type == BATCH) {
      if (batch >= batches) store<u32>(batch, <u32>begin, 4);
      batch += BATCH_SIZE;
      if (!addBatch(batch, <i64>value, longEnd)) return false;
    } else if (type == STRING) {
      strings += 4;
      const cell = stringIds + (<usize>value << 2);
      if (load<i32>(cell) >= 0) return false;
      store<i32>(cell, <i32>((strings - stringPlaces) >> 2));
      store<i32>(strings, <i32>(longEnd - BYTES));
    } else if (type == STACK) {
      stacks += 4;
      store<i32>(stackIds + (<usize>(<u32>value) << 2), <i32>((stacks - stackPlaces) >> 2));
      store<i32>(stacks, <i32>(longEnd - BYTES));
    } else {
      if (!readSample(sample, longEnd)) return false;
      sample += SAMPLE;
    }
  }
  if (batch < batches) return true;
  store<u32>(batch, <u32>scanned.end, 4);
  return true;
}

function addBatch(batch: usize, proc: i64, at: usize): bool {
  const ticks = longVarint(at, scanned.end);
  store<u32>(batch, <u32>longEnd);
  store<u32>(batch, 0, 8);
  store<u64>(batch, ticks, 16);
  let known = find(PROC_CELLS, PROC_MASK, PROCS, proc);
  if (known == 0) {
    if (<usize>procs == PROC_LIMIT - 1) return false;
    known = PROCS + (<usize>procs << 5);
    const cursor = CURSORS + <usize>procs * CURSOR;
    store<i64>(known, proc);
    store<u32>(known, <u32>cursor, 8);
    insert(PROC_CELLS, PROC_MASK, PROCS, known);
    store<i32>(cursor, addProc(), 76);
    store<i32>(cursor, <i32>proc, 80);
    store<f64>(cursor, -1, 88);
    store<u32>(cursor, <u32>batch, 20);
  } else {
    const cursor = <usize>load<u32>(known, 8);
    store<u32>(<usize>load<u32>(cursor, 104), <u32>batch, 8);
  }
  store<u32>(<usize>load<u32>(known, 8), <u32>batch, 104);
  return true;
}

/** @param at behind the time delta, which says when the sample was written only. Rows: time, processor, number, goroutine (-1 = none), stack. */
function readSample(row: usize, at: usize): bool {
  const time = longVarint(at, scanned.end);
  const proc = longVarint(longEnd, scanned.end);
  const goroutine = longVarint(longEnd, scanned.end);
  const stack = longVarint(longEnd, scanned.end);
  if (longEnd == 0 || !isExact(time) || !isExact(goroutine) || !isExact(stack)) return false;
  if (proc > 0x7fffffff && proc != u64.MAX_VALUE) return false;
  store<u64>(row, time);
  store<i32>(row, <i32>proc, 8);
  store<u32>(row, <u32>((row - samples) / SAMPLE), 12);
  store<i64>(row, goroutine == 0 ? -1 : <i64>goroutine, 16);
  store<u32>(row, <u32>stack, 24);
  return true;
}

/** Rows by their time and number (at 0 and 12), in place; of 16 bytes or 32. */
export function sortRows(begin: usize, limit: usize, size: usize): void {
  let row = begin + size;
  while (row < limit && isBefore(row - size, row)) row += size;
  if (row >= limit) return;
  const rows = (limit - begin) / size;
  for (let root = rows >> 1; root > 0; root--) sink(begin, root - 1, rows, size);
  for (let last = rows - 1; last > 0; last--) {
    swap(begin, begin + last * size, size);
    sink(begin, 0, last, size);
  }
}

// @ts-ignore: decorator
@inline
function isBefore(row: usize, other: usize): bool {
  const time = load<i64>(row);
  const otherTime = load<i64>(other);
  return time < otherTime || (time == otherTime && load<u32>(row, 12) < load<u32>(other, 12));
}

function swap(row: usize, other: usize, size: usize): void {
  for (let at: usize = 0; at < size; at += 8) {
    const kept = load<u64>(row + at);
    store<u64>(row + at, load<u64>(other + at));
    store<u64>(other + at, kept);
  }
}

/** The largest of the first `rows` rises to the top. */
function sink(begin: usize, from: usize, rows: usize, size: usize): void {
  let place = from;
  for (let child: usize = 2 * place + 1; child < rows; child = 2 * place + 1) {
    if (child + 1 < rows && isBefore(begin + child * size, begin + (child + 1) * size)) child++;
    if (!isBefore(begin + place * size, begin + child * size)) return;
    swap(begin + place * size, begin + child * size, size);
    place = child;
  }
}

/** The stack's id, 0 where there is none of that id. */
// @ts-ignore: decorator
@inline
export function knownStack(id: u64): i32 {
  return id < <u64>scanned.stackLimit && load<i32>(stackIds + (<usize>id << 2)) >= 0 ? <i32>id : 0;
}

export function hasString(id: u64): bool {
  return id < <u64>scanned.stringLimit && load<i32>(stringIds + (<usize>id << 2)) >= 0;
}
