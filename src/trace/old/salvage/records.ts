/**
 * Where a record of an old format ends, and whether it is one that a program writes. Every record says how many values it has, so that
 * damage shows soon: of 256 first bytes 46 can begin one, and each fixes what follows.
 */
import { longEnd, longUvarint } from "../../varint.ts";
import { Old, oldLimits, oldMost } from "../spec.ts";

/** Ticks per second; the slowest clocks of these formats have some 600,000, the fastest 94 million. */
const fewestTicks = 1e5;
const mostTicks = 1e9;
const largestStringId = 2 ** 50;
const varintBytes = 10;
const valuesInTheOpen = 3;

/** Id of a batch without a processor, as the nearest double. */
const noProc = 2 ** 64;

/** Values of the record that {@link recordEnd} found last: of a batch both, of others the first one. */
export const found: { first: number; second: number } = { first: 0, second: 0 };

/**
 * End of the record at `at`; -1 where there is none, or not all of it.
 * @param counts values by type: `argumentCounts`.
 */
export function recordEnd(bytes: Uint8Array, at: number, counts: Int8Array): number {
  const head = bytes[at];
  const type = head & 63;
  const inline = head >> 6;
  const expected = counts[type];
  if (expected < 0 || type === Old.FutileWakeup) return -1;
  if (type === Old.String) return inline === 0 ? stringEnd(bytes, at + 1) : -1;
  if (type === Old.Stack) return inline === 3 ? stackEnd(bytes, at + 1) : -1;
  if (expected > valuesInTheOpen) return inline === 3 ? longRecordEnd(bytes, at + 1, type, expected) : -1;
  if (inline !== expected - 1) return -1;
  let end = value(bytes, at + 1);
  if (end < 0) return -1;
  found.first = lastValue;
  for (let i = 1; i < expected && end >= 0; i++) end = value(bytes, end);
  if (end < 0) return -1;
  found.second = lastValue;
  if (type === Old.Batch && !((found.first < oldMost.processors || found.first === noProc) && found.second <= Number.MAX_SAFE_INTEGER))
    return -1;
  if (type === Old.Frequency && !(found.first >= fewestTicks && found.first <= mostTicks)) return -1;
  return end;
}

let lastValue = 0;

function value(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte < 128) {
    lastValue = byte;
    return at + 1;
  }
  if (at >= bytes.length) return -1;
  lastValue = longUvarint(bytes, at, bytes.length);
  return longEnd;
}

function stringEnd(bytes: Uint8Array, at: number): number {
  const id = value(bytes, at);
  if (id < 0 || lastValue === 0 || lastValue > largestStringId) return -1;
  const end = textEnd(bytes, id);
  return end > 0 && lastValue > 0 ? end : -1;
}

function textEnd(bytes: Uint8Array, at: number): number {
  const text = value(bytes, at);
  return text < 0 || lastValue > oldLimits.stringBytes || lastValue > bytes.length - text ? -1 : text + lastValue;
}

function stackEnd(bytes: Uint8Array, at: number): number {
  const begin = value(bytes, at);
  const length = lastValue;
  if (begin < 0 || length > oldLimits.eventBytes || length > bytes.length - begin) return -1;
  const end = begin + length;
  const id = value(bytes, begin);
  let next = id < 0 ? -1 : value(bytes, id);
  const size = lastValue;
  const values = 4 * size;
  if (next < 0 || size === 0 || size > oldLimits.stackFrames || next + values > end || next + values * varintBytes < end) return -1;
  for (let i = 0; i < values; i++) {
    next = value(bytes, next);
    if (next < 0 || next > end) return -1;
  }
  return next === end ? end : -1;
}

function longRecordEnd(bytes: Uint8Array, at: number, type: number, expected: number): number {
  const begin = value(bytes, at);
  if (begin < 0 || lastValue > expected * varintBytes || lastValue > bytes.length - begin) return -1;
  const end = begin + lastValue;
  let next = begin;
  for (let i = 0; i < expected; i++) {
    next = value(bytes, next);
    if (next < 0 || next > end) return -1;
    if (i === 0) found.first = lastValue;
  }
  if (next !== end) return -1;
  return type === Old.UserLog ? textEnd(bytes, end) : end;
}

/** So many records in a row, or so many bytes of them, are no accident. */
const believedRecords = 10;
const believedBytes = 400;
/** At the end of the file there may be fewer. */
const leastAtEnd = 3;

/** True where records begin that are no accident. */
export function isBelieved(bytes: Uint8Array, begin: number, counts: Int8Array): boolean {
  let at = begin;
  for (let count = 0; count < believedRecords && at - begin < believedBytes; count++) {
    if (at === bytes.length) return count >= leastAtEnd;
    at = recordEnd(bytes, at, counts);
    if (at < 0) return false;
  }
  return true;
}
