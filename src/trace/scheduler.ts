/** What the ordering knows of threads (M), processors (P) and goroutines (G): structure of arrays, one slot per live id. */
import { SlotTable } from "./slot-table.ts";

/** Statuses as written in the file. */
export const ProcStatus = { Running: 1, Idle: 2, Syscall: 3, SyscallAbandoned: 4 } as const;
export const GoStatus = { Runnable: 1, Running: 2, Syscall: 3, Waiting: 4 } as const;

/** Slot of the thread of batches that have none. It is never known and holds nothing. */
export const noThread = 0;

export class Threads {
  readonly table = new SlotTable();
  /** 1 once an event of the thread was tried, or a status named it: having batches is not enough. */
  known: Uint8Array = new Uint8Array(32);
  /** Slot of the processor it holds, -1 = none. */
  proc: Int32Array = new Int32Array(32);
  /** Slot and id of the goroutine on it, -1 = none. */
  goroutine: Int32Array = new Int32Array(32);
  goroutineId: Float64Array = new Float64Array(32);

  constructor() {
    this.slotFor(-1);
  }

  slotFor(id: number): number {
    const found = this.table.find(id);
    if (found >= 0) return found;
    const slot = this.table.add(id);
    if (slot >= this.known.length) {
      const length = slot * 2;
      this.known = larger(this.known, new Uint8Array(length));
      this.proc = larger(this.proc, new Int32Array(length));
      this.goroutine = larger(this.goroutine, new Int32Array(length));
      this.goroutineId = larger(this.goroutineId, new Float64Array(length));
    }
    this.known[slot] = 0;
    this.release(slot);
    return slot;
  }

  /** Takes processor and goroutine off the thread. */
  release(slot: number): void {
    this.proc[slot] = -1;
    this.leave(slot);
  }

  /** Takes the goroutine off the thread. */
  leave(slot: number): void {
    this.goroutine[slot] = -1;
    this.goroutineId[slot] = -1;
  }
}

export class Procs {
  readonly table = new SlotTable();
  status: Uint8Array = new Uint8Array(32);
  /** Generation and number of the last sequenced event. */
  generation: Float64Array = new Float64Array(32);
  sequence: Float64Array = new Float64Array(32);
  /** 1 while a sweep runs on it. */
  sweeping: Uint8Array = new Uint8Array(32);

  add(id: number): number {
    const slot = this.table.add(id);
    if (slot >= this.status.length) {
      const length = slot * 2;
      this.status = larger(this.status, new Uint8Array(length));
      this.generation = larger(this.generation, new Float64Array(length));
      this.sequence = larger(this.sequence, new Float64Array(length));
      this.sweeping = larger(this.sweeping, new Uint8Array(length));
    }
    this.sweeping[slot] = 0;
    return slot;
  }
}

export type Region = { readonly task: number; readonly type: string };
/** A stop of the world in progress: its kind, as id of the generation it began in and as text. */
export type Stop = { readonly id: number; readonly generation: number; readonly kind: string };

export class Goroutines {
  readonly table = new SlotTable();
  status: Uint8Array = new Uint8Array(32);
  generation: Float64Array = new Float64Array(32);
  sequence: Float64Array = new Float64Array(32);
  /** 1 while it assists the garbage collector. */
  assisting: Uint8Array = new Uint8Array(32);
  /** Rare: by slot, only where there are any. */
  readonly stops: (Stop[] | undefined)[] = [];
  readonly regions: (Region[] | undefined)[] = [];

  add(id: number, status: number, generation: number): number {
    const slot = this.table.add(id);
    if (slot >= this.status.length) {
      const length = slot * 2;
      this.status = larger(this.status, new Uint8Array(length));
      this.generation = larger(this.generation, new Float64Array(length));
      this.sequence = larger(this.sequence, new Float64Array(length));
      this.assisting = larger(this.assisting, new Uint8Array(length));
    }
    while (this.stops.length <= slot) {
      this.stops.push(undefined);
      this.regions.push(undefined);
    }
    this.status[slot] = status;
    this.generation[slot] = generation;
    this.sequence[slot] = 0;
    return slot;
  }

  remove(slot: number): void {
    this.assisting[slot] = 0;
    if (this.stops[slot] !== undefined) this.stops[slot] = undefined;
    if (this.regions[slot] !== undefined) this.regions[slot] = undefined;
    this.table.remove(slot);
  }
}

function larger<T extends Uint8Array | Int32Array | Float64Array>(old: T, next: T): T {
  next.set(old);
  return next;
}
