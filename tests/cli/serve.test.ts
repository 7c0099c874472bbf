/** The service as a process: start, refusals, report, signals, and its parts on real servers. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TraceRecord } from "../../src/store/ports.ts";
import { runCli, startCli } from "../helpers/cli.ts";
import { fixtureTrace } from "../helpers/fixtures.ts";
import { isIdle, restBase, type Server, startServer, until } from "../helpers/serve.ts";
import { freePort, hasService, startPostgres, startRedis } from "../helpers/services.ts";

const folder = mkdtempSync(join(tmpdir(), "foretrace-serve-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const trace = readFileSync(fixtureTrace);
const upload = (url: string, target: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${url}${restBase}/traces?target=${target}`, { method: "POST", body: trace, headers });

describe("serve", () => {
  const data = join(folder, "data");
  let server: Server;
  beforeAll(async () => {
    server = await startServer(data);
  });
  afterAll(() => server.child.kill("SIGKILL"));

  it("reads an uploaded trace", async () => {
    expect((await upload(server.url, "shop")).status).toBe(201);
    await until("the jobs end", async () => isIdle(await server.jobs()));
    const { items } = await server.get<{ items: TraceRecord[] }>(`${restBase}/traces?target=shop`);
    expect(items).toMatchObject([{ status: "extracted", version: 26, clock: "snapshot" }]);
  });

  it("is alone in its data folder: a second one names the holder", async () => {
    const { code, stderr } = await runCli(["serve", "--data", data, "--port", "0"]);
    expect(code).toBe(2);
    expect(stderr).toContain(`process ${server.child.pid}`);
  });

  it("names the port that is taken", async () => {
    const { port } = new URL(server.url);
    const { code, stderr } = await runCli(["serve", "--data", join(folder, "other"), "--port", port]);
    expect(code).toBe(2);
    expect(stderr).toMatch(new RegExp(`port ${port} .*--port`));
  });

  it("is asked for a report while it holds the folder; the folder alone gives the same", async () => {
    const range = ["--from", "2026-11-22T00:00:00Z", "--to", "2026-11-23T00:00:00Z"];
    const asked = await runCli(["report", "--data", data, ...range]);
    expect(asked).toMatchObject({ code: 0, stderr: "" });
    expect(asked.stdout).toContain("shop");
    const end = await server.stop("SIGTERM", 15_000);
    expect(end).toMatchObject({ code: 0, signal: null });
    const alone = await runCli(["report", "--data", data, ...range]);
    expect(alone).toMatchObject({ code: 0, stderr: "" });
    expect(alone.stdout).toBe(asked.stdout);
  });
});

describe("a start that does not come to its end", () => {
  const env = { DATABASE_URL: undefined, REDIS_URL: undefined };

  it("SIGTERM while the database is made ends it, and the next start has its folder", async () => {
    const data = join(folder, "early");
    const early = startCli(["serve", "--data", data, "--port", "0"], { env });
    await until("the folder is taken", async () => existsSync(join(data, "lock.json")));
    expect(await early.stop("SIGTERM", 15_000)).toMatchObject({ code: 0, signal: null });
    expect(existsSync(join(data, "lock.json"))).toBe(false);
    const server = await startServer(data, { env });
    expect(await server.stop("SIGTERM", 15_000)).toMatchObject({ code: 0 });
    rmSync(join(data, "db/base"), { recursive: true });
    const { code, stderr } = await runCli(["serve", "--data", data, "--port", "0"], { env });
    expect(code).toBe(1);
    expect(stderr).toContain(`the embedded database in ${join(data, "db")} did not open`);
    expect(stderr).not.toContain("this is a defect");
  });

  it.each(["/proc/foretrace", "/etc/passwd"])("--data %s is wrong use", async (data) => {
    for (const command of [["serve", "--port", "0"], ["report"]]) {
      const { code, stderr } = await runCli([...command, "--data", data], { env });
      expect({ code, stderr }).toEqual({
        code: 2,
        stderr: expect.stringMatching(/^foretrace: cannot keep data in .*give --data a folder/),
      });
    }
  });
});

describe("serve beyond loopback", () => {
  it("wants a token", async () => {
    const { code, stderr } = await runCli(["serve", "--data", join(folder, "open"), "--host", "0.0.0.0", "--port", "0"], {
      env: { FORETRACE_TOKEN: undefined },
    });
    expect(code).toBe(2);
    expect(stderr).toMatch(/FORETRACE_TOKEN/);
  });

  it("answers only those who have it", async () => {
    const server = await startServer(join(folder, "token"), { args: ["--host", "0.0.0.0"], env: { FORETRACE_TOKEN: "correct-horse" } });
    try {
      expect((await fetch(`${server.url}${restBase}/targets`)).status).toBe(401);
      expect((await upload(server.url, "shop", { authorization: "Bearer wrong" })).status).toBe(401);
      const answer = await fetch(`${server.url}${restBase}/targets`, { headers: { authorization: "Bearer correct-horse" } });
      expect(answer.status).toBe(200);
    } finally {
      await server.stop("SIGTERM");
    }
  });
});

describe("wrong use", () => {
  it("a token that no header can carry", async () => {
    const { code, stderr } = await runCli(["serve", "--data", join(folder, "unused"), "--port", "0"], {
      env: { FORETRACE_TOKEN: "two words" },
    });
    expect(code).toBe(2);
    expect(stderr).toMatch(/FORETRACE_TOKEN.*spaces/);
    expect(stderr).not.toContain("two words");
  });

  it.each([
    [["serve", "--port", "ninety"], /--port ninety/],
    [["serve", "--log-level", "loud"], /--log-level loud.*debug, info, warn, error/],
    [["serve", "--config", join(folder, "absent.yaml")], /absent\.yaml/],
    [["serve", "--api-only"], /DATABASE_URL/],
    [["worker"], /DATABASE_URL/],
    [["report", "--from", "0", "--to", "1"], /--to 1 is not a moment of RFC 3339.*2026-11-23T00:00:00Z/],
    [["report", "--from", "2026-11-23"], /--from 2026-11-23 is not a moment of RFC 3339/],
    [["report", "--from", "yesterday"], /--from yesterday.*2026-11-23T00:00:00Z/],
    [["report", "--from", "2026-01-02T00:00:00Z", "--to", "2026-01-01T00:00:00Z"], /range is empty/],
  ])("%j: status 2 and what would be right", async (args, message) => {
    const env = { DATABASE_URL: undefined, REDIS_URL: undefined };
    const { code, stderr } = await runCli([...args, "--data", join(folder, "unused")], { env });
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });

  it("an unknown key of the configuration: file, line, nearest key", async () => {
    const file = join(folder, "foretrace.yaml");
    writeFileSync(file, "grid: 10s\nmodel: {}\n");
    const { code, stderr } = await runCli(["serve", "--config", file, "--data", join(folder, "unused")]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/foretrace\.yaml:2:1: .*"model".*did you mean "models"/);
  });
});

describe.skipIf(!hasService("postgres") || !hasService("redis"))(
  "API and worker as processes of their own, on PostgreSQL and Redis",
  () => {
    it("the worker reads what the API took", async () => {
      const [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
      const env = { DATABASE_URL: postgres.url, REDIS_URL: redis.url };
      const data = join(folder, "shared");
      const server = await startServer(data, { args: ["--api-only"], env });
      const worker = startCli(["worker", "--data", data], { env });
      try {
        expect((await upload(server.url, "shop")).status).toBe(201);
        const status = async (): Promise<string | undefined> =>
          (await server.get<{ items: TraceRecord[] }>(`${restBase}/traces`)).items[0]?.status;
        await until("the trace is read", async () => (await status()) === "extracted");
        expect(await worker.stop("SIGTERM", 15_000)).toMatchObject({ code: 0 });
        expect(await server.stop("SIGTERM", 15_000)).toMatchObject({ code: 0 });
      } finally {
        server.child.kill("SIGKILL");
        worker.child.kill("SIGKILL");
        await Promise.all([postgres.stop(), redis.stop()]);
      }
    });

    it("a database that does not answer is said at once", async () => {
      const env = { DATABASE_URL: `postgres://foretrace@127.0.0.1:${await freePort()}/foretrace`, REDIS_URL: undefined };
      const { code, stderr } = await runCli(["serve", "--data", join(folder, "unreached"), "--port", "0"], { env });
      expect(code).toBe(1);
      expect(stderr).toMatch(/ECONNREFUSED|refused/);
      expect(stderr).not.toMatch(/ at .*\.ts:\d+/);
    });
  },
);
