/**
 * A trace taken apart as far as it has a shape, so that changes keep the rest of it readable: batches and their events from Go 1.22 on,
 * records before. What cannot be taken apart stays bytes.
 */
import { argumentCounts } from "../../src/trace/spec.ts";

export const headerBytes = 16;
/** A thread's batch of timed events, another batch, or a single byte between batches. */
export type Piece =
  | { readonly kind: "events"; head: bigint[]; events: Timed[] }
  | { readonly kind: "batch"; type: number; head: bigint[]; payload: Uint8Array }
  | { readonly kind: "bytes"; payload: Uint8Array };
/** Of old formats: a record's first byte has its type, its values follow. */
export type Timed = { type: number; values: bigint[]; tail?: Uint8Array };

export type Shape = { version: number; pieces: Piece[] };

const EventBatch = 1;
const ExperimentalBatch = 49;
const firstTimedVersion = 22;
const timedTypes = new Set(Array.from(argumentCounts, (count, type) => (count >= 0 ? type : -1)));
/** First bytes of payloads that are tables. */
const tableTypes = new Set([2, 4, 6, 8, 50]);

class Reader {
  readonly bytes: Uint8Array;
  at: number;
  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes;
    this.at = at;
  }
  get done(): boolean {
    return this.at >= this.bytes.length;
  }
  byte(): number {
    if (this.done) throw new RangeError("end");
    return this.bytes[this.at++]!;
  }
  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asUintN(64, value);
    }
    throw new RangeError("too long");
  }
  take(length: number): Uint8Array {
    if (this.at + length > this.bytes.length) throw new RangeError("end");
    return this.bytes.slice(this.at, (this.at += length));
  }
}

export function versionOf(bytes: Uint8Array): number {
  const text = new TextDecoder("latin1").decode(bytes.subarray(0, headerBytes));
  return Number(/^go 1\.(\d+) trace/.exec(text)?.[1] ?? 26);
}

export function takeApart(bytes: Uint8Array): Shape {
  const version = versionOf(bytes);
  const reader = new Reader(bytes, Math.min(headerBytes, bytes.length));
  const pieces: Piece[] = [];
  while (!reader.done) {
    const begin = reader.at;
    try {
      pieces.push(version < firstTimedVersion ? oldPiece(reader) : newPiece(reader));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      pieces.push({ kind: "bytes", payload: bytes.slice(begin) });
      break;
    }
  }
  return { version, pieces };
}

function newPiece(reader: Reader): Piece {
  const type = reader.byte();
  if (type !== EventBatch && type !== ExperimentalBatch) return { kind: "bytes", payload: Uint8Array.of(type) };
  const fields = type === EventBatch ? 4 : 5;
  const head = Array.from({ length: fields }, () => reader.varint());
  const size = Number(head.pop());
  const payload = reader.take(size);
  if (type === ExperimentalBatch || tableTypes.has(payload[0] ?? 2)) return { kind: "batch", type, head, payload };
  const inner = new Reader(payload, 0);
  const events: Timed[] = [];
  try {
    while (!inner.done) {
      const id = inner.byte();
      if (!timedTypes.has(id)) throw new RangeError("type");
      events.push({ type: id, values: Array.from({ length: argumentCounts[id]! + 1 }, () => inner.varint()) });
    }
  } catch {
    return { kind: "batch", type, head, payload };
  }
  return { kind: "events", head, events };
}

/** A run of records up to the next batch. */
function oldPiece(reader: Reader): Piece {
  const events: Timed[] = [];
  while (!reader.done && (events.length === 0 || (reader.bytes[reader.at]! & 63) !== EventBatch)) events.push(oldRecord(reader));
  return { kind: "events", head: [], events };
}

const OldString = 37;
const OldLog = 48;

function oldRecord(reader: Reader): Timed {
  const first = reader.byte();
  const type = first & 63;
  if (type === OldString) {
    const id = reader.varint();
    return { type: first, values: [id], tail: reader.take(Number(reader.varint())) };
  }
  const count = first >> 6;
  if (count < 3) return { type: first, values: Array.from({ length: count + 1 }, () => reader.varint()) };
  const inner = new Reader(reader.take(Number(reader.varint())), 0);
  const values: bigint[] = [];
  while (!inner.done) values.push(inner.varint());
  return type === OldLog ? { type: first, values, tail: reader.take(Number(reader.varint())) } : { type: first, values };
}

export function putTogether({ version, pieces }: Shape): Uint8Array {
  const out: number[] = Array.from(`go 1.${version} trace`.padEnd(headerBytes, "\0"), (char) => char.charCodeAt(0));
  for (const piece of pieces) {
    if (piece.kind === "bytes") for (const byte of piece.payload) out.push(byte);
    else if (piece.kind === "batch") writeBatch(piece.type, piece.head, piece.payload, out);
    else if (version < firstTimedVersion) for (const record of piece.events) writeOld(record, out);
    else {
      const payload: number[] = [];
      for (const { type, values } of piece.events) {
        payload.push(type & 255);
        for (const value of values) writeVarint(value, payload);
      }
      writeBatch(EventBatch, piece.head, payload, out);
    }
  }
  return Uint8Array.from(out);
}

function writeBatch(type: number, head: readonly bigint[], payload: ArrayLike<number>, out: number[]): void {
  out.push(type);
  for (const value of head) writeVarint(value, out);
  writeVarint(BigInt(payload.length), out);
  for (let i = 0; i < payload.length; i++) out.push(payload[i]!);
}

function writeOld({ type, values, tail }: Timed, out: number[]): void {
  const body: number[] = [];
  for (const value of values) writeVarint(value, body);
  if ((type & 63) === OldString) out.push(type, ...body);
  else if (values.length > 0 && values.length < 4 && type < 192) out.push((type & 63) | ((values.length - 1) << 6), ...body);
  else {
    out.push(type | 192);
    writeVarint(BigInt(body.length), out);
    for (const byte of body) out.push(byte);
  }
  if (tail === undefined) return;
  writeVarint(BigInt(tail.length), out);
  for (const byte of tail) out.push(byte);
}

function writeVarint(value: bigint, out: number[]): void {
  let rest = BigInt.asUintN(64, value);
  for (; rest > 127n; rest >>= 7n) out.push(Number(rest & 127n) | 128);
  out.push(Number(rest));
}
