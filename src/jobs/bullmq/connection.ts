/** BullMQ's queues and workers on whichever database carries them: PostgreSQL (the embedded one too), or Redis. */
import { createPostgresBackend, type Job, Queue, runMigrations, Worker, type WorkerOptions } from "bullmq";
import { Redis } from "ioredis";
import type { Pool } from "pg";
import { ForetraceError } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { createServerPool, EmbeddedPool } from "../../store/pool.ts";

/** What a job carries. */
export type JobData = { readonly input: Readonly<Record<string, unknown>> };
export type QueuedJob = Job<JobData, unknown, string>;
export type JobsQueue = Queue<JobData, unknown, string>;
export type JobsWorker = Worker<JobData, unknown, string>;
export type Processor = (job: QueuedJob, token?: string) => Promise<unknown>;

export type QueueConnection = {
  /** No other process works on these queues: a job that is active when this process starts is nobody's. */
  readonly exclusive: boolean;
  queue(name: string): JobsQueue;
  worker(name: string, processor: Processor, options: Omit<WorkerOptions, "connection">): JobsWorker;
  /** Ends what this connection opened itself. Queues and workers must have been closed. */
  close(): Promise<void>;
};

/**
 * BullMQ on PostgreSQL; its tables (schema `bullmq`) are brought up to date.
 * @param pool one of src/store/pool.ts: the search path of its connections must be BullMQ's schema. It is not closed here.
 */
export async function connectPool(pool: Pool): Promise<QueueConnection> {
  await migrate(pool);
  const options = { connection: pool as never };
  return {
    exclusive: pool instanceof EmbeddedPool,
    queue: (name) => new Queue(name, options, createPostgresBackend) as unknown as JobsQueue,
    worker: (name, processor, more) => new Worker(name, processor, { ...more, ...options }, createPostgresBackend) as unknown as JobsWorker,
    close: async () => {},
  };
}

export async function connectDatabase(databaseUrl: string): Promise<QueueConnection> {
  const pool = createServerPool(databaseUrl);
  try {
    return { ...(await connectPool(pool)), close: () => pool.end() };
  } catch (error) {
    await pool.end();
    throw error;
  }
}

async function migrate(pool: Pool): Promise<void> {
  try {
    const client = await pool.connect();
    try {
      await runMigrations(client as never);
    } finally {
      client.release();
    }
  } catch (error) {
    const { name, message } = error as Error;
    const code = name === "SchemaVersionMismatchError" ? "data_newer" : "store_failed";
    throw new ForetraceError(code, `the queue's tables could not be prepared: ${message}`, { cause: error });
  }
}

/** BullMQ on Redis through ioredis. @throws ForetraceError store_failed when it does not answer. */
export async function connectRedis(redisUrl: string, log: Logger): Promise<QueueConnection> {
  // Whoever enqueues gets an error while Redis is away; a worker waits for it to come back.
  const clients = [new Redis(redisUrl, { maxRetriesPerRequest: 3 }), new Redis(redisUrl, { maxRetriesPerRequest: null })] as const;
  for (const client of clients) client.on("error", (error: Error) => log.warn({ error: error.message }, "Redis connection"));
  try {
    await clients[0].ping();
  } catch (error) {
    for (const client of clients) client.disconnect();
    throw new ForetraceError("store_failed", `Redis at ${withoutPassword(redisUrl)} does not answer: ${(error as Error).message}`, {
      input: "REDIS_URL",
      cause: error,
    });
  }
  const prefix = "foretrace";
  return {
    exclusive: false,
    queue: (name) => new Queue(name, { connection: clients[0], prefix }),
    worker: (name, processor, more) => new Worker(name, processor, { ...more, connection: clients[1], prefix }),
    close: async () => {
      for (const client of clients) client.disconnect();
    },
  };
}

function withoutPassword(url: string): string {
  return url.replace(/\/\/[^@/]*@/, "//…@");
}
