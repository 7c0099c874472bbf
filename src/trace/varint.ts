/** Unsigned LEB128 as the format has it: up to ten bytes, padded forms allowed, 64 bits of value. */
import { malformed } from "./broken.ts";

/** Bytes of the longest varint. */
const longest = 10;

/** Reads tables and batch headers; the events' own loop is in cursors.ts. */
export class ByteCursor {
  bytes: Uint8Array = new Uint8Array(0);
  position = 0;
  limit = 0;

  set(bytes: Uint8Array, begin: number, end: number): void {
    this.bytes = bytes;
    this.position = begin;
    this.limit = end;
  }

  get done(): boolean {
    return this.position >= this.limit;
  }

  /** @throws Break when the batch ends here. */
  byte(what: string): number {
    if (this.position >= this.limit) throw malformed(`${what}: the batch ends in the middle of it`);
    return this.bytes[this.position++];
  }

  /** Nearest double of the value (exact up to 2^53). @throws Break on overflow or end of the batch. */
  uvarint(what: string): number {
    const bytes = this.bytes;
    let at = this.position;
    let byte = at < this.limit ? bytes[at++] : 128;
    let value = byte & 127;
    for (let shift = 7; byte > 127 && shift < 28 && at < this.limit; shift += 7) {
      byte = bytes[at++];
      value |= (byte & 127) << shift;
    }
    if (byte > 127) {
      value = longUvarint(bytes, this.position, this.limit);
      if (longEnd < 0) throw malformed(`${what}: found invalid uvarint`);
      at = longEnd;
    }
    this.position = at;
    return value;
  }

  /** All 64 bits. */
  uvarintBig(what: string): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.byte(what);
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
    throw malformed(`${what}: found invalid uvarint`);
  }

  /** The value is skipped without being made. @throws Break as {@link uvarint}. */
  skip(what: string): void {
    const bytes = this.bytes;
    let at = this.position;
    while (bytes[at++] > 127);
    if (at - this.position >= longest || at > this.limit) this.uvarint(what);
    else this.position = at;
  }
}

/** Where {@link longUvarint} ended; -1 when the bytes are no valid varint. */
export let longEnd = 0;

/** A varint of any length, from its first byte; sets {@link longEnd}. Split at bit 28 so that the one addition rounds as a 64-bit integer would. */
export function longUvarint(bytes: Uint8Array, position: number, limit: number): number {
  let low = 0;
  let high = 0;
  let scale = 1;
  longEnd = -1;
  for (let i = 0; i < longest && position + i < limit; i++) {
    const byte = bytes[position + i];
    if (i < 4) low |= (byte & 127) << (7 * i);
    else {
      high += (byte & 127) * scale;
      scale *= 128;
    }
    if (byte < 128) {
      if (i === longest - 1 && byte > 1) return Number.NaN;
      longEnd = position + i + 1;
      return low + high * 268435456;
    }
  }
  return Number.NaN;
}

/** 2^64-1 on the wire, rounded to a double. */
const wireNoneDouble = 18446744073709551616;
/** An id from the wire, -1 for none. */
export const idOrNone = (value: number): number => (value >= wireNoneDouble ? -1 : value);
