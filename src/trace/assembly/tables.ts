/**
 * Strings and stacks of a generation: where each one lies, by id. Text and frames are made by JavaScript on demand.
 * Anything out of the ordinary (a bad length, an id twice, ids far apart, a frame whose names are missing) is left to the plain reader.
 */
import { bitsOf, longEnd, longVarint, stopsOf, valueOf } from "./varint";

const STRING: u8 = 5;
const STACK: u8 = 3;
const STRING_BYTES: u64 = 1024;
const STACK_FRAMES: u64 = 128;
/** A dense table may have this many empty places per entry, and at least SPARE_LEAST. */
const SPARE_PER_ENTRY: u32 = 8;
const SPARE_LEAST: u32 = 4096;
/** Kinds of batches. */
const STRINGS: i32 = 1;
const STACKS: i32 = 2;

/** Entries, id 0 included, and the id above all; of strings and of stacks. */
export let stringEntries: u32 = 0;
export let stringLimit: u32 = 0;
export let stackEntries: u32 = 0;
export let stackLimit: u32 = 0;
/** Addresses: place of each entry; entry of each id (-1 = none). */
export let stringPlaces: usize = 0;
export let strings: usize = 0;
export let stackPlaces: usize = 0;
export let stacks: usize = 0;

let position: usize = 0;
let failed: bool = false;

function uvarint(limit: usize): u64 {
  const from = position;
  const word = load<u64>(from);
  const stops = stopsOf(word);
  if (stops != 0) {
    position = from + <usize>(bitsOf(stops) >> 3);
    if (position > limit) failed = true;
    return valueOf(word, stops);
  }
  const value = longVarint(from, limit);
  if (longEnd == 0) failed = true;
  position = longEnd;
  return value;
}

// @ts-ignore: decorator
@inline
export function hasString(id: u64): bool {
  return id < <u64>stringLimit && load<i32>(strings + (<usize>id << 2)) >= 0;
}

// @ts-ignore: decorator
@inline
export function hasStack(id: u64): bool {
  return id < <u64>stackLimit && load<i32>(stacks + (<usize>id << 2)) >= 0;
}

/** Addresses are signed numbers to JavaScript. */
const MOST: usize = 0x7fff0000;

/**
 * Makes at least so many bytes from 0 usable, and a page behind them: what is read may run over the end of the tables' batches
 * by a stack's frames before that is found. False when there is no more.
 */
function need(end: usize): bool {
  if (end > MOST) return false;
  const pages = <i32>((end + 0x1ffff) >> 16);
  return pages <= memory.size() || memory.grow(pages - memory.size()) >= 0;
}

/** @param free address behind the batches. False: the plain reader is asked. */
export function readTables(bytes: usize, batches: usize, count: usize, free: usize): bool {
  failed = false;
  let stringBytes: usize = 0;
  let stackBytes: usize = 0;
  for (let i: usize = 0; i < count; i++) {
    const batch = batches + (i << 5);
    const size = <usize>(load<u32>(batch, 20) - load<u32>(batch, 16));
    const kind = load<i32>(batch, 28);
    if (kind == STRINGS) stringBytes += size;
    else if (kind == STACKS) stackBytes += size;
  }
  // An entry takes three bytes and more. Ids stand beside the places until the tables by id are made.
  const ids = free;
  stringPlaces = ids + (stringBytes / 3 + 2) * 4;
  stackPlaces = stringPlaces + (stringBytes / 3 + 2) * 4;
  const stackIds = stackPlaces + (stackBytes / 3 + 2) * 4;
  strings = stackIds + (stackBytes / 3 + 2) * 4;
  if (!need(strings)) return false;
  stringEntries = 1;
  stringLimit = 1;
  for (let i: usize = 0; i < count; i++) {
    const batch = batches + (i << 5);
    if (load<i32>(batch, 28) != STRINGS) continue;
    if (!scanStrings(bytes, ids, bytes + <usize>load<u32>(batch, 16) + 1, bytes + <usize>load<u32>(batch, 20))) return false;
  }
  if (stringLimit > stringEntries * SPARE_PER_ENTRY + SPARE_LEAST) return false;
  stacks = strings + (<usize>stringLimit << 2);
  if (!need(stacks)) return false;
  if (!seal(strings, stringLimit, ids, stringEntries)) return false;
  stackEntries = 1;
  stackLimit = 1;
  for (let i: usize = 0; i < count; i++) {
    const batch = batches + (i << 5);
    if (load<i32>(batch, 28) != STACKS) continue;
    if (!scanStacks(bytes, stackIds, bytes + <usize>load<u32>(batch, 16) + 1, bytes + <usize>load<u32>(batch, 20))) return false;
  }
  if (stackLimit > stackEntries * SPARE_PER_ENTRY + SPARE_LEAST) return false;
  return need(stacks + (<usize>stackLimit << 2)) && seal(stacks, stackLimit, stackIds, stackEntries);
}

function scanStrings(bytes: usize, ids: usize, from: usize, limit: usize): bool {
  position = from;
  while (position < limit) {
    if (load<u8>(position++) != STRING) return false;
    const id = uvarint(limit);
    const place = position;
    const length = uvarint(limit);
    if (failed || length > STRING_BYTES || position + <usize>length > limit || id - 1 > 0x3fffffff) return false;
    position += <usize>length;
    store<u32>(ids + (<usize>stringEntries << 2), <u32>id);
    store<u32>(stringPlaces + (<usize>stringEntries << 2), <u32>(place - bytes));
    stringEntries++;
    if (<u32>id >= stringLimit) stringLimit = <u32>id + 1;
  }
  return true;
}

function scanStacks(bytes: usize, ids: usize, from: usize, limit: usize): bool {
  position = from;
  while (position < limit) {
    if (load<u8>(position++) != STACK) return false;
    const id = uvarint(limit);
    const place = position;
    const frames = uvarint(limit);
    if (failed || frames > STACK_FRAMES || id - 1 > 0x3fffffff) return false;
    for (let i: u64 = 0; i < frames; i++) if (!scanFrame(limit)) return false;
    if (position > limit) return false;
    store<u32>(ids + (<usize>stackEntries << 2), <u32>id);
    store<u32>(stackPlaces + (<usize>stackEntries << 2), <u32>(place - bytes));
    stackEntries++;
    if (<u32>id >= stackLimit) stackLimit = <u32>id + 1;
  }
  return true;
}

/** A frame: PC, function, file, line. False when a name is missing or a number is broken; its end is not looked at. */
// @ts-ignore: decorator
@inline
function scanFrame(limit: usize): bool {
  const pc = stopsOf(load<u64>(position));
  const at = position + <usize>(bitsOf(pc) >> 3);
  const word = load<u64>(at);
  const func = stopsOf(word);
  if (pc == 0 || popcnt(func) < 3) {
    uvarint(limit);
    if (!hasString(uvarint(limit)) || !hasString(uvarint(limit))) return false;
    uvarint(limit);
    return !failed;
  }
  let end = bitsOf(func);
  if (!hasString(valueOf(word, func))) return false;
  const file = func >> end;
  if (!hasString(valueOf(word >> end, file))) return false;
  end += bitsOf(file);
  position = at + <usize>((end + bitsOf(func >> end)) >> 3);
  return true;
}

/** Makes the entries findable by id; false when one stands twice. */
function seal(table: usize, limit: u32, ids: usize, entries: u32): bool {
  memory.fill(table, 0xff, <usize>limit << 2);
  store<i32>(table, 0);
  for (let entry: u32 = 1; entry < entries; entry++) {
    const at = table + (<usize>load<u32>(ids + (<usize>entry << 2)) << 2);
    if (load<i32>(at) >= 0) return false;
    store<u32>(at, entry);
  }
  return true;
}
