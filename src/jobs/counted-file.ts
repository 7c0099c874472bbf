/** A file's bytes, decompressed, with how much of the file has been read: the share is known also where the decompressed length is not. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { ForetraceError } from "../lib/errors.ts";
import { decompressed } from "../sources/bytes.ts";
import type { ByteSource } from "../trace/model.ts";

export type CountedFile = {
  open(): ByteSource;
  /** Share of the file that the newest `open` has read, 0..1. */
  share(): number;
};

/**
 * @param name for messages
 * @throws ForetraceError not_found for a missing file, bad_usage for one that cannot be read as a file.
 */
export async function countedFile(path: string, name = path): Promise<CountedFile> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    const missing = cause.code === "ENOENT" || cause.code === "ENOTDIR";
    throw new ForetraceError(
      missing ? "not_found" : "bad_usage",
      missing ? `${name}: there is no such file` : `${name}: ${cause.message}`,
      {
        input: name,
        cause,
      },
    );
  });
  if (!found.isFile()) throw new ForetraceError("bad_usage", `${name} is not a file`, { input: name });
  let read = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const piece of createReadStream(path, { highWaterMark: 256 * 1024 })) {
      read += (piece as Uint8Array).byteLength;
      yield piece as Uint8Array;
    }
  }
  return {
    open() {
      read = 0;
      return decompressed(counted(), name);
    },
    share: () => (found.size === 0 ? 1 : Math.min(1, read / found.size)),
  };
}
