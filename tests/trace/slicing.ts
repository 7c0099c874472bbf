/** Slices as the tests make them, and what must hold of each. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { expect } from "vitest";
import { traceNanos } from "../../src/lib/units.ts";
import { clipped } from "../../src/trace/range-source.ts";
import { readTrace, readTraceSpans } from "../../src/trace/read.ts";
import { sliceTrace, type SliceOptions } from "../../src/trace/slice.ts";
import { blockBytes, TraceIndexer, type TraceIndex } from "../../src/trace/trace-index.ts";
import { createValidator } from "../../src/trace/validator.ts";
import { goReader } from "../helpers/go-reader.ts";
import { core } from "./readers.ts";

if (goReader === undefined) console.warn("there is no go: what its reader says of slices is not looked at");

export async function indexOf(bytes: Uint8Array): Promise<TraceIndex | undefined> {
  const indexer = new TraceIndexer(crc32);
  const pieces = [bytes.subarray(0, 70_001), bytes.subarray(70_001)];
  return indexer.finish(await readTraceSpans(indexer.tap(pieces), indexer, { core }, indexer.onSpan));
}

/** `error` is the message of what was thrown. */
export type Sliced = { bytes: Buffer; read: number; warnings: string[]; error: string };

export async function slice(bytes: Uint8Array, from: number, to: number, index?: TraceIndex): Promise<Sliced> {
  let read = 0;
  const warnings: string[] = [];
  const parts: Uint8Array[] = [];
  const source = {
    async *range(begin: number, end: number) {
      for await (const piece of clipped([bytes], begin, end)) {
        read += piece.length;
        yield piece;
      }
    },
  };
  const options: SliceOptions = {
    core,
    onWarning: (text) => warnings.push(text),
    ...(index === undefined ? {} : { index: { of: index, crc32 } }),
  };
  let error = "";
  try {
    for await (const part of sliceTrace(source, { from: traceNanos(from), to: traceNanos(to) }, options)) parts.push(part);
  } catch (failure) {
    if ((failure as { code?: string }).code !== "bad_usage") throw failure;
    error = (failure as Error).message;
  }
  return { bytes: Buffer.concat(parts), read, warnings, error };
}

/** With index and without the same; valid for our reader, the independent validator, and Go's reader. Gives the number of generations; 0 = refused. */
export async function checkSlice(bytes: Uint8Array, index: TraceIndex, from: number, to: number): Promise<number> {
  const without = await slice(bytes, from, to);
  const withIndex = await slice(bytes, from, to, index);
  expect({ from, to, ...withIndex, read: 0 }).toEqual({ from, to, ...without, read: 0 });
  const covering = index.generations.filter((generation) => generation.to >= from && generation.from <= to);
  expect(without.error === "").toBe(covering.length > 0);
  if (without.error !== "") return 0;
  expect(withIndex.read).toBeLessThanOrEqual(16 + 2 * (covering.at(-1)!.end - covering[0]!.begin) + 2 * blockBytes);
  await checkValid(withIndex.bytes, covering.length);
  return covering.length;
}

export async function checkValid(trace: Uint8Array, generations?: number): Promise<number> {
  const validator = createValidator();
  const outcome = await readTrace([trace], validator, { core });
  validator.finish(outcome);
  expect(outcome.error).toBeUndefined();
  expect(generations ?? outcome.generations).toBe(outcome.generations);
  if (goReader === undefined) return outcome.events;
  const folder = mkdtempSync(join(tmpdir(), "foretrace-slice-"));
  const file = join(folder, "slice.trace");
  writeFileSync(file, trace);
  const said = goReader(file);
  rmSync(folder, { recursive: true });
  expect(said).toEqual({ events: outcome.events, error: "" });
  return outcome.events;
}
