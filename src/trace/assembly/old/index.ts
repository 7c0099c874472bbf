/**
 * The fast reader of traces of Go 1.11–1.21. The file lies in the memory as a whole. Called by ../../old/core.ts: scan, order, convert.
 * What it does not take as ordinary it refuses before anything is delivered, and leaves to the plain reader. Memory: memory.ts.
 */
import { forgetTasks } from "./annotations";
import { beginConversion, convert, nanosOf } from "./convert";
import { rewind } from "./cursors";
import { BLOCK, BYTES, COUNTS, DONE, HEADER, MORE, ORDERED, REASONS, STACKED, STOPS, UNUSUAL } from "./memory";
import { advance, beginOrder, EXIT, exits, exitsEnd, lastTime, length } from "./order";
import { untold, untoldEnd } from "./preamble";
import { beginBlock, events, last, out } from "./records";
import { beginScan, frequency, scan as scanRecords, stackLimit, stacks, stringLimit, strings } from "./scan";
import { prepareSpec } from "./spec";
import { arrange, sortRows, stackIds, stackPlaces, stringIds, stringPlaces } from "./tables";

/** Times stay exact up to here, with room for those that are spread. */
const LATEST: f64 = 4503599627370496;

export function bytesAddress(): usize {
  return BYTES;
}
export function headerAddress(): usize {
  return HEADER;
}
export function blockAddress(): usize {
  return BLOCK;
}
/** Of three tables, by type of record: number of values, whether the last is a stack, whether it is an event. */
export function countsAddress(): usize {
  return COUNTS;
}
export function stackedAddress(): usize {
  return STACKED;
}
export function orderedAddress(): usize {
  return ORDERED;
}
/** String ids as doubles: by type of event why a goroutine leaves (-1 = it does not), by kind why the world stops. */
export function reasonsAddress(): usize {
  return REASONS;
}
export function stopsAddress(): usize {
  return STOPS;
}

/** The file lies at its address, so many bytes without the header, the tables at theirs. */
export function begin(bytes: usize): void {
  prepareSpec();
  beginScan(bytes);
}

/**
 * Scans so many records more. When it is DONE the header has, for strings and then for stacks: entries, ids, addresses of the places
 * by entry and of the entries by id.
 */
export function scan(records: i32): i32 {
  const answer = scanRecords(records);
  if (answer != DONE) return answer;
  if (frequency == 0 || !arrange()) return UNUSUAL;
  store<u32>(HEADER, strings + 1);
  store<u32>(HEADER, stringLimit, 4);
  store<u32>(HEADER, <u32>stringPlaces, 8);
  store<u32>(HEADER, <u32>stringIds, 12);
  store<u32>(HEADER, stacks + 1, 16);
  store<u32>(HEADER, stackLimit, 20);
  store<u32>(HEADER, <u32>stackPlaces, 24);
  store<u32>(HEADER, <u32>stackIds, 28);
  beginOrder();
  forgetTasks();
  return DONE;
}

/** Orders so many events more. When it is DONE the header has how many there are, and where the ids of {@link preamble} begin and end. */
export function order(count: i32): i32 {
  const answer = advance(count);
  if (answer != DONE) return answer;
  sortRows(exits, exitsEnd, EXIT);
  store<u32>(HEADER, length);
  store<u32>(HEADER, <u32>untold, 4);
  store<u32>(HEADER, <u32>untoldEnd, 8);
  return DONE;
}

/** To be called before {@link run}. @param messages string id of a message that would lie at the beginning. False = unusual. */
export function tell(messages: f64): bool {
  beginConversion(1e9 / <f64>frequency, messages);
  rewind();
  forgetTasks();
  return nanosOf(lastTime) + 2 * <f64>length < LATEST;
}

/** Makes a block of events: MORE or DONE. The header has its end, how many there are, and at 8 the time of the last one. */
export function run(before: f64): i32 {
  beginBlock(before);
  const answer = convert();
  store<u32>(HEADER, <u32>out);
  store<i32>(HEADER, events, 4);
  store<f64>(HEADER, last, 8);
  return answer == DONE ? DONE : MORE;
}
