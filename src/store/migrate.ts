/** Brings the schema `foretrace` to this program's version. */
import { ForetraceError } from "../lib/errors.ts";
import { type Migration, migrations as all } from "./migrations/index.ts";
import type { Database } from "./sql.ts";

/** Any constant: two processes that start at once on one server take turns by it. */
const advisoryLock = 0x666f7265;

/**
 * Runs the migrations that are missing, each in a transaction of its own, and returns the version reached.
 * @throws ForetraceError data_newer when the data was written by a newer Foretrace.
 */
export async function migrate(database: Database, migrations: readonly Migration[] = all): Promise<number> {
  await database.transaction(async (sql) => {
    await sql.query("select pg_advisory_xact_lock($1)", [advisoryLock]);
    await sql.query("create schema if not exists foretrace");
    await sql.query(
      "create table if not exists foretrace.migration (version integer primary key, name text not null, applied_at timestamptz not null default now())",
    );
  });
  const newest = migrations.at(-1)?.version ?? 0;
  const found = await version(database);
  if (found > newest) {
    throw new ForetraceError(
      "data_newer",
      `the data was written by a newer Foretrace (schema ${found}, this program knows up to ${newest}); start that version, or use another data folder`,
    );
  }
  for (const migration of migrations) {
    await database.transaction(async (sql) => {
      await sql.query("select pg_advisory_xact_lock($1)", [advisoryLock]);
      if ((await version(sql)) >= migration.version) return;
      await sql.query(migration.sql);
      await sql.query("insert into foretrace.migration (version, name) values ($1, $2)", [migration.version, migration.name]);
    });
  }
  return Math.max(found, newest);
}

async function version(sql: Pick<Database, "query">): Promise<number> {
  const [row] = await sql.query<{ version: number }>("select coalesce(max(version), 0)::int as version from foretrace.migration");
  return row!.version;
}
