/**
 * Events of each thread of a damaged generation, in the order of the thread: its stretches of bytes that can be parsed, one after the other,
 * and a heap of the threads by the time of their next event. Slower than cursors.ts and without its trust in the bytes.
 */
import { argumentCounts } from "../spec.ts";
import { longEnd, longUvarint } from "../varint.ts";

/** Bytes of whole events; times count from `time`, in nanoseconds since the origin. */
export type Stretch = { readonly begin: number; readonly end: number; readonly time: number };

type Lane = { readonly slot: number; stretches: Stretch[]; next: number; position: number; limit: number; last: number };

/** Arguments of an event at most. */
export const mostArguments = 4;

export class Lanes {
  /** By lane: the next event. */
  readonly type: number[] = [];
  readonly time: number[] = [];
  readonly #values: number[][] = [];
  readonly #lanes: Lane[] = [];
  readonly #bySlot = new Map<number, number>();
  readonly #heap: number[] = [];
  readonly #nanosPerTick: number;
  readonly #bytes: () => Uint8Array;

  /** @param bytes of the generation; they may move. */
  constructor(bytes: () => Uint8Array, nanosPerTick: number) {
    this.#bytes = bytes;
    this.#nanosPerTick = nanosPerTick;
  }

  get isEmpty(): boolean {
    return this.#heap.length === 0;
  }

  /** Lane whose event is the earliest. */
  get first(): number {
    return this.#heap[0];
  }

  slot(lane: number): number {
    return this.#lanes[lane].slot;
  }
  values(lane: number): readonly number[] {
    return this.#values[lane];
  }

  /** More of a thread, behind all that it has. */
  add(slot: number, stretch: Stretch): void {
    if (stretch.begin >= stretch.end) return;
    let lane = this.#bySlot.get(slot);
    if (lane === undefined) {
      lane = this.#lanes.push({ slot, stretches: [], next: 0, position: 0, limit: 0, last: 0 }) - 1;
      this.#bySlot.set(slot, lane);
      this.type.push(0);
      this.time.push(0);
      this.#values.push([0, 0, 0, 0]);
    }
    const own = this.#lanes[lane];
    const idle = own.position >= own.limit && own.next === own.stretches.length;
    own.stretches.push(stretch);
    if (idle && !this.#heap.includes(lane) && this.#parse(lane)) this.#push(lane);
  }

  /** The earliest lanes, at most `most`, with times up to `until`: out of the heap until {@link putBack}. */
  takeEarliest(most: number, until: number): number[] {
    const taken: number[] = [];
    while (taken.length < most && this.#heap.length > 0 && this.time[this.#heap[0]] <= until) taken.push(this.#pop());
    return taken;
  }

  putBack(lanes: readonly number[]): void {
    for (const lane of lanes) this.#push(lane);
  }

  /** A lane that is out of the heap goes on to its next event and back into the heap, if it has one. */
  step(lane: number): void {
    if (this.#parse(lane)) this.#push(lane);
  }

  /** Takes the earliest lane out of the heap. */
  takeFirst(): number {
    return this.#pop();
  }

  #parse(index: number): boolean {
    const lane = this.#lanes[index];
    while (lane.position >= lane.limit) {
      const stretch = lane.stretches[lane.next];
      if (stretch === undefined) return false;
      lane.next++;
      lane.position = stretch.begin;
      lane.limit = stretch.end;
      lane.last = stretch.time;
    }
    const bytes = this.#bytes();
    const type = bytes[lane.position];
    const values = this.#values[index];
    const ticks = longUvarint(bytes, lane.position + 1, lane.limit);
    for (let i = 0; i < mostArguments; i++) values[i] = i < argumentCounts[type] ? longUvarint(bytes, longEnd, lane.limit) : 0;
    lane.position = longEnd;
    this.type[index] = type;
    this.time[index] = lane.last += Math.trunc(ticks * this.#nanosPerTick);
    return true;
  }

  #push(lane: number): void {
    const heap = this.#heap;
    let place = heap.push(lane) - 1;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!this.#isBefore(lane, heap[parent])) break;
      heap[place] = heap[parent];
      place = parent;
    }
    heap[place] = lane;
  }

  #pop(): number {
    const heap = this.#heap;
    const top = heap[0];
    const moved = heap.pop()!;
    const size = heap.length;
    if (size === 0) return top;
    let place = 0;
    for (let child = 1; child < size; child = 2 * place + 1) {
      if (child + 1 < size && this.#isBefore(heap[child + 1], heap[child])) child++;
      if (!this.#isBefore(heap[child], moved)) break;
      heap[place] = heap[child];
      place = child;
    }
    heap[place] = moved;
    return top;
  }

  /** Of one time the lane that came first in the file, so that the order is always the same. */
  #isBefore(a: number, b: number): boolean {
    return this.time[a] < this.time[b] || (this.time[a] === this.time[b] && a < b);
  }
}
