/**
 * Batches of a damaged file, put together into generations: where a header is not to be believed, the next one that is gets looked for.
 * Work is bounded by the bytes: each place is looked at once, with a header and the one behind it at most.
 */
import type { LooseBatch } from "../container.ts";
import type { Generation } from "../generation.ts";
import { limits, Wire } from "../spec.ts";
import { findHeader, fits, headerAt, isFollowed, type BatchHeader, type Expected } from "./headers.ts";
import type { Lookahead } from "./lookahead.ts";
import { endOfEvents } from "./payload.ts";
import type { SalvageReport } from "./report.ts";

/** Type, experiment and four varints. */
const headerMost = 42;
/** A batch, and one header behind the longest one that could begin in it. */
const view = 2 * (headerMost + limits.batchBytes) + headerMost;

export class Gatherer {
  /** See {@link Expected}. */
  padded: boolean | undefined;
  /** Nothing is left. */
  ended = false;
  readonly #look: Lookahead;
  readonly #version: number;
  readonly #maxBytes: number;
  readonly #report: SalvageReport;
  /** Time of the last batch believed, and number of its generation. */
  #time = 0;
  #last = 0;
  /** The bytes at hand begin with no header. */
  #lost = false;

  constructor(look: Lookahead, version: number, maxBytes: number, report: SalvageReport) {
    this.#look = look;
    this.#version = version;
    this.#maxBytes = maxBytes;
    this.#report = report;
  }

  /** A batch that was taken from the input already. */
  add(generation: Generation, { header, payload, offset }: LooseBatch): void {
    if (generation.number === 0) {
      generation.number = header.generation;
      generation.begin = header.at;
    }
    const at = generation.reserve(payload.length);
    generation.bytes.set(payload, at);
    generation.add(header, payload.length, offset, this.#version);
    this.#time = header.time;
    this.#last = generation.number;
  }

  /** Takes in what is left of the generation, or the next one whole where it has no number yet. True when its end was seen and nothing lacks. */
  async fill(generation: Generation): Promise<boolean> {
    const look = this.#look;
    const last = generation.batches.at(-1);
    if (this.#time === 0 && last !== undefined) this.#time = last.time;
    if (generation.number > 0) this.#last = generation.number;
    let whole = true;
    for (;;) {
      if ((await look.fill(view)) === 0) {
        this.ended = true;
        return false;
      }
      if (this.#version >= 26 && !this.#lost && look.bytes[look.at] === Wire.EndOfGeneration) {
        look.at++;
        if (generation.number === 0) continue;
        generation.end = look.offset;
        return whole;
      }
      const expected: Expected = {
        generation: Math.max(generation.number, this.#last),
        time: this.#time,
        version: this.#version,
        padded: this.padded,
      };
      if (this.#lost) {
        this.#search(expected);
        continue;
      }
      const header = headerAt(look.bytes, look.at, look.end);
      const number = header === undefined ? 0 : this.#numberOf(header, generation.number, expected);
      if (header === undefined || number === 0) {
        whole = false;
        this.#lost = true;
        look.at++;
        this.#report.skippedBytes++;
        continue;
      }
      if (generation.number !== 0 && number !== generation.number) return whole && this.#version < 26;
      if (generation.used + header.size > this.#maxBytes) return false;
      if (generation.number === 0) {
        generation.number = number;
        generation.begin = look.offset;
      }
      this.#last = number;
      if (!this.#take(generation, header, expected)) whole = false;
    }
  }

  /** Number of the generation that the batch belongs to; 0 = the header is not to be believed. */
  #numberOf(header: BatchHeader, current: number, expected: Expected): number {
    const number = header.generation;
    if (number === current && current > 0) return current;
    const { bytes, at, end, isLast } = this.#look;
    if (!fits(header, { ...expected, generation: 0 })) return 0;
    const ordinary = number - this.#last <= 1 && number >= this.#last;
    const followed = isFollowed(bytes, at, end, header, expected, isLast);
    if (current === 0) return ordinary || header.padded || followed ? number : 0;
    // What comes behind decides: a next generation goes on, a damaged number stands alone.
    const behind = headerAt(bytes, at + header.length + header.size, end);
    if (behind !== undefined && behind.generation === current) return current;
    return ordinary || followed ? number : 0;
  }

  /** Takes the payload; false when not all of it is there. Where no header follows it, its size is looked into. */
  #take(generation: Generation, header: BatchHeader, expected: Expected): boolean {
    const look = this.#look;
    const { bytes } = look;
    const begin = look.at + header.length;
    const there = Math.min(header.size, look.end - begin);
    let size = there;
    let whole = there === header.size;
    if (!isFollowed(bytes, look.at, look.end, header, expected, look.isLast)) {
      size = this.#sizeOf(begin, there, header, expected);
      if (size !== header.size) whole = false;
    }
    const offset = look.offset + header.length;
    const to = generation.reserve(size);
    generation.bytes.set(bytes.subarray(begin, begin + size), to);
    generation.add(header, size, offset, this.#version);
    look.at = begin + size;
    this.#time = header.time;
    this.padded = header.padded;
    generation.end = look.offset;
    return whole;
  }

  /** Size of a payload that no header follows: the written one where its events end there, else up to the first header in it or behind it. */
  #sizeOf(begin: number, written: number, header: BatchHeader, expected: Expected): number {
    const { bytes, end, isLast } = this.#look;
    const timed = header.experiment === 0 && !isTable(bytes[begin]);
    if (timed && endOfEvents(bytes, begin, begin + written) === begin + written) return written;
    const near: Expected = { ...expected, generation: header.generation, time: header.time };
    const to = Math.min(end, begin + (timed ? limits.batchBytes : written));
    const found = findHeader(bytes, begin, to, end, near, isLast);
    return found < 0 ? written : found - begin;
  }

  /** Goes to the next header that is to be believed, or as far as can be told for now. */
  #search(expected: Expected): void {
    const look = this.#look;
    const { bytes, at, end, isLast } = look;
    // What a header is judged by must be at hand, but at the end of the input.
    const to = isLast ? end : end - (view - limits.batchBytes);
    const found = findHeader(bytes, at, to, end, expected, isLast);
    this.#lost = found < 0;
    look.at = found < 0 ? to : found;
    this.#report.skippedBytes += look.at - at;
  }
}

const isTable = (type: number | undefined): boolean =>
  type === Wire.Strings || type === Wire.Stacks || type === Wire.CPUSamples || type === Wire.Sync || type === Wire.Frequency;
