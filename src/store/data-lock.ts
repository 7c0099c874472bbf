/**
 * One process at a time may open the embedded database of a data folder: a second one would open it as well and destroy it.
 * The lock is a file that names its holder. A holder that no longer runs is replaced; a holder on another host (a container
 * that shares the folder) counts as gone when its file has not been touched for a while.
 */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ForetraceError } from "../lib/errors.ts";
import { isRunning, type ProcessIdentity, thisProcess } from "./process-identity.ts";

export type LockHolder = ProcessIdentity & { readonly since: string; readonly url?: string };

export type DataLock = {
  /** Adds where the holder answers (`http://127.0.0.1:9464`), for commands that find the folder locked. */
  announce(url: string): void;
  release(): void;
};

const fileName = "lock.json";
const touchMillis = 10_000;
const silentMillis = 60_000;

/** Who holds the folder now; undefined when nobody does. */
export function readDataLock(dataDir: string): LockHolder | undefined {
  const file = join(dataDir, fileName);
  const holder = readHolder(file);
  return holder !== undefined && isLive(file, holder) ? holder : undefined;
}

/** @throws ForetraceError data_dir_locked naming the holder. */
export function lockDataDir(dataDir: string): DataLock {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const file = join(dataDir, fileName);
  let holder: LockHolder = { ...thisProcess(), since: new Date().toISOString() };
  // A link appears whole or not at all, and fails when the name is taken.
  const mine = join(dataDir, `lock.${process.pid}.${Math.random().toString(36).slice(2)}`);
  writeFileSync(mine, JSON.stringify(holder), { mode: 0o600 });
  try {
    for (let attempt = 0; !link(mine, file); attempt++) {
      const found = readHolder(file);
      if (found !== undefined && (isLive(file, found) || attempt > 20)) throw locked(dataDir, found);
      dropStale(file, `${mine}.stale`);
    }
  } finally {
    rmSync(mine, { force: true });
  }
  const beat = setInterval(() => touch(file), touchMillis);
  beat.unref();
  const release = (): void => {
    clearInterval(beat);
    const found = readHolder(file);
    // Another host may have taken it over while this process was stopped for long.
    if (found?.host === holder.host && found.pid === holder.pid && found.start === holder.start) rmSync(file, { force: true });
  };
  const announce = (url: string): void => {
    holder = { ...holder, url };
    writeFileSync(mine, JSON.stringify(holder), { mode: 0o600 });
    renameSync(mine, file);
  };
  return { announce, release };
}

/** A folder that was removed under a running process is noticed by whoever writes to it next. */
function touch(file: string): void {
  try {
    utimesSync(file, new Date(), new Date());
  } catch {}
}

function link(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Moves the stale file away; when another process was quicker and its own lock was moved instead, puts that back. */
function dropStale(file: string, aside: string): void {
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  const moved = readHolder(aside);
  if (moved !== undefined && isLive(aside, moved)) link(aside, file);
  rmSync(aside, { force: true });
}

function readHolder(file: string): LockHolder | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as LockHolder;
  } catch {
    return undefined;
  }
}

function isLive(file: string, holder: LockHolder): boolean {
  return isRunning(holder) ?? Date.now() - statSync(file).mtimeMs < silentMillis;
}

function locked(dataDir: string, holder: LockHolder): ForetraceError {
  const where = holder.url === undefined ? "" : `, which answers at ${holder.url}`;
  return new ForetraceError(
    "data_dir_locked",
    `${dataDir} is in use by process ${holder.pid} on ${holder.host} since ${holder.since}${where}; ` +
      "stop that process, or choose another folder with --data",
    { input: dataDir },
  );
}
