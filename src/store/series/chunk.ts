/** Chunks: up to 512 samples of one series as bytes. The format is written down in docs/formats/chunk.md. */
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { ForetraceError } from "../../lib/errors.ts";

/** Samples of one series, ascending in time, without a time twice. Times are whole milliseconds. */
export type Columns = { readonly times: Float64Array; readonly values: Float64Array };

export const maxChunkSamples = 512;
/** Earliest and latest time that a chunk can hold (years −69,000 to 73,000), so that all arithmetic on times is exact. */
export const maxTime = 2 ** 51;

/** Below this deflate costs more time than it saves bytes: the last chunk of a series is written anew at each append. */
const deflateFrom = 128;
const version = 1;
const deflated = 1;
const longestVarint = 8;

/** @param columns one to {@link maxChunkSamples} samples, times within ±{@link maxTime}. */
export function encodeChunk({ times, values }: Columns): Buffer {
  const count = times.length;
  const body = Buffer.allocUnsafe(count * (longestVarint + 8));
  let at = 0;
  let delta = 0;
  for (let i = 1; i < count; i++) {
    const next = times[i]! - times[i - 1]!;
    at = writeVarint(body, at, zigzag(next - delta));
    delta = next;
  }
  const words = new Uint32Array(values.buffer, values.byteOffset, count * 2);
  let low = 0;
  let high = 0;
  for (let i = 0; i < count; i++) {
    const nextLow = words[2 * i]!;
    const nextHigh = words[2 * i + 1]!;
    const lowXor = low ^ nextLow;
    const highXor = high ^ nextHigh;
    for (let plane = 0; plane < 4; plane++) {
      body[at + plane * count + i] = highXor >>> (24 - 8 * plane);
      body[at + (plane + 4) * count + i] = lowXor >>> (24 - 8 * plane);
    }
    low = nextLow;
    high = nextHigh;
  }
  const raw = body.subarray(0, at + 8 * count);
  const packed = count < deflateFrom ? raw : deflateRawSync(raw, { level: 1 });
  const smaller = packed.length < raw.length;
  const head = Buffer.alloc(2 + 2 * longestVarint);
  head[0] = version;
  head[1] = smaller ? deflated : 0;
  let end = writeVarint(head, 2, count);
  end = writeVarint(head, end, zigzag(times[0]!));
  return Buffer.concat([head.subarray(0, end), smaller ? packed : raw]);
}

/** @throws ForetraceError store_failed when the bytes are not a whole chunk of a known version. */
export function decodeChunk(bytes: Uint8Array): Columns {
  const reader = { bytes, at: 2 };
  if (bytes[0] !== version) throw damaged(`unknown version ${bytes[0]}`);
  const count = readVarint(reader);
  if (count < 1 || count > maxChunkSamples) throw damaged(`${count} samples`);
  const first = unzigzag(readVarint(reader));
  let body = bytes.subarray(reader.at);
  if ((bytes[1]! & deflated) !== 0) body = inflate(body, count * (longestVarint + 8));
  const times = new Float64Array(count);
  const inner = { bytes: body, at: 0 };
  let delta = 0;
  times[0] = first;
  for (let i = 1; i < count; i++) {
    delta += unzigzag(readVarint(inner));
    times[i] = times[i - 1]! + delta;
  }
  const at = inner.at;
  if (body.length !== at + 8 * count) throw damaged("its length is wrong");
  const values = new Float64Array(count);
  const words = new Uint32Array(values.buffer);
  let low = 0;
  let high = 0;
  for (let i = 0; i < count; i++) {
    for (let plane = 0; plane < 4; plane++) {
      high ^= body[at + plane * count + i]! << (24 - 8 * plane);
      low ^= body[at + (plane + 4) * count + i]! << (24 - 8 * plane);
    }
    words[2 * i] = low;
    words[2 * i + 1] = high;
  }
  return { times, values };
}

function inflate(bytes: Uint8Array, limit: number): Uint8Array {
  try {
    return inflateRawSync(bytes, { maxOutputLength: limit });
  } catch (error) {
    throw damaged((error as Error).message);
  }
}

const damaged = (why: string): ForetraceError =>
  new ForetraceError("store_failed", `a chunk of samples in the database is damaged: ${why}`);

const zigzag = (value: number): number => (value >= 0 ? 2 * value : -2 * value - 1);
const unzigzag = (value: number): number => (value % 2 === 0 ? value / 2 : -(value + 1) / 2);

/** LEB128 of a whole number below 2^53 + 1. Numbers above 2^31 exceed bit operations, hence the divisions. */
function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  while (rest >= 128) {
    bytes[at++] = (rest % 128) + 128;
    rest = Math.floor(rest / 128);
  }
  bytes[at++] = rest;
  return at;
}

function readVarint(reader: { bytes: Uint8Array; at: number }): number {
  let value = 0;
  let scale = 1;
  for (let i = 0; i < longestVarint; i++) {
    const byte = reader.bytes[reader.at++];
    if (byte === undefined) throw damaged("it ends too early");
    value += (byte & 127) * scale;
    if (byte < 128) return value;
    scale *= 128;
  }
  throw damaged("a number is too long");
}
