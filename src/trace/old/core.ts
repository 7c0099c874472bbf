/**
 * The WebAssembly core for formats up to 1.21 (../assembly/old): holds the file, finds its order, checks it, and tells it in blocks.
 * What it does not take as ordinary it refuses before anything is delivered: the plain reader then reads the same bytes from the beginning,
 * so that errors, and what comes before them, are always the plain reader's.
 */
import type { TraceNanos } from "../../lib/units.ts";
import { deliverBlock } from "../blocks.ts";
import type { FoundEntries } from "../id-index.ts";
import type { EventBlock, TraceVisitor } from "../model.ts";
import { leaveReasons, stopKinds } from "./convert.ts";
import type { Output } from "./output.ts";
import { argumentCounts, hasStack, isOrdered, stopKind } from "./spec.ts";
import type { OldTables } from "./tables.ts";

/** What the module exports: ../assembly/old/index.ts, where each function is explained. Addresses are bytes. */
type Exports = {
  bytesAddress(): number;
  headerAddress(): number;
  blockAddress(): number;
  countsAddress(): number;
  stackedAddress(): number;
  orderedAddress(): number;
  reasonsAddress(): number;
  stopsAddress(): number;
  begin(bytes: number): void;
  scan(records: number): number;
  order(events: number): number;
  tell(messages: number): number;
  run(before: number): number;
};

const Answer = { Done: 1, Unusual: 2, More: 3 } as const;

/**
 * Only what is written is ever taken. The larger memory is the largest there can be: one that grows would make every typed array of the
 * process slower from then on. The smaller one stays below what V8 collects garbage for (64 MiB outside its heap; 7 ms).
 */
const pages = { small: 896, large: 65_536 };
/** Files up to here are held in the smaller one. */
const smallBytes = 1 << 23;
/** What lies at fixed places below the file. */
const fixedBytes = 1 << 20;
const portion = 1 << 19;

export class OldCore {
  /** Where the file is put, without its header. */
  readonly room: Uint8Array;
  readonly #exports: Exports;
  readonly #buffer: ArrayBuffer;
  readonly #header: Uint32Array;
  readonly #lastTime: Float64Array;
  readonly #block: { words: Int32Array; doubles: Float64Array; begin: number; end: number; events: number };

  /**
   * Undefined without a module, and where there is no address space for its memory: reading takes longer then.
   * @param mostBytes of a file. @param begin what has come of a larger one.
   */
  static open(module: WebAssembly.Module | undefined, mostBytes: number, begin?: Uint8Array): OldCore | undefined {
    if (module === undefined) return undefined;
    try {
      const isSmall = begin === undefined;
      const core = new OldCore(module, isSmall ? pages.small : pages.large, isSmall ? Math.min(smallBytes, mostBytes) : mostBytes);
      if (!isSmall) core.room.set(begin);
      return core;
    } catch (error) {
      if (error instanceof RangeError) return undefined;
      throw error;
    }
  }

  private constructor(module: WebAssembly.Module, initial: number, roomBytes: number) {
    const memory = new WebAssembly.Memory({ initial });
    this.#exports = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Exports;
    const { buffer } = memory;
    this.#buffer = buffer;
    this.room = new Uint8Array(buffer, this.#exports.bytesAddress(), roomBytes);
    this.#header = new Uint32Array(buffer, this.#exports.headerAddress(), 8);
    this.#lastTime = new Float64Array(buffer, this.#exports.headerAddress() + 8, 1);
    const words = new Int32Array(buffer, 0, fixedBytes / 4);
    this.#block = {
      words,
      doubles: new Float64Array(buffer, 0, fixedBytes / 8),
      begin: this.#exports.blockAddress() / 4,
      end: 0,
      events: 0,
    };
  }

  /**
   * Orders and checks the file that lies in {@link room}; `tables` are filled. False = the plain reader must see it, with other tables.
   * @param pause lets others run from time to time, and throws when the reading is to end.
   */
  async load(bytes: number, version: number, tables: OldTables, pause: () => Promise<void>): Promise<boolean> {
    const core = this.#exports;
    this.#put(core.countsAddress(), argumentCounts(version));
    this.#put(core.stackedAddress(), hasStack);
    this.#put(core.orderedAddress(), isOrdered);
    core.begin(bytes);
    if (!(await finished(() => core.scan(portion), pause))) return false;
    const [strings, stringIds, stringPlaces, stringEntries, stacks, stackIds, stackPlaces, stackEntries] = this.#header;
    tables.adopt(this.#found(stringPlaces, strings, stringEntries, stringIds), this.#found(stackPlaces, stacks, stackEntries, stackIds));
    if (!(await finished(() => core.order(portion), pause))) return false;
    const [length, preamble, preambleEnd] = this.#header;
    if (length === 0) return false;
    new Float64Array(this.#buffer, preamble, (preambleEnd - preamble) / 8).sort();
    const reasons = new Float64Array(this.#buffer, core.reasonsAddress(), 64).fill(-1);
    for (const [type, text] of leaveReasons) reasons[type] = tables.word(text);
    const stops = new Float64Array(this.#buffer, core.stopsAddress(), stopKinds);
    for (let kind = 0; kind < stopKinds; kind++) stops[kind] = tables.word(stopKind(version, kind));
    return core.tell(tables.firstInline) !== 0;
  }

  /** Delivers a block of events; false at the end. */
  deliver(out: Output, visitor: TraceVisitor): boolean {
    const answer = this.#exports.run(out.last);
    const block = this.#block;
    [block.end, block.events] = [this.#header[0] / 4, this.#header[1]];
    const last = this.#lastTime[0] as TraceNanos;
    deliverTo(visitor, block);
    out.delivered(block.events, last);
    return answer === Answer.More;
  }

  #put(address: number, table: Uint8Array | Int8Array): void {
    new Uint8Array(this.#buffer, address, table.length).set(table);
  }

  #found(places: number, entryCount: number, entries: number, idCount: number): FoundEntries {
    return { places: new Int32Array(this.#buffer, places, entryCount), entries: new Int32Array(this.#buffer, entries, idCount) };
  }
}

function deliverTo(visitor: TraceVisitor, block: EventBlock): void {
  if (visitor.block !== undefined) visitor.block(block);
  else deliverBlock(block, visitor);
}

/** True when the work is done, false when it is refused. */
async function finished(work: () => number, pause: () => Promise<void>): Promise<boolean> {
  let answer: number;
  while ((answer = work()) === Answer.More) await pause();
  return answer === Answer.Done;
}
