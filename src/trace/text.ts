/**
 * The raw text form of traces (Go's `*.test` files) → bytes: one line an event, `Name arg=value …` in the order of the spec table.
 * `size` of a batch is taken as written, so that broken traces can be written down too.
 */
import { ForetraceError } from "../lib/errors.ts";
import { headerText } from "./header.ts";
import { Wire, wireEventNamed } from "./spec.ts";

/** @throws ForetraceError trace_malformed with the line that cannot be read. */
export function traceFromText(text: string): Uint8Array {
  const lines = new Lines(text);
  const first = lines.next() ?? "";
  const version = /^Trace Go1\.(\d+)$/.exec(first)?.[1];
  if (version === undefined) throw lines.error(`expected "Trace Go1.N", got ${JSON.stringify(first)}`);
  const out: number[] = Array.from(headerText(Number(version)), (char) => char.charCodeAt(0));
  for (let line = lines.next(); line !== undefined; line = lines.next()) writeEvent(line, lines, out);
  return Uint8Array.from(out);
}

function writeEvent(line: string, lines: Lines, out: number[]): void {
  const [name = "", ...fields] = line.split(/\s+/);
  const event = wireEventNamed(name);
  if (event === undefined) throw lines.error(`unknown event ${JSON.stringify(name)}`);
  out.push(event.id);
  const values = readFields(fields, event.args, lines);
  for (const value of values) writeVarint(value, out);
  if (event.id === Wire.Stack) {
    for (let frame = 0n; frame < values[1]!; frame++) {
      const parts = lines.next()?.split(/\s+/) ?? [];
      for (const value of readFields(parts, ["pc", "func", "file", "line"], lines)) writeVarint(value, out);
    }
  } else if (event.id === Wire.String || event.id === Wire.ExperimentalBatch) {
    const data = unquote(/^\s*data=(".*")\s*$/.exec(lines.raw() ?? "")?.[1], lines);
    writeVarint(BigInt(data.length), out);
    out.push(...data);
  }
}

function readFields(fields: readonly string[], names: readonly string[], lines: Lines): bigint[] {
  if (fields.length !== names.length) throw lines.error(`expected ${names.length} arguments (${names.join(", ")}), got ${fields.length}`);
  return fields.map((field, i) => {
    const match = /^(\w+)=(\d+)$/.exec(field);
    if (match?.[1] !== names[i]) throw lines.error(`expected ${names[i]}=NUMBER, got ${JSON.stringify(field)}`);
    const value = BigInt(match![2]!);
    if (value >= 1n << 64n) throw lines.error(`${names[i]} does not fit 64 bits`);
    return value;
  });
}

function writeVarint(value: bigint, out: number[]): void {
  let rest = value;
  for (; rest > 127n; rest >>= 7n) out.push(Number(rest & 127n) | 128);
  out.push(Number(rest));
}

const simpleEscapes: Record<string, number> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13, "\\": 92, '"': 34, "'": 39 };

/** A Go string literal in double quotes → its bytes. */
function unquote(literal: string | undefined, lines: Lines): Uint8Array {
  if (literal === undefined) throw lines.error('expected data="…"');
  const out: number[] = [];
  const encoder = new TextEncoder();
  const part = /\\(?:x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([abtnvfr\\"']))|[^\\"]/uy;
  part.lastIndex = 1;
  while (part.lastIndex < literal.length - 1) {
    const match = part.exec(literal);
    if (match === null) throw lines.error("data is no Go string literal");
    const [whole, hex, octal, short, long, simple] = match;
    const point = short ?? long;
    if (hex !== undefined) out.push(Number.parseInt(hex, 16));
    else if (octal !== undefined) out.push(Number.parseInt(octal, 8) & 255);
    else if (simple !== undefined) out.push(simpleEscapes[simple]!);
    else out.push(...encoder.encode(point === undefined ? whole : codePoint(Number.parseInt(point, 16), lines)));
  }
  return Uint8Array.from(out);
}

function codePoint(value: number, lines: Lines): string {
  if (value > 0x10ffff) throw lines.error("data has a code point beyond Unicode");
  return String.fromCodePoint(value);
}

class Lines {
  readonly #lines: readonly string[];
  #at = 0;

  constructor(text: string) {
    this.#lines = text.split("\n");
  }

  /** The next line that says something, without its comment. */
  next(): string | undefined {
    for (let line = this.raw(); line !== undefined; line = this.raw()) {
      const said = line.replace(/#.*/, "").trim();
      if (said !== "") return said;
    }
    return undefined;
  }

  /** The next line as it is. */
  raw(): string | undefined {
    return this.#at < this.#lines.length ? this.#lines[this.#at++] : undefined;
  }

  error(message: string): ForetraceError {
    return new ForetraceError("trace_malformed", `line ${this.#at} of the trace text: ${message}`, { line: this.#at });
  }
}
