/** Bytes of records ↔ their values: what the text forms of both families of formats have in common. */
import { malformed } from "../broken.ts";

/** Thrown where the bytes at hand end in the middle of a record. */
export class Short extends Error {}

/** Bytes of the longest varint. */
export const longest = 10;

/** Reads values of one record after the other from the bytes at hand. */
export class RecordReader {
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;
  /** Offset of the bytes in the trace. */
  offset = 0;
  /** Notes of the record: `name:bytes` of each varint that is longer than it need be. */
  notes = "";

  byte(): number {
    if (this.at >= this.bytes.length) throw new Short();
    return this.bytes[this.at++]!;
  }

  /** The value as decimal digits. @throws Short, Break */
  value(name: string): string {
    const { bytes } = this;
    const begin = this.at;
    let value = 0;
    let scale = 1;
    for (let i = 0; i < longest; i++) {
      const byte = this.byte();
      if (i === longest - 1 && byte > 1) break;
      value += (byte & 127) * scale;
      scale *= 128;
      if (byte > 127) continue;
      if (byte === 0 && i > 0) this.notes += ` ${name}:${i + 1}`;
      if (value <= Number.MAX_SAFE_INTEGER) return String(value);
      let exact = 0n;
      for (let j = i; j >= 0; j--) exact = (exact << 7n) | BigInt(bytes[begin + j]! & 127);
      return String(exact);
    }
    throw malformed(`${name}: found invalid uvarint`, this.offset + begin);
  }

  /** A length and so many bytes. @throws Break where there are more than `most`. */
  data(most: number): Uint8Array {
    const begin = this.at;
    const length = Number(this.value("length"));
    if (length > most) throw malformed(`data of ${length} bytes, the most is ${most}`, this.offset + begin);
    if (this.bytes.length - this.at < length) throw new Short();
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
}

/** First line of a record, and the lines behind it (each with its line feed in front). The notes are the reader's. */
export type RecordText = (reader: RecordReader) => { readonly head: string; readonly rest: string };

/** Frames of a stack that fit the bytes at hand; readers take 128 (1,000 up to Go 1.21). */
export const mostFrames = 1 << 14;

/** A frame a line, each with its own notes. */
export function framesText(reader: RecordReader, count: number, at: number): string {
  if (count > mostFrames) throw malformed(`stack of ${count} frames, the most that is written as text is ${mostFrames}`, at);
  const { notes } = reader;
  let text = "";
  for (let i = 0; i < count; i++) {
    reader.notes = "";
    const frame = frameArguments.map((name) => `${name}=${reader.value(name)}`).join(" ");
    text += `\n\t${frame}${reader.notes === "" ? "" : ` #@${reader.notes}`}`;
  }
  reader.notes = notes;
  return text;
}

export const frameArguments = ["pc", "func", "file", "line"] as const;

/** Makes bytes of values. */
export class RecordWriter {
  #bytes = new Uint8Array(1 << 16);
  #used = 0;

  get length(): number {
    return this.#used;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#used++] = value;
  }

  /** `width` bytes where the value fits in fewer. */
  varint(value: bigint, width = 1): void {
    this.#reserve(longest);
    let rest = value;
    for (let left = width - 1; rest > 127n || left > 0; left--) {
      this.#bytes[this.#used++] = Number(rest & 127n) | 128;
      rest >>= 7n;
    }
    this.#bytes[this.#used++] = Number(rest);
  }

  data(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  /** What was written, in memory of its own; writing begins anew. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#used);
    this.#used = 0;
    return taken;
  }

  #reserve(count: number): void {
    if (this.#used + count <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#used + count, 2 * this.#bytes.length));
    grown.set(this.#bytes.subarray(0, this.#used));
    this.#bytes = grown;
  }
}

export function widthOf(value: bigint): number {
  let width = 1;
  for (let rest = value >> 7n; rest > 0n; rest >>= 7n) width++;
  return width;
}
