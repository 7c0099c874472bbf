import { Client } from "pg";
import { describe, expect, it } from "vitest";
import { hasService, startPostgres, startPrometheus, startRedis } from "./services.ts";

describe("test services", () => {
  it.skipIf(!hasService("postgres"))("a PostgreSQL answers and ends", async () => {
    const service = await startPostgres();
    const client = new Client({ connectionString: service.url });
    await client.connect();
    expect((await client.query("select 6 * 7 as n")).rows).toEqual([{ n: 42 }]);
    await client.end();
    await service.stop();
    expect(() => process.kill(service.pid, 0)).toThrow("ESRCH");
  });

  it.skipIf(!hasService("redis"))("a Redis answers and ends", async () => {
    const service = await startRedis();
    const { Redis } = await import("ioredis");
    const client = new Redis(service.url);
    expect(await client.ping()).toBe("PONG");
    await client.quit();
    await service.stop();
    expect(() => process.kill(service.pid, 0)).toThrow("ESRCH");
  });

  it.skipIf(!hasService("prometheus"))("a Prometheus serves the blocks it was given", async () => {
    const blocks = "# TYPE load gauge\nload 1 1700000000\nload 2 1700000060\n# EOF\n";
    const service = await startPrometheus({ blocks });
    const answer = await fetch(`${service.url}/api/v1/query?query=load&time=1700000060`);
    expect(await answer.json()).toMatchObject({ data: { result: [{ value: [1700000060, "2"] }] } });
    await service.stop();
  });
});
