/**
 * node-postgres pools over a server and over the embedded database. Connections resolve unqualified names in the queue's schema,
 * as BullMQ's statements need; our own statements name `foretrace.` always.
 */
import { Pool, type PoolConfig } from "pg";
import { EmbeddedDatabase, type OpenOptions } from "./embedded/database.ts";

/** A worker's listening connection is checked out for as long as it works; the rest is for statements. */
const serverConnections = 12;
const embeddedConnections = 6;

async function setSearchPath(client: { query(text: string): Promise<unknown> }): Promise<void> {
  await client.query("set search_path to bullmq");
}

/** A connection that breaks while nobody uses it is replaced by the pool; whoever uses one gets the error from the statement. */
function quiet<P extends Pool>(pool: P): P {
  pool.on("error", () => {});
  // BullMQ adds a listener for each of its queues and workers.
  pool.setMaxListeners(0);
  return pool;
}

/** @param databaseUrl `postgres://user:password@host:port/database?…` */
export function createServerPool(databaseUrl: string): Pool {
  const config: PoolConfig = {
    connectionString: databaseUrl,
    max: serverConnections,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    application_name: "foretrace",
    onConnect: setSearchPath,
  };
  return quiet(new Pool(config));
}

/** A pool on the embedded database. Whoever holds it is the only process that can work on this database. */
export class EmbeddedPool extends Pool {
  readonly #database: EmbeddedDatabase;

  private constructor(database: EmbeddedDatabase) {
    super({ stream: () => database.connect() as never, max: embeddedConnections, idleTimeoutMillis: 0, onConnect: setSearchPath });
    this.#database = database;
  }

  /** Opens (and makes, the first time) the database in `folder`; without one it lives in memory. @throws ForetraceError store_failed */
  static async open(folder?: string, options: OpenOptions = {}): Promise<EmbeddedPool> {
    return quiet(new EmbeddedPool(await EmbeddedDatabase.open(folder, options)));
  }

  /** Ends the connections and shuts the database down. */
  async close(): Promise<void> {
    await this.end();
    await this.#database.close();
  }
}
