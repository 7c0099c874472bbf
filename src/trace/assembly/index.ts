/**
 * The fast reader of one generation at a time: what it does not take as ordinary it leaves to the plain reader, which reads the
 * generation anew from the state at its beginning. Called by src/trace/core.ts; memory is laid out in memory.ts.
 */
import {
  argumentsOf, cursorAt, END, isLong, loadCursors, MALFORMED, parse, place, removeAt, runnerUp, siftDown, siftUp, size, sortHeap, ticks,
  timeAt,
} from "./cursors";
import {
  BLOCK, BLOCK_FULL, BYTES, COUNTS, DONE, HEADER, MORE, NOTED, PROCS, SAVED, SAVED_GOROUTINES, SAVED_PROCS, SAVED_THREADS, UNUSUAL, WAIT,
} from "./memory";
import { advance, advanceOn, know } from "./ordering";
import { beginBlock, emitAll, last, noted, out, STACK_SAMPLE, wides } from "./records";
import { firstCollection as firstGc, prepare, save, threadFor } from "./scheduler";
import { setGeneration } from "./state";
import {
  readTables, stackEntries, stackLimit, stackPlaces, stacks, stringEntries, stringLimit, stringPlaces, strings,
} from "./tables";
import { stopsOf, valueOf } from "./varint";

/** Times stay exact up to here. */
const LATEST: i64 = 9007199254740991;

let samples: usize = 0;
let samplesEnd: usize = 0;

prepare();

/** Where JavaScript puts the bytes of a generation. */
export function bytesAddress(): usize {
  return BYTES;
}
export function headerAddress(): usize {
  return HEADER;
}
export function countsAddress(): usize {
  return COUNTS;
}
export function blockAddress(): usize {
  return BLOCK;
}
export function notedAddress(): usize {
  return NOTED;
}
export function procsAddress(): usize {
  return PROCS;
}
export function savedAddress(): usize {
  return SAVED;
}
export function savedThreads(): usize {
  return SAVED_THREADS;
}
export function savedProcs(): usize {
  return SAVED_PROCS;
}
export function savedGoroutines(): usize {
  return SAVED_GOROUTINES;
}
export { save };

/** A thread had events before those that are read here; false when there are too many threads. */
export function addKnown(id: f64): bool {
  const thread = threadFor(<i64>id);
  if (thread == 0) return false;
  store<i32>(thread, 1, 24);
  return true;
}

/** Number of the collector's first event where its begin was the first thing heard of it, else 0. */
export function firstCollection(): f64 {
  return <f64>firstGc;
}

/** @param batches address of `count` batches: thread and time (double), begin and end in the bytes, -, kind. @param free behind them. */
export function tables(batches: usize, count: usize, free: usize): bool {
  if (!readTables(BYTES, batches, count, free)) return false;
  store<u32>(HEADER, stringEntries, 16);
  store<u32>(HEADER, stringLimit, 20);
  store<u32>(HEADER, <u32>stringPlaces, 24);
  store<u32>(HEADER, <u32>strings, 28);
  store<u32>(HEADER, stackEntries, 32);
  store<u32>(HEADER, stackLimit, 36);
  store<u32>(HEADER, <u32>stackPlaces, 40);
  store<u32>(HEADER, <u32>stacks, 44);
  return true;
}

/**
 * Cursors at the first events. @param sampleRows address of CPU samples in order of time: time, thread, processor, goroutine, stack (doubles).
 */
export function begin(
  batches: usize, count: usize, generation: f64, first: bool, nanosPerTick: f64, origin: f64, sampleRows: usize, sampleCount: usize,
): bool {
  setGeneration(<i64>generation, first);
  save();
  samples = sampleRows;
  samplesEnd = sampleRows + sampleCount * 40;
  return loadCursors(BYTES, batches, count, nanosPerTick, origin);
}

/**
 * A block of events. DONE, MORE or UNUSUAL; the header then has the end of the block, the time of the last event, and how many records
 * are wide and noted. After UNUSUAL the block holds nothing. @param before time of the event before. @param watched that goroutines
 * end matters, as {@link watch} says of what comes in the block itself.
 */
export function run(before: f64, watched: bool): i32 {
  beginBlock(<i64>before, watched);
  const answer = fill();
  if (answer == UNUSUAL || !(last <= LATEST)) return UNUSUAL;
  store<u32>(HEADER, <u32>out);
  store<f64>(HEADER, <f64>last, 8);
  store<i32>(HEADER, wides, 48);
  store<i32>(HEADER, noted, 52);
  return answer;
}

function fill(): i32 {
  while (true) {
    if (out >= BLOCK_FULL) return MORE;
    const sample = samples < samplesEnd ? <i64>load<f64>(samples) : i64.MAX_VALUE;
    if (samples < samplesEnd && (size == 0 || sample < timeAt(0))) {
      emitSample();
      continue;
    }
    if (size == 0) return DONE;
    const cursor = cursorAt(0);
    const thread = <usize>load<u32>(cursor, 8);
    const runner = runnerUp();
    // Ties with the runner-up go to the head, those with a sample too.
    const next = runner < sample ? runner : sample;
    let at = <usize>load<u32>(cursor);
    let limit = <usize>load<u32>(cursor, 4);
    let time = load<i64>(cursor, 16);
    let type = load<i32>(cursor, 24);
    know(thread);
    while (true) {
      const moved = advanceOn(thread, cursor, time, type);
      if (moved != DONE) {
        store<u32>(cursor, <u32>at);
        store<i64>(cursor, time, 16);
        store<i32>(cursor, type, 24);
        if (moved == UNUSUAL || !tryOthers()) return UNUSUAL;
        break;
      }
      type = <i32>load<u8>(at);
      // None for what is no event: then no word has stops enough.
      const count = <i32>load<u8>(COUNTS + <usize>type);
      const word = load<u64>(at, 1);
      const stops = stopsOf(word);
      if (at >= limit || <i32>popcnt(stops) <= count || isLong(stops)) {
        store<u32>(cursor, <u32>at);
        store<i64>(cursor, time, 16);
        const found = parse(cursor);
        if (found == MALFORMED) return UNUSUAL;
        if (found == END) {
          removeAt(0);
          break;
        }
        at = <usize>load<u32>(cursor);
        limit = <usize>load<u32>(cursor, 4);
        time = load<i64>(cursor, 16);
        type = load<i32>(cursor, 24);
      } else {
        time += ticks(valueOf(word, stops));
        at += 1 + argumentsOf(cursor, word, stops, count);
        if (at > limit) return UNUSUAL;
      }
      if (time <= next && out < BLOCK_FULL) continue;
      store<u32>(cursor, <u32>at);
      store<i64>(cursor, time, 16);
      store<i32>(cursor, type, 24);
      siftDown(0, time, cursor);
      break;
    }
  }
}

/** The head cannot go first: the others in order of time, the first that can is taken. */
function tryOthers(): bool {
  // The head's entry is as old as its stay at the head.
  place(0, load<i64>(cursorAt(0), 16), cursorAt(0));
  sortHeap();
  for (let i = 1; i < size; i++) {
    const cursor = cursorAt(i);
    const moved = advance(cursor);
    if (moved == WAIT) continue;
    if (moved == UNUSUAL) return false;
    const found = parse(cursor);
    if (found == MALFORMED) return false;
    if (found == END) removeAt(i);
    else {
      place(i, load<i64>(cursor, 16), cursor);
      if (siftUp(i) == i) siftDown(i, load<i64>(cursor, 16), cursor);
    }
    return true;
  }
  return false;
}

function emitSample(): void {
  emitAll(
    STACK_SAMPLE, <i64>load<f64>(samples), load<f64>(samples, 8), load<f64>(samples, 16), load<f64>(samples, 24), load<f64>(samples, 32),
    0, 0, 0, 0, 0, 0,
  );
  samples += 40;
}
