/**
 * One cursor per thread over its batches of a generation, in a min-heap by the time of their next event.
 * Structure of arrays throughout; an event is parsed once, nothing is allocated for it.
 */
import { malformed, type Break } from "./broken.ts";
import { BatchKind, type Generation } from "./generation.ts";
import { argumentCounts, wireIdLimit } from "./spec.ts";
import { longEnd, longUvarint } from "./varint.ts";

/** What {@link Cursors.look} found behind the current event. */
export const Ahead = { Malformed: -1, End: 0, Event: 1 } as const;

const unknown = 2;
/** Values of an event in the columns: the time delta, then up to four arguments. */
export const recordWidth = 8;

export class Cursors {
  /** Cursor numbers, the one with the earliest event first. */
  heap: Int32Array = new Int32Array(64);
  /** Time of a cursor's current event: the heap's key. */
  head: Float64Array = new Float64Array(64);
  size = 0;
  /** Place of a cursor's thread in the state of the ordering. */
  threadSlot: Int32Array = new Int32Array(64);
  /** Record of a cursor's current event: 2c or 2c + 1, the other one takes the event behind it. */
  record: Int32Array = new Int32Array(64);
  /** By record. */
  type: Uint8Array = new Uint8Array(128);
  time: Float64Array = new Float64Array(128);
  values: Float64Array = new Float64Array(128 * recordWidth);
  /** By cursor: why {@link look} answered `Malformed`. */
  readonly failures: (Break | undefined)[] = [];

  #generation: Generation | undefined;
  #bytes: Uint8Array = new Uint8Array(0);
  #nanosPerTick = 1;
  #origin = 0;
  #start = new Int32Array(128);
  #position = new Int32Array(64);
  #limit = new Int32Array(64);
  /** Time of the last event parsed, or of the batch where none was parsed yet. */
  #last = new Float64Array(64);
  #ahead = new Int8Array(64);
  /** Next batch of the cursor, and of each batch the next one of the same thread; -1 = none. */
  #batch = new Int32Array(64);
  #following = new Int32Array(64);

  /**
   * Cursors at the first events of a generation.
   * @param origin absolute nanoseconds of relative time 0.
   * @param slotOf place of a thread's state by its id.
   * @throws Break when a first event is malformed.
   */
  load(generation: Generation, nanosPerTick: number, origin: number, slotOf: (thread: number) => number): void {
    this.#generation = generation;
    this.#bytes = generation.bytes;
    this.#nanosPerTick = nanosPerTick;
    this.#origin = origin;
    this.size = 0;
    const cursors = this.#group(generation, slotOf);
    for (let cursor = 0; cursor < cursors; cursor++) {
      this.record[cursor] = cursor * 2 + 1;
      this.#position[cursor] = 0;
      this.#limit[cursor] = 0;
      this.#ahead[cursor] = unknown;
      const ahead = this.look(cursor);
      if (ahead === Ahead.Malformed) throw this.failures[cursor];
      if (ahead === Ahead.End) continue;
      this.#take(cursor);
      this.heap[this.size] = cursor;
      this.#siftUp(this.size++);
    }
  }

  /** Parses the event behind the current one, once. */
  look(cursor: number): number {
    const known = this.#ahead[cursor];
    return known === unknown ? (this.#ahead[cursor] = this.#parse(cursor, this.record[cursor] ^ 1)) : known;
  }

  /** The cursor at this place of the heap goes on to the event behind, or leaves the heap where there is none. */
  step(place: number): void {
    const cursor = this.heap[place];
    if (this.#ahead[cursor] === Ahead.End) {
      this.#remove(place);
      return;
    }
    this.#take(cursor);
    if (place === 0 || this.#siftUp(place) === place) this.#siftDown(place);
  }

  /** Sorts the heap by time (a sorted array is a heap), for trying the others in order. */
  sort(): void {
    const { heap, head } = this;
    for (let i = 1; i < this.size; i++) {
      const cursor = heap[i];
      const at = head[cursor];
      let place = i;
      for (; place > 0 && head[heap[place - 1]] > at; place--) heap[place] = heap[place - 1];
      heap[place] = cursor;
    }
  }

  /**
   * What has not happened yet, by thread: where its next event begins, the time that it counts from, and its batches from that one on.
   * @param done cursor whose current event has happened, while the one behind it may be malformed; -1 = none.
   */
  rest(done: number): { slot: number; begin: number; time: number; batches: number[] }[] {
    const rest: { slot: number; begin: number; time: number; batches: number[] }[] = [];
    for (let place = 0; place < this.size; place++) {
      const cursor = this.heap[place];
      let record = this.record[cursor];
      let time = this.time[record] - Math.trunc(this.values[record * recordWidth] * this.#nanosPerTick);
      if (cursor === done) {
        const ahead = this.look(cursor);
        if (ahead === Ahead.End) continue;
        time =
          ahead === Ahead.Malformed
            ? this.#last[cursor]
            : this.time[record ^ 1] - Math.trunc(this.values[(record ^ 1) * recordWidth] * this.#nanosPerTick);
        record ^= 1;
      }
      const begin = this.#start[record];
      const batches: number[] = [];
      for (let batch = this.#generation!.batchAt(begin); batch >= 0; batch = this.#following[batch]) batches.push(batch);
      rest.push({ slot: this.threadSlot[cursor], begin, time, batches });
    }
    return rest;
  }

  /** File offset of the event of a record. */
  offsetOf(record: number): number {
    return this.#generation?.offsetOf(this.#start[record]) ?? 0;
  }

  #take(cursor: number): void {
    this.head[cursor] = this.time[(this.record[cursor] ^= 1)];
    this.#ahead[cursor] = unknown;
  }

  #parse(cursor: number, record: number): number {
    let at = this.#position[cursor];
    while (at >= this.#limit[cursor]) {
      if (!this.#nextBatch(cursor)) return Ahead.End;
      at = this.#position[cursor];
    }
    const bytes = this.#bytes;
    const values = this.values;
    const type = bytes[at];
    this.#start[record] = at++;
    const count = argumentCounts[type];
    if (count < 0)
      return this.#fail(
        cursor,
        type < wireIdLimit ? `found event without a timestamp: type=${type}` : `found invalid event type: ${type}`,
        at - 1,
      );
    const first = record * recordWidth;
    for (let place = first; place <= first + count; place++) {
      let byte = bytes[at++];
      if (byte < 128) {
        values[place] = byte;
        continue;
      }
      let value = byte & 127;
      for (let shift = 7; byte > 127 && shift < 28; shift += 7) {
        byte = bytes[at++];
        value |= (byte & 127) << shift;
      }
      if (byte > 127) {
        const begin = at - 4;
        value = longUvarint(bytes, begin, this.#limit[cursor]);
        at = longEnd;
        if (at < 0) return this.#fail(cursor, place === first ? "found invalid uvarint for timestamp" : "found invalid uvarint", begin);
      }
      values[place] = value;
    }
    // Reading behind the batch is allowed for (the generation has slack) and found here.
    if (at > this.#limit[cursor]) return this.#fail(cursor, "found invalid uvarint", this.#start[record]);
    this.#position[cursor] = at;
    this.type[record] = type;
    this.time[record] = this.#last[cursor] += Math.trunc(values[first] * this.#nanosPerTick);
    return Ahead.Event;
  }

  #fail(cursor: number, message: string, position: number): number {
    this.failures[cursor] = malformed(message, this.#generation?.offsetOf(position));
    return Ahead.Malformed;
  }

  #nextBatch(cursor: number): boolean {
    const index = this.#batch[cursor];
    if (index < 0) return false;
    const batch = this.#generation!.batches[index];
    this.#batch[cursor] = this.#following[index];
    this.#position[cursor] = batch.begin;
    this.#limit[cursor] = batch.end;
    this.#last[cursor] = Math.trunc(batch.time * this.#nanosPerTick) - this.#origin;
    return true;
  }

  /** Chains the batches of each thread; returns how many threads there are. */
  #group(generation: Generation, slotOf: (thread: number) => number): number {
    const { batches } = generation;
    if (this.#following.length < batches.length) this.#following = new Int32Array(batches.length * 2);
    const byThread = new Map<number, number>();
    const last: number[] = [];
    for (let index = 0; index < batches.length; index++) {
      const batch = batches[index];
      if (batch.kind !== BatchKind.Timed) continue;
      this.#following[index] = -1;
      let cursor = byThread.get(batch.thread);
      if (cursor === undefined) {
        cursor = byThread.size;
        byThread.set(batch.thread, cursor);
        if (cursor >= this.heap.length) this.#grow();
        this.#batch[cursor] = index;
        this.threadSlot[cursor] = slotOf(batch.thread);
      } else this.#following[last[cursor]] = index;
      last[cursor] = index;
    }
    return byThread.size;
  }

  #siftUp(start: number): number {
    const { heap, head } = this;
    let place = start;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!(head[heap[parent]] > head[heap[place]])) break;
      this.#swap(place, parent);
      place = parent;
    }
    return place;
  }

  /** Ties stay where they are, then go left: equal times come out in the reference's order. */
  #siftDown(start: number): void {
    const { heap, head, size } = this;
    let place = start;
    const own = head[heap[place]];
    for (let left = 2 * place + 1; left < size; left = 2 * place + 1) {
      let least = place;
      let leastTime = own;
      const leftTime = head[heap[left]];
      if (leftTime < leastTime) {
        leastTime = leftTime;
        least = left;
      }
      if (left + 1 < size && head[heap[left + 1]] < leastTime) least = left + 1;
      if (least === place) return;
      this.#swap(place, least);
      place = least;
    }
  }

  /** Lifts the place to the root, puts the last one there instead, and lets that one sink. */
  #remove(start: number): void {
    for (let place = start; place > 0; place = (place - 1) >> 1) this.#swap(place, (place - 1) >> 1);
    this.heap[0] = this.heap[--this.size];
    if (this.size > 0) this.#siftDown(0);
  }

  #swap(a: number, b: number): void {
    const cursor = this.heap[a];
    this.heap[a] = this.heap[b];
    this.heap[b] = cursor;
  }

  #grow(): void {
    const cursors = this.heap.length * 2;
    this.heap = new Int32Array(cursors);
    this.head = new Float64Array(cursors);
    this.record = new Int32Array(cursors);
    this.type = new Uint8Array(cursors * 2);
    this.time = new Float64Array(cursors * 2);
    this.values = new Float64Array(cursors * 2 * recordWidth);
    this.#start = new Int32Array(cursors * 2);
    this.#position = new Int32Array(cursors);
    this.#limit = new Int32Array(cursors);
    this.#last = new Float64Array(cursors);
    this.#ahead = new Int8Array(cursors);
    const batch = new Int32Array(cursors);
    batch.set(this.#batch);
    this.#batch = batch;
    const threadSlot = new Int32Array(cursors);
    threadSlot.set(this.threadSlot);
    this.threadSlot = threadSlot;
  }
}
