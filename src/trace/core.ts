/**
 * The WebAssembly core (assembly/): reads the ordinary generations, several times as fast as the readers in this folder.
 * It is handed in as a module. What it does not take as ordinary, it does not deliver: the caller takes its state at the beginning of the
 * generation ({@link Core.handOver}) and reads on without it, so that errors, and what comes before them, are always the plain reader's.
 */
import { deliverBlock, eventsIn } from "./blocks.ts";
import { CoreAnnotations } from "./core-annotations.ts";
import type { Generation } from "./generation.ts";
import type { TraceNanos } from "../lib/units.ts";
import { Field, recordWords, type TraceVisitor, wideRecord } from "./model.ts";
import type { Ordering } from "./ordering.ts";
import { type Assumed, type SchedulerSnapshot, snapshotColumns, sortRows } from "./snapshot.ts";
import { argumentCounts } from "./spec.ts";
import type { State } from "./state.ts";
import type { CpuSamples } from "./sync.ts";
import type { Tables } from "./tables.ts";

/** What the module exports: assembly/index.ts, where each function is explained. Addresses are bytes. */
type Exports = {
  readonly memory: WebAssembly.Memory;
  bytesAddress(): number;
  headerAddress(): number;
  countsAddress(): number;
  blockAddress(): number;
  notedAddress(): number;
  procsAddress(): number;
  savedAddress(): number;
  savedThreads(): number;
  savedProcs(): number;
  savedGoroutines(): number;
  tables(batches: number, count: number, free: number): number;
  begin(
    batches: number,
    count: number,
    generation: number,
    first: number,
    nanosPerTick: number,
    origin: number,
    samples: number,
    sampleCount: number,
  ): number;
  save(): void;
  addKnown(thread: number): number;
  firstCollection(): number;
  run(before: number, watched: boolean): number;
};

/** Answers of `run`, as in assembly/memory.ts. */
export const CoreAnswer = { Done: 1, Unusual: 2, More: 3 } as const;

/** Of what the core notes for us: goroutines that end, and from this kind on records to be completed (assembly/records.ts). */
const firstUnfinished = 16;
/** Bytes behind the last payload that are read with it. */
const slack = 64;
const batchBytes = 32;
const structBytes = 32;
const sampleBytes = 40;
/** Memory grows by at least this much, since every view must be made anew. */
const growthBytes = 1 << 22;

export class Core {
  readonly #exports: Exports;
  readonly #visitor: TraceVisitor;
  readonly #annotations = new CoreAnnotations();
  #buffer: ArrayBuffer;
  #words: Int32Array;
  #doubles: Float64Array;
  #bytes: Uint8Array;
  /** Address of the batches of the generation, and of what lies behind its tables. */
  #batches = 0;
  #batchCount = 0;
  #free = 0;
  /** What visitors see: one object, filled anew. */
  readonly #block: { words: Int32Array; doubles: Float64Array; begin: number; end: number; events: number };
  /** Events and last time where the generation's first event comes; no time before that. */
  #events = 0;
  #last: TraceNanos | undefined;

  /** Undefined without a module, and where there is no address space for its memory: reading takes longer then. */
  static open(module: WebAssembly.Module | undefined, visitor: TraceVisitor): Core | undefined {
    if (module === undefined) return undefined;
    try {
      return new Core(new WebAssembly.Instance(module, {}).exports as unknown as Exports, visitor);
    } catch (error) {
      if (error instanceof RangeError) return undefined;
      throw error;
    }
  }

  private constructor(exports: Exports, visitor: TraceVisitor) {
    this.#exports = exports;
    this.#visitor = visitor;
    this.#buffer = this.#exports.memory.buffer;
    this.#words = new Int32Array(this.#buffer);
    this.#doubles = new Float64Array(this.#buffer);
    this.#bytes = new Uint8Array(this.#buffer);
    this.#bytes.set(new Uint8Array(argumentCounts.buffer), this.#exports.countsAddress());
    this.#block = { words: this.#words, doubles: this.#doubles, begin: this.#exports.blockAddress() >> 2, end: 0, events: 0 };
  }

  /** Room for the bytes of a generation; what was in it before is there still. */
  readonly storage = (wanted: number): Uint8Array => {
    const begin = this.#exports.bytesAddress();
    this.#need(begin + wanted + slack);
    return new Uint8Array(this.#buffer, begin, this.#buffer.byteLength - begin - slack);
  };

  /** Reads the tables of a generation whose bytes lie in {@link storage}; false = the plain reader must see it. */
  load(generation: Generation, tables: Tables): boolean {
    const { batches } = generation;
    this.#last = undefined;
    this.#annotations.begin();
    if (!Number.isSafeInteger(generation.number)) return false;
    this.#batches = align(this.#exports.bytesAddress() + generation.used + slack);
    this.#batchCount = batches.length;
    const free = this.#batches + batches.length * batchBytes;
    this.#need(free);
    for (let i = 0; i < batches.length; i++) {
      const { thread, time, begin, end, kind } = batches[i];
      if (!Number.isSafeInteger(thread)) return false;
      const at = this.#batches + i * batchBytes;
      this.#doubles[at >> 3] = thread;
      this.#doubles[(at >> 3) + 1] = time;
      this.#words[(at >> 2) + 4] = begin;
      this.#words[(at >> 2) + 5] = end;
      this.#words[(at >> 2) + 7] = kind;
    }
    const ordinary = this.#exports.tables(this.#batches, batches.length, free) !== 0;
    this.#view();
    generation.bytes = this.storage(generation.used);
    if (!ordinary) return false;
    const header = this.#exports.headerAddress() >> 2;
    const [stringEntries, stringLimit, stringPlaces, strings, stackEntries, stackLimit, stackPlaces, stacks] = this.#words.subarray(
      header + 4,
      header + 12,
    );
    const part = (at: number, length: number): Int32Array => this.#words.subarray(at >> 2, (at >> 2) + length);
    tables.adopt(generation, {
      strings: { places: part(stringPlaces, stringEntries), entries: part(strings, stringLimit) },
      stacks: { places: part(stackPlaces, stackEntries), entries: part(stacks, stackLimit) },
    });
    this.#free = align(stacks + stackLimit * 4);
    return true;
  }

  /** Goes to the first events of the generation loaded; false = the plain reader must see it. */
  begin(generation: Generation, isFirst: boolean, nanosPerTick: number, origin: number, samples: CpuSamples, tables: Tables): boolean {
    this.#need(this.#free + samples.count * sampleBytes);
    generation.bytes = this.storage(generation.used);
    for (let i = 0, at = this.#free >> 3; i < samples.count; i++) {
      this.#doubles[at++] = samples.time[i];
      this.#doubles[at++] = samples.thread[i];
      this.#doubles[at++] = samples.proc[i];
      this.#doubles[at++] = samples.goroutine[i];
      this.#doubles[at++] = samples.stackIn(tables, i);
    }
    const { number } = generation;
    return (
      this.#exports.begin(this.#batches, this.#batchCount, number, isFirst ? 1 : 0, nanosPerTick, origin, this.#free, samples.count) !== 0
    );
  }

  /** Delivers a block of events of the generation begun; returns a {@link CoreAnswer}. */
  run(state: State): number {
    if (this.#last === undefined) {
      this.#last = state.last;
      this.#events = state.events;
    }
    const answer = this.#exports.run(state.last, this.#annotations.watches);
    if (answer === CoreAnswer.Unusual) return answer;
    const header = this.#exports.headerAddress() >> 2;
    const words = this.#words;
    const block = this.#block;
    block.words = words;
    block.doubles = this.#doubles;
    block.end = words[header] >> 2;
    block.events = (block.end - block.begin) / recordWords - 2 * words[header + 12];
    const whole = this.#complete(words[header + 13], state);
    if (this.#visitor.block !== undefined) this.#visitor.block(block);
    else deliverBlock(block, this.#visitor);
    state.events += block.events;
    if (!whole) return CoreAnswer.Unusual;
    state.last = this.#doubles[(header >> 1) + 1] as TraceNanos;
    return answer;
  }

  /** Completes the records noted in the block. At one that contradicts what is remembered the block is cut off, and it is false. */
  #complete(count: number, state: State): boolean {
    const block = this.#block;
    const { words, doubles } = block;
    const noted = this.#exports.notedAddress() >> 2;
    for (let n = 0; n < count; n++) {
      const i = words[noted + n] >> 2;
      const kind = words[i + Field.Kind] % wideRecord;
      const first = (i + recordWords) >> 1;
      if (kind < firstUnfinished) {
        this.#annotations.end(words[i + Field.Kind] < wideRecord ? words[i + Field.A] : doubles[first + 4]);
        continue;
      }
      const final = this.#annotations.complete(kind, doubles.subarray(first, first + 10), state);
      if (final < 0) {
        block.end = i;
        block.events = eventsIn(words, block.begin, i);
        return false;
      }
      words[i + Field.Kind] = final + wideRecord;
    }
    return true;
  }

  /** The generation is done with: {@link handOver} is to give the state as it is now. */
  settle(): void {
    this.#last = undefined;
    this.#annotations.begin();
  }

  /**
   * Gives the state at the beginning of the generation to the plain reader. It reads the generation from there
   * and keeps to itself what has been delivered.
   */
  handOver(state: State, ordering: Ordering): void {
    if (this.#last === undefined) this.#exports.save();
    else {
      state.delivered = state.events;
      state.events = this.#events;
      state.last = this.#last;
    }
    const header = this.#exports.savedAddress();
    const view = new DataView(this.#buffer);
    const id = (at: number): number => Number(view.getBigInt64(at, true));
    const int = (at: number): number => view.getInt32(at, true);
    const { threads, procs, goroutines } = state;
    const size = structBytes;
    for (let i = 0, at = this.#exports.savedGoroutines(); i < int(header + 8); i++, at += size) {
      if (id(at) < 0) continue;
      const slot = goroutines.add(id(at), int(at + 24), id(at + 16));
      goroutines.sequence[slot] = id(at + 8);
      goroutines.assisting[slot] = int(at + 28);
    }
    const firstProc = this.#exports.savedProcs();
    for (let i = 1, at = firstProc + size; i < int(header + 4); i++, at += size) {
      const slot = procs.add(id(at));
      procs.status[slot] = int(at + 24);
      procs.sequence[slot] = id(at + 8);
      procs.generation[slot] = id(at + 16);
      procs.sweeping[slot] = int(at + 28);
    }
    for (let i = 0, at = this.#exports.savedThreads(); i < int(header); i++, at += size) {
      const slot = threads.slotFor(id(at));
      threads.known[slot] = int(at + 24);
      threads.goroutineId[slot] = id(at + 8);
      // A goroutine that has ended elsewhere has no place: any one of another id will be looked through.
      threads.goroutine[slot] = int(at + 16) === 0 ? -1 : Math.max(0, goroutines.table.find(id(at + 8)));
      threads.proc[slot] = ((int(at + 20) - this.#exports.procsAddress()) >> 5) - 1;
    }
    const running = int(header + 12);
    const { tasks, stops, regions } = this.#annotations.atBegin;
    ordering.restore(running < 0 ? undefined : running === 1, id(header + 16), tasks);
    for (const [goroutine, open] of stops) goroutines.stops[goroutines.table.find(goroutine)] = open;
    for (const [goroutine, open] of regions) goroutines.regions[goroutines.table.find(goroutine)] = open;
  }

  /** For a reader that begins in the middle: threads that had events before. False when there are too many. */
  know(threads: Float64Array): boolean {
    return threads.every((thread) => this.#exports.addKnown(thread) !== 0);
  }

  /** See {@link Assumed}. */
  takeAssumed(): Assumed {
    return { firstCollection: this.#exports.firstCollection(), ...this.#annotations.takeAssumed() };
  }

  /** The state at the beginning of the generation that was begun last. @param offset, last of that generation. */
  snapshot(offset: number, last: number): SchedulerSnapshot {
    const view = new DataView(this.#buffer);
    const id = (at: number): number => Number(view.getBigInt64(at, true));
    const int = (at: number): number => view.getInt32(at, true);
    const rows = (begin: number, first: number, count: number, width: number, row: (at: number) => readonly number[] | undefined) => {
      const values = new Float64Array(count * width);
      let used = 0;
      for (let i = first, at = begin + first * structBytes; i < count; i++, at += structBytes) {
        const found = row(at);
        if (found === undefined) continue;
        values.set(found, used);
        used += width;
      }
      return sortRows(values.subarray(0, used), width);
    };
    const header = this.#exports.savedAddress();
    const firstProc = this.#exports.savedProcs();
    const sequenced = (at: number): readonly number[] => [id(at), id(at + 8), id(at + 16), int(at + 24), int(at + 28)];
    return {
      offset,
      last,
      threads: rows(this.#exports.savedThreads(), 0, int(header), snapshotColumns.thread.width, (at) => {
        const proc = id(firstProc + int(at + 20) - this.#exports.procsAddress());
        return int(at + 24) === 0 && id(at + 8) === -1 && proc === -1 ? undefined : [id(at), int(at + 24), id(at + 8), proc];
      }),
      procs: rows(firstProc, 1, int(header + 4), snapshotColumns.proc.width, sequenced),
      goroutines: rows(this.#exports.savedGoroutines(), 0, int(header + 8), snapshotColumns.goroutine.width, (at) =>
        id(at) < 0 ? undefined : sequenced(at),
      ),
      gcRunning: int(header + 12),
      gcSequence: id(header + 16),
      ...this.#annotations.atBegin,
    };
  }

  #need(end: number): void {
    const missing = end - this.#exports.memory.buffer.byteLength;
    if (missing > 0) this.#exports.memory.grow(Math.ceil(Math.max(missing, growthBytes) / 65536));
    this.#view();
  }

  #view(): void {
    const { buffer } = this.#exports.memory;
    if (this.#buffer === buffer) return;
    this.#buffer = buffer;
    this.#words = new Int32Array(buffer);
    this.#doubles = new Float64Array(buffer);
    this.#bytes = new Uint8Array(buffer);
  }
}

const align = (address: number): number => (address + 7) & ~7;
