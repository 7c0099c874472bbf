/** Batches of one generation, as they come in. The payloads stay as they are; see container.ts for the reading. */
import { Wire } from "./spec.ts";

export const BatchKind = { Timed: 0, Strings: 1, Stacks: 2, CpuSamples: 3, Sync: 4, Experimental: 5 } as const;
export type BatchKind = (typeof BatchKind)[keyof typeof BatchKind];

export type Batch = {
  readonly kind: BatchKind;
  /** Thread id; -1 = none. */
  readonly thread: number;
  /** Base time in ticks. */
  readonly time: number;
  readonly experiment: number;
  /** Payload in the generation's bytes. */
  readonly begin: number;
  readonly end: number;
  /** Offset of the payload in the file. */
  readonly offset: number;
};

/** Bytes behind the last payload that may be read (and are then found to lie beyond the batch). */
const slack = 64;
const leastBytes = 1 << 20;

/** Memory of somebody else's: room for so many bytes and more, what was in it before still there. */
export type Storage = (wanted: number) => Uint8Array;

export class Generation {
  number = 0;
  /** Where its first batch begins in the file, and where its last one (or the byte that closes it) ends. */
  begin = 0;
  end = 0;
  bytes: Uint8Array;
  used = 0;
  readonly batches: Batch[] = [];
  /** Smallest batch time in ticks, as the reference finds it: a 0 counts as "none yet". */
  minTime = 0;
  readonly #storage: Storage | undefined;

  constructor(storage?: Storage) {
    this.#storage = storage;
    this.bytes = storage?.(leastBytes) ?? new Uint8Array(leastBytes);
  }

  reset(): void {
    this.number = 0;
    this.used = 0;
    this.batches.length = 0;
    this.minTime = 0;
  }

  /** Room for a payload; returns where it goes. */
  reserve(size: number): number {
    const wanted = this.used + size + slack;
    if (wanted > this.bytes.length) {
      if (this.#storage !== undefined) this.bytes = this.#storage(wanted);
      else {
        const grown = new Uint8Array(Math.max(wanted, this.bytes.length * 2));
        grown.set(this.bytes.subarray(0, this.used));
        this.bytes = grown;
      }
    }
    return this.used;
  }

  /** True when the payload at `used` is the marker of a generation's end in the shape of a batch, which the reference takes for one. */
  endsHere(header: { experiment: number; size: number }): boolean {
    return header.experiment === 0 && header.size > 0 && this.bytes[this.used] === Wire.EndOfGeneration;
  }

  /** Takes in the payload that was written at `used`; `offset` is where it lies in the file. */
  add(header: { thread: number; time: number; experiment: number }, size: number, offset: number, version: number): void {
    const begin = this.used;
    this.used += size;
    this.end = offset + size;
    if (this.minTime === 0 || header.time < this.minTime) this.minTime = header.time;
    const kind = batchKind(this.bytes, begin, size, header.experiment, version);
    this.batches.push({ kind, thread: header.thread, time: header.time, experiment: header.experiment, begin, end: this.used, offset });
  }

  /** File offset of a position in the bytes. @param inside a position in the same batch, where the first one may be its end. */
  offsetOf(position: number, inside: number = position): number {
    const batch = this.batches[this.batchAt(inside)];
    return batch === undefined || position > batch.end ? 0 : batch.offset + position - batch.begin;
  }

  /** Place in the list of the batch whose payload lies at an offset of the file, or ends there; -1 = none. */
  batchOf(offset: number): number {
    let low = 0;
    let high = this.batches.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.batches[middle].offset <= offset) low = middle + 1;
      else high = middle;
    }
    const batch = this.batches[low - 1];
    return batch !== undefined && offset <= batch.offset + batch.end - batch.begin ? low - 1 : -1;
  }

  /** Place in the list of the batch whose payload has this position, or ends there; -1 = none. */
  batchAt(position: number): number {
    let low = 0;
    let high = this.batches.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.batches[middle].begin <= position) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

/** By the first byte of its payload. */
export function batchKind(bytes: Uint8Array, begin: number, size: number, experiment: number, version: number): BatchKind {
  if (experiment !== 0) return BatchKind.Experimental;
  if (size === 0) return BatchKind.Timed;
  switch (bytes[begin]) {
    case Wire.Strings:
      return BatchKind.Strings;
    case Wire.Stacks:
      return BatchKind.Stacks;
    case Wire.CPUSamples:
      return BatchKind.CpuSamples;
    case Wire.Frequency:
      return version < 25 ? BatchKind.Sync : BatchKind.Timed;
    case Wire.Sync:
      return version >= 25 ? BatchKind.Sync : BatchKind.Timed;
    default:
      return BatchKind.Timed;
  }
}
