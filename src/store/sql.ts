/** SQL on whichever PostgreSQL there is: the embedded one and a server speak the same wire protocol, so this is one code path. */
import type { Pool, PoolClient } from "pg";
import { ForetraceError, isForetraceError } from "../lib/errors.ts";

export type Row = Record<string, unknown>;
export type Sql = {
  /** Runs one statement; several only without parameters. @throws ForetraceError store_failed */
  query<R extends object = Row>(text: string, values?: readonly unknown[]): Promise<R[]>;
};
export type Database = Sql & {
  /** All or nothing; tried again when the server broke a deadlock or a serialization conflict. `body` must use only what it is given. */
  transaction<T>(body: (sql: Sql) => Promise<T>): Promise<T>;
};

const conflicts = new Set(["40001", "40P01"]);

export function createDatabase(pool: Pool): Database {
  return { ...sqlOver(pool), transaction: (body) => transaction(pool, body) };
}

function sqlOver(client: Pool | PoolClient): Sql {
  const run = async (query: object): Promise<never[]> => {
    try {
      return (await client.query(query as { text: string })).rows as never[];
    } catch (error) {
      throw asStoreError(error);
    }
  };
  return {
    query: (text, values) => run(values === undefined ? { text } : { text, values }),
  };
}

async function transaction<T>(pool: Pool, body: (sql: Sql) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const client = await pool.connect().catch((error: unknown) => {
      throw asStoreError(error);
    });
    const sql = sqlOver(client);
    let broken = true;
    try {
      await sql.query("begin");
      const result = await body(sql);
      await sql.query("commit");
      broken = false;
      return result;
    } catch (error) {
      await sql.query("rollback").then(
        () => (broken = false),
        () => {},
      );
      const code = isForetraceError(error) ? (error.cause as { code?: string } | undefined)?.code : undefined;
      if (attempt >= 5 || code === undefined || !conflicts.has(code)) throw error;
    } finally {
      client.release(broken);
    }
  }
}

function asStoreError(error: unknown): ForetraceError {
  if (isForetraceError(error)) return error;
  return new ForetraceError("store_failed", `the database did not do it: ${(error as Error).message}`, { cause: error });
}
