/**
 * The container: batches with headers, put together into generations.
 * Up to format 1.25 a generation ends where a batch of the next number begins (that batch is kept for the next round)
 * or where the input ends; from 1.26 a byte of its own ends it.
 */
import { formatBytes } from "../lib/units.ts";
import { Break, malformed, truncated } from "./broken.ts";
import { BatchKind, Generation, type Storage } from "./generation.ts";
import type { Input } from "./input.ts";
import { limits, Wire } from "./spec.ts";
import { idOrNone, longEnd, longUvarint } from "./varint.ts";

type Header = { at: number; generation: number; thread: number; time: number; size: number; experiment: number; endOfGeneration: boolean };
/** A batch that was taken from the input and is in no generation; a payload that is shorter than its header says was cut. */
export type LooseBatch = { readonly header: Readonly<Header>; readonly payload: Uint8Array; readonly offset: number };
type Spill = Header & { payload: Uint8Array; offset: number };

/** Type byte, experiment byte and four varints of at most ten bytes. */
const headerMost = 42;
const fieldNames = ["gen", "M ID", "timestamp", "size"] as const;

export class Container {
  /** True when the generation read last was ended by the end of the input, or by a batch that could not be read. */
  endedByInput = false;
  readonly #input: Input;
  readonly #version: number;
  readonly #maxBytes: number;
  readonly #generation: Generation;
  readonly #header: Header = { at: 0, generation: 0, thread: 0, time: 0, size: 0, experiment: 0, endOfGeneration: false };
  readonly #fields = new Float64Array(4);
  #spill: Spill | undefined;
  /** Error of a batch behind a generation that was delivered all the same. */
  #late: Break | undefined;
  #lateBatch: LooseBatch | undefined;
  #started = false;
  /** The generation is still being put together. */
  isOpen = false;
  /** Bytes of the payload of a batch that was read and not kept yet; -1 = there is none. */
  #pending = -1;

  constructor(input: Input, version: number, maxGenerationBytes: number, storage?: Storage) {
    this.#generation = new Generation(storage);
    this.#input = input;
    this.#version = version;
    this.#maxBytes = maxGenerationBytes;
  }

  /** The number of the generation being read; 0 before its first batch. */
  get current(): number {
    return this.#generation.number;
  }

  /** The generation read last, or being read. */
  get generation(): Generation {
    return this.#generation;
  }

  /** The batch in the generation at an offset of the file, for people: its number from 1 and its thread. The one being read has no thread before its header is. */
  batchAt(offset: number): { number: number; thread?: number } | undefined {
    const { batches } = this.#generation;
    const place = this.#generation.batchOf(offset);
    if (place >= 0) return { number: place + 1, thread: batches[place].thread };
    if (!this.isOpen) return undefined;
    return { number: batches.length + 1, ...(this.#pending < 0 ? {} : { thread: this.#header.thread }) };
  }

  /** What was read and is in no generation, for a reader that goes on behind an error. Reading here is over then. */
  loose(): LooseBatch[] {
    const found: LooseBatch[] = [];
    if (this.#spill !== undefined) found.push({ header: this.#spill, payload: this.#spill.payload, offset: this.#spill.offset });
    if (this.#pending >= 0) found.push(this.#lateBatch ?? this.#pendingBatch());
    return found;
  }

  #pendingBatch(): LooseBatch {
    const { bytes, used } = this.#generation;
    const payload = bytes.slice(used, used + this.#pending);
    return { header: { ...this.#header }, payload, offset: this.#input.offset - this.#pending };
  }

  /** The next generation (one object, filled anew), or undefined at a clean end. @throws Break */
  async next(): Promise<Generation | undefined> {
    if (this.#version >= 26) return this.#nextMarked();
    if (this.#late !== undefined) throw this.#late;
    if (this.#started && this.#spill === undefined) return undefined;
    this.#started = true;
    return this.#nextSpilled();
  }

  async #nextMarked(): Promise<Generation | undefined> {
    const generation = this.#generation;
    generation.reset();
    this.isOpen = true;
    this.endedByInput = false;
    for (;;) {
      const header = await this.#readHeader();
      if (header === undefined) {
        if (generation.batches.some((batch) => batch.kind === BatchKind.Timed))
          throw truncated("incomplete generation found; trace likely truncated");
        return undefined;
      }
      if (generation.batches.length === 0) generation.begin = header.at;
      const at = this.#input.offset;
      if (!header.endOfGeneration) await this.#payload(header);
      if (header.endOfGeneration || generation.endsHere(header)) {
        generation.end = this.#input.offset;
        this.#delivered();
        return generation;
      }
      if (header.generation === 0) throw malformed("invalid generation number 0", at);
      if (generation.number === 0) generation.number = header.generation;
      if (header.generation !== generation.number) throw malformed("missing end-of-generation event, or generations are interleaved", at);
      this.#keep(header, at);
    }
  }

  async #nextSpilled(): Promise<Generation> {
    const generation = this.#generation;
    generation.reset();
    this.isOpen = true;
    this.endedByInput = false;
    const spill = this.#spill;
    if (spill !== undefined) {
      generation.number = spill.generation;
      generation.reserve(spill.payload.length);
      generation.bytes.set(spill.payload, 0);
      generation.begin = spill.at;
      generation.add(spill, spill.payload.length, spill.offset, this.#version);
      this.#spill = undefined;
    }
    for (;;) {
      let header: Header | undefined;
      let at = 0;
      try {
        header = await this.#readHeader();
        at = this.#input.offset;
        if (header !== undefined && !header.endOfGeneration) await this.#payload(header);
      } catch (error) {
        if (!(error instanceof Break) || generation.number === 0) throw error;
        // Whether the unreadable batch belonged to this generation or the next one cannot be known; what is there is tried.
        this.#late = error;
        // What is done with the generation may write behind its bytes.
        if (this.#pending >= 0) this.#lateBatch = this.#pendingBatch();
        header = undefined;
      }
      if (header === undefined) {
        this.endedByInput = true;
        this.isOpen = false;
        return generation;
      }
      if (header.endOfGeneration || header.generation === 0) throw malformed("invalid generation number 0", at);
      if (generation.endsHere(header)) throw malformed("found the end of a generation in a format that has none", at);
      if (generation.number === 0) {
        generation.number = header.generation;
        generation.begin = header.at;
      }
      if (header.generation === generation.number + 1) {
        const begin = generation.used;
        this.#spill = { ...header, payload: generation.bytes.slice(begin, begin + header.size), offset: at };
        this.#delivered();
        return generation;
      }
      if (header.generation !== generation.number) throw malformed("generations out of order", at);
      this.#keep(header, at);
    }
  }

  /** Undefined at the end of the input. The object is used again. */
  async #readHeader(): Promise<Header | undefined> {
    const input = this.#input;
    if (input.available < headerMost) await input.ensure(headerMost);
    const bytes = input.peek();
    const start = input.offset;
    if (bytes.length === 0) return this.#end();
    const header = this.#header;
    header.at = start;
    header.experiment = 0;
    header.endOfGeneration = bytes[0] === Wire.EndOfGeneration;
    if (header.endOfGeneration) {
      input.take(1);
      return header;
    }
    let at = 1;
    if (bytes[0] === Wire.ExperimentalBatch) {
      if (bytes.length < 2) return this.#end();
      header.experiment = bytes[1];
      at = 2;
    } else if (bytes[0] !== Wire.EventBatch) {
      throw malformed(`expected batch event, got event ${bytes[0]}`, start);
    }
    for (let i = 0; i < 4; i++) {
      const value = longUvarint(bytes, at, bytes.length);
      if (longEnd < 0) {
        const what = `error reading batch ${fieldNames[i]}`;
        if (bytes.length - at >= 10) throw malformed(`${what}: varint overflows a 64-bit integer`, start);
        throw truncated(`${what}: ${input.failure ?? "unexpected EOF"}`, start);
      }
      this.#fields[i] = value;
      at = longEnd;
    }
    header.generation = this.#fields[0];
    header.thread = idOrNone(this.#fields[1]);
    header.time = this.#fields[2];
    header.size = this.#fields[3];
    if (header.size > limits.batchBytes) throw malformed(`invalid batch size ${header.size}, maximum is ${limits.batchBytes}`, start);
    input.take(at);
    return header;
  }

  async #payload(header: Header): Promise<void> {
    const generation = this.#generation;
    const at = generation.reserve(header.size);
    const start = this.#input.offset;
    const got = await this.#input.copy(generation.bytes, at, header.size);
    this.#pending = got;
    if (got === header.size) return;
    const why = this.#input.failure === undefined ? "" : `; ${this.#input.failure}`;
    throw truncated(`failed to read full batch: read ${got} but wanted ${header.size}${why}`, start + got);
  }

  #keep(header: Header, at: number): void {
    const generation = this.#generation;
    if (generation.used + header.size > this.#maxBytes) {
      throw malformed(
        `generation larger than ${formatBytes(this.#maxBytes)}, the most of one that is held in memory; ` +
          "the runtime begins one every second unless GODEBUG=traceadvanceperiod says otherwise",
        at,
      );
    }
    generation.add(header, header.size, at, this.#version);
    this.#pending = -1;
  }

  #delivered(): void {
    this.isOpen = false;
    this.#pending = -1;
  }

  #end(): undefined {
    const failure = this.#input.failure;
    if (failure !== undefined) throw truncated(failure, this.#input.offset);
    return undefined;
  }
}
