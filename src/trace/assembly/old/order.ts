/**
 * Second pass: the order of the events, as ../../old/ordering.ts finds it, ties included, and their checks, as ../../old/validate.ts makes them.
 * Both at once: a goroutine is in one state for both, and an end of a system call that is moved to its own, earlier time is moved over
 * nothing that asks for its goroutine's state. What either would find fault with is refused.
 */
import { END, MALFORMED, parse, procs, sample, sampleCursor, step } from "./cursors";
import { CURSOR, CURSORS, DONE, HEAP, MORE, UNUSUAL, WAITING } from "./memory";
import { apply, isReady, noticeSample } from "./rules";
import { reserve } from "./tables";

/** An entry: number of the cursor; this bit for a call that blocks and a wake-up by the network. */
export const FLAGGED: u16 = 0x8000;
/** Time, goroutine, place in the order. */
export const EXIT: usize = 16;

export let order: usize = 0;
export let length: u32 = 0;
export let exits: usize = 0;
export let exitsEnd: usize = 0;
/** Of the first and the last event, in ticks. */
export let firstTime: i64 = 0;
export let lastTime: i64 = i64.MIN_VALUE;

let ready: i32 = 0;
let waiting: i32 = 0;

export function makeOrder(events: u64, mostExits: u64): bool {
  order = reserve(events << 1);
  exits = reserve(mostExits * EXIT);
  exitsEnd = exits;
  return order != 0 && exits != 0;
}

/** All cursors are to be looked at. */
export function beginOrder(): void {
  for (let i = 0; i <= procs; i++) {
    store<u32>(WAITING + (<usize>i << 2), <u32>(CURSORS + <usize>i * CURSOR));
    store<u8>(CURSORS + <usize>i * CURSOR, 0, 87);
  }
  waiting = procs + 1;
}

/** Orders some `events` more. MORE, DONE or UNUSUAL. */
export function advance(events: i32): i32 {
  let left = events;
  while (left > 0) {
    if (waiting > 0 && !look()) return UNUSUAL;
    if (ready == 0) return waiting > 0 ? UNUSUAL : DONE;
    const cursor = pop();
    // Where nobody waits for what it does, and putting it among the others would leave them as they stand, it goes on by itself.
    const until = waiting > 0 ? i64.MIN_VALUE : alone();
    // It has been ready; what came since may have taken that from it.
    if (take(cursor) != DONE) return UNUSUAL;
    while (true) {
      if (--left <= 0 || until == i64.MIN_VALUE) {
        wait(cursor, 0);
        break;
      }
      const found = cursor == sampleCursor ? step(cursor) : parse(cursor);
      if (found == MALFORMED) return UNUSUAL;
      if (found == END) break;
      if (load<i64>(cursor, 8) < until) {
        const taken = take(cursor);
        if (taken == DONE) continue;
        if (taken == UNUSUAL) return UNUSUAL;
        wait(cursor, 1);
        break;
      }
      // Nobody waits: it goes among the others by itself.
      if (isReady(cursor)) push(cursor);
      else wait(cursor, 1);
      break;
    }
  }
  return MORE;
}

function wait(cursor: usize, isLoaded: u8): void {
  store<u32>(WAITING + (<usize>(waiting++) << 2), <u32>cursor);
  store<u8>(cursor, isLoaded, 87);
}

/** Puts the cursors whose event may come among the ready ones; a cursor that has ended leaves. */
function look(): bool {
  for (let i = 0; i < waiting; ) {
    const place = WAITING + (<usize>i << 2);
    const cursor = <usize>load<u32>(place);
    let gone = false;
    if (load<u8>(cursor, 87) == 0) {
      const found = step(cursor);
      if (found == MALFORMED) return false;
      gone = found == END;
      store<u8>(cursor, 1, 87);
    }
    if (!gone && !isReady(cursor)) {
      i++;
      continue;
    }
    store<u32>(place, load<u32>(WAITING + (<usize>(--waiting) << 2)));
    if (!gone) push(cursor);
  }
  return true;
}

/** The event comes: as {@link apply}. */
// @ts-ignore: decorator
@inline
function take(cursor: usize): i32 {
  const time = load<i64>(cursor, 8);
  const index = length;
  if (cursor == sampleCursor) noticeSample(load<i64>(sample, 16));
  else {
    const applied = apply(cursor, index);
    if (applied != DONE) return applied;
  }
  if (time < lastTime) return UNUSUAL;
  if (index == 0) firstTime = time;
  lastTime = time;
  length = index + 1;
  // What flagged it has come before.
  const entry = order + (<usize>index << 1);
  store<u16>(entry, load<u16>(entry) | load<u16>(cursor, 76));
  return DONE;
}

export function flag(index: u32): void {
  const entry = order + (<usize>index << 1);
  store<u16>(entry, load<u16>(entry) | FLAGGED);
}

/** The call ended at a time of its own. */
export function addExit(time: u64, goroutine: usize, index: u32): void {
  store<u64>(exitsEnd, time);
  store<u32>(exitsEnd, <u32>goroutine, 8);
  store<u32>(exitsEnd, index, 12);
  exitsEnd += EXIT;
}

// @ts-ignore: decorator
@inline
function entry(index: i32): usize {
  return HEAP + (<usize>index << 4);
}

// @ts-ignore: decorator
@inline
function timeAt(index: i32): i64 {
  return load<i64>(entry(index));
}

// @ts-ignore: decorator
@inline
function move(to: i32, from: i32): void {
  store<i64>(entry(to), load<i64>(entry(from)));
  store<u32>(entry(to), load<u32>(entry(from), 8), 8);
}

/**
 * Before which time an event could be pushed and popped, with the heap as it stands after that: none where equal times would change places.
 * The pushed one would rise to the top by the places between, and the one above the last place sink back on the same way.
 */
function alone(): i64 {
  if (ready == 0) return i64.MAX_VALUE;
  const sinking = timeAt((ready - 1) >> 1);
  for (let place = (ready - 1) >> 1; place > 0; place = (place - 1) >> 1) {
    const above = timeAt((place - 1) >> 1);
    if (above == sinking || ((place & 1) == 0 && timeAt(place - 1) == above)) return i64.MIN_VALUE;
  }
  return timeAt(0);
}

function push(cursor: usize): void {
  const time = load<i64>(cursor, 8);
  let place = ready++;
  while (place > 0) {
    const parent = (place - 1) >> 1;
    if (timeAt(parent) <= time) break;
    move(place, parent);
    place = parent;
  }
  store<i64>(entry(place), time);
  store<u32>(entry(place), <u32>cursor, 8);
}

function pop(): usize {
  const top = <usize>load<u32>(HEAP, 8);
  const size = --ready;
  const time = timeAt(size);
  const cursor = load<u32>(entry(size), 8);
  let place = 0;
  for (let child = 1; child < size; child = 2 * place + 1) {
    if (child + 1 < size && timeAt(child + 1) < timeAt(child)) child++;
    if (timeAt(child) >= time) break;
    move(place, child);
    place = child;
  }
  store<i64>(entry(place), time);
  store<u32>(entry(place), cursor, 8);
  return top;
}
