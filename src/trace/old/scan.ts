/**
 * First pass over an old-format file: where the batches of each processor lie, strings and stacks, the clock, CPU samples.
 * Nothing has a length that could be skipped by, so that every event is walked over once.
 */
import { inconsistent, malformed, truncated, type Break } from "../broken.ts";
import { idOrNone, longEnd, longUvarint } from "../varint.ts";
import { GrowingUint32 } from "./growing.ts";
import { OldSamples } from "./samples.ts";
import { argumentCounts, isOrdered, Old, needRoom, oldLimits, oldName } from "./spec.ts";
import type { OldTables } from "./tables.ts";

/** Arguments of a record that are kept while it is looked at: a stack's frames are counted, not kept. */
const argumentsKept = 8;

export class Scan {
  /** Where each batch begins; the next one's beginning (at last the file's end) is its end. */
  readonly begins = new GrowingUint32();
  /** Number of the processor of each batch in {@link procIds}. */
  readonly batchProcs = new GrowingUint32();
  /** Ids of processors in order of appearance; -1 = events without one. */
  readonly procIds: number[] = [];
  /** By batch: what is wrong in it, for the first such batch of a processor. It counts when the batch's turn comes. */
  readonly failures = new Map<number, Break>();
  readonly samples = new OldSamples();
  /** Goroutines that wake others on behalf of timers (until Go 1.13). */
  readonly timers = new Set<number>();
  /** Events that have a place in the order, CPU samples included. */
  events = 0;
  /** Ticks of the clock per second; 0 = the file does not say. */
  frequency = 0;

  readonly #bytes: Uint8Array;
  readonly #tables: OldTables;
  readonly #counts: Int8Array;
  readonly #procs = new Map<number, number>();
  /** Processors with a batch in {@link failures}: none gets beyond it. */
  readonly #failed = new Set<number>();
  /** Values of the record being looked at, and how many there were. */
  readonly #values = new Float64Array(argumentsKept);
  #count = 0;
  #at: number;

  /** @param begin where the first record lies. */
  constructor(bytes: Uint8Array, begin: number, version: number, tables: OldTables) {
    this.#bytes = bytes;
    this.#tables = tables;
    this.#counts = argumentCounts(version);
    this.#at = begin;
  }

  /** Walks over some `records` more; false when there are no more. @throws Break where the file cannot be walked over. */
  step(records: number): boolean {
    const bytes = this.#bytes;
    const counts = this.#counts;
    for (let left = records; left > 0; left--) {
      const begin = this.#at;
      if (begin >= bytes.length) {
        this.#end();
        return false;
      }
      const head = bytes[begin];
      const type = head & 63;
      const expected = counts[type];
      if (expected < 0) throw malformed(`unknown event type ${type}`, begin);
      this.#at = begin + 1;
      if (type === Old.Batch) this.#batch(head >> 6, begin);
      else if (type === Old.String) this.#string(begin);
      else {
        if (isOrdered[type] === 1) {
          this.events++;
          if (head < 192) this.#skipValues((head >> 6) + 1, expected, type, begin);
          else this.#skipLong(expected, type, begin);
        } else this.#record(type, head >> 6, expected, begin);
        if (this.begins.length === 0) throw malformed(`read event ${type} with current P of 0, but P has no batches yet`, begin);
      }
    }
    return true;
  }

  #end(): void {
    this.begins.push(this.#bytes.length);
    const twice = this.#tables.seal();
    if (twice === undefined) return;
    const batch = this.#batchOf(twice.place);
    if (batch >= 0 && !this.failures.has(batch)) this.failures.set(batch, malformed(`string has duplicate id ${twice.id}`, twice.place));
  }

  /** Batch of a place in the file; -1 before the first one. */
  #batchOf(place: number): number {
    const { values, length } = this.begins;
    let low = 0;
    let high = length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (values[middle] <= place) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  #batch(inline: number, begin: number): void {
    if (inline !== 1) throw malformed(`Batch has wrong number of arguments: got ${inline + 1}, want 2`, begin);
    const written = this.#uvarint("failed to read batch");
    if (written > 0x7fffffff && idOrNone(written) !== -1)
      throw malformed(`processor ID ${written} is larger than maximum of ${0x7fffffff}`, begin);
    const id = idOrNone(written);
    this.#uvarint("failed to read batch");
    let proc = this.#procs.get(id);
    if (proc === undefined) {
      needRoom("processors", this.procIds.length, begin);
      proc = this.procIds.push(id) - 1;
      this.#procs.set(id, proc);
    }
    needRoom("batches", this.batchProcs.length, begin);
    this.begins.push(begin);
    this.batchProcs.push(proc);
  }

  #string(begin: number): void {
    const id = this.#uvarint("failed to read string");
    const place = this.#at;
    const length = this.#uvarint("failed to read string");
    if (length > this.#bytes.length - this.#at) throw truncated("failed to read trace: EOF", begin);
    this.#at += length;
    if (id === 0) this.#fail(() => malformed("string has invalid id 0", begin));
    else if (length === 0) this.#fail(() => malformed("string has invalid length 0", begin));
    else if (length > oldLimits.stringBytes) this.#fail(() => malformed(`string has too large length ${length}`, begin));
    else this.#tables.addString(id, place);
  }

  #skipValues(count: number, expected: number, type: number, begin: number): void {
    const bytes = this.#bytes;
    for (let i = 0; i < count; i++) {
      const at = this.#at;
      let end = at;
      while (bytes[end] > 127) end++;
      if (end >= bytes.length || end - at > 8) this.#uvarint(`failed to read event ${type} argument`);
      else this.#at = end + 1;
    }
    if (count !== expected) this.#wrongCount(type, expected, count, begin);
  }

  #skipLong(expected: number, type: number, begin: number): void {
    const bytes = this.#bytes;
    const end = this.#longEnd(type, begin);
    let count = 0;
    for (let at = this.#at; at < end; at++) if (bytes[at] < 128) count++;
    this.#at = end;
    if (count !== expected) this.#wrongCount(type, expected, count, begin);
    else if (bytes[end - 1] > 127) this.#fail(() => malformed("malformatted base-128 varint", begin));
    if (type === Old.UserLog) this.#message(begin);
  }

  /** End of a record whose values have their length in front. */
  #longEnd(type: number, begin: number): number {
    const length = this.#uvarint(`failed to read event ${type} argument`);
    if (length > oldLimits.eventBytes)
      throw malformed(
        `failed to read event ${type} argument: length-prefixed argument too big: ${length} bytes, limit is ${oldLimits.eventBytes}`,
        begin,
      );
    if (length > this.#bytes.length - this.#at) throw truncated("failed to read trace: EOF", begin);
    return this.#at + length;
  }

  #message(begin: number): void {
    const length = this.#uvarint("failed to read log message");
    if (length > oldLimits.stringBytes) this.#fail(() => malformed(`string is too large (len=${length})`, begin));
    else if (length > this.#bytes.length - this.#at) this.#fail(() => truncated("failed to read trace: unexpected EOF", begin));
    this.#at = Math.min(this.#at + length, this.#bytes.length);
  }

  /** A record of the tables, or a CPU sample. */
  #record(type: number, inline: number, expected: number, begin: number): void {
    const place = this.#readValues(type, inline, begin);
    const values = this.#values;
    if (type === Old.CPUSample) {
      if (inline < 3 || this.#count !== expected)
        throw malformed(`CPU sample has wrong number of arguments: want ${expected}, got ${inline < 3 ? 0 : this.#count}`, begin);
      this.events++;
      needRoom("CPU samples", this.samples.count, begin);
      this.samples.add(values[1], values[2], values[3], values[4] >>> 0);
    } else if (type === Old.Stack) this.#stack(inline < 3 ? -1 : place, begin);
    else if (this.#count !== expected) this.#wrongCount(type, expected, this.#count, begin);
    else if (type === Old.TimerGoroutine) {
      needRoom("timer goroutines", this.timers.size, begin);
      this.timers.add(values[0]);
    } else if (values[0] === 0 || values[0] >= 2 ** 63) this.#fail(() => inconsistent("time stamps out of order"));
    else this.frequency = values[0];
  }

  /** @param sizePlace place of the number of frames; -1 where there is no room for any. */
  #stack(sizePlace: number, begin: number): void {
    const [id, size] = this.#values;
    const count = this.#count;
    if (count < 2) this.#fail(() => malformed(`Stack has wrong number of arguments: want at least 2, got ${count}`, begin));
    else if (size > oldLimits.stackFrames) this.#fail(() => malformed(`Stack has bad number of frames: ${size}`, begin));
    else if (count !== 2 + 4 * size)
      this.#fail(() => malformed(`Stack has wrong number of arguments: want ${2 + 4 * size}, got ${count}`, begin));
    else if (id >>> 0 !== 0 && size > 0 && sizePlace >= 0) this.#tables.addStack(id >>> 0, sizePlace);
  }

  /** Reads the values of a record; returns the place of the second one. */
  #readValues(type: number, inline: number, begin: number): number {
    const what = `failed to read event ${type} argument`;
    let second = this.#at;
    if (inline < 3) {
      this.#count = inline + 1;
      for (let i = 0; i <= inline; i++) this.#values[i] = this.#uvarint(what);
      return second;
    }
    const end = this.#longEnd(type, begin);
    let count = 0;
    while (this.#at < end) {
      if (count === 1) second = this.#at;
      const value = longUvarint(this.#bytes, this.#at, end);
      if (longEnd < 0) {
        const failure = (): Break => malformed("malformatted base-128 varint", begin);
        if (type === Old.CPUSample) throw failure();
        this.#fail(failure);
        this.#at = end;
        break;
      }
      this.#at = longEnd;
      if (count < argumentsKept) this.#values[count] = value;
      count++;
    }
    this.#count = count;
    return second;
  }

  #uvarint(what: string): number {
    const at = this.#at;
    const byte = this.#bytes[at];
    if (byte < 128) {
      this.#at = at + 1;
      return byte;
    }
    const value = longUvarint(this.#bytes, at, this.#bytes.length);
    if (longEnd < 0) {
      const message = `${what}: malformatted base-128 varint`;
      throw this.#bytes.length - at < 10 ? truncated(message, at) : malformed(message, at);
    }
    this.#at = longEnd;
    return value;
  }

  #wrongCount(type: number, expected: number, found: number, begin: number): void {
    this.#fail(() => malformed(`${oldName(type)} has wrong number of arguments: want ${expected}, got ${found}`, begin));
  }

  /** What stands before all batches is never looked at again. */
  #fail(failure: () => Break): void {
    const batch = this.batchProcs.length - 1;
    if (batch < 0) return;
    const proc = this.batchProcs.values[batch];
    if (this.#failed.has(proc)) return;
    this.#failed.add(proc);
    this.failures.set(batch, failure());
  }
}
