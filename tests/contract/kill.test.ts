/** kill -9: what was acknowledged is there afterwards, once, and what was half done is not. */
import { spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, describe, expect, it } from "vitest";
import { openQueue } from "../../src/jobs/bullmq/open.ts";
import { epochMillis } from "../../src/lib/units.ts";
import { openStore } from "../../src/store/open.ts";
import { hasService, type Service, startPostgres, startRedis } from "../helpers/services.ts";
import { emptyDir, freshDataDir, removeDir } from "./data-dir.ts";
import type { KillOrder } from "./kill-child.ts";
import { clock, until } from "./queue.ts";

const undo: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).toReversed()) await step();
});

async function folder(make: () => Promise<string> | string): Promise<string> {
  const dir = await make();
  undo.push(() => removeDir(dir));
  return dir;
}
async function service(start: () => Promise<Service>): Promise<string> {
  const running = await start();
  undo.push(() => running.stop());
  return running.url;
}

/** Starts the child, hands its lines to `line` until that says true, and kills it. */
async function runAndKill(order: KillOrder, line: (words: string[]) => boolean): Promise<void> {
  const child: ChildProcess = spawn(process.execPath, [join(import.meta.dirname, "kill-child.ts"), JSON.stringify(order)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let complaints = "";
  child.stderr!.on("data", (chunk: Buffer) => (complaints += chunk.toString()));
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  let done = false;
  for await (const text of createInterface({ input: child.stdout! })) {
    done ||= line(text.split(" "));
    if (done) child.kill("SIGKILL");
  }
  await gone;
  if (!done) throw new Error(`the child ended by itself: ${complaints}`);
}

type Form = { readonly name: string; readonly needs?: "postgres" | "redis"; order(): Promise<Omit<KillOrder, "doing">> };
const forms: readonly Form[] = [
  { name: "embedded", order: async () => ({ dataDir: await folder(freshDataDir) }) },
  {
    name: "PostgreSQL",
    needs: "postgres",
    order: async () => ({ dataDir: await folder(emptyDir), databaseUrl: await service(startPostgres), lockMillis: 1000 }),
  },
  {
    name: "queue on Redis",
    needs: "redis",
    order: async () => ({ dataDir: await folder(freshDataDir), redisUrl: await service(startRedis), lockMillis: 1000 }),
  },
];

/** Several starts of a process each, on a machine that may be busy. */
const timeout = 300_000;

describe("kill -9", { timeout }, () => {
  for (const { name, needs, order: makeOrder } of forms) {
    it.skipIf(needs !== undefined && !hasService(needs))(`in the middle of uploads, ${name}`, async () => {
      const order = await makeOrder();
      const promised: string[][] = [];
      for (let round = 0; round < 2; round++) {
        let uploading = false;
        const before = promised.length;
        await runAndKill({ ...order, doing: "uploads" }, (words) => {
          if (words[0] === "stored") promised.push(words.slice(1));
          uploading ||= words[0] === "uploading";
          return uploading && promised.length - before >= 6;
        });
      }
      const { store, pool, close } = await openStore(order);
      undo.push(close);
      const queue = await openQueue({ ...order, pool, clock });
      undo.push(() => queue.close(0));
      const traces = await store.traces.list({ target: "kill" });
      expect(new Set(traces.map(({ id }) => id)).size).toBe(traces.length);
      for (const [id, , jobId] of promised) {
        const hash = createHash("sha256");
        for await (const part of await store.traces.open(id!)) hash.update(part);
        expect(hash.digest("hex")).toBe(id);
        expect(await queue.get(jobId!)).toMatchObject({ state: "waiting", input: { trace: id } });
      }
      // At most the one that was under way in each round is there beside them.
      expect(traces.length - promised.length).toBeLessThanOrEqual(2);
      const last = Math.max(...promised.map(([, n]) => Number(n)));
      const [batch] = await store.series.select([], { from: epochMillis(0), to: epochMillis(last * 1000) });
      expect(batch!.samples).toEqual(Array.from({ length: last + 1 }, (_, n) => ({ t: n * 1000, v: n })));

      expect(await store.traces.list({ target: "endless" })).toEqual([]);
      const ran: unknown[] = [];
      await queue.work({ ingest: async ({ trace }) => void ran.push(trace) });
      await queue.idle();
      for (const [id] of promised) expect(ran.filter((trace) => trace === id)).toEqual([id]);

      if (order.databaseUrl !== undefined) return;
      expect(readdirSync(join(order.dataDir, "incoming"))).toEqual([]);
      const files = readdirSync(join(order.dataDir, "traces"), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
      expect(files.map(({ name }) => name).sort()).toEqual(traces.map(({ id }) => id).sort());
    });

    it.skipIf(needs !== undefined && !hasService(needs))(`in the middle of a job, ${name}`, async () => {
      const order = await makeOrder();
      await runAndKill({ ...order, doing: "job" }, ([word]) => word === "running");
      const { pool, close } = await openStore(order);
      undo.push(close);
      const queue = await openQueue({ ...order, pool, clock });
      undo.push(() => queue.close(0));
      expect(await queue.get("train-1")).toMatchObject({ state: "active", attempts: 1 });
      const inputs: unknown[] = [];
      await queue.work({ train: async (input) => void inputs.push(input) });
      const record = await until(
        () => queue.get("train-1"),
        (found) => found!.state === "completed",
      );
      expect(inputs).toEqual([{ epochs: 3 }]);
      expect(record).toMatchObject({ attempts: 2, progress: 1 });
    });
  }
});
