/**
 * Where a command's answer goes: standard output, or a file that appears only when it is whole.
 * What is no ordinary file (a device, a pipe) is written to as it is: it must not be replaced by one.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { realpath, rename, rm, stat } from "node:fs/promises";
import { once } from "node:events";
import { constants, crc32, deflateRawSync } from "node:zlib";
import type { Writable } from "node:stream";
import { ForetraceError } from "../lib/errors.ts";

/** Small writes are put together up to this many bytes. */
const pieceBytes = 64 * 1024;

export type Sink = {
  write(chunk: string | Uint8Array): void;
  /** Resolves when more may be written. @throws ForetraceError store_failed when writing failed. */
  ready(): Promise<void>;
  /** Ends and keeps what was written. */
  commit(): Promise<void>;
  /** Drops a file that is not whole. */
  discard(): Promise<void>;
};

/** @param inputs files that are read meanwhile: the answer must not take their place. @throws ForetraceError bad_usage */
export async function openSink(file: string | undefined, inputs: readonly string[] = []): Promise<Sink> {
  if (file === undefined) return sinkOf(process.stdout);
  await refuseInput(file, inputs);
  return fileSink(file);
}

/** Told by device and inode, since one file may have several names. @throws ForetraceError bad_usage */
export async function refuseInput(file: string, inputs: readonly string[]): Promise<void> {
  const found = await stat(file).catch(() => undefined);
  if (found?.isFile() !== true) return;
  for (const input of inputs) {
    const other = await stat(input).catch(() => undefined);
    if (other?.dev !== found.dev || other.ino !== found.ino) continue;
    throw new ForetraceError("bad_usage", `--out ${file} is the trace that is read: it would be lost; give another name`, {
      input: "--out",
    });
  }
}

function sinkOf(stream: Writable): Sink {
  return {
    write: (chunk) => void stream.write(chunk),
    async ready() {
      if (stream.writableNeedDrain) await once(stream, "drain");
    },
    commit: async () => {},
    discard: async () => {},
  };
}

async function fileSink(named: string): Promise<Sink> {
  // A link stays a link.
  const file = await realpath(named).catch(() => named);
  const found = await stat(file).catch(() => undefined);
  const inPlace = found !== undefined && !found.isFile() && !found.isDirectory();
  const part = inPlace ? file : `${file}.part`;
  const explain = (cause: unknown): ForetraceError =>
    new ForetraceError("bad_usage", `cannot write ${named}: ${(cause as Error).message}; give --out a place that can be written`, {
      input: "--out",
      cause,
    });
  let fd: number;
  try {
    // Said before the work, not after it: a rename onto a folder fails.
    if (found?.isDirectory()) throw new Error("it is a folder");
    fd = openSync(part, "w");
  } catch (cause) {
    throw explain(cause);
  }
  // Written at once: what a command makes faster than the disk takes would pile up in memory.
  let closed = false;
  const close = (): void => {
    if (!closed) closeSync(fd);
    closed = true;
  };
  let waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  const flush = (): void => {
    const bytes = waiting.length === 1 ? waiting[0]! : Buffer.concat(waiting);
    waiting = [];
    waitingBytes = 0;
    for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done);
  };
  return {
    write(chunk) {
      const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
      waiting.push(bytes);
      waitingBytes += bytes.length;
      if (waitingBytes < pieceBytes) return;
      try {
        flush();
      } catch (cause) {
        throw explain(cause);
      }
    },
    ready: async () => {},
    async commit() {
      try {
        flush();
        close();
        if (!inPlace) await rename(part, file);
      } catch (cause) {
        throw explain(cause);
      }
    },
    async discard() {
      close();
      if (!inPlace) await rm(part, { force: true });
    },
  };
}

/** The sink's bytes as one gzip file, compressed as they come. Pieces do not refer to each other, so that little is held. */
export function gzipped(sink: Sink): Sink {
  let checksum = 0;
  let length = 0;
  // No name, no time: the same bytes give the same file.
  sink.write(Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255));
  return {
    ...sink,
    write(chunk) {
      const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
      checksum = crc32(bytes, checksum);
      length += bytes.length;
      // A flushed piece of a deflate stream ends at a whole byte: pieces one after another are one stream.
      sink.write(deflateRawSync(bytes, { level: 2, finishFlush: constants.Z_SYNC_FLUSH }));
    },
    async commit() {
      const end = Buffer.alloc(10);
      end.writeUInt16LE(3, 0);
      end.writeUInt32LE(checksum, 2);
      end.writeUInt32LE(length % 2 ** 32, 6);
      sink.write(end);
      await sink.commit();
    },
  };
}
