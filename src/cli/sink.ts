/** Where a command's answer goes: standard output, or a file that appears only when it is whole. */
import { createWriteStream } from "node:fs";
import { open, rename, rm, stat } from "node:fs/promises";
import { once } from "node:events";
import { finished } from "node:stream/promises";
import type { Writable } from "node:stream";
import { ForetraceError } from "../lib/errors.ts";

export type Sink = {
  write(chunk: string | Uint8Array): void;
  /** Resolves when more may be written. @throws ForetraceError store_failed when writing failed. */
  ready(): Promise<void>;
  /** Ends and keeps what was written. */
  commit(): Promise<void>;
  /** Drops a file that is not whole. */
  discard(): Promise<void>;
};

export async function openSink(file: string | undefined): Promise<Sink> {
  return file === undefined ? sinkOf(process.stdout) : fileSink(file);
}

function sinkOf(stream: Writable, failure: () => Error | undefined = () => undefined): Sink {
  return {
    write: (chunk) => void stream.write(chunk),
    async ready() {
      const failed = failure();
      if (failed !== undefined) throw failed;
      if (!stream.writableNeedDrain) return;
      await once(stream, "drain").catch((error: unknown) => {
        throw failure() ?? error;
      });
    },
    commit: async () => {},
    discard: async () => {},
  };
}

async function fileSink(file: string): Promise<Sink> {
  const part = `${file}.part`;
  const explain = (cause: unknown): ForetraceError =>
    new ForetraceError("bad_usage", `cannot write ${file}: ${(cause as Error).message}; give --out a place that can be written`, {
      input: "--out",
      cause,
    });
  try {
    // Said before the work, not after it: a rename onto a folder fails.
    if ((await stat(file).catch(() => undefined))?.isDirectory()) throw new Error("it is a folder");
    await (await open(part, "w")).close();
  } catch (cause) {
    throw explain(cause);
  }
  const stream = createWriteStream(part);
  let failed: Error | undefined;
  stream.on("error", (error) => {
    failed = explain(error);
  });
  return {
    ...sinkOf(stream, () => failed),
    async commit() {
      try {
        stream.end();
        await finished(stream);
        await rename(part, file);
      } catch (cause) {
        throw explain(cause);
      }
    },
    async discard() {
      stream.destroy();
      await rm(part, { force: true });
    },
  };
}
