/** The index of a trace file lies beside it. Its form: docs/formats/trace-index.md. */
import { open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { ForetraceError } from "../lib/errors.ts";
import type { ByteSource, ReadOptions, TraceOutcome } from "../trace/model.ts";
import { readTraceSpans } from "../trace/read.ts";
import type { SliceOptions } from "../trace/slice.ts";
import { checked, StaleIndex, TraceIndexer, type TraceIndex } from "../trace/trace-index.ts";
import { readTraceIndex, writeTraceIndex, type FileMark } from "../trace/trace-index-text.ts";
import { openBytes, openRanges } from "./bytes.ts";

export const indexPath = (trace: string): string => `${trace}.fti`;

/** Pieces of the file, evenly spread from its first byte to its last, that the fingerprint is made of. */
const samples = 16;
const sampleBytes = 4096;
/** An index of some 100,000 generations, which is a day of a program. */
const mostIndexBytes = 64 << 20;

/** Reads the trace once. Undefined for a trace of Go 1.21 or older. @throws ForetraceError what `readTrace` throws. */
export async function buildIndex(trace: string, options: ReadOptions): Promise<TraceIndex | undefined> {
  const indexer = new TraceIndexer(crc32);
  const outcome = await readTraceSpans(indexer.tap(openBytes(trace, { reuse: true })), indexer, options, indexer.onSpan);
  return indexer.finish(outcome);
}

/**
 * Appears whole or not at all. @param file where it goes.
 * @throws ForetraceError bad_usage where it cannot be written.
 */
export async function writeIndex(trace: string, index: TraceIndex, file: string = indexPath(trace)): Promise<void> {
  const part = `${file}.part`;
  try {
    await writeFile(part, writeTraceIndex(index, await markOf(trace), crc32));
    await rename(part, file);
  } catch (cause) {
    await rm(part, { force: true }).catch(() => {});
    throw new ForetraceError("bad_usage", `cannot write the index ${file}: ${(cause as Error).message}`, { input: file, cause });
  }
}

/** The index beside a trace, where there is one that fits. @param warn is told why one is not used. */
export async function loadIndex(trace: string, warn: (message: string) => void): Promise<SliceOptions["index"]> {
  const file = indexPath(trace);
  const text = await readSmall(file).catch((error: NodeJS.ErrnoException) => error);
  if (text instanceof Error) {
    if ((text as NodeJS.ErrnoException).code !== "ENOENT") warn(`the index ${file} is not used: ${text.message}`);
    return undefined;
  }
  const found = readTraceIndex(text, crc32);
  const reason = "reason" in found ? found.reason : await differenceTo(trace, found.file);
  if (reason === undefined && "index" in found) return { of: found.index, crc32 };
  warn(`the index ${file} is not used: ${reason}; make it anew with: foretrace index ${trace}`);
  return undefined;
}

/**
 * The beginning of a trace that holds all events up to `to`, and how reading the whole would have ended, by the index beside it.
 * All bytes are checked against the index first, which takes a twentieth of the time of decoding them.
 * Undefined where there is no index that fits, or nothing to leave out.
 */
export async function beginningOf(
  trace: string,
  to: number,
  warn: (message: string) => void,
): Promise<{ source: ByteSource; outcome(read: TraceOutcome): TraceOutcome } | undefined> {
  if (to === Number.POSITIVE_INFINITY) return undefined;
  const index = (await loadIndex(trace, warn))?.of;
  // One more than is needed: what closes a trace must come behind the range.
  const last = index?.generations.find(({ from }) => from >= to);
  if (index === undefined || last === undefined || last === index.generations.at(-1)) return undefined;
  try {
    for await (const _ of checked(openRanges(trace, { reuse: true }), 0, index.bytes, index, crc32));
  } catch (error) {
    if (!(error instanceof StaleIndex)) throw error;
    warn(`the index ${indexPath(trace)} is not used: it was made from another file; make it anew with: foretrace index ${trace}`);
    return undefined;
  }
  const { bytes, events, end, error, generations } = index;
  return {
    source: openRanges(trace, { reuse: true }).range(0, last.end),
    outcome: (read) => ({ info: read.info, bytes, events, end, error: read.error ?? error, generations: generations.length }),
  };
}

async function readSmall(file: string): Promise<string> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    if (size > mostIndexBytes) throw new Error(`it has ${size} bytes, more than an index can have`);
  } finally {
    await handle.close();
  }
  return readFile(file, "utf8");
}

async function differenceTo(trace: string, file: FileMark): Promise<string | undefined> {
  const { bytes, fingerprint } = await markOf(trace);
  if (bytes !== file.bytes) return `it was made from a file of ${file.bytes} bytes, and this one has ${bytes}`;
  return fingerprint === file.fingerprint ? undefined : "it was made from another file";
}

async function markOf(trace: string): Promise<FileMark> {
  const handle = await open(trace);
  try {
    const { size } = await handle.stat();
    const piece = Buffer.alloc(sampleBytes);
    let fingerprint = 0;
    for (let i = 0; i < samples; i++) {
      const at = Math.floor((Math.max(0, size - sampleBytes) * i) / (samples - 1));
      const { bytesRead } = await handle.read(piece, 0, sampleBytes, at);
      fingerprint = crc32(piece.subarray(0, bytesRead), fingerprint);
    }
    return { bytes: size, fingerprint };
  } finally {
    await handle.close();
  }
}
