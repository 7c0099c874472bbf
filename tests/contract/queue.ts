/** What every JobQueue does. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { JobHandler, JobName, JobQueue, JobRecord, JobState } from "../../src/jobs/queue.ts";
import { ForetraceError } from "../../src/lib/errors.ts";
import { epochMillis } from "../../src/lib/units.ts";

const backoffMillis = 60;
export const clock = () => epochMillis(Date.now());

export async function until<T>(look: () => Promise<T>, wanted: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await look();
    if (wanted(value)) return value;
    await sleep(20);
  }
}

/** What the jobs of the tests do, by `input.run`. */
const runs = new Map<string, JobHandler>();
const handler: JobHandler = (input, context) => runs.get(input["run"] as string)!(input, context);

const untilAborted: JobHandler = (_, { signal }) =>
  new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));

const hasEnded = (state: JobState): boolean => state === "completed" || state === "failed" || state === "canceled";

const ended = (queue: JobQueue, id: string): Promise<JobRecord> =>
  until(
    async () => (await queue.get(id))!,
    ({ state }) => hasEnded(state),
  );

export type QueueSetup = {
  /** Another queue object on the same jobs. */
  open(backoffMillis: number): Promise<JobQueue>;
  /** Breaks every connection to the server, where there is one that several processes share. */
  breakConnections?(): Promise<unknown>;
};

/** @param shared several processes may work at once. */
export function queueContract(shared: boolean, setup: () => Promise<QueueSetup>): void {
  let current: QueueSetup;
  let looker: JobQueue;
  const opened: JobQueue[] = [];
  let counter = 0;
  const newId = (name: JobName = "ingest"): string => `${name}-${++counter}`;

  /** Without a worker; closed after the test. */
  const open = async (backoff = backoffMillis): Promise<JobQueue> => {
    const queue = await current.open(backoff);
    opened.push(queue);
    return queue;
  };
  /** With a worker. */
  const working = async (concurrency = 4, backoff?: number): Promise<JobQueue> => {
    const queue = await open(backoff);
    await queue.work({ ingest: handler, extract: handler, train: handler }, { concurrency });
    return queue;
  };
  const start = (queue: JobQueue, run: JobHandler, name: JobName = "ingest"): Promise<JobRecord> => {
    const id = newId(name);
    runs.set(id, run);
    return queue.enqueue(name, { run: id }, { id });
  };

  beforeAll(async () => {
    current = await setup();
    looker = await current.open(backoffMillis);
  });
  afterEach(async () => {
    for (const queue of opened.splice(0)) await queue.close(0);
    runs.clear();
  });
  afterAll(() => looker?.close());

  describe("JobQueue", () => {
    it("says when each name last completed, also to another process, with other jobs on top, and after the job is gone", async () => {
      const queue = await working();
      const { id } = await start(queue, async () => 1, "extract");
      const first = await ended(queue, id);
      for (let n = 0; n < 120; n++) await start(queue, async () => n, "train");
      await queue.idle();
      const failing = await start(
        queue,
        async () => {
          throw new ForetraceError("bad_usage", "never");
        },
        "extract",
      );
      await ended(queue, failing.id);
      const other = await open();
      const last = await until(
        () => other.lastCompleted(),
        (found) => found.extract !== undefined && found.train !== undefined,
      );
      expect(last.extract).toBe(first.finishedAt);
      expect(last.train).toBeGreaterThanOrEqual(first.finishedAt!);
      // The same job again: its first record is gone, its second is the newest.
      await queue.enqueue("extract", { run: id }, { id, again: true });
      const second = await ended(queue, id);
      await until(
        () => other.lastCompleted(),
        (found) => found.extract === second.finishedAt,
      );
      expect((await other.list({ name: "extract", state: "completed" })).map((job) => job.id)).toEqual([id]);
    });

    it("runs a job once and keeps its result", async () => {
      const queue = await working();
      const inputs: unknown[] = [];
      const id = newId("extract");
      runs.set(id, async (input) => {
        inputs.push(input);
        return { rows: 3 };
      });
      const before = Date.now();
      const accepted = await queue.enqueue("extract", { run: id, list: [1, null, "ü"] }, { id });
      expect(accepted).toMatchObject({ id, name: "extract", input: { run: id, list: [1, null, "ü"] } });
      const record = await ended(queue, id);
      expect(record).toMatchObject({ id, name: "extract", state: "completed", progress: 1, attempts: 1, result: { rows: 3 } });
      expect(record.createdAt).toBeGreaterThanOrEqual(before);
      expect(record.finishedAt).toBeGreaterThanOrEqual(record.createdAt);
      expect(inputs).toEqual([{ run: id, list: [1, null, "ü"] }]);
    });

    it("the same id is one job while it waits, while it runs, and after it ended", async () => {
      const waiting = await open();
      const id = newId();
      let count = 0;
      const { resolve: letGo, promise: go } = Promise.withResolvers<void>();
      runs.set(id, async () => {
        count++;
        await go;
      });
      const same = (): Promise<JobRecord[]> => Promise.all(Array.from({ length: 5 }, () => waiting.enqueue("ingest", { run: id }, { id })));
      expect(new Set((await same()).map(({ state }) => state))).toEqual(new Set(["waiting"]));
      const queue = await working();
      await until(
        async () => count,
        (n) => n === 1,
      );
      expect((await same()).every(({ state }) => state === "active")).toBe(true);
      letGo();
      await ended(queue, id);
      expect((await same()).every(({ state }) => state === "completed")).toBe(true);
      expect(count).toBe(1);
      expect((await queue.list({ name: "ingest" })).filter((record) => record.id === id)).toHaveLength(1);
    });

    it("runs an ended job again only when told to", async () => {
      const queue = await working();
      let count = 0;
      const { id } = await start(queue, async () => ++count);
      expect((await ended(queue, id)).result).toBe(1);
      await queue.enqueue("ingest", { run: id }, { id, again: true });
      await until(
        () => queue.get(id),
        (record) => record?.state === "completed" && record.result === 2,
      );
      expect(count).toBe(2);
    });

    it("tries again after an error that may pass, with growing waits", async () => {
      const queue = await working();
      const times: number[] = [];
      const { id } = await start(queue, async () => {
        times.push(Date.now());
        if (times.length === 1) throw new ForetraceError("source_unreachable", "nobody answered");
        if (times.length === 2) throw new Error("something unknown");
        return "there";
      });
      expect(await ended(queue, id)).toMatchObject({ state: "completed", attempts: 3, result: "there" });
      expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(backoffMillis - 5);
      expect(times[2]! - times[1]!).toBeGreaterThanOrEqual(2 * backoffMillis - 5);
    });

    it("fails at once where another attempt would not help, and at last where none did", async () => {
      const queue = await working();
      let count = 0;
      const hopeless = await start(queue, async () => {
        count++;
        throw new ForetraceError("not_a_trace", "byte 0: not a trace");
      });
      expect(await ended(queue, hopeless.id)).toMatchObject({ state: "failed", attempts: 1, error: "byte 0: not a trace" });
      expect(count).toBe(1);
      const stubborn = await start(queue, async () => {
        throw new ForetraceError("store_failed", "no");
      });
      expect(await ended(queue, stubborn.id)).toMatchObject({ state: "failed", attempts: 4, error: "no" });
    });

    it("fails a job that has no handler", async () => {
      const queue = await working();
      const id = newId("report");
      await queue.enqueue("report", {}, { id });
      expect(await ended(queue, id)).toMatchObject({ state: "failed", attempts: 1, error: "no handler for jobs named report" });
    });

    it("shows progress while a job runs", async () => {
      const queue = await working();
      const { resolve: letGo, promise: go } = Promise.withResolvers<void>();
      const { id } = await start(queue, async (_, { progress }) => {
        progress(0.25);
        progress(Number.NaN);
        await go;
      });
      const record = await until(
        () => queue.get(id),
        (found) => found!.progress > 0,
      );
      expect(record).toMatchObject({ state: "active", progress: 0.25 });
      letGo();
      await ended(queue, id);
    });

    it("a cancelled waiting job never runs", async () => {
      const idle = await open();
      let ran = false;
      const { id } = await start(idle, async () => (ran = true));
      expect(await idle.cancel(id)).toBe(true);
      expect(await idle.cancel(id)).toBe(false);
      expect(await idle.get(id)).toMatchObject({ id, state: "canceled", name: "ingest", input: { run: id } });
      expect((await idle.list({ state: "canceled" })).map((record) => record.id)).toContain(id);
      expect(await idle.enqueue("ingest", { run: id }, { id })).toMatchObject({ state: "canceled" });
      const queue = await working();
      await ended(queue, (await start(queue, async () => null)).id);
      expect(ran).toBe(false);
      await queue.enqueue("ingest", { run: id }, { id, again: true });
      expect(await ended(queue, id)).toMatchObject({ state: "completed" });
      expect(ran).toBe(true);
    });

    it("a cancelled running job gets its signal, and does not run again", async () => {
      const queue = await working();
      const reasons: unknown[] = [];
      // A job is active from when it is taken: one that is cancelled before its handler begins never gets there.
      const begun = Promise.withResolvers<void>();
      const { id } = await start(queue, async (_, { signal }) => {
        await new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => {
            reasons.push(signal.reason);
            reject(signal.reason as Error);
          });
          begun.resolve();
        });
      });
      await until(
        () => queue.get(id),
        (record) => record!.state === "active",
      );
      await begun.promise;
      expect(await queue.cancel(id)).toBe(true);
      await queue.idle();
      expect(await queue.get(id)).toMatchObject({ state: "canceled" });
      expect(reasons).toMatchObject([{ code: "canceled" }]);
      expect((await queue.counts()).active).toBe(0);
      expect(await queue.cancel("ingest-unknown")).toBe(false);
    });

    it("a job that is waiting for its next attempt can be cancelled", async () => {
      const queue = await working(4, 30_000);
      let count = 0;
      const { id } = await start(queue, async () => {
        count++;
        throw new Error("again");
      });
      await until(
        () => queue.get(id),
        (record) => record!.state === "delayed",
      );
      expect(await queue.cancel(id)).toBe(true);
      await queue.idle();
      expect(await queue.get(id)).toMatchObject({ state: "canceled", error: "again" });
      expect(count).toBe(1);
    });

    it("waits when told to wait", async () => {
      const queue = await working();
      let ranAt = 0;
      const id = newId();
      runs.set(id, async () => (ranAt = Date.now()));
      const asked = Date.now();
      expect(await queue.enqueue("ingest", { run: id }, { id, delayMillis: 1000 })).toMatchObject({ state: "delayed" });
      await queue.idle();
      expect(ranAt - asked).toBeGreaterThanOrEqual(995);
    });

    it("repeats by interval and by cron pattern until it is told to stop; the same key replaces", async () => {
      const queue = await working();
      const seen: unknown[] = [];
      runs.set("tick", async (input) => void seen.push(input["n"]));
      await queue.schedule("every: second", "train", { run: "tick", n: 1 }, { everyMillis: 60_000 });
      await queue.schedule("every: second", "train", { run: "tick", n: 2 }, { everyMillis: 200 });
      await queue.schedule("cron", "train", { run: "tick", n: 3 }, { pattern: "* * * * * *", timezone: "Europe/Berlin" });
      await until(
        async () => seen,
        () => seen.filter((n) => n === 2).length >= 3 && seen.includes(3),
      );
      await queue.unschedule("every: second");
      await queue.unschedule("cron");
      await queue.unschedule("never was");
      await queue.idle();
      const count = seen.length;
      await sleep(700);
      expect(seen).toHaveLength(count);
      await expect(queue.schedule("bad", "train", {}, { pattern: "every monday" })).rejects.toMatchObject({ code: "bad_config" });
    });

    it("is idle while a schedule waits for its next run", async () => {
      const queue = await open();
      const noRun = new AbortController();
      await queue.schedule("hourly", "train", {}, { pattern: "0 0 1 1 *" });
      await queue.idle(noRun.signal);
      await queue.unschedule("hourly");
      const { id } = await start(queue, async () => null);
      setTimeout(() => noRun.abort(), 150);
      await expect(queue.idle(noRun.signal)).rejects.toThrow("aborted");
      expect(await queue.cancel(id)).toBe(true);
      await queue.idle();
    });

    it("lists newest first, by name and state, and counts", async () => {
      const queue = await open();
      const before = await queue.counts();
      const ids: string[] = [];
      for (let i = 0; i < 3; i++) {
        ids.push((await start(queue, async () => null, i === 1 ? "train" : "ingest")).id);
        await sleep(5);
      }
      const list = async (filter: Parameters<JobQueue["list"]>[0]): Promise<string[]> =>
        (await queue.list(filter)).map(({ id }) => id).filter((id) => ids.includes(id));
      expect(await list({})).toEqual(ids.toReversed());
      expect(await list({ state: "waiting", name: "ingest" })).toEqual([ids[2], ids[0]]);
      expect(await list({ state: "active" })).toEqual([]);
      expect(await queue.list({ limit: 1 })).toMatchObject([{ id: ids[2] }]);
      expect((await queue.counts()).waiting - before.waiting).toBe(3);
      for (const id of ids) await queue.cancel(id);
      expect((await queue.counts()).canceled - before.canceled).toBe(3);
    });

    it("closing lets a running job end", async () => {
      const queue = await working();
      const started = Promise.withResolvers<void>();
      const { resolve: letGo, promise: go } = Promise.withResolvers<void>();
      const { id } = await start(queue, async (_, context) => {
        started.resolve();
        await go;
        // A step hands on work while the queue drains.
        await queue.enqueue("extract", {}, { id: `${context.id}-next` });
        return "done";
      });
      await started.promise;
      const closed = queue.close(30_000);
      letGo();
      await closed;
      expect(await looker.get(id)).toMatchObject({ state: "completed", result: "done" });
      expect(await looker.get(`${id}-next`)).toMatchObject({ state: "waiting" });
      await looker.cancel(`${id}-next`);
      await expect(queue.enqueue("ingest", {}, { id: newId() })).rejects.toMatchObject({ code: "unavailable" });
    });

    it("closing aborts a job that takes longer than the grace; it waits for the next start with its attempts left", async () => {
      const queue = await working();
      const started = Promise.withResolvers<void>();
      const { id } = await start(queue, (input, context) => {
        started.resolve();
        return untilAborted(input, context);
      });
      await started.promise;
      await queue.close(0);
      expect(await looker.get(id)).toMatchObject({ state: "waiting" });
      runs.set(id, async () => "second");
      const next = await working();
      expect(await ended(next, id)).toMatchObject({ state: "completed", result: "second" });
    });

    it("runs many jobs, each once", async () => {
      const queue = await working(8);
      const counts = new Map<string, number>();
      const ids = Array.from({ length: 100 }, () => newId());
      for (const id of ids) runs.set(id, async () => void counts.set(id, (counts.get(id) ?? 0) + 1));
      await Promise.all(ids.flatMap((id) => [0, 1].map(() => queue.enqueue("ingest", { run: id }, { id }))));
      await queue.idle();
      expect([...counts.values()].every((count) => count === 1)).toBe(true);
      expect(counts.size).toBe(100);
    });

    it("one run of a schedule can be cancelled; the next ones come", async () => {
      const queue = await open();
      const seen: unknown[] = [];
      runs.set("soon", async () => seen.push("ran"));
      await queue.schedule("soon", "train", { run: "soon" }, { everyMillis: 300 });
      const next = (await queue.list({ name: "train" })).find(({ state, input }) => input["run"] === "soon" && !hasEnded(state));
      expect(await queue.cancel(next!.id)).toBe(true);
      expect(await queue.get(next!.id)).toMatchObject({ state: "canceled" });
      const worker = await working();
      await until(
        async () => seen.length,
        (count) => count >= 2,
      );
      await worker.unschedule("soon");
      await worker.idle();
      expect(await worker.get(next!.id)).toMatchObject({ state: "canceled", attempts: 0 });
      expect((await worker.list({ state: "completed" })).filter(({ input }) => input["run"] === "soon")).toHaveLength(seen.length);
    });

    // The embedded database belongs to one process.
    if (!shared) return;

    it("another process can cancel a running job", async () => {
      const queue = await working();
      const { id } = await start(queue, untilAborted);
      const elsewhere = await open();
      await until(
        () => elsewhere.get(id),
        (record) => record!.state === "active",
      );
      expect(await elsewhere.cancel(id)).toBe(true);
      await elsewhere.idle();
      expect(await queue.get(id)).toMatchObject({ state: "canceled" });
    });

    it("goes on when the connections break", async () => {
      const queue = await working();
      const { resolve: letGo, promise: go } = Promise.withResolvers<void>();
      const { id } = await start(queue, () => go);
      await until(
        () => looker.get(id),
        (record) => record!.state === "active",
      );
      await current.breakConnections!();
      letGo();
      const next = await until(
        () => start(queue, async () => "after").catch(() => undefined),
        (record) => record !== undefined,
      );
      const both = await until(
        () => Promise.all([queue.get(id), queue.get(next!.id)]).catch(() => []),
        (records) => records.length === 2 && records.every((record) => record?.state === "completed"),
      );
      expect(both).toMatchObject([{ state: "completed" }, { result: "after" }]);
      // Where the message of its completion broke off with the connection, the job has run once more.
      expect(both[0]!.attempts).toBeLessThanOrEqual(2);
    });
  });
}
