/** Opens everything that is kept: the embedded database in the data folder, or a PostgreSQL server, with the files beside it. */
import { join } from "node:path";
import type { Pool } from "pg";
import { ForetraceError } from "../lib/errors.ts";
import { makeDataFolder, makingFolder, orFolderFault } from "./data-folder.ts";
import { type DataLock, lockDataDir } from "./data-lock.ts";
import { clearAside } from "./files.ts";
import { migrate } from "./migrate.ts";
import { SqlModelStore } from "./model-store.ts";
import { SqlOutcomeStore } from "./outcome-store.ts";
import { createServerPool, EmbeddedPool } from "./pool.ts";
import type { Store } from "./ports.ts";
import { SqlSeriesStore } from "./series/series-store.ts";
import { createDatabase, type Sql } from "./sql.ts";
import { SqlTargetStore } from "./target-store.ts";
import { SqlTraceStore } from "./trace-store.ts";

const oldestServer = 140_000;

export type StoreOptions = { readonly dataDir: string; readonly databaseUrl?: string; readonly signal?: AbortSignal | undefined };

export type OpenedStore = {
  readonly store: Store;
  /** For the queue. It ends with `close`, so close the queue first. */
  readonly pool: Pool;
  /** The data folder belongs to this process alone. */
  readonly embedded: boolean;
  /** Writes where this process answers into the folder's lock, for commands that find it locked. Nothing to do with a server. */
  announce(url: string): void;
  /** The same as `store.close()`; safe to call twice. */
  close(): Promise<void>;
};

/**
 * Embedded in `dataDir/db` unless there is a `databaseUrl` (PostgreSQL 14 or newer); files lie in `dataDir` either way.
 * Migrations have run when it resolves.
 * An aborted `signal` ends the opening of the embedded database with its reason.
 * @throws ForetraceError bad_usage for a folder that cannot be made or written, data_dir_locked, data_newer, bad_config (an older server),
 * or store_failed when the database cannot be opened or reached.
 */
export async function openStore({ dataDir, databaseUrl, signal }: StoreOptions): Promise<OpenedStore> {
  const embedded = databaseUrl === undefined || databaseUrl === "";
  makeDataFolder(dataDir);
  const lock: DataLock | undefined = embedded ? orFolderFault(dataDir, () => lockDataDir(dataDir)) : undefined;
  let pool: Pool | undefined;
  const close = once(async () => {
    try {
      await (pool instanceof EmbeddedPool ? pool.close() : pool?.end());
    } finally {
      lock?.release();
    }
  });
  try {
    pool = embedded
      ? await makingFolder(join(dataDir, "db"), (folder) => EmbeddedPool.open(folder, { signal }))
      : createServerPool(databaseUrl);
    const database = createDatabase(pool);
    if (!embedded) await checkVersion(database);
    await migrate(database);
    const traces = new SqlTraceStore(database, dataDir);
    await clearAside(dataDir, embedded);
    if (embedded) await traces.removeUnrecorded();
    const store: Store = {
      series: new SqlSeriesStore(database),
      traces,
      models: new SqlModelStore(database, dataDir),
      outcomes: new SqlOutcomeStore(database),
      targets: new SqlTargetStore(database),
      close,
    };
    return { store, pool, embedded, announce: (url) => lock?.announce(url), close };
  } catch (error) {
    await close().catch(() => {});
    throw error;
  }
}

async function checkVersion(database: Sql): Promise<void> {
  const [row] = await database.query<{ number: number; text: string }>(
    "select current_setting('server_version_num')::int as number, current_setting('server_version') as text",
  );
  if (row!.number >= oldestServer) return;
  throw new ForetraceError("bad_config", `DATABASE_URL leads to PostgreSQL ${row!.text}; Foretrace needs 14 or newer`, {
    input: "DATABASE_URL",
  });
}

function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => (running ??= work());
}
