/** The data folder itself: made step by step, its faults told as what they are, a first start that was cut short begun anew. */
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { ForetraceError } from "../lib/errors.ts";

/**
 * Makes the folder and those above it. One by one: Node's recursive mkdir never ends where a file system takes no folders (/proc).
 * @throws ForetraceError bad_usage naming --data.
 */
export function makeDataFolder(dataDir: string): void {
  orFolderFault(dataDir, () => {
    const missing: string[] = [];
    let at = resolve(dataDir);
    while (!existsSync(at) && dirname(at) !== at) {
      missing.unshift(at);
      at = dirname(at);
    }
    if (!statSync(at).isDirectory()) throw Object.assign(new Error(`${at} is a file, not a folder`), { code: "ENOTDIR" });
    for (const folder of missing) makeOne(folder);
  });
}

function makeOne(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    // Another process may have been quicker.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST" || !existsSync(folder)) throw error;
  }
}

/** Faults of the place, not of the disk. */
const placeFaults = new Set(["EACCES", "EEXIST", "ELOOP", "ENAMETOOLONG", "ENOENT", "ENOTDIR", "EPERM", "EROFS"]);

/** Turns what the system says about the folder into bad_usage (the place) or store_failed (the disk). */
export function orFolderFault<T>(dataDir: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === undefined || cause instanceof ForetraceError) throw cause;
    throw new ForetraceError(
      placeFaults.has(code) ? "bad_usage" : "store_failed",
      `cannot keep data in ${dataDir}: ${message}; give --data a folder that can be made and written`,
      { input: "--data", cause },
    );
  }
}

/**
 * Runs `open`, which makes `folder` when it is not there. A process that ends in the middle leaves half a database, which never opens:
 * a mark beside the folder says so, and the next start begins anew. Nothing was stored in it yet.
 */
export async function makingFolder<T>(folder: string, open: (folder: string) => Promise<T>): Promise<T> {
  const mark = `${folder}.making`;
  if (existsSync(mark)) rmSync(folder, { recursive: true, force: true });
  else if (existsSync(folder)) return open(folder);
  else writeFileSync(mark, "", { mode: 0o600 });
  const opened = await open(folder);
  rmSync(mark, { force: true });
  return opened;
}
