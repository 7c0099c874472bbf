/** Finds the traces of a folder: told by their first bytes, never by their names. */
import { readdir, lstat, stat } from "node:fs/promises";
import { join } from "node:path";
import { ForetraceError, isForetraceError } from "../../lib/errors.ts";
import { openBytes } from "../../sources/bytes.ts";
import { checkTraceHeader, headerBytes } from "../../trace/header.ts";

/** `modified`: nanoseconds since 1970, as text. */
export type TraceFile = { readonly path: string; readonly size: number; readonly modified: string };

/** `others`: files that are no traces; `unreadable`: files and folders that may not be looked into, with why. */
export type Skipped = { links: number; others: number; readonly unreadable: string[] };

export type Found = { readonly files: readonly TraceFile[]; readonly skipped: Readonly<Skipped> };

/**
 * The traces below `paths`, in the order of the arguments and, inside a folder, of their paths, each once. Links inside a folder are not followed, so that no
 * walk is endless; one that is named as an argument is. A file that is named is taken for a trace, whatever it holds.
 * @throws ForetraceError not_found where an argument does not exist; canceled.
 */
export async function findTraces(paths: readonly string[], signal: AbortSignal): Promise<Found> {
  const files = new Map<string, TraceFile>();
  const skipped: Skipped = { links: 0, others: 0, unreadable: [] };
  const take = async (path: string, isNamed: boolean): Promise<void> => {
    if (signal.aborted) throw new ForetraceError("canceled", "the search for traces was cancelled", { cause: signal.reason });
    try {
      const found = await (isNamed ? stat : lstat)(path, { bigint: true });
      if (found.isSymbolicLink()) skipped.links++;
      else if (found.isDirectory()) {
        const names = (await readdir(path)).sort();
        for (const name of names) await take(join(path, name), false);
      } else if (isNamed || (found.isFile() && (await isTrace(path)))) {
        if (!files.has(path)) files.set(path, { path, size: Number(found.size), modified: String(found.mtimeNs) });
      } else skipped.others++;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (isNamed && code === "ENOENT") throw new ForetraceError("not_found", `${path}: there is no such file or folder`, { input: path });
      if (isForetraceError(error) ? error.code !== "bad_usage" : code !== "EACCES" && code !== "EPERM" && code !== "EIO") {
        // It went away while the walk was on its way to it.
        if (!isNamed && (code === "ENOENT" || (isForetraceError(error) && error.code === "not_found"))) return;
        throw error;
      }
      skipped.unreadable.push(isForetraceError(error) ? error.message : `${path}: ${(error as Error).message}`);
    }
  };
  for (const path of paths) await take(path, true);
  return { files: [...files.values()], skipped };
}

/** A trace of a version that is not known is one too: its row says so. */
async function isTrace(path: string): Promise<boolean> {
  try {
    checkTraceHeader(await firstBytes(path));
    return true;
  } catch (error) {
    if (!isForetraceError(error)) throw error;
    if (error.code === "trace_version_unsupported") return true;
    // What its compression breaks before the header comes out is no trace that anybody could read.
    if (["not_a_trace", "empty_input", "trace_truncated", "trace_malformed", "too_large"].includes(error.code)) return false;
    throw error;
  }
}

async function firstBytes(path: string): Promise<Uint8Array> {
  let bytes = new Uint8Array(0);
  for await (const piece of openBytes(path)) {
    bytes = Buffer.concat([bytes, piece.subarray(0, headerBytes)]);
    if (bytes.length >= headerBytes) break;
  }
  return bytes;
}
