/**
 * The index of a trace (formats ≥ 1.22): where its generations lie, when they happened and what is in them, with checksums of the bytes it
 * was made from. Made in one pass; the file format is docs/formats/trace-index.md.
 */
import type { ForetraceError } from "../lib/errors.ts";
import { traceNanos, type TraceNanos } from "../lib/units.ts";
import type { GenerationSpan } from "./generation-reader.ts";
import { EventKind, type ByteSource, type ClockSnapshot, type GenerationTables, type TraceInfo, type TraceOutcome } from "./model.ts";
import type { RangeSource } from "./range-source.ts";
import { oldVersions } from "./old/spec.ts";

/** CRC-32 (ISO-HDLC, as in gzip) of bytes, going on from `before`; `node:zlib` has one. */
export type Crc32 = (bytes: Uint8Array, before?: number) => number;

export type IndexedGeneration = GenerationSpan & {
  /** Number written in the file. */
  readonly number: number;
  /** Times of its Sync and of its last event. */
  readonly from: TraceNanos;
  readonly to: TraceNanos;
  readonly clock: ClockSnapshot | undefined;
  /** Events by {@link EventKind}; the Sync is one of them. */
  readonly counts: readonly number[];
};

export type TraceIndex = {
  readonly info: TraceInfo;
  /** Of the uncompressed trace. */
  readonly bytes: number;
  readonly events: number;
  /** Time of the last event. */
  readonly end: TraceNanos;
  /** How the reading of the whole trace ended; {@link generations} holds those before the break. */
  readonly error: ForetraceError | undefined;
  readonly generations: readonly IndexedGeneration[];
  /** CRC-32 of each block of {@link blockBytes} of the uncompressed trace. */
  readonly checksums: Uint32Array;
};

export const blockBytes = 1 << 18;
const kindCount = Object.keys(EventKind).length;

/** Takes note of the generations that are read to their end. A visitor that wants the events, too, calls these functions from its own. */
export class GenerationMeter {
  readonly generations: IndexedGeneration[] = [];
  #next: GenerationSpan | undefined;
  #number = 0;
  #clock: ClockSnapshot | undefined;
  #current: Omit<IndexedGeneration, "to" | "counts"> | undefined;
  #counts = new Float64Array(kindCount);
  #last = traceNanos(Number.NaN);

  readonly onSpan = (span: GenerationSpan): void => {
    this.#next = span;
  };

  generation(tables: GenerationTables): void {
    this.#number = tables.generation;
    this.#clock = tables.clock;
  }

  event(kind: EventKind, time: TraceNanos): void {
    if (kind === EventKind.Sync) this.#sync(time);
    this.#counts[kind] = this.#counts[kind]! + 1;
    this.#last = time;
  }

  #sync(time: TraceNanos): void {
    if (this.#current !== undefined) this.generations.push({ ...this.#current, to: this.#last, counts: [...this.#counts] });
    this.#current = this.#next && { ...this.#next, number: this.#number, from: time, clock: this.#clock };
    this.#next = undefined;
    this.#counts.fill(0);
  }
}

/** Makes an index while something else reads the trace: give it the source, the spans and the events. */
export class TraceIndexer extends GenerationMeter {
  readonly #crc32: Crc32;
  readonly #checksums: number[] = [];
  #bytes = 0;
  #checksum = 0;

  constructor(crc32: Crc32) {
    super();
    this.#crc32 = crc32;
  }

  /** The same bytes, looked at as they pass. */
  async *tap(source: ByteSource): AsyncGenerator<Uint8Array, void> {
    for await (const piece of source) {
      for (let at = 0; at < piece.length;) {
        const part = piece.subarray(at, at + blockBytes - (this.#bytes % blockBytes));
        this.#checksum = this.#crc32(part, this.#checksum);
        this.#bytes += part.length;
        at += part.length;
        if (this.#bytes % blockBytes === 0) this.#endBlock();
      }
      yield piece;
    }
  }

  /** Undefined for formats up to Go 1.21, which have no generations, and for what is not a trace. After the source has been read to its end. */
  finish({ info, events, end, error }: TraceOutcome): TraceIndex | undefined {
    if (info === undefined || oldVersions.includes(info.version)) return undefined;
    if (this.#bytes % blockBytes !== 0) this.#endBlock();
    const { generations } = this;
    return { info, bytes: this.#bytes, events, end, error, generations, checksums: Uint32Array.from(this.#checksums) };
  }

  #endBlock(): void {
    this.#checksums.push(this.#checksum);
    this.#checksum = 0;
  }
}

/** The bytes are not those that the index was made from. */
export class StaleIndex extends Error {}

/**
 * The bytes from `begin` to `end`, checked against the index on the way: good once they have been read to their end.
 * @throws StaleIndex
 */
export async function* checked(
  source: RangeSource,
  begin: number,
  end: number,
  index: TraceIndex,
  crc32: Crc32,
): AsyncGenerator<Uint8Array, void> {
  const last = Math.min(index.bytes, Math.ceil(end / blockBytes) * blockBytes);
  let at = Math.floor(begin / blockBytes) * blockBytes;
  let checksum = 0;
  for await (const piece of source.range(at, last)) {
    for (let done = 0; done < piece.length;) {
      const part = piece.subarray(done, done + blockBytes - (at % blockBytes));
      checksum = crc32(part, checksum);
      const first = Math.max(0, begin - at);
      const behind = Math.min(part.length, end - at);
      at += part.length;
      done += part.length;
      if (at % blockBytes === 0 || at === last) {
        if (checksum !== index.checksums[Math.ceil(at / blockBytes) - 1]) throw new StaleIndex();
        checksum = 0;
      }
      if (first < behind) yield part.subarray(first, behind);
    }
  }
  if (at !== last) throw new StaleIndex();
}
