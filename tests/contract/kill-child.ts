/**
 * A process to be killed: `node kill-child.ts '{"dataDir":…, "databaseUrl"?:…, "redisUrl"?:…, "lockMillis"?:…, "doing":"uploads"|"job"}'`.
 * Says what it has been promised, a line each, and goes on for ever.
 */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { openQueue } from "../../src/jobs/bullmq/open.ts";
import { epochMillis } from "../../src/lib/units.ts";
import { openStore } from "../../src/store/open.ts";

export type KillOrder = {
  readonly dataDir: string;
  readonly databaseUrl?: string;
  readonly redisUrl?: string;
  readonly lockMillis?: number;
  readonly doing: "uploads" | "job";
};

const order = JSON.parse(process.argv[2]!) as KillOrder;
const clock = () => epochMillis(Date.now());
const { store, pool } = await openStore(order);
const queue = await openQueue({ ...order, pool, clock });
const say = (...words: string[]): boolean => process.stdout.write(`${words.join(" ")}\n`);

if (order.doing === "job") {
  await queue.enqueue("train", { epochs: 3 }, { id: "train-1" });
  await queue.work({
    train: async (_input, { progress }) => {
      progress(0.5);
      say("running");
      return new Promise(() => {});
    },
  });
} else {
  // One upload that never ends, and short ones beside it.
  void store.traces.put(endless(), { target: "endless", uploadedAt: clock() });
  for (let n = 0; ; n++) {
    const { record } = await store.traces.put(burst(20), { target: "kill", uploadedAt: clock() });
    await store.series.append([{ labels: { __name__: "n", target: "kill" }, samples: [{ t: epochMillis(n * 1000), v: n }] }]);
    const job = await queue.enqueue("ingest", { trace: record.id }, { id: `ingest-${record.id.slice(0, 24)}` });
    say("stored", record.id, String(n), job.id);
  }
}

async function* burst(parts: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < parts; i++) yield randomBytes(5000);
}

async function* endless(): AsyncGenerator<Uint8Array> {
  for (;;) {
    yield randomBytes(100_000);
    say("uploading");
    await sleep(20);
  }
}
