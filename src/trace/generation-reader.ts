/** Formats 1.22 and later: generation by generation, each merged from its threads by the ordering. */
import type { ForetraceError } from "../lib/errors.ts";
import type { Border } from "./borders.ts";
import { Break, inconsistent, malformed } from "./broken.ts";
import { Container } from "./container.ts";
import { Core, CoreAnswer } from "./core.ts";
import { Ahead, Cursors } from "./cursors.ts";
import type { Generation } from "./generation.ts";
import type { Input } from "./input.ts";
import { type CompiledModule, EventKind, type Salvaged, type TraceInfo, type TraceVisitor } from "./model.ts";
import { Ordering, waitingEvent } from "./ordering.ts";
import { Salvage, type SalvageHost, type Stage } from "./salvage/salvage.ts";
import type { Assumed, SchedulerSnapshot } from "./snapshot.ts";
import { State } from "./state.ts";
import { CpuSamples, readClock, type GenerationClock } from "./sync.ts";
import { Tables } from "./tables.ts";

/**
 * Where a generation lies in the file: from its first batch to behind its last byte. `time` is that of its earliest batch, in nanoseconds since
 * the trace's first event: the generation's Sync lies there, unless the generation before goes on longer (they overlap by some 100 µs).
 */
export type GenerationSpan = { readonly begin: number; readonly end: number; readonly time: number };

/** Of a reader that begins in the middle of a file, at a generation before `border`: what it cannot know from there on. */
export type ReaderStart = {
  /** File offset of the first batch that it gets. */
  readonly begin: number;
  /** Absolute nanoseconds of relative time 0. */
  readonly origin: number;
  readonly border: Pick<Border, "offset" | "threads">;
};

/** Told of each generation before its events; the reader says what is known there. */
export type OnGeneration = (span: GenerationSpan, reader: GenerationReader) => void;

/** A generation holds about a second; this is some 100 times the most that was seen. The buffer grows with what really comes. */
export const maxGenerationBytes = 1 << 29;
/** Events between two looks at the abort signal. */
const portion = 1 << 16;

export class GenerationReader {
  info: TraceInfo | undefined;
  /** Set when reading came to a bad end; there is nothing more to read then. */
  error: ForetraceError | undefined;
  generations = 0;
  readonly #version: number;
  readonly #input: Input;
  readonly #container: Container;
  readonly #visitor: TraceVisitor;
  readonly #onSpan: OnGeneration;
  readonly #start: ReaderStart | undefined;
  readonly #tables = new Tables();
  readonly #state: State;
  readonly #cursors = new Cursors();
  readonly #samples = new CpuSamples();
  readonly #ordering: Ordering;
  #generation: Generation | undefined;
  #clock: GenerationClock | undefined;
  /** Absolute nanoseconds of relative time 0. */
  #origin = 0;
  #syncs = 0;
  #sample = 0;
  /** Cursor whose event was tried last: the place of an error. */
  #tried = 0;
  /** At an error: that event has happened all the same, for a salvage. */
  #done = false;
  /** What had been delivered before the event tried last, for a salvage. */
  #before: { events: number; last: number } | undefined;

  /** Undefined without one, and from the first generation on that it does not read. */
  #core: Core | undefined;
  readonly #salvages: boolean;
  #salvage: Salvage | undefined;
  /** With a salvage to come or under way: what will be {@link error}. */
  #broken: ForetraceError | undefined;

  constructor(
    input: Input,
    version: number,
    visitor: TraceVisitor,
    onSpan: OnGeneration,
    core: CompiledModule | undefined,
    start?: ReaderStart,
    salvages = false,
  ) {
    this.#start = start;
    if (start !== undefined) input.offset = start.begin;
    this.#input = input;
    this.#salvages = salvages;
    this.#version = version;
    this.#visitor = visitor;
    this.#onSpan = onSpan;
    this.#core = Core.open(core, visitor);
    this.#container = new Container(input, version, maxGenerationBytes, this.#core?.storage);
    this.#state = new State(this.#tables, visitor);
    this.#ordering = new Ordering(this.#state, this.#cursors);
    this.#state.tolerant = salvages;
  }

  /** What lies behind the error, where that was to be read and there was one. */
  get salvaged(): Salvaged | undefined {
    return this.#salvage?.result;
  }

  get events(): number {
    return this.#state.events;
  }
  get end(): number {
    return this.#state.last;
  }

  /** Reads the next generation and its tables. False at the end, good or bad; the closing Sync has been delivered then. */
  async next(): Promise<boolean> {
    if (this.#salvage !== undefined) return this.#nextSalvaged(this.#salvage);
    let generation: Generation | undefined;
    try {
      generation = await this.#container.next();
      if (generation !== undefined) this.#load(generation);
    } catch (error) {
      this.#break(error, generation?.begin ?? this.#input.offset);
      if (this.#salvages) return this.#nextSalvaged(this.#takeOver({ at: generation === undefined ? "container" : "generation" }, true));
      generation = undefined;
    }
    this.#generation = generation;
    if (generation === undefined) this.#close();
    return generation !== undefined;
  }

  async #nextSalvaged(salvage: Salvage): Promise<boolean> {
    const more = await salvage.next();
    if (!more) this.error = this.#broken;
    return more;
  }

  /** @param closes the ordinary reading would close with a Sync here. */
  #takeOver(stage: Stage, closes: boolean): Salvage {
    const alone = closes && this.info === undefined;
    if (closes && !alone) {
      this.#generation = undefined;
      this.#close();
    }
    if (stage.at === "container") this.#core?.settle();
    this.#leaveCore();
    const host: SalvageHost = {
      input: this.#input,
      version: this.#version,
      maxGenerationBytes,
      container: this.#container,
      state: this.#state,
      ordering: this.#ordering,
      cursors: this.#cursors,
      tables: this.#tables,
      samples: this.#samples,
      origin: () => this.#origin,
      close: () => this.#close(),
      sync: (begin) => {
        if (this.info === undefined) this.#origin = Math.max(1, begin);
        this.generations++;
        this.#sync(begin - this.#origin);
      },
    };
    return (this.#salvage = new Salvage(host, stage, this.#clock?.nanosPerTick, closes && !alone, alone));
  }

  /** Begins the generation: its Sync. An event that cannot be parsed at the head of a thread is an error before it. */
  open(): void {
    if (this.#salvage !== undefined) return;
    const generation = this.#generation!;
    const nanosPerTick = this.#clock!.nanosPerTick!;
    const state = this.#state;
    const begin = Math.trunc(generation.minTime * nanosPerTick);
    if (this.info === undefined) this.#origin = this.#start?.origin ?? Math.max(1, begin);
    state.generation = generation.number;
    if (state.first === 0) state.first = generation.number;
    this.#samples.convert(nanosPerTick, this.#origin);
    const border = this.#start?.border;
    if (generation.begin === border?.offset && this.#core?.know(border.threads) === false) this.#leaveCore();
    if (this.#core?.begin(generation, state.isFirst, nanosPerTick, this.#origin, this.#samples, this.#tables) === false) this.#leaveCore();
    if (this.#core === undefined && !this.#loadCursors()) return;
    this.generations++;
    this.#onSpan({ begin: generation.begin, end: generation.end, time: begin - this.#origin }, this);
    this.#sync(begin - this.#origin);
  }

  /** Absolute nanoseconds of relative time 0, from the first generation on. */
  get origin(): number {
    return this.#origin;
  }

  /** What is known where the generation at hand begins; undefined where the core does not read it. */
  snapshot(): SchedulerSnapshot | undefined {
    return this.#core?.snapshot(this.#generation!.begin, this.#state.last);
  }

  /** What was taken for granted since the last call ({@link Assumed}); undefined where the core does not read any more. */
  takeAssumed(): Assumed | undefined {
    return this.#core?.takeAssumed();
  }

  #loadCursors(): boolean {
    const generation = this.#generation!;
    const { threads } = this.#state;
    this.#sample = 0;
    try {
      this.#cursors.load(generation, this.#clock!.nanosPerTick!, this.#origin, (id) => threads.slotFor(id));
      return true;
    } catch (error) {
      this.#break(error, generation.begin);
      if (this.#salvages) this.#takeOver({ at: "generation" }, false);
      return false;
    }
  }

  /** From the beginning of this generation on without the core. */
  #leaveCore(): void {
    this.#core?.handOver(this.#state, this.#ordering);
    this.#core = undefined;
  }

  /** Delivers events of the generation, some ten thousand at a time; false when there are no more. */
  deliver(): boolean {
    if (this.error !== undefined) return false;
    if (this.#salvage !== undefined) return this.#salvage.deliver();
    if (this.#core !== undefined) {
      const answer = this.#core.run(this.#state);
      if (answer !== CoreAnswer.Unusual) return answer === CoreAnswer.More;
      this.#leaveCore();
      if (!this.#loadCursors()) return false;
    }
    const cursors = this.#cursors;
    try {
      for (let left = portion; left > 0; left--) {
        if (this.#sample < this.#samples.count && this.#sampleIsNext()) this.#emitSample();
        else if (cursors.size === 0) return false;
        else if (!this.#try(0)) this.#tryOthers();
      }
      return true;
    } catch (error) {
      this.#break(this.#state.fault ?? error, cursors.offsetOf(cursors.record[this.#tried]));
      if (this.#salvages)
        this.#takeOver({ at: "events", done: this.#done ? this.#tried : -1, sample: this.#sample, before: this.#before! }, false);
      return false;
    }
  }

  #break(error: unknown, offset: number): void {
    if (!(error instanceof Break)) throw error;
    const found = error.toError(offset, this.#container.current, this.#container.batchAt(error.offset ?? offset));
    if (this.#salvages) this.#broken ??= found;
    else this.error = found;
  }

  #load(generation: Generation): void {
    if (this.#core?.load(generation, this.#tables) === false) this.#leaveCore();
    if (this.#core === undefined) this.#tables.load(generation);
    const clock = readClock(generation, this.#version);
    if (clock.nanosPerTick === undefined) throw malformed("no frequency event found");
    if (this.#version >= 25 && clock.snapshot === undefined) throw malformed("no clock snapshot event found");
    this.#samples.load(generation);
    this.#tables.clock = clock.snapshot;
    this.#clock = clock;
    if (this.#salvages) this.#tables.keepReasons();
  }

  #sync(at: number): void {
    if (this.info === undefined) {
      this.info = { version: this.#version, origin: BigInt(this.#origin) };
      this.#visitor.start?.(this.info);
    }
    this.#visitor.generation?.(this.#tables);
    try {
      this.#state.emit(EventKind.Sync, at, -1, -1, -1, 0, ++this.#syncs, 0, 0, 0, 0, 0);
    } catch (error) {
      // Its time lies too far away; why reading ended before it says more.
      if (this.error === undefined || !(error instanceof Break)) this.#break(error, this.#generation?.begin ?? this.#input.offset);
    }
  }

  /** The reference closes with a Sync when no generation can be had any more, even where it never had one. */
  #close(): void {
    if (this.info === undefined) this.#origin = 1;
    this.#tables.clear(Math.max(this.#container.current, this.#state.generation));
    this.#sync(this.#state.last);
  }

  /** The reference parses a thread's next event before it hands out the current one; one that cannot be parsed takes it along. */
  #try(place: number): boolean {
    const cursors = this.#cursors;
    const cursor = cursors.heap[place];
    this.#tried = cursor;
    if (this.#salvages) this.#before = { events: this.#state.events, last: this.#state.last };
    if (cursors.look(cursor) === Ahead.Malformed) return this.#tryLast(cursor);
    if (!this.#ordering.advance(cursor)) return false;
    if (this.#state.fault !== undefined) this.#failAfter(this.#state.fault);
    cursors.step(place);
    return true;
  }

  /** The event has happened all the same, for a salvage. */
  #failAfter(fault: Break | undefined): never {
    this.#done = true;
    throw fault;
  }

  #tryLast(cursor: number): boolean {
    this.#state.muted = !this.#salvages;
    if (this.#ordering.advance(cursor)) this.#failAfter(this.#state.fault ?? this.#cursors.failures[cursor]);
    this.#state.muted = false;
    return false;
  }

  /** The head cannot go first: the others in order of time, the first that can is taken. */
  #tryOthers(): void {
    const cursors = this.#cursors;
    cursors.sort();
    for (let place = 1; place < cursors.size; place++) if (this.#try(place)) return;
    this.#tried = cursors.heap[0];
    const waiting = Array.from(cursors.heap.subarray(0, Math.min(cursors.size, 8)), (cursor) => waitingEvent(cursors, cursor));
    throw inconsistent(`broken trace: failed to advance: frontier: the next event of no thread may come now (${waiting.join(", ")})`);
  }

  #sampleIsNext(): boolean {
    const { size, head, heap } = this.#cursors;
    return size === 0 || this.#samples.time[this.#sample] < head[heap[0]];
  }

  #emitSample(): void {
    const samples = this.#samples;
    const i = this.#sample++;
    this.#state.emit(
      EventKind.StackSample,
      samples.time[i],
      samples.thread[i],
      samples.proc[i],
      samples.goroutine[i],
      samples.stackIn(this.#tables, i),
      0,
      0,
      0,
      0,
      0,
      0,
    );
  }
}
