/** Strings and stacks of an old-format trace: places in its bytes, made into text and frames only when asked for. */
import { type FoundEntries, IdIndex } from "../id-index.ts";
import type { Frame, GenerationTables } from "../model.ts";
import { ByteCursor } from "../varint.ts";
import { needRoom } from "./spec.ts";

/** Text in place of a string that a broken file has lost. */
export const lostName = "(lost)";
const decoder = new TextDecoder();
/** PCs whose first frame is remembered; more (no program has them) have the names of their own frame. */
const mostFrames = 1 << 23;
/** Larger ids are not kept, so that those given out here are above all of the file's and exact. */
const largestStringId = 2 ** 50;

export class OldTables implements GenerationTables {
  readonly generation = 1;
  readonly clock = undefined;
  readonly experiments = new Map<string, never>();
  readonly #bytes: Uint8Array;
  readonly #strings = new IdIndex();
  readonly #stacks = new IdIndex();
  readonly #reader = new ByteCursor();
  /** Text by entry, filled on demand. */
  readonly #texts: (string | undefined)[] = [];
  /** Words that are not in the file: reasons, kinds of stops. */
  readonly #words: readonly string[];
  readonly #wordIds: ReadonlyMap<string, number>;
  #firstWord = 0;
  /** For a salvage: a string may stand twice, and a name that the file has lost is told as lost. */
  lenient = false;
  /** PC → place of its first frame; made when the first stack is asked for. */
  #frames: Map<number, number> | undefined;

  /** @param words texts that are to have ids beside those of the file; not empty. */
  constructor(bytes: Uint8Array, words: readonly string[]) {
    this.#bytes = bytes;
    this.#words = words;
    this.#wordIds = new Map(words.map((word, index) => [word, index]));
  }

  /** @param place of the length, which the text follows. */
  addString(id: number, place: number): void {
    needRoom("strings", this.#strings.entries, place);
    if (id <= largestStringId) this.#strings.add(id, place);
  }

  /** @param place of the number of frames, which the frames follow. A later stack of the same id takes the place of the former. */
  addStack(id: number, place: number): void {
    needRoom("stacks", this.#stacks.entries, place);
    this.#stacks.add(id, place);
  }

  /** Makes all of it findable; returns the id of a string that stands twice and the place of the second one, if any. */
  seal(): { id: number; place: number } | undefined {
    const twice = this.#strings.seal(this.lenient);
    this.#stacks.seal(true);
    this.#firstWord = this.#strings.nextFree;
    if (twice === undefined) return undefined;
    let entry = 1;
    for (let seen = 0; seen < 2; entry++) if (this.#strings.idAt(entry) === twice) seen++;
    return { id: twice, place: this.#strings.place(entry - 1) };
  }

  /** Takes what somebody else has found, sealed. */
  adopt(strings: FoundEntries, stacks: FoundEntries): void {
    this.#strings.adopt(strings);
    this.#stacks.adopt(stacks);
    this.#firstWord = this.#strings.nextFree;
  }

  hasString(id: number): boolean {
    return this.#strings.find(id) >= 0;
  }

  /** The stack's id, or 0 where there is none of that id. */
  knownStack(id: number): number {
    return this.#stacks.find(id) < 0 ? 0 : id;
  }

  /** Id of one of the words given at the beginning; 0 for the empty one. */
  word(text: string): number {
    return text === "" ? 0 : this.#firstWord + this.#wordIds.get(text)!;
  }

  /** Id of a text whose length would lie at place 0. */
  get firstInline(): number {
    return this.#firstWord + this.#words.length;
  }

  /** Id of a text that stands in the middle of the events: its length lies at `place`. */
  inline(place: number): number {
    return this.#bytes[place] === 0 ? 0 : this.firstInline + place;
  }

  string(id: number): string {
    const entry = this.#strings.find(id);
    if (entry === 0) return "";
    if (entry > 0) return (this.#texts[entry] ??= this.#textAt(this.#strings.place(entry)));
    const word = id - this.#firstWord;
    const place = word - this.#words.length;
    const text = place >= 0 && place < this.#bytes.length ? this.#textAt(place) : this.#words[word];
    if (text === undefined) throw new RangeError(`no string ${id} in this trace`);
    return text;
  }

  stack(id: number): readonly Frame[] {
    const entry = this.#stacks.find(id);
    if (entry < 0) throw new RangeError(`no stack ${id} in this trace`);
    if (id === 0) return [];
    const first = this.#firstFrames();
    return this.#framesOf(entry).map(({ pc, place }) => this.#frameAt(first.get(pc) ?? place));
  }

  #frameAt(place: number): Frame {
    const reader = this.#at(place);
    const pc = reader.uvarintBig("frame");
    const func = reader.uvarint("frame");
    const file = reader.uvarint("frame");
    const line = reader.uvarint("frame");
    return { pc, func: this.#name(func), file: this.#name(file), line };
  }

  /** A name that the file does not give is empty. */
  #name(id: number): string {
    return this.hasString(id) ? this.string(id) : this.lenient ? lostName : "";
  }

  #textAt(place: number): string {
    const reader = this.#at(place);
    const length = reader.uvarint("string");
    return decoder.decode(this.#bytes.subarray(reader.position, reader.position + length));
  }

  #at(place: number): ByteCursor {
    this.#reader.set(this.#bytes, place, this.#bytes.length);
    return this.#reader;
  }

  #framesOf(entry: number): { pc: number; place: number }[] {
    const reader = this.#at(this.#stacks.place(entry));
    return Array.from({ length: reader.uvarint("stack") }, () => {
      const place = reader.position;
      const pc = reader.uvarint("frame");
      for (let i = 0; i < 3; i++) reader.skip("frame");
      return { pc, place };
    });
  }

  /** A PC has the names of its first frame in the file. */
  #firstFrames(): Map<number, number> {
    if (this.#frames !== undefined) return this.#frames;
    const frames = new Map<number, number>();
    for (let entry = 1; entry < this.#stacks.entries; entry++)
      for (const { pc, place } of this.#framesOf(entry)) if (frames.size < mostFrames && !frames.has(pc)) frames.set(pc, place);
    return (this.#frames = frames);
  }
}
