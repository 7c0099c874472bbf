/**
 * Formats 1.11–1.21: names and clock stand at the end of the file, and the order is known only once all of it has been looked at.
 * So the whole file is taken into memory, the order found (two bytes an event), checked, and only then told.
 */
import { ForetraceError } from "../../lib/errors.ts";
import { formatBytes } from "../../lib/units.ts";
import { Break, truncated } from "../broken.ts";
import type { GenerationSpan } from "../generation-reader.ts";
import { headerBytes } from "../header.ts";
import type { Input } from "../input.ts";
import { EventKind, type Salvaged, type TraceInfo, type TraceVisitor } from "../model.ts";
import { Converter, convertedWords } from "./convert.ts";
import { OldCore } from "./core.ts";
import { OldOrdering, type Order } from "./ordering.ts";
import { Output } from "./output.ts";
import { OldProcs } from "./procs.ts";
import { Replay } from "./replay.ts";
import { SalvageReport } from "../salvage/report.ts";
import { OldSalvage } from "./salvage/salvage.ts";
import { Scan } from "./scan.ts";
import { OldTables } from "./tables.ts";
import { Validator } from "./validate.ts";

/** The file itself, two bytes for each of its events and some 50 for each of its goroutines are held: measured, three times its size where goroutines abound. */
const maxFileBytes = 1 << 30;
/** Events delivered between two looks at the abort signal, and events only looked at. */
const portion = 1 << 16;
const portionLooked = 1 << 19;
const blockBytes = 1 << 20;

export class OldReader {
  info: TraceInfo | undefined;
  /** Set when reading came to a bad end; there is nothing more to read then. */
  error: ForetraceError | undefined;
  generations = 0;
  readonly #input: Input;
  readonly #version: number;
  readonly #visitor: TraceVisitor;
  readonly #onSpan: (span: GenerationSpan) => void;
  readonly #pause: () => Promise<void>;
  #out: Output;
  readonly #maxBytes: number;
  readonly #module: WebAssembly.Module | undefined;
  /** Undefined without one, and when it has refused the trace. */
  #core: OldCore | undefined;
  #tables: OldTables | undefined;
  #converter: Converter | undefined;
  #syncs = 0;
  readonly #salvages: boolean;
  #salvage: OldSalvage | undefined;
  /** With a salvage under way, what will be {@link error}; and what had been delivered before. */
  #broken: { readonly error: ForetraceError; readonly events: number; readonly end: number } | undefined;
  /** Events that could not be told behind that. */
  #untold = 0;

  /**
   * @param pause lets others run from time to time, and throws when the reading is to end.
   * @param maxBytes a larger file is refused.
   * @param salvages goes on behind an error.
   */
  constructor(
    input: Input,
    version: number,
    visitor: TraceVisitor,
    onSpan: (span: GenerationSpan) => void,
    pause: () => Promise<void>,
    core: WebAssembly.Module | undefined,
    maxBytes: number = maxFileBytes,
    salvages = false,
  ) {
    this.#input = input;
    this.#version = version;
    this.#visitor = visitor;
    this.#onSpan = onSpan;
    this.#pause = pause;
    this.#out = new Output(visitor);
    this.#maxBytes = maxBytes;
    this.#salvages = salvages;
    this.#module = core;
    this.#core = OldCore.open(core, maxBytes + 1);
  }

  get salvaged(): Salvaged | undefined {
    if (!this.#salvages || this.error === undefined) return undefined;
    if (this.#salvage !== undefined) return this.#salvage.salvaged;
    const { events, end } = this.#broken ?? this;
    const report = new SalvageReport();
    report.skippedEvents = this.#untold;
    report.lostNames = this.#converter?.lostNames ?? 0;
    report.generations = this.events > events ? 1 : 0;
    return report.result(end, events, this.events, end + 1, this.end);
  }

  get events(): number {
    return this.#out.events;
  }
  get end(): number {
    return this.#out.last;
  }

  /**
   * Reads the trace; the second time there is no more. False at the end, good or bad; at a good one the closing Sync has been delivered.
   * @throws ForetraceError too_large
   */
  async next(): Promise<boolean> {
    if (this.#tables !== undefined) {
      this.#close();
      return false;
    }
    const bytes = await (this.#core === undefined ? this.#readAll() : this.#readInto(this.#core));
    try {
      if ((await this.#loadCore(bytes)) || (await this.#load(bytes))) return true;
      this.#close();
    } catch (error) {
      if (!this.#salvages) this.#break(error);
      else if (await this.#takeOver(error, bytes)) return true;
    }
    return false;
  }

  /** Reads the broken file once more; false where nothing of it can be told. */
  async #takeOver(error: unknown, bytes: Uint8Array): Promise<boolean> {
    this.#broken = { error: this.#errorOf(error), events: 0, end: -1 };
    const salvage = await OldSalvage.load(bytes, this.#version, this.#visitor, portionLooked, this.#pause);
    this.#salvage = salvage;
    if (salvage.events === 0) {
      this.error = this.#broken.error;
      return false;
    }
    this.#tables = salvage.tables;
    this.#out = salvage.out;
    return true;
  }

  /** Begins the trace: its Sync. */
  open(): void {
    this.generations = 1;
    this.#onSpan({ begin: headerBytes, end: this.#input.offset, time: 0 });
    this.#sync(-1, 0);
  }

  /** Delivers events, some ten thousand at a time; false when there are no more. */
  deliver(): boolean {
    if (this.#core !== undefined) return this.#core.deliver(this.#out, this.#visitor);
    if (this.#salvage !== undefined) return this.#salvage.advance(portion);
    try {
      return this.#converter!.advance(portion);
    } catch (error) {
      if (!this.#salvages) this.#break(error);
      else this.#overlook(error);
      return this.#salvages;
    }
  }

  /** Goes on behind an event that cannot be translated. */
  #overlook(error: unknown): void {
    this.#broken ??= { error: this.#errorOf(error), events: this.events, end: this.end };
    this.#tables!.lenient = true;
    if (!this.#converter!.overlook()) this.#untold++;
  }

  /** As {@link #load}, by the core; false where it is not taken as ordinary. */
  async #loadCore(bytes: Uint8Array): Promise<boolean> {
    if (this.#core === undefined) return false;
    const tables = new OldTables(bytes, convertedWords(this.#version));
    if (await this.#core.load(bytes.length, this.#version, tables, this.#pause)) {
      this.#tables = tables;
      return true;
    }
    this.#core = undefined;
    return false;
  }

  /** Finds the order and checks it. False when there is no event. @throws Break */
  async #load(bytes: Uint8Array): Promise<boolean> {
    const tables = new OldTables(bytes, convertedWords(this.#version));
    const scan = new Scan(bytes, 0, this.#version, tables);
    while (scan.step(portionLooked)) await this.#pause();
    const procs = new OldProcs(bytes, this.#version, scan);
    scan.samples.sort((id) => procs.slotOf(id));
    const order = await this.#order(procs, scan);
    if (scan.frequency === 0)
      throw truncated("no EvFrequency event: the trace has no end, as when the program ended before trace.Stop", bytes.length);
    const replay = (): Replay => new Replay(procs, order, scan.samples, 1e9 / scan.frequency);
    const validator = new Validator(procs, replay(), scan.timers);
    while (validator.advance(portionLooked)) await this.#pause();
    this.#tables = tables;
    this.#converter = new Converter(procs, replay(), tables, this.#out, this.#version, scan.timers);
    return order.length > 0;
  }

  /** Its own function, so that what ordering takes is free for the passes behind it. */
  async #order(procs: OldProcs, scan: Scan): Promise<Order> {
    const ordering = new OldOrdering(procs, scan.samples, scan.events);
    while (ordering.advance(portionLooked)) await this.#pause();
    return ordering.finish();
  }

  /** All bytes behind the header, put where the core wants them; a larger one takes its place when there are many. */
  async #readInto(core: OldCore): Promise<Uint8Array> {
    let { room } = core;
    for (let length = 0; ;) {
      const wanted = Math.min(blockBytes, room.length - length);
      const copied = await this.#input.copy(room, length, wanted);
      length += copied;
      // The room has a byte more than there may be.
      if (length > this.#maxBytes) throw this.#tooLarge();
      if (copied < wanted) return room.subarray(0, length);
      if (length < room.length) continue;
      this.#core = OldCore.open(this.#module, this.#maxBytes + 1, room);
      if (this.#core === undefined) return this.#readAll(room);
      ({ room } = this.#core);
    }
  }

  /** All bytes behind the header. Blocks are gathered first, so that no more than twice the file is held while it comes in. */
  async #readAll(begin?: Uint8Array): Promise<Uint8Array> {
    const blocks: Uint8Array<ArrayBuffer>[] = begin === undefined ? [] : [Uint8Array.from(begin)];
    let length = begin?.length ?? 0;
    for (;;) {
      const block = new Uint8Array(Math.min(blockBytes, this.#maxBytes - length + 1));
      const copied = await this.#input.copy(block, 0, block.length);
      blocks.push(block);
      length += copied;
      if (length > this.#maxBytes) throw this.#tooLarge();
      if (copied < block.length) break;
    }
    const all = new Uint8Array(length);
    let at = 0;
    for (const block of blocks) {
      all.set(block.subarray(0, length - at), at);
      at += block.length;
      // Given back at once, not when the collector finds it.
      block.buffer.transfer(0);
    }
    return all;
  }

  #tooLarge(): ForetraceError {
    return new ForetraceError(
      "too_large",
      `the trace has more than ${formatBytes(this.#maxBytes)}: traces of Go 1.21 and older have to be sorted as a whole, ` +
        "and this is the most that is held in memory; record a shorter one, or use Go 1.22 or later, whose traces are read as they come",
    );
  }

  #sync(origin: number, at: number): void {
    if (this.info === undefined) {
      this.info = { version: this.#version, origin: BigInt(origin) };
      this.#visitor.start?.(this.info);
    }
    this.#visitor.generation?.(this.#tables!);
    this.#out.emit(EventKind.Sync, at, -1, -1, -1, 0, ++this.#syncs, 0, 0, 0, 0, 0);
  }

  /** A trace that holds no event is a single Sync at 0. */
  #close(): void {
    this.#sync(0, this.#out.last);
    if (this.#broken !== undefined) this.error = this.#broken.error;
    else if (this.#input.failure !== undefined) this.#break(truncated(this.#input.failure));
  }

  #break(error: unknown): void {
    this.error = this.#errorOf(error);
  }

  /** Places in the bytes are places behind the header. */
  #errorOf(error: unknown): ForetraceError {
    if (!(error instanceof Break)) throw error;
    const cut = this.#input.failure === undefined ? "" : `; ${this.#input.failure}`;
    const all = this.events > 0 ? "" : "; a trace of Go 1.21 or older can be ordered only as a whole, so that nothing of it is given";
    const offset = error.offset === undefined ? this.#input.offset : error.offset + headerBytes;
    return new Break(error.code, error.message + cut + all, offset).toError(offset, 0);
  }
}
