/**
 * The raw text form of traces (Go's `*.test` files; for formats up to 1.21 one of our own) → bytes: docs/formats/trace-text.md.
 * `size` of a batch is taken as written, so that broken traces can be written down too.
 */
import { ForetraceError } from "../../lib/errors.ts";
import { headerText } from "../header.ts";
import { Old, oldRecords, oldVersions, type OldRecord } from "../old/spec.ts";
import { Wire, wireEventNamed } from "../spec.ts";
import { writeOldRecord } from "./old.ts";
import { unquote } from "./quote.ts";
import { frameArguments, longest, mostFrames, RecordWriter } from "./records.ts";

/** The whole text at once. @throws ForetraceError trace_malformed with the line that cannot be read. */
export function traceFromText(text: string): Uint8Array {
  const parser = new TextParser();
  for (const line of text.split("\n")) parser.line(line);
  parser.end();
  return parser.take();
}

/** Bytes given at once, about. */
const pieceBytes = 1 << 16;
/** A string of the largest size, each byte an escape. */
const longestLine = 1 << 23;

/**
 * The same as a stream: UTF-8 in pieces of any size.
 * @throws ForetraceError trace_malformed with the line; what came before it has been given then.
 */
export async function* traceFromTextStream(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const parser = new TextParser();
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let rest = "";
  const feed = function* (text: string): Generator<Uint8Array, void> {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      try {
        parser.line(line);
      } catch (error) {
        yield parser.take();
        throw error;
      }
      if (parser.length >= pieceBytes) yield parser.take();
    }
    if (rest.length > longestLine) throw parser.error(`the next line has more than ${longestLine} characters`);
  };
  for await (const piece of source) yield* feed(decoder.decode(piece, { stream: true }));
  yield* feed(`${decoder.decode()}\n`);
  parser.end();
  yield parser.take();
}

type Notes = ReadonlyMap<string, number>;
/** A record whose lines have not all come. */
type Pending = {
  readonly id: number;
  readonly record: OldRecord | undefined;
  readonly values: readonly bigint[];
  readonly notes: Notes;
  readonly frames: bigint[];
  readonly frameNotes: Notes[];
  framesLeft: bigint;
  readonly wantsData: boolean;
};

class TextParser {
  readonly #out = new RecordWriter();
  #line = 0;
  /** Undefined before the first line; the records of a format up to 1.21 by name, or none. */
  #old: ReadonlyMap<string, OldRecord> | undefined;
  #begun = false;
  #pending: Pending | undefined;

  get length(): number {
    return this.#out.length;
  }

  take(): Uint8Array {
    return this.#out.take();
  }

  line(raw: string): void {
    this.#line++;
    const pending = this.#pending;
    if (pending?.wantsData === true && pending.framesLeft === 0n) {
      this.#data(raw, pending);
      return;
    }
    const comment = raw.indexOf("#");
    const said = (comment < 0 ? raw : raw.slice(0, comment)).trim();
    if (said === "") return;
    const notes = comment < 0 ? none : this.#notes(raw.slice(comment));
    if (pending !== undefined) this.#frame(said, notes, pending);
    else if (this.#begun) this.#record(said, notes);
    else this.#header(said);
  }

  end(): void {
    const pending = this.#pending;
    if (pending !== undefined)
      throw this.error(pending.framesLeft > 0n ? `expected 4 arguments (${frameList}), got 0` : 'expected data="…"');
    if (!this.#begun) throw this.error('expected "Trace Go1.N", got ""');
  }

  error(message: string): ForetraceError {
    return new ForetraceError("trace_malformed", `line ${this.#line} of the trace text: ${message}`, { line: this.#line });
  }

  #header(said: string): void {
    const version = /^Trace Go1\.(\d{1,3})$/.exec(said)?.[1];
    if (version === undefined) throw this.error(`expected "Trace Go1.N", got ${JSON.stringify(said)}`);
    this.#begun = true;
    if (oldVersions.includes(Number(version)))
      this.#old = new Map(oldRecords.filter(({ since }) => since <= Number(version)).map((record) => [record.name, record]));
    for (const char of headerText(Number(version))) this.#out.byte(char.charCodeAt(0));
  }

  #record(said: string, notes: Notes): void {
    const [name = "", ...fields] = said.split(/\s+/);
    const record = this.#old?.get(name);
    const event = this.#old === undefined ? wireEventNamed(name) : record;
    if (event === undefined) throw this.error(`unknown event ${JSON.stringify(name)}`);
    const { id, args } = event;
    const values = this.#fields(fields, args);
    const isStack = id === (record === undefined ? Wire.Stack : Old.Stack);
    const wantsData = record === undefined ? id === Wire.String || id === Wire.ExperimentalBatch : id === Old.String || id === Old.UserLog;
    const framesLeft = isStack ? values[1]! : 0n;
    if (framesLeft > mostFrames) throw this.error(`a stack of ${framesLeft} frames; the most is ${mostFrames}`);
    const pending = { id, record, values, notes, frames: [], frameNotes: [], framesLeft, wantsData };
    this.#checkNotes(notes, [...args, ...(wantsData ? ["length"] : []), ...(record === undefined ? [] : ["prefix", "bits"])]);
    if (record === undefined) this.#writeEvent(pending, args);
    if (framesLeft > 0n || wantsData) this.#pending = pending;
    else if (record !== undefined) writeOldRecord(record, values, [], undefined, notes, [], this.#out);
  }

  #writeEvent({ id, values, notes }: Pending, args: readonly string[]): void {
    this.#out.byte(id);
    values.forEach((value, i) => {
      if (id !== Wire.ExperimentalBatch || i > 0) this.#out.varint(value, notes.get(args[i]!));
      else if (value < 256n) this.#out.byte(Number(value));
      else throw this.error("exp does not fit 8 bits");
    });
  }

  #frame(said: string, notes: Notes, pending: Pending): void {
    const values = this.#fields(said.split(/\s+/), frameArguments);
    this.#checkNotes(notes, frameArguments);
    pending.framesLeft--;
    if (pending.record === undefined) values.forEach((value, i) => this.#out.varint(value, notes.get(frameArguments[i]!)));
    else {
      pending.frames.push(...values);
      pending.frameNotes.push(notes);
    }
    if (pending.framesLeft === 0n) this.#finish(pending, undefined);
  }

  #data(raw: string, pending: Pending): void {
    const literal = /^\s*data=("[^]*")\s*$/.exec(raw)?.[1];
    if (literal === undefined) throw this.error('expected data="…"');
    let data: Uint8Array;
    try {
      data = unquote(literal);
    } catch (error) {
      throw this.error(`data: ${(error as Error).message}`);
    }
    this.#finish(pending, data);
  }

  #finish({ record, values, notes, frames, frameNotes }: Pending, data: Uint8Array | undefined): void {
    this.#pending = undefined;
    if (record !== undefined) writeOldRecord(record, values, frames, data, notes, frameNotes, this.#out);
    else if (data !== undefined) {
      this.#out.varint(BigInt(data.length), notes.get("length"));
      this.#out.data(data);
    }
  }

  #fields(fields: readonly string[], names: readonly string[]): bigint[] {
    if (fields.length !== names.length) throw this.error(`expected ${names.length} arguments (${names.join(", ")}), got ${fields.length}`);
    return fields.map((field, i) => {
      const match = /^(\w+)=(\d{1,20})$/.exec(field);
      if (match?.[1] !== names[i]) throw this.error(`expected ${names[i]}=NUMBER, got ${JSON.stringify(field)}`);
      const value = BigInt(match![2]!);
      if (value >= 1n << 64n) throw this.error(`${names[i]} does not fit 64 bits`);
      return value;
    });
  }

  /** What stands behind `#@` in a comment. */
  #notes(comment: string): Notes {
    const written = /^#@((?: \w+:\d+)*)(?:\s|$)/.exec(comment)?.[1];
    if (written === undefined) return none;
    return new Map(
      [...written.matchAll(/(\w+):(\d+)/g)].map(([, name, width]) => {
        if (Number(width) < 1 || Number(width) > longest) throw this.error(`a number takes 1 to ${longest} bytes, not ${width}`);
        return [name!, Number(width)];
      }),
    );
  }

  #checkNotes(notes: Notes, names: readonly string[]): void {
    for (const name of notes.keys()) if (!names.includes(name)) throw this.error(`#@ ${name}: there is no such value here`);
    if ((notes.get("bits") ?? 0) > 3) throw this.error("#@ bits: there are two bits");
  }
}

const none: Notes = new Map();
const frameList = frameArguments.join(", ");
