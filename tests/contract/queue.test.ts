/** The queue's contract on the embedded database, on a PostgreSQL server and on Redis. */
import { Redis } from "ioredis";
import { Client } from "pg";
import { afterAll, describe, expect, it } from "vitest";
import { openQueue } from "../../src/jobs/bullmq/open.ts";
import { type OpenedStore, openStore } from "../../src/store/open.ts";
import { hasService, type Service, startPostgres, startRedis } from "../helpers/services.ts";
import { freshDataDir, removeDir } from "./data-dir.ts";
import { clock, queueContract } from "./queue.ts";

describe("BullMQ on the embedded database", () => {
  let dataDir: string;
  let store: OpenedStore;
  queueContract(false, async () => {
    dataDir = await freshDataDir();
    store = await openStore({ dataDir });
    return { open: (backoffMillis) => openQueue({ pool: store.pool, clock, backoffMillis }) };
  });
  afterAll(async () => {
    await store?.close();
    removeDir(dataDir);
  });
});

describe.skipIf(!hasService("postgres"))("BullMQ on PostgreSQL", () => {
  let service: Service;
  queueContract(true, async () => {
    service = await startPostgres();
    return {
      open: (backoffMillis) => openQueue({ databaseUrl: service.url, clock, backoffMillis }),
      breakConnections: async () => {
        const client = new Client({ connectionString: service.url });
        await client.connect();
        await client.query(
          "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend'",
        );
        await client.end();
      },
    };
  });
  afterAll(() => service?.stop());
});

describe.skipIf(!hasService("redis"))("BullMQ on Redis", () => {
  let service: Service;
  queueContract(true, async () => {
    service = await startRedis();
    return {
      open: (backoffMillis) => openQueue({ redisUrl: service.url, clock, backoffMillis }),
      breakConnections: async () => {
        const client = new Redis(service.url);
        await client.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
        await client.quit();
      },
    };
  });
  it("finds the last completed job of a rare name under a thousand others", async () => {
    const queue = await openQueue({ redisUrl: service.url, clock });
    try {
      const done = async () => 1;
      await queue.work({ report: done, score: done }, { concurrency: 20 });
      await queue.enqueue("report", {}, { id: "rare" });
      await queue.idle();
      await Promise.all(Array.from({ length: 1100 }, (_, n) => queue.enqueue("score", { n }, { id: `frequent-${n}` })));
      await queue.idle();
      // Newest first; the suite before this test has left jobs of that name on the server.
      expect((await queue.list({ name: "report", state: "completed" }))[0]).toMatchObject({ id: "rare", state: "completed" });
      expect((await queue.lastCompleted()).report).toBe((await queue.get("rare"))!.finishedAt);
    } finally {
      await queue.close(0);
    }
  });
  afterAll(() => service?.stop());
});

describe("openQueue", () => {
  it("says which service does not answer", async () => {
    const redisUrl = "redis://user:secret@127.0.0.1:1/0";
    const refused = await openQueue({ redisUrl, clock }).catch((error: unknown) => error as Error);
    expect(refused).toMatchObject({ code: "store_failed", message: expect.stringContaining("redis://…@127.0.0.1:1/0") });
    await expect(openQueue({ databaseUrl: "postgres://nobody@127.0.0.1:1/none", clock })).rejects.toMatchObject({ code: "store_failed" });
  });
});
