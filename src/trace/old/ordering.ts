/**
 * The order of an old-format trace: events of one processor stay in order, those of several go by time,
 * but none before the state it needs has been reached (sequence numbers of goroutines and collections).
 */
import { inconsistent, type Break } from "../broken.ts";
import { grown, GrowingFloat64, GrowingUint32 } from "./growing.ts";
import type { OldProcs } from "./procs.ts";
import type { OldSamples } from "./samples.ts";
import { Old } from "./spec.ts";

/** An entry of {@link Order.cursors}: the cursor whose event comes next, this bit apart. */
export const flagged = 0x8000;
/** Entry of an event that is put elsewhere: the end of a system call, see {@link Exits}. */
export const moved = 0x7fff;

/** Ends of system calls that tell their own, earlier time; sorted by it. */
export type Exits = {
  /** Ticks. */
  readonly time: Float64Array;
  /** Slot of the goroutine. */
  readonly goroutine: Uint32Array;
  /** Where the event stood in {@link Order.cursors}. */
  readonly index: Uint32Array;
};

export type Order = {
  /** For each event the cursor that has it; the number of cursors stands for the CPU samples. */
  readonly cursors: Uint16Array;
  readonly length: number;
  readonly exits: Exits;
};

const State = { Dead: 0, Runnable: 1, Running: 2, Waiting: 3 } as const;
/** How an event is bound by sequence numbers. */
export const Rule = { Free: 0, Create: 1, Named: 2, Keep: 3, Next: 4, Told: 5, Collection: 6 } as const;

export const ruleOf = new Uint8Array(64);
export const needs = new Uint8Array(64);
export const gives = new Uint8Array(64);
/** 1 where the goroutine bound is the one the event is about, not the one it happens on. */
export const bindsSubject = new Uint8Array(64);
const bind = (types: readonly number[], rule: number, from: number, to: number): void => {
  for (const type of types) {
    ruleOf[type] = rule;
    needs[type] = from;
    gives[type] = to;
  }
};
bind([Old.GoCreate], Rule.Create, State.Dead, State.Runnable);
bind([Old.GoWaiting, Old.GoInSyscall], Rule.Named, State.Runnable, State.Waiting);
bind([Old.GoStart, Old.GoStartLabel], Rule.Told, State.Runnable, State.Running);
bind([Old.GoStartLocal], Rule.Next, State.Runnable, State.Running);
bind(
  [
    Old.GoBlock,
    Old.GoBlockSend,
    Old.GoBlockRecv,
    Old.GoBlockSelect,
    Old.GoBlockSync,
    Old.GoBlockCond,
    Old.GoBlockNet,
    Old.GoSleep,
    Old.GoSysBlock,
    Old.GoBlockGC,
  ],
  Rule.Keep,
  State.Running,
  State.Waiting,
);
bind([Old.GoSched, Old.GoPreempt], Rule.Keep, State.Running, State.Runnable);
bind([Old.GoUnblock, Old.GoSysExit], Rule.Told, State.Waiting, State.Runnable);
bind([Old.GoUnblockLocal, Old.GoSysExitLocal], Rule.Next, State.Waiting, State.Runnable);
bind([Old.GCStart], Rule.Collection, State.Dead, State.Dead);
for (const type of [Old.GoCreate, Old.GoUnblock, Old.GoSysExit, Old.GoUnblockLocal, Old.GoSysExitLocal]) bindsSubject[type] = 1;

export class OldOrdering {
  readonly #procs: OldProcs;
  readonly #samples: OldSamples;
  readonly #cursors: Uint16Array;
  #length = 0;
  #sample = 0;

  /** By slot of a goroutine. */
  #state = new Uint8Array(256);
  /** Each number is one more than the one before, so that it never exceeds the number of events. */
  #sequence = new Uint32Array(256);
  /** Time of the last event that blocked it in a system call; 0 = none. */
  #blocked = new Float64Array(256);
  #collections = 0;

  /** Cursors whose event may come, the earliest first (a heap), and those that have to be looked at. */
  readonly #heap: Uint16Array;
  #ready = 0;
  readonly #waiting: Uint16Array;
  #left: number;
  /** 1 while the cursor's current event waits for its turn. */
  readonly #loaded: Uint8Array;

  #last = Number.NEGATIVE_INFINITY;
  /** Faults that count only once all has been ordered. */
  #backwards = false;
  #exitFault: Break | undefined;
  readonly #exitTime = new GrowingFloat64();
  readonly #exitGoroutine = new GrowingUint32();
  readonly #exitIndex = new GrowingUint32();

  /** @param events as counted by the scan. */
  constructor(procs: OldProcs, samples: OldSamples, events: number) {
    const cursors = procs.count + 1;
    this.#procs = procs;
    this.#samples = samples;
    this.#cursors = new Uint16Array(events);
    this.#heap = new Uint16Array(cursors);
    this.#waiting = Uint16Array.from({ length: cursors }, (_, i) => i);
    this.#left = cursors;
    this.#loaded = new Uint8Array(cursors);
  }

  /** Orders `events` more; false when all are ordered. @throws Break when no order is possible, or a batch is broken. */
  advance(events: number): boolean {
    for (let left = events; left > 0; left--) {
      this.#look();
      if (this.#ready === 0) {
        if (this.#left > 0) throw inconsistent("no consistent ordering of events possible");
        return false;
      }
      this.#take();
    }
    return true;
  }

  /** The result, once all are ordered. @throws Break when times contradict the order. */
  finish(): Order {
    if (this.#backwards) throw inconsistent("time stamps out of order");
    if (this.#exitFault !== undefined) throw this.#exitFault;
    return { cursors: this.#cursors, length: this.#length, exits: sortedExits(this.#exitTime, this.#exitGoroutine, this.#exitIndex) };
  }

  /** Puts the cursors whose event may come among the ready ones; a cursor that has ended leaves. */
  #look(): void {
    const waiting = this.#waiting;
    for (let i = 0; i < this.#left;) {
      const cursor = waiting[i];
      let gone = false;
      if (this.#loaded[cursor] === 0) {
        if (this.#load(cursor)) this.#loaded[cursor] = 1;
        else gone = true;
      }
      if (!gone && !this.#mayCome(cursor)) {
        i++;
        continue;
      }
      waiting[i] = waiting[--this.#left];
      if (!gone) this.#push(cursor);
    }
  }

  #load(cursor: number): boolean {
    return cursor === this.#procs.count ? this.#sample < this.#samples.count : this.#procs.step(cursor);
  }

  #timeOf(cursor: number): number {
    return cursor === this.#procs.count ? this.#samples.time[this.#sample] : this.#procs.time[cursor];
  }

  #slotOf(cursor: number, type: number): number {
    const slot = bindsSubject[type] === 1 ? this.#procs.subject[cursor] : this.#procs.goroutine[cursor];
    if (slot >= this.#state.length) {
      const length = slot * 2;
      this.#state = grown(this.#state, new Uint8Array(length));
      this.#sequence = grown(this.#sequence, new Uint32Array(length));
      this.#blocked = grown(this.#blocked, new Float64Array(length));
    }
    return slot;
  }

  #mayCome(cursor: number): boolean {
    if (cursor === this.#procs.count) return true;
    const type = this.#procs.type[cursor];
    const rule = ruleOf[type];
    if (rule === Rule.Free) return true;
    if (rule === Rule.Collection) return this.#procs.argument(cursor, 0) === this.#collections;
    const slot = this.#slotOf(cursor, type);
    if (this.#state[slot] !== needs[type]) return false;
    if (rule === Rule.Told) return this.#procs.argument(cursor, 1) === this.#sequence[slot];
    return rule === Rule.Create ? this.#sequence[slot] === 0 : rule !== Rule.Named || this.#sequence[slot] === 1;
  }

  /** The earliest ready event comes. */
  #take(): void {
    const cursor = this.#pop();
    const time = this.#timeOf(cursor);
    if (time < this.#last) this.#backwards = true;
    this.#last = time;
    const index = this.#length++;
    this.#cursors[index] = cursor;
    this.#loaded[cursor] = 0;
    if (cursor === this.#procs.count) this.#sample++;
    else this.#apply(cursor, time, index);
    this.#waiting[this.#left++] = cursor;
  }

  #apply(cursor: number, time: number, index: number): void {
    const type = this.#procs.type[cursor];
    const rule = ruleOf[type];
    if (rule === Rule.Free) return;
    if (!this.#mayCome(cursor)) throw inconsistent("encountered impossible goroutine state transition");
    if (rule === Rule.Collection) {
      this.#collections++;
      return;
    }
    const slot = this.#slotOf(cursor, type);
    this.#state[slot] = gives[type];
    if (rule !== Rule.Keep) this.#sequence[slot]++;
    if (type === Old.GoSysBlock || type === Old.GoInSyscall) this.#blocked[slot] = time;
    else if (type === Old.GoSysExit && this.#procs.argument(cursor, 2) !== 0) this.#exit(slot, this.#procs.argument(cursor, 2), index);
  }

  /** The event was written some time after the system call ended; it goes to where it belongs. */
  #exit(slot: number, time: number, index: number): void {
    const begin = this.#blocked[slot];
    if (begin === 0) this.#exitFault ??= inconsistent("stray syscall exit");
    else if (time < begin) this.#exitFault ??= inconsistent("time stamps out of order");
    this.#cursors[index] = moved;
    this.#exitTime.push(time);
    this.#exitGoroutine.push(slot);
    this.#exitIndex.push(index);
  }

  #push(cursor: number): void {
    const heap = this.#heap;
    const time = this.#timeOf(cursor);
    let place = this.#ready++;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!(time < this.#timeOf(heap[parent]))) break;
      heap[place] = heap[parent];
      place = parent;
    }
    heap[place] = cursor;
  }

  #pop(): number {
    const heap = this.#heap;
    const top = heap[0];
    const size = --this.#ready;
    if (size === 0) return top;
    const cursor = heap[size];
    const time = this.#timeOf(cursor);
    let place = 0;
    for (let child = 1; child < size; child = 2 * place + 1) {
      if (child + 1 < size && this.#timeOf(heap[child + 1]) < this.#timeOf(heap[child])) child++;
      if (!(this.#timeOf(heap[child]) < time)) break;
      heap[place] = heap[child];
      place = child;
    }
    heap[place] = cursor;
    return top;
  }
}

/** The columns in order of time. */
export function sortedExits(times: GrowingFloat64, goroutine: GrowingUint32, index: GrowingUint32): Exits {
  const time = times.values;
  const order = Uint32Array.from({ length: times.length }, (_, i) => i);
  order.sort((a, b) => time[a] - time[b] || a - b);
  return {
    time: Float64Array.from(order, (i) => time[i]),
    goroutine: Uint32Array.from(order, (i) => goroutine.values[i]),
    index: Uint32Array.from(order, (i) => index.values[i]),
  };
}
