/** Files that are there whole or not at all, also after a power cut: written aside, flushed, then renamed. */
import { createHash, randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ForetraceError } from "../lib/errors.ts";

const day = 86_400_000;

/** Files on the way in lie here until they are whole. */
const asideFolder = (dataDir: string): string => join(dataDir, "incoming");

/** A path for something on its way in, on the same file system as where it will lie. */
export async function asidePath(dataDir: string): Promise<string> {
  await mkdir(asideFolder(dataDir), { recursive: true, mode: 0o700 });
  return join(asideFolder(dataDir), randomUUID());
}

/**
 * Removes what processes left that ended in the middle of a write.
 * @param alone no other process writes here; otherwise only what is a day old is removed.
 */
export async function clearAside(dataDir: string, alone: boolean): Promise<void> {
  const folder = asideFolder(dataDir);
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    const age = await stat(path).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (alone || age > day) await rm(path, { recursive: true, force: true });
  }
}

export type Written = { readonly sha256: string; readonly bytes: number };

/**
 * Streams to `path` while hashing; flushed to the disk when it resolves. Whatever fails, nothing stays.
 * @throws ForetraceError too_large beyond `limitBytes`; store_failed when the disk refuses.
 */
export async function writeStream(path: string, bytes: AsyncIterable<Uint8Array>, limitBytes = Number.POSITIVE_INFINITY): Promise<Written> {
  const hash = createHash("sha256");
  let count = 0;
  let file: FileHandle | undefined;
  try {
    file = await asStoreError(open(path, "wx", 0o600));
    for await (const chunk of bytes) {
      count += chunk.length;
      if (count > limitBytes)
        throw new ForetraceError("too_large", `the upload has more than ${limitBytes} bytes, the limit for one trace`);
      hash.update(chunk);
      await asStoreError(writeAll(file, chunk));
    }
    await asStoreError(file.sync());
    await file.close();
  } catch (error) {
    await file?.close().catch(() => {});
    await rm(path, { force: true });
    throw error;
  }
  return { sha256: hash.digest("hex"), bytes: count };
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length;) at += (await file.write(chunk, at)).bytesWritten;
}

/** Gives a file or folder its final name, durably. A file of that name is replaced. */
export async function moveInto(from: string, to: string): Promise<void> {
  await asStoreError(
    (async () => {
      await mkdir(dirname(to), { recursive: true, mode: 0o700 });
      await rename(from, to);
      await syncFolder(dirname(to));
      await syncFolder(dirname(dirname(to)));
    })(),
  );
}

export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function asStoreError<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new ForetraceError("store_failed", `the data folder could not be written: ${(error as Error).message}`, { cause: error });
  }
}
