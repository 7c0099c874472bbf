/**
 * The order of a broken trace: as ../ordering.ts, but an event that waits for one which does not come happens all the same after a while,
 * and takes its goroutine into the state that it implies.
 */
import { Break } from "../../broken.ts";
import { grown, GrowingFloat64, GrowingUint32 } from "../growing.ts";
import { bindsSubject, gives, moved, needs, Rule, ruleOf, sortedExits, type Order } from "../ordering.ts";
import type { OldProcs } from "../procs.ts";
import type { OldSamples } from "../samples.ts";
import { Old } from "../spec.ts";
import { IndexedHeap } from "./heap.ts";

/** Of those that wait for a goroutine so many are looked at when it changes; more wait out their time. */
const mostWoken = 64;
/** Who waits for a collection waits here, instead of at the slot of a goroutine. */
const collector = 0;

export class SalvageOrdering {
  readonly #procs: OldProcs;
  readonly #samples: OldSamples;
  readonly #patience: number;
  readonly #cursors: Uint16Array;
  #length = 0;
  #sample = 0;
  /** By slot: as in ../ordering.ts, and the cursor that waits for it, -1 = none. */
  #state = new Uint8Array(256);
  #sequence = new Float64Array(256);
  #blocked = new Float64Array(256);
  #waiter = new Int32Array(256).fill(-1);
  #collections = 0;
  readonly #heap: IndexedHeap;
  /** By cursor: the next one that waits for the same and the one before, -1 = none; 1 while it waits. */
  readonly #nextWaiter: Int32Array;
  readonly #waiterBefore: Int32Array;
  readonly #waits: Uint8Array;
  #toLoad: number[];
  readonly #exitTime = new GrowingFloat64();
  readonly #exitGoroutine = new GrowingUint32();
  readonly #exitIndex = new GrowingUint32();

  /** @param events as counted by the scan. @param patience ticks that an event waits for others. */
  constructor(procs: OldProcs, samples: OldSamples, events: number, patience: number) {
    const cursors = procs.count + 1;
    this.#procs = procs;
    this.#samples = samples;
    this.#patience = patience;
    this.#cursors = new Uint16Array(events);
    this.#heap = new IndexedHeap(cursors);
    this.#nextWaiter = new Int32Array(cursors).fill(-1);
    this.#waiterBefore = new Int32Array(cursors).fill(-1);
    this.#waits = new Uint8Array(cursors);
    this.#toLoad = Array.from({ length: cursors }, (_, i) => i);
  }

  /** Orders `events` more; false when all are ordered, or there are more goroutines than this reader takes. */
  advance(events: number): boolean {
    try {
      for (const cursor of this.#toLoad) this.#load(cursor);
      this.#toLoad = [];
      for (let left = events; left > 0; left--) {
        const cursor = this.#heap.pop();
        if (cursor < 0) return false;
        this.#turn(cursor);
      }
      return true;
    } catch (error) {
      if (error instanceof Break) return false;
      throw error;
    }
  }

  finish(): Order {
    return { cursors: this.#cursors, length: this.#length, exits: sortedExits(this.#exitTime, this.#exitGoroutine, this.#exitIndex) };
  }

  #load(cursor: number): void {
    if (cursor === this.#procs.count) {
      if (this.#sample < this.#samples.count) this.#heap.set(cursor, this.#samples.time[this.#sample]);
    } else if (this.#procs.step(cursor)) this.#enter(cursor);
  }

  #enter(cursor: number): void {
    const time = this.#procs.time[cursor];
    if (this.#mayCome(cursor)) this.#heap.set(cursor, time);
    else this.#wait(cursor, time + this.#patience);
  }

  #wait(cursor: number, until: number): void {
    const slot = this.#waitsFor(cursor);
    const next = this.#waiter[slot];
    this.#nextWaiter[cursor] = next;
    this.#waiterBefore[cursor] = -1;
    if (next >= 0) this.#waiterBefore[next] = cursor;
    this.#waiter[slot] = cursor;
    this.#waits[cursor] = 1;
    this.#heap.set(cursor, until);
  }

  #waitsFor(cursor: number): number {
    const type = this.#procs.type[cursor];
    return ruleOf[type] === Rule.Collection ? collector : this.#slotOf(cursor, type);
  }

  /** The earliest one: it comes, or begins to wait because another one came in between. */
  #turn(cursor: number): void {
    const isSample = cursor === this.#procs.count;
    if (!isSample && this.#waits[cursor] === 0 && !this.#mayCome(cursor)) {
      this.#wait(cursor, this.#procs.time[cursor] + this.#patience);
      return;
    }
    if (this.#waits[cursor] === 1) this.#forget(cursor);
    const index = this.#length++;
    this.#cursors[index] = cursor;
    if (isSample) this.#sample++;
    else this.#apply(cursor, index);
    this.#load(cursor);
  }

  /** It waits no longer. */
  #forget(cursor: number): void {
    const [next, before] = [this.#nextWaiter[cursor], this.#waiterBefore[cursor]];
    this.#waits[cursor] = 0;
    if (next >= 0) this.#waiterBefore[next] = before;
    if (before >= 0) this.#nextWaiter[before] = next;
    else this.#waiter[this.#waitsFor(cursor)] = next;
  }

  /** Those that waited for what has happened may come. */
  #wake(slot: number): void {
    let cursor = this.#waiter[slot];
    for (let left = mostWoken; cursor >= 0 && left > 0; left--) {
      const next = this.#nextWaiter[cursor];
      if (this.#mayCome(cursor)) {
        this.#forget(cursor);
        this.#heap.set(cursor, this.#procs.time[cursor]);
      }
      cursor = next;
    }
  }

  #slotOf(cursor: number, type: number): number {
    const slot = bindsSubject[type] === 1 ? this.#procs.subject[cursor] : this.#procs.goroutine[cursor];
    const { length } = this.#state;
    if (slot >= length) {
      this.#state = grown(this.#state, new Uint8Array(slot * 2));
      this.#sequence = grown(this.#sequence, new Float64Array(slot * 2));
      this.#blocked = grown(this.#blocked, new Float64Array(slot * 2));
      this.#waiter = grown(this.#waiter, new Int32Array(slot * 2).fill(-1, length));
    }
    return slot;
  }

  #mayCome(cursor: number): boolean {
    const type = this.#procs.type[cursor];
    const rule = ruleOf[type];
    if (rule === Rule.Free) return true;
    if (rule === Rule.Collection) return this.#procs.argument(cursor, 0) === this.#collections;
    const slot = this.#slotOf(cursor, type);
    // On no goroutine: its start was lost, and there is nothing to wait for.
    if (slot === 0) return true;
    if (this.#state[slot] !== needs[type]) return false;
    if (rule === Rule.Told) return this.#procs.argument(cursor, 1) === this.#sequence[slot];
    return rule === Rule.Create ? this.#sequence[slot] === 0 : rule !== Rule.Named || this.#sequence[slot] === 1;
  }

  #apply(cursor: number, index: number): void {
    const type = this.#procs.type[cursor];
    const rule = ruleOf[type];
    if (rule === Rule.Free) return;
    if (rule === Rule.Collection) {
      this.#collections = this.#procs.argument(cursor, 0) + 1;
      this.#wake(collector);
      return;
    }
    const slot = this.#slotOf(cursor, type);
    if (rule === Rule.Told) this.#sequence[slot] = this.#procs.argument(cursor, 1) + 1;
    else if (rule === Rule.Create) this.#sequence[slot] = 1;
    else if (rule === Rule.Named) this.#sequence[slot] = 2;
    else if (rule === Rule.Next) this.#sequence[slot]++;
    this.#state[slot] = gives[type];
    if (type === Old.GoSysBlock || type === Old.GoInSyscall) this.#blocked[slot] = this.#procs.time[cursor];
    else if (type === Old.GoSysExit && this.#procs.argument(cursor, 2) !== 0) this.#exit(slot, cursor, index);
    if (slot !== 0) this.#wake(slot);
  }

  /** As in ../ordering.ts; a time that cannot be is that of the event. */
  #exit(slot: number, cursor: number, index: number): void {
    const told = this.#procs.argument(cursor, 2);
    const own = this.#procs.time[cursor];
    const begin = this.#blocked[slot];
    this.#cursors[index] = moved;
    this.#exitTime.push(begin > 0 && told >= begin && told <= own ? told : own);
    this.#exitGoroutine.push(slot);
    this.#exitIndex.push(index);
  }
}
