/** Strings, stacks and clock of one generation: found at load, made into text and frames only when asked for. */
import { Break, malformed, placed } from "./broken.ts";
import { BatchKind, type Batch, type Generation } from "./generation.ts";
import { IdIndex, type FoundEntries } from "./id-index.ts";
import type { ClockSnapshot, Frame, GenerationTables } from "./model.ts";
import { experimentNames, limits, Wire } from "./spec.ts";
import { ByteCursor } from "./varint.ts";

const decoder = new TextDecoder();

/** What stands for a text that the trace lost. */
export const lostText = "(lost)";
/** The runtime gives its reasons the first ids of every generation. */
const reasonIds = 64;
const knownReasons: ReadonlySet<string> = new Set([
  "GC (dedicated)",
  "GC (fractional)",
  "GC (idle)",
  "unspecified",
  "forever",
  "network",
  "select",
  "sync.(*Cond).Wait",
  "sync",
  "chan send",
  "chan receive",
  "GC mark assist wait for work",
  "GC background sweeper wait",
  "system goroutine wait",
  "preempted",
  "wait for debug call",
  "wait until GC ends",
  "sleep",
  "GC weak to strong wait",
  "synctest",
  "runtime.Gosched",
  "runtime.GoSched",
]);

export class Tables implements GenerationTables {
  generation = 0;
  clock: ClockSnapshot | undefined;
  experiments: Map<string, Uint8Array[]> = new Map();
  readonly strings = new IdIndex();
  readonly stacks = new IdIndex();
  #generation: Generation | undefined;
  /** Bytes of tables that had to be left out. */
  damagedBytes = 0;
  readonly #reader = new ByteCursor();
  /** Where the entry being read begins. */
  #entry = 0;
  /** Text by entry, filled on demand. */
  #texts: (string | undefined)[] = [];
  #extraTexts: string[] = [];
  readonly #extraIds = new Map<string, number>();
  /** For a salvage: what is damaged is left out, and a name that lacks has a stand-in. */
  lenient = false;
  /** Texts of reasons by the id that an earlier generation had for them: the runtime numbers them alike each time. */
  #reasons = new Map<number, string>();
  /** PC → place of its first frame record; made when the first stack is asked for. */
  #frames: Map<number, number> | undefined;
  /** Frames made so far, by their place: a stack is asked for by several, and most frames are on many stacks. */
  readonly #made = new Map<number, Frame>();

  /** Back to nothing, for the closing Sync and for a generation that could not be read. */
  clear(generation: number): void {
    this.generation = generation;
    this.clock = undefined;
    this.experiments = new Map();
    this.strings.clear();
    this.stacks.clear();
    this.#texts = [];
    this.#extraTexts = [];
    this.#extraIds.clear();
    this.#frames = undefined;
    this.#made.clear();
  }

  /** Takes over what was read by somebody else: the places of strings and stacks in the bytes of the generation. */
  adopt(generation: Generation, found: { readonly strings: FoundEntries; readonly stacks: FoundEntries }): void {
    this.clear(generation.number);
    this.#generation = generation;
    for (const batch of generation.batches) if (batch.kind === BatchKind.Experimental) this.#addExperiment(batch);
    this.strings.adopt(found.strings);
    this.stacks.adopt(found.stacks);
  }

  /** Reads the tables of a generation. @throws Break as the reference refuses them. */
  load(generation: Generation): void {
    this.clear(generation.number);
    this.#generation = generation;
    try {
      this.#fill(generation);
    } catch (error) {
      throw placed(error, generation.offsetOf(this.#reader.position, this.#entry));
    }
  }

  #fill(generation: Generation): void {
    if (this.lenient) {
      this.#fillLeniently(generation);
      return;
    }
    for (const batch of generation.batches) this.#add(batch);
    const twiceString = this.strings.seal();
    if (twiceString !== undefined) throw malformed(`found multiple strings with the same ID ${twiceString}`);
    const twiceStack = this.stacks.seal();
    if (twiceStack !== undefined) throw malformed(`found multiple stacks with the same ID ${twiceStack}`);
    this.#checkFrames();
  }

  #add(batch: Batch): void {
    if (batch.kind === BatchKind.Strings) this.#addStrings(batch.begin, batch.end);
    else if (batch.kind === BatchKind.Stacks) this.#addStacks(batch.begin, batch.end);
    else if (batch.kind === BatchKind.Experimental) this.#addExperiment(batch);
  }

  /** All entries in front of the damage of each batch; of two with one id the later one. */
  #fillLeniently(generation: Generation): void {
    for (const batch of generation.batches) {
      try {
        this.#add(batch);
      } catch (error) {
        if (!(error instanceof Break)) throw error;
        this.damagedBytes += batch.end - Math.min(batch.end, this.#entry);
      }
    }
    this.strings.seal(true);
    this.stacks.seal(true);
  }

  #addExperiment(batch: Batch): void {
    const name = experimentNames.get(batch.experiment) ?? `experiment ${batch.experiment}`;
    const list = this.experiments.get(name) ?? [];
    list.push(this.#bytes.slice(batch.begin, batch.end));
    this.experiments.set(name, list);
  }

  /** The generation's bytes lie in memory that may move. */
  get #bytes(): Uint8Array {
    return this.#generation!.bytes;
  }

  string(id: number): string {
    const entry = this.strings.find(id);
    if (entry >= 0) return this.#text(entry);
    const extra = this.#extraTexts[id - this.strings.nextFree];
    if (extra === undefined) throw new RangeError(`no string ${id} in generation ${this.generation}`);
    return extra;
  }

  /** Id of what stands for a string that the generation lacks: the reason that had this id before, or words that say so. */
  standIn(id: number): number {
    return this.intern(this.#reasons.get(id) ?? lostText);
  }

  /** Remembers the reasons of this generation, for {@link standIn}. */
  keepReasons(): void {
    for (let id = 1; id <= reasonIds; id++) {
      if (this.strings.find(id) < 0) continue;
      const text = this.string(id);
      if (knownReasons.has(text)) this.#reasons.set(id, text);
    }
  }

  /** An id in this generation for a text that was carried over from an earlier one. */
  intern(text: string): number {
    if (text === "") return 0;
    let id = this.#extraIds.get(text);
    if (id === undefined) {
      id = this.strings.nextFree + this.#extraTexts.length;
      this.#extraTexts.push(text);
      this.#extraIds.set(text, id);
    }
    return id;
  }

  get lostName(): number {
    return this.intern(lostText);
  }

  stack(id: number): readonly Frame[] {
    const entry = this.stacks.find(id);
    if (entry < 0) throw new RangeError(`no stack ${id} in generation ${this.generation}`);
    if (id === 0) return [];
    const reader = this.#at(this.stacks.place(entry));
    const keys = Array.from({ length: reader.uvarint("stack") }, () => {
      const key = reader.uvarint("frame");
      skipFrameRest(reader);
      return key;
    });
    const first = this.#firstFrames();
    return keys.map((key) => this.#frame(first.get(key)!));
  }

  #frame(place: number): Frame {
    const known = this.#made.get(place);
    if (known !== undefined) return known;
    const reader = this.#at(place);
    const pc = reader.uvarintBig("frame");
    const func = reader.uvarint("frame");
    const file = reader.uvarint("frame");
    const line = reader.uvarint("frame");
    const frame = { pc, func: this.#name(func), file: this.#name(file), line };
    this.#made.set(place, frame);
    return frame;
  }

  #name(id: number): string {
    return this.lenient && this.strings.find(id) < 0 ? lostText : this.string(id);
  }

  #text(entry: number): string {
    if (entry === 0) return "";
    const known = this.#texts[entry];
    if (known !== undefined) return known;
    const reader = this.#at(this.strings.place(entry));
    const length = reader.uvarint("string");
    return (this.#texts[entry] = decoder.decode(this.#bytes.subarray(reader.position, reader.position + length)));
  }

  #at(position: number): ByteCursor {
    this.#reader.set(this.#bytes, position, this.#bytes.length);
    return this.#reader;
  }

  #addStrings(begin: number, end: number): void {
    const reader = this.#reader;
    reader.set(this.#bytes, begin + 1, end);
    for (this.#entry = begin; !reader.done; this.#entry = reader.position) {
      const type = reader.byte("string");
      if (type !== Wire.String) throw malformed(`expected string event, got ${type}`);
      const id = reader.uvarint("string ID");
      const place = reader.position;
      const length = reader.uvarint("string length");
      if (length > limits.stringBytes) throw malformed(`invalid string size ${length}, maximum is ${limits.stringBytes}`);
      if (reader.position + length > end) throw malformed(`failed to read full string: read ${end - reader.position} but wanted ${length}`);
      reader.position += length;
      this.strings.add(id, place);
    }
  }

  #addStacks(begin: number, end: number): void {
    const reader = this.#reader;
    reader.set(this.#bytes, begin + 1, end);
    for (this.#entry = begin; !reader.done; this.#entry = reader.position) {
      const type = reader.byte("stack");
      if (type !== Wire.Stack) throw malformed(`expected stack event, got ${type}`);
      const id = reader.uvarint("stack ID");
      const place = reader.position;
      const frames = reader.uvarint("stack size");
      if (frames > limits.stackFrames) throw malformed(`invalid stack size ${frames}, maximum is ${limits.stackFrames}`);
      for (let i = 0; i < frames * 4; i++) reader.skip("frame of a stack");
      this.stacks.add(id, place);
    }
  }

  /**
   * Every function and file name of a frame must exist; a record whose PC was seen before does not count.
   * Of several faults the one of the smallest stack id is named, as the reference does.
   */
  #checkFrames(): void {
    let fault = "";
    let faulty = Number.POSITIVE_INFINITY;
    for (let entry = 1; entry < this.stacks.entries; entry++) {
      const id = this.stacks.idAt(entry);
      const reader = this.#at(this.stacks.place(entry));
      const count = reader.uvarint("stack");
      for (let i = 0; i < count; i++) {
        const place = reader.position;
        reader.skip("frame");
        const func = reader.uvarint("frame");
        const file = reader.uvarint("frame");
        reader.skip("frame");
        const bad = this.strings.find(func) < 0 ? `func string ID ${func}` : this.strings.find(file) < 0 ? `file string ID ${file}` : "";
        if (bad === "" || id >= faulty || !this.#isFirst(place)) continue;
        fault = bad;
        faulty = id;
      }
    }
    if (fault !== "") throw malformed(`found invalid ${fault} for stack ${faulty}`);
  }

  /** True when no frame record before this one has its PC. */
  #isFirst(place: number): boolean {
    const reader = new ByteCursor();
    reader.set(this.#bytes, place, this.#bytes.length);
    return this.#firstFrames().get(reader.uvarint("frame")) === place;
  }

  #firstFrames(): Map<number, number> {
    if (this.#frames !== undefined) return this.#frames;
    const frames = new Map<number, number>();
    const reader = new ByteCursor();
    for (let entry = 1; entry < this.stacks.entries; entry++) {
      reader.set(this.#bytes, this.stacks.place(entry), this.#bytes.length);
      const count = reader.uvarint("stack");
      for (let i = 0; i < count; i++) {
        const place = reader.position;
        const pc = reader.uvarint("frame");
        if (!frames.has(pc)) frames.set(pc, place);
        skipFrameRest(reader);
      }
    }
    return (this.#frames = frames);
  }
}

/** Function, file and line, behind the PC. */
function skipFrameRest(reader: ByteCursor): void {
  for (let i = 0; i < 3; i++) reader.skip("frame");
}
