/**
 * Reading on behind the error of a trace of Go 1.22 or later: what can be had of the broken generation, and of those behind it.
 * It begins where the ordinary reading ended, with the state that had been reached, so that all it delivers comes behind what that delivered.
 */
import { Break } from "../broken.ts";
import type { Container, LooseBatch } from "../container.ts";
import type { Cursors } from "../cursors.ts";
import type { Generation } from "../generation.ts";
import type { Input } from "../input.ts";
import { EventKind, type Salvaged } from "../model.ts";
import type { Ordering } from "../ordering.ts";
import { noThread } from "../scheduler.ts";
import type { State } from "../state.ts";
import type { CpuSamples } from "../sync.ts";
import type { Tables } from "../tables.ts";
import { salvageClock, salvageSamples } from "./clock.ts";
import { Gatherer } from "./gather.ts";
import { type Expected, headerAt } from "./headers.ts";
import { Lanes, mostArguments } from "./lanes.ts";
import { LateEvents } from "./late.ts";
import { Lookahead } from "./lookahead.ts";
import { Repair } from "./repair.ts";
import { SalvageReport } from "./report.ts";
import { mendBatches, stretchesOf, timesOf } from "./stretches.ts";
import { Verdict } from "./verdict.ts";

/**
 * An event waits so long for others that are to come before it, by the times of theirs; then what it waits for is taken to be lost.
 * Whole traces need less than a microsecond (measured on two processors, 3.5 million events).
 */
const patienceNanos = 50_000;
/** Threads whose next events are tried while one waits. */
const mostTried = 64;
/** Events between two looks at the abort signal. */
const portion = 1 << 15;
/** Places of goroutines that are looked through for each event, at most. */
const slotsPerEvent = 64;

export type SalvageHost = {
  readonly input: Input;
  readonly version: number;
  readonly maxGenerationBytes: number;
  readonly container: Container;
  readonly state: State;
  readonly ordering: Ordering;
  readonly cursors: Cursors;
  readonly tables: Tables;
  readonly samples: CpuSamples;
  /** A generation begins, at so many absolute nanoseconds: its Sync. */
  sync(begin: number): void;
  /** The last Sync; its tables are empty. */
  close(): void;
  /** Absolute nanoseconds of relative time 0, once there is a Sync. */
  origin(): number;
};

/** Where the ordinary reading ended. */
export type Stage =
  /** In the file: the generation that is being put together, or nothing. */
  | { readonly at: "container" }
  /** In the tables of a generation, or before its first event. */
  | { readonly at: "generation" }
  /** In its events: see {@link Cursors.rest}. `before`: what the ordinary reading delivers. */
  | {
      readonly at: "events";
      readonly done: number;
      readonly sample: number;
      readonly before: { readonly events: number; readonly last: number };
    };

export class Salvage {
  readonly #host: SalvageHost;
  readonly #report = new SalvageReport();
  readonly #gatherer: Gatherer;
  readonly #look: Lookahead;
  readonly #repair: Repair;
  /** Batches that were taken from the input and are in no generation. */
  readonly #loose: LooseBatch[];
  #stage: Stage | undefined;
  #lanes: Lanes | undefined;
  #nanosPerTick: number | undefined;
  #sample = 0;
  #whole = false;
  /** Something may have been lost since all goroutines were last heard of. */
  #gap = true;
  #scanned = 0;
  readonly #before: number;
  readonly #brokenAt: number;
  #from = -1;
  #closed: boolean;

  /** @param nanosPerTick of the last generation with a clock. @param closed the Sync behind what was delivered has been given. @param alone it would be the only event. */
  constructor(host: SalvageHost, stage: Stage, nanosPerTick: number | undefined, closed: boolean, alone: boolean) {
    this.#host = host;
    this.#stage = stage;
    this.#nanosPerTick = nanosPerTick;
    this.#closed = closed;
    // Where the first generation is the broken one, a lone Sync is all that there is without a salvage; here it is that generation's.
    const before = stage.at === "events" && stage.done >= 0 ? stage.before : host.state;
    this.#before = before.events + (alone ? 1 : 0);
    this.#brokenAt = before.last;
    this.#loose = host.container.loose();
    this.#look = new Lookahead(host.input);
    this.#gatherer = new Gatherer(this.#look, host.version, host.maxGenerationBytes, this.#report);
    this.#repair = new Repair(host.state, host.ordering, this.#report);
    host.state.tolerant = true;
    host.state.late = new LateEvents(this.#report);
    host.state.muted = false;
    host.state.lost = 0;
    host.tables.lenient = true;
    host.tables.damagedBytes = 0;
  }

  get result(): Salvaged {
    const { state, tables } = this.#host;
    this.#report.lostNames = state.lost;
    const result = this.#report.result(this.#brokenAt, this.#before, state.events, this.#from, state.last);
    return { ...result, skippedBytes: result.skippedBytes + tables.damagedBytes };
  }

  /** Goes to the next generation, or on in the broken one. False at the end; the closing Sync has been delivered then. */
  async next(): Promise<boolean> {
    const stage = this.#stage;
    this.#stage = undefined;
    if (stage !== undefined && (await this.#goOn(stage))) return true;
    const { generation } = this.#host.container;
    while (!this.#gatherer.ended || this.#loose.length > 0) {
      generation.reset();
      const whole = await this.#complete(generation);
      if (generation.batches.length === 0) continue;
      this.#begin(generation, whole);
      return true;
    }
    if (!this.#closed) this.#host.close();
    return false;
  }

  /** The generation in which the ordinary reading ended. False when there is none, or nothing of it is left. */
  async #goOn(stage: Stage): Promise<boolean> {
    const { container } = this.#host;
    const { generation } = container;
    if (stage.at === "events") this.#takeLanes(stage.done, stage.sample);
    const read = stage.at === "generation" || container.isOpen ? 0 : generation.batches.length;
    // A generation that the input ended is missing what lies behind the damage.
    const cut = container.isOpen || container.endedByInput;
    const whole = cut ? await this.#complete(generation) : stage.at === "generation";
    if (generation.batches.length > read) this.#begin(generation, whole, read);
    else this.#whole = false;
    return this.#lanes !== undefined;
  }

  /** What the ordinary reading left of the events of its generation. */
  #takeLanes(done: number, sample: number): void {
    const { cursors, container } = this.#host;
    const { generation } = container;
    const nanosPerTick = this.#nanosPerTick!;
    const lanes = new Lanes(() => generation.bytes, nanosPerTick);
    const range = timesOf(generation, 1e9 / nanosPerTick);
    for (const { slot, begin, time, batches } of cursors.rest(done)) {
      const left = batches.map((index) => generation.batches[index]);
      const [first] = left;
      left[0] = { ...first, begin, offset: first.offset + begin - first.begin };
      const mended = mendBatches(generation, left, this.#form, this.#report);
      const stretches = stretchesOf(generation.bytes, mended, range, nanosPerTick, this.#host.origin(), this.#report);
      for (const [thread, list] of stretches)
        for (const [i, stretch] of list.entries())
          lanes.add(this.#host.state.threads.slotFor(thread), thread === first.thread && i === 0 ? { ...stretch, time } : stretch);
      this.#host.state.threads.known[slot] = 1;
    }
    this.#lanes = lanes;
    this.#sample = sample;
  }

  get #form(): Pick<Expected, "version" | "padded"> {
    return { version: this.#host.version, padded: this.#gatherer.padded ?? true };
  }

  /** Puts loose batches and what follows in the file into the generation; true when its end was seen and nothing lacks. */
  async #complete(generation: Generation): Promise<boolean> {
    while (this.#loose.length > 0) {
      const loose = this.#loose[0];
      const number = await this.#numberOf(loose, generation.number);
      if (generation.number !== 0 && number !== generation.number) return this.#host.version < 26;
      this.#loose.shift();
      this.#gatherer.add(generation, { ...loose, header: { ...loose.header, generation: number } });
    }
    return this.#gatherer.fill(generation);
  }

  /** Number of the generation of a loose batch: its own, where what follows in the file does not say that it is damaged. */
  async #numberOf({ header }: LooseBatch, current: number): Promise<number> {
    await this.#look.fill(1 << 7);
    const next = headerAt(this.#look.bytes, this.#look.at, this.#look.end);
    if (header.generation > 0 && (next === undefined || header.generation === current || next.generation - header.generation <= 1))
      return header.generation;
    return next?.generation ?? Math.max(1, current);
  }

  /** Reads tables and clock of the generation, as far as they are there, and tells its Sync. @param from batches before this one are told already. */
  #begin(generation: Generation, whole: boolean, from = 0): void {
    const { state, tables, samples, version } = this.#host;
    const mended = mendBatches(generation, generation.batches.splice(from), this.#form, this.#report);
    for (const batch of mended) generation.batches.push(batch);
    tables.load(generation);
    tables.keepReasons();
    const { clock, source } = salvageClock(generation, version, this.#nanosPerTick, this.#host.origin() + state.last);
    const { nanosPerTick } = clock;
    this.#nanosPerTick = nanosPerTick;
    if (source !== "file" && this.#report.clock !== "assumed") this.#report.clock = source;
    tables.clock = clock.snapshot;
    const range = timesOf(generation, 1e9 / nanosPerTick);
    state.generation = generation.number;
    // Statuses count as in the first generation: what is known may be wrong.
    state.first = generation.number;
    this.#report.generations++;
    this.#whole = whole;
    if (!whole) this.#gap = true;
    this.#host.sync(Math.trunc(range.from * nanosPerTick));
    this.#noteFirst();
    this.#closed = false;
    const origin = this.#host.origin();
    const spare = (range.to - range.from) / 10 + 1e9 / nanosPerTick;
    salvageSamples(samples, generation, range.from - spare, range.to + spare);
    samples.convert(nanosPerTick, origin);
    this.#sample = 0;
    if (from > 0) while (this.#sample < samples.count && samples.time[this.#sample] <= state.last) this.#sample++;
    if (from === 0) this.#lanes = undefined;
    this.#lanes ??= new Lanes(() => generation.bytes, nanosPerTick);
    for (const [thread, list] of stretchesOf(generation.bytes, mended, range, nanosPerTick, origin, this.#report))
      for (const stretch of list) this.#lanes.add(state.threads.slotFor(thread), stretch);
  }

  /** Delivers events, some ten thousand at a time; false when the generation has no more. */
  deliver(): boolean {
    const lanes = this.#lanes;
    const { samples } = this.#host;
    if (lanes === undefined) return false;
    for (let left = portion; left > 0; left--) {
      if (this.#sample < samples.count && (lanes.isEmpty || samples.time[this.#sample] < lanes.time[lanes.first])) this.#emitSample();
      else if (!lanes.isEmpty) this.#one(lanes);
      else {
        this.#finish();
        return false;
      }
    }
    return true;
  }

  /** The earliest event happens; or one of another thread, when that one waits and there is one that need not. */
  #one(lanes: Lanes): void {
    const first = lanes.takeFirst();
    if (!this.#try(lanes, first, false)) {
      const others = lanes.takeEarliest(mostTried, lanes.time[first] + patienceNanos);
      const able = others.findIndex((lane) => this.#try(lanes, lane, false));
      const happened = able < 0 ? first : others[able];
      if (able < 0) this.#try(lanes, first, true);
      lanes.putBack(others.filter((lane) => lane !== happened));
      if (able >= 0) lanes.putBack([first]);
      lanes.step(happened);
    } else lanes.step(first);
    this.#noteFirst();
  }

  /** False when the event has to wait. It happened otherwise, or was left out. */
  #try(lanes: Lanes, lane: number, force: boolean): boolean {
    const { state, cursors } = this.#host;
    const slot = lanes.slot(lane);
    const type = lanes.type[lane];
    const values = lanes.values(lane);
    if (slot !== noThread) state.threads.known[slot] = 1;
    const verdict = this.#repair.prepare(type, slot, lanes.time[lane], values, force);
    if (verdict === Verdict.Wait) return false;
    cursors.type[0] = type;
    cursors.time[0] = lanes.time[lane];
    for (let i = 0; i < mostArguments; i++) cursors.values[i + 1] = values[i];
    cursors.threadSlot[0] = slot;
    cursors.record[0] = 0;
    if (verdict === Verdict.Drop || !(this.#advance() || this.#again(slot))) this.#report.skippedEvents++;
    if (slot === noThread) state.threads.release(slot);
    else this.#repair.note(slot);
    return true;
  }

  #again(slot: number): boolean {
    this.#repair.closeRegions(slot);
    return this.#advance();
  }

  #advance(): boolean {
    try {
      return this.#host.ordering.advance(0);
    } catch (error) {
      if (error instanceof Break) return false;
      throw error;
    }
  }

  #finish(): void {
    const { goroutines } = this.#host.state;
    this.#lanes = undefined;
    this.#host.state.tellLate();
    if (!this.#whole || !this.#gap) return;
    // Looking through all places costs time that events must have been delivered for.
    if (goroutines.table.slots > (this.#host.state.events - this.#scanned) * slotsPerEvent) return;
    this.#scanned = this.#host.state.events;
    this.#gap = false;
    this.#repair.endUnmentioned(this.#host.state.last);
  }

  #noteFirst(): void {
    if (this.#from < 0 && this.#host.state.events > this.#before) this.#from = this.#host.state.last;
  }

  #emitSample(): void {
    const { samples, tables, state } = this.#host;
    const i = this.#sample++;
    const stack = samples.stackIn(tables, i);
    state.emit(EventKind.StackSample, samples.time[i], samples.thread[i], samples.proc[i], samples.goroutine[i], stack, 0, 0, 0, 0, 0, 0);
    this.#noteFirst();
  }
}
