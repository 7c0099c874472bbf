/** How a trace file is divided among threads. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { isForetraceError } from "../../lib/errors.ts";
import { findBorders, type Border } from "../../trace/borders.ts";
import { headerBytes, readHeader } from "../../trace/header.ts";
import { Input } from "../../trace/input.ts";
import { generationVersions } from "../../trace/spec.ts";

/** A part is at least this long: to start a thread costs as much as to read some 3 MB. */
const leastPartBytes = 8e6;
/** Goroutines and processors say in every generation how they are, which is enough; what is short (a stay in the run queue) wants some time. */
const warmUpBytes = 1e6;

export type Plan = { readonly version: number; readonly borders: readonly Border[] };

export type PlanOptions = {
  readonly threads: number;
  readonly assumeVersion?: number | undefined;
  readonly partBytes?: number | undefined;
};

/** Where the parts behind the first one begin; undefined for what one thread has to read: pipes, compressed and old traces, short files. */
export async function planParts(file: string, options: PlanOptions): Promise<Plan | undefined> {
  const { threads, assumeVersion, partBytes } = options;
  let handle: number;
  try {
    handle = openSync(file, "r");
  } catch {
    // The ordinary reader says why.
    return undefined;
  }
  try {
    const stat = fstatSync(handle);
    const parts = Math.min(threads, Math.floor(stat.size / (partBytes ?? leastPartBytes)));
    if (!stat.isFile() || parts < 2) return undefined;
    const head = Buffer.allocUnsafe(64);
    const read = (offset: number, length: number): Uint8Array => head.subarray(0, readSync(handle, head, 0, length, offset));
    const version = await readHeader(new Input([read(0, headerBytes)]), assumeVersion);
    if (!generationVersions.includes(version)) return undefined;
    const targets = Array.from({ length: parts - 1 }, (_, i) => ((i + 1) * stat.size) / parts);
    const borders = findBorders(read, {
      version,
      begin: headerBytes,
      targets,
      warmUpBytes: Math.min(warmUpBytes, partBytes ?? warmUpBytes),
    });
    return borders.length === 0 ? undefined : { version, borders };
  } catch (error) {
    if (isForetraceError(error)) return undefined;
    throw error;
  } finally {
    closeSync(handle);
  }
}
