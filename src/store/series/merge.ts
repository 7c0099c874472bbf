/** Samples → columns → chunks: sorting, merging and cutting, without the database. */
import type { Sample } from "../../lib/series.ts";
import { type Columns, decodeChunk, encodeChunk, maxChunkSamples } from "./chunk.ts";
import { sampleTime } from "./identity.ts";
import { storeValue } from "./stale.ts";

/** In ascending time; of several samples at one time the last one given stays. */
export function toColumns(batches: readonly (readonly Sample[])[]): Columns {
  const count = batches.reduce((sum, samples) => sum + samples.length, 0);
  const times = new Float64Array(count);
  const values = new Float64Array(count);
  let n = 0;
  let ascending = true;
  for (const samples of batches) {
    for (const sample of samples) {
      times[n] = sampleTime(sample);
      storeValue(values, n, sample.v);
      ascending &&= n === 0 || times[n]! > times[n - 1]!;
      n++;
    }
  }
  return ascending ? { times, values } : sorted({ times, values });
}

function sorted({ times, values }: Columns): Columns {
  const order = Array.from(times, (_, index) => index).sort((a, b) => times[a]! - times[b]! || a - b);
  const kept = order.filter((index, at) => at === order.length - 1 || times[order[at + 1]!] !== times[index]);
  return { times: pick(times, kept), values: pick(values, kept) };
}

function pick(from: Float64Array, indices: readonly number[]): Float64Array {
  const bits = new BigUint64Array(from.buffer, from.byteOffset, from.length);
  const out = new BigUint64Array(indices.length);
  for (let i = 0; i < indices.length; i++) out[i] = bits[indices[i]!]!;
  return new Float64Array(out.buffer);
}

/** Two ascending columns as one; where both have a time, `newer` wins. Values are copied as words: a NaN keeps its payload. */
export function mergeColumns(older: Columns, newer: Columns): Columns {
  const olderCount = older.times.length;
  const newerCount = newer.times.length;
  if (olderCount === 0 || newerCount === 0 || older.times[olderCount - 1]! < newer.times[0]!) return concatColumns([older, newer]);
  const times = new Float64Array(olderCount + newerCount);
  const values = new Float64Array(olderCount + newerCount);
  const words = new Uint32Array(values.buffer);
  const olderWords = wordsOf(older.values);
  const newerWords = wordsOf(newer.values);
  let n = 0;
  let a = 0;
  let b = 0;
  while (a < olderCount || b < newerCount) {
    const fromOlder = b >= newerCount || (a < olderCount && older.times[a]! < newer.times[b]!);
    if (!fromOlder && a < olderCount && older.times[a] === newer.times[b]) a++;
    const source = fromOlder ? olderWords : newerWords;
    const at = fromOlder ? a++ : b++;
    times[n] = (fromOlder ? older : newer).times[at]!;
    words[2 * n] = source[2 * at]!;
    words[2 * n + 1] = source[2 * at + 1]!;
    n++;
  }
  return { times: times.subarray(0, n), values: values.subarray(0, n) };
}

const wordsOf = (values: Float64Array): Uint32Array => new Uint32Array(values.buffer, values.byteOffset, 2 * values.length);

export function concatColumns(parts: readonly Columns[]): Columns {
  if (parts.length === 1) return parts[0]!;
  const count = parts.reduce((sum, part) => sum + part.times.length, 0);
  const times = new Float64Array(count);
  const values = new Float64Array(count);
  let n = 0;
  for (const part of parts) {
    times.set(part.times, n);
    values.set(part.values, n);
    n += part.times.length;
  }
  return { times, values };
}

export type Chunk = { readonly first: number; readonly last: number; readonly samples: number; readonly data: Buffer };

/** Full chunks, and the rest in the last one: a series that grows at its end is written once more for each append, not twice. */
export function toChunks({ times, values }: Columns): Chunk[] {
  const chunks: Chunk[] = [];
  for (let start = 0; start < times.length; start += maxChunkSamples) {
    const part = { times: times.subarray(start, start + maxChunkSamples), values: values.subarray(start, start + maxChunkSamples) };
    chunks.push({ first: part.times[0]!, last: part.times.at(-1)!, samples: part.times.length, data: encodeChunk(part) });
  }
  return chunks;
}

/** The samples of a chunk in [from, to] as objects. */
export function samplesOf(data: Uint8Array, from: number, to: number, into: Sample[]): void {
  const { times, values } = decodeChunk(data);
  for (let i = 0; i < times.length; i++) {
    const t = times[i]!;
    if (t >= from && t <= to) into.push({ t: t as Sample["t"], v: values[i]! });
  }
}
