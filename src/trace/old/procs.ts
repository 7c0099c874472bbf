/**
 * One cursor per processor over its batches of an old-format trace, in columns; an event is parsed where it lies, nothing is allocated for it.
 * The order of events is found by one pass of the cursors and followed by others, so that memory holds the file and two bytes an event.
 */
import { SlotTable } from "../slot-table.ts";
import { longEnd, longUvarint } from "../varint.ts";
import type { Scan } from "./scan.ts";
import { argumentCounts, hasStack, isOrdered, needRoom, Old } from "./spec.ts";

/** Values of an event in {@link OldProcs.values}: the time delta, then up to four arguments. */
const width = 8;

export class OldProcs {
  readonly count: number;
  /** Ids by cursor; -1 = none. */
  readonly ids: readonly number[];
  /** Slots of goroutines, the same in every pass; slot 0 is that of "no goroutine". */
  readonly goroutines = new SlotTable();

  /** The current event of each cursor. Times are ticks. */
  readonly type: Uint8Array;
  readonly time: Float64Array;
  /** Slot of the goroutine it happened on, and of the one it is about where its first argument is one. */
  readonly goroutine: Int32Array;
  readonly subject: Int32Array;
  readonly stack: Float64Array;
  /** Where the event lies, and the message of a log. */
  readonly place: Float64Array;
  readonly message: Float64Array;
  readonly #values: Float64Array;

  readonly #bytes: Uint8Array;
  readonly #scan: Scan;
  readonly #counts: Int8Array;
  /** Slot of the goroutine that runs. */
  readonly #current: Int32Array;
  readonly #position: Float64Array;
  readonly #limit: Float64Array;
  /** First and next batch of each cursor, and of each batch the next one of the same processor; -1 = none. */
  readonly #first: Int32Array;
  readonly #next: Int32Array;
  readonly #following: Int32Array;

  constructor(bytes: Uint8Array, version: number, scan: Scan) {
    const count = scan.procIds.length;
    this.count = count;
    this.ids = scan.procIds;
    this.type = new Uint8Array(count);
    this.time = new Float64Array(count);
    this.goroutine = new Int32Array(count);
    this.subject = new Int32Array(count);
    this.stack = new Float64Array(count);
    this.place = new Float64Array(count);
    this.message = new Float64Array(count);
    this.#values = new Float64Array(count * width);
    this.#bytes = bytes;
    this.#scan = scan;
    this.#counts = argumentCounts(version);
    this.#current = new Int32Array(count);
    this.#position = new Float64Array(count);
    this.#limit = new Float64Array(count);
    this.#first = new Int32Array(count).fill(-1);
    this.#next = new Int32Array(count);
    const { values: procs, length } = scan.batchProcs;
    this.#following = new Int32Array(length).fill(-1);
    for (let batch = length - 1; batch >= 0; batch--) {
      this.#following[batch] = this.#first[procs[batch]];
      this.#first[procs[batch]] = batch;
    }
    this.goroutines.add(0);
    this.rewind();
  }

  /** Argument of the current event, from 0; the time delta and the stack do not count. */
  argument(cursor: number, index: number): number {
    return this.#values[cursor * width + 1 + index];
  }

  /** All cursors before their first event. */
  rewind(): void {
    this.#next.set(this.#first);
    this.#position.fill(0);
    this.#limit.fill(0);
    this.#current.fill(0);
  }

  /** Goes to the cursor's next event; false when there is none. @throws Break when its batch is broken. */
  step(cursor: number): boolean {
    const bytes = this.#bytes;
    for (;;) {
      const begin = this.#position[cursor];
      if (begin >= this.#limit[cursor]) {
        if (!this.#nextBatch(cursor)) return false;
        continue;
      }
      const head = bytes[begin];
      const type = head & 63;
      let at = begin + 1;
      if (isOrdered[type] === 0) {
        this.#position[cursor] = this.#skip(type, head >> 6, at);
        continue;
      }
      if (head > 191) at = this.#behind(at);
      const first = cursor * width;
      const last = first + this.#counts[type] - 1;
      for (let place = first; place <= last; place++) at = this.#value(at, place);
      this.place[cursor] = begin;
      this.type[cursor] = type;
      this.time[cursor] += this.#values[first];
      this.stack[cursor] = hasStack[type] === 1 ? this.#values[last] >>> 0 : 0;
      if (type === Old.UserLog) {
        this.message[cursor] = at;
        const length = this.#number(at);
        at = longEnd + length;
      }
      this.#position[cursor] = at;
      this.#attribute(cursor, type, this.#values[first + 1]);
      return true;
    }
  }

  /** On whom the event happens: told by the events of its processor before it, or by itself. */
  #attribute(cursor: number, type: number, first: number): void {
    switch (type) {
      case Old.GoStart:
      case Old.GoStartLocal:
      case Old.GoStartLabel:
        this.goroutine[cursor] = this.#current[cursor] = this.slotOf(first);
        break;
      case Old.GoEnd:
      case Old.GoStop:
      case Old.GoSched:
      case Old.GoPreempt:
      case Old.GoSleep:
      case Old.GoBlock:
      case Old.GoBlockSend:
      case Old.GoBlockRecv:
      case Old.GoBlockSelect:
      case Old.GoBlockSync:
      case Old.GoBlockCond:
      case Old.GoBlockNet:
      case Old.GoSysBlock:
      case Old.GoBlockGC:
        this.goroutine[cursor] = this.#current[cursor];
        this.#current[cursor] = 0;
        break;
      case Old.GoSysExit:
      case Old.GoWaiting:
      case Old.GoInSyscall:
        this.goroutine[cursor] = this.subject[cursor] = this.slotOf(first);
        break;
      case Old.GoCreate:
      case Old.GoUnblock:
      case Old.GoUnblockLocal:
      case Old.GoSysExitLocal:
        this.goroutine[cursor] = this.#current[cursor];
        this.subject[cursor] = this.slotOf(first);
        break;
      default:
        this.goroutine[cursor] = this.#current[cursor];
    }
  }

  /** Slot of a goroutine, made where there is none. */
  slotOf(id: number): number {
    const found = this.goroutines.find(id);
    if (found >= 0) return found;
    needRoom("goroutines", this.goroutines.slots);
    return this.goroutines.add(id);
  }

  /** Reads a value into `place`; returns where it ends. */
  #value(position: number, place: number): number {
    const bytes = this.#bytes;
    let at = position;
    let byte = bytes[at++];
    let value = byte & 127;
    for (let shift = 7; byte > 127 && shift < 28; shift += 7) {
      byte = bytes[at++];
      value |= (byte & 127) << shift;
    }
    if (byte > 127) {
      value = longUvarint(bytes, position, bytes.length);
      at = longEnd;
    }
    this.#values[place] = value;
    return at;
  }

  /** Reads a number; it ends at `longEnd`. The scan has seen that it is there. */
  #number(position: number): number {
    return longUvarint(this.#bytes, position, this.#bytes.length);
  }

  #behind(position: number): number {
    let at = position;
    while (this.#bytes[at] > 127) at++;
    return at + 1;
  }

  /** Position behind a record that is no event. */
  #skip(type: number, inline: number, position: number): number {
    if (type === Old.String) {
      const at = this.#behind(position);
      return this.#number(at) + longEnd;
    }
    if (inline === 3) return this.#number(position) + longEnd;
    let at = position;
    for (let i = 0; i <= inline; i++) at = this.#behind(at);
    return at;
  }

  #nextBatch(cursor: number): boolean {
    const batch = this.#next[cursor];
    if (batch < 0) return false;
    const failure = this.#scan.failures.get(batch);
    if (failure !== undefined) throw failure;
    this.#next[cursor] = this.#following[batch];
    const begins = this.#scan.begins.values;
    const ticks = this.#behind(begins[batch] + 1);
    this.time[cursor] = this.#number(ticks);
    this.#position[cursor] = longEnd;
    this.#limit[cursor] = begins[batch + 1];
    return true;
  }
}
