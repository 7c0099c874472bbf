/** Uncompressed bytes of a trace from a file, standard input or any stream; gzip and zstd are told by their first bytes, never by a name. */
import { open } from "node:fs/promises";
import { ForetraceError } from "../lib/errors.ts";
import type { ByteSource } from "../trace/model.ts";
import { clipped, type RangeSource } from "../trace/range-source.ts";
import { compressionOf, inflate } from "./inflate.ts";

const readBytes = 256 * 1024;
const reusedBytes = 1024 * 1024;
const leastBytes = 64 * 1024;
const magicBytes = 4;

export type OpenOptions = {
  /** A piece is valid until the next but one is asked for: for readers such as `readTrace`, which do not keep pieces. They are always the same memory. */
  readonly reuse?: boolean;
};

/**
 * A file, or standard input for "-". Nothing is opened before the first piece is asked for.
 * @throws ForetraceError (while reading) not_found, bad_usage for a folder or a file that may not be read;
 * trace_truncated or trace_malformed for cut or damaged compression, after what came out before.
 */
export function openBytes(path: string, { reuse = false }: OpenOptions = {}): ByteSource {
  return path === "-" ? decompressed(process.stdin, "standard input") : decompressed(fileBytes(path, reuse), path);
}

/**
 * As {@link openBytes}, for parts of a file: of one that is not compressed no more is read than that. Of a compressed one everything before
 * is decompressed and dropped. Not for standard input.
 */
export function openRanges(path: string, options: OpenOptions = {}): RangeSource {
  return {
    async *range(begin, end) {
      if (begin === 0 || (await isCompressed(path))) yield* clipped(openBytes(path, options), begin, end);
      else yield* fileBytes(path, options.reuse ?? false, begin, end);
    },
  };
}

/** Whether a file begins as gzip or zstd data do. Errors as {@link openBytes}. */
async function isCompressed(path: string): Promise<boolean> {
  for await (const piece of fileBytes(path, false, 0, magicBytes)) return compressionOf(piece) !== undefined;
  return false;
}

/** The bytes as they are, or decompressed where they begin as gzip or zstd. @param name for messages. Errors as {@link openBytes}. */
export async function* decompressed(bytes: AsyncIterable<Uint8Array>, name = "the input"): AsyncGenerator<Uint8Array> {
  const iterator = bytes[Symbol.asyncIterator]();
  try {
    const seen: Uint8Array[] = [];
    for (let length = 0; length < magicBytes;) {
      const next = await iterator.next();
      if (next.done === true) break;
      // One of the first few is kept while others are asked for.
      seen.push(next.value.length < magicBytes ? next.value.slice() : next.value);
      length += next.value.length;
    }
    const compression = compressionOf(Buffer.concat(seen.map((piece) => piece.subarray(0, magicBytes))));
    const all = rejoined(seen, iterator);
    if (compression === undefined) yield* all;
    else yield* inflate(all, compression, name);
  } finally {
    await iterator.return?.();
  }
}

async function* rejoined(seen: readonly Uint8Array[], iterator: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* seen;
  for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
}

async function* fileBytes(path: string, reuse: boolean, begin = 0, end = Number.POSITIVE_INFINITY): AsyncGenerator<Uint8Array> {
  const file = await open(path).catch((error: NodeJS.ErrnoException) => {
    throw unreadable(path, error);
  });
  try {
    const stats = await file.stat();
    // Small files do not pay for large pieces; a pipe says that it has no bytes.
    const size = reuse ? Math.min(reusedBytes, Math.max(leastBytes, stats.size + 1)) : readBytes;
    // While a piece is looked at, the next one is read. Not from a pipe: whoever stops early would wait for its writer.
    const ahead = reuse && stats.isFile();
    const kept = reuse ? Array.from({ length: ahead ? 3 : 2 }, () => Buffer.allocUnsafeSlow(size)) : [];
    let at = begin;
    const read = (turn: number): Promise<Uint8Array> => {
      const piece = kept[turn % kept.length] ?? Buffer.allocUnsafeSlow(size);
      // What is read from its beginning may be a pipe, which has no places.
      const place = begin === 0 ? null : at;
      const reading = file.read(piece, 0, Math.min(size, end - at), place).then(
        ({ bytesRead }) => piece.subarray(0, bytesRead),
        (error: NodeJS.ErrnoException) => {
          throw unreadable(path, error);
        },
      );
      // Its failure is told to whoever asks for the piece, if anyone does.
      reading.catch(() => {});
      return reading;
    };
    let next: Promise<Uint8Array> | undefined;
    for (let turn = 0; at < end; turn++) {
      const piece = await (next ?? read(turn));
      if (piece.length === 0) return;
      at += piece.length;
      next = ahead && at < end ? read(turn + 1) : undefined;
      yield piece;
    }
  } finally {
    await file.close();
  }
}

function unreadable(path: string, error: NodeJS.ErrnoException): unknown {
  const place = { input: path, cause: error };
  if (error.code === "ENOENT" || error.code === "ENOTDIR") return new ForetraceError("not_found", `${path}: there is no such file`, place);
  if (error.code === "EISDIR") return new ForetraceError("bad_usage", `${path} is a folder; name a trace file in it`, place);
  if (error.code === "EACCES" || error.code === "EPERM")
    return new ForetraceError("bad_usage", `${path}: you may not read this file`, place);
  return error;
}
