/** Jobs as the queue runs them: input, cancellation, what is asked for meanwhile, schedules. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { enqueueJob, jobId } from "../../src/jobs/enqueue.ts";
import { framesOf, trackOf } from "../../src/jobs/frames.ts";
import { createHandlers } from "../../src/jobs/handlers.ts";
import type { JobHandler } from "../../src/jobs/queue.ts";
import { applySchedule } from "../../src/jobs/schedule.ts";
import { loadFrames } from "../../src/jobs/target-frames.ts";
import { silentLogger } from "../../src/lib/log.ts";
import { createRandom } from "../../src/lib/random.ts";
import { epochMillis } from "../../src/lib/units.ts";
import type { Store } from "../../src/store/ports.ts";
import { type Harness, openHarness } from "./harness.ts";

const traceFile = join(import.meta.dirname, "..", "fixtures", "traces", "esbuild-0.28.2-go1.26.5-watch.trace.gz");
let jobs: Harness;
const seen: string[] = [];
/** Targets whose models are found only when the promise resolves. */
const held = new Map<string, { reached: () => void; gate: Promise<void> }>();
beforeAll(async () => {
  jobs = await openHarness({
    yaml: `
targets:
  - { name: pulled, prometheus: { url: "http://localhost:1", queries: { a: up } } }
  - { name: traced }
schedule: { ingest: "0 4 * * *", score: 1h, forecast: off, train: "0 3 * * *" }
report: { cron: "0 7 * * 1", timezone: Europe/Berlin }
`,
  });
  const random = createRandom("noise");
  const step = 60_000;
  await jobs.store.series.append(
    Array.from({ length: 12 }, (_, column) => ({
      labels: { __name__: "noise", column: String(column), target: "noisy" },
      samples: Array.from({ length: 900 }, (__, i) => ({
        t: epochMillis(jobs.now - (900 - i) * step),
        v: Math.sin(i / 20) + random.normal(),
      })),
    })),
  );
  const { models } = jobs.store;
  const slow: Store = {
    ...jobs.store,
    models: {
      put: (record, model) => models.put(record, model),
      latest: (target, kind) => models.latest(target, kind),
      async list(target) {
        if (target !== undefined) held.get(target)?.reached();
        if (target !== undefined) await held.get(target)?.gate;
        return models.list(target);
      },
    },
  };
  const handlers = createHandlers({ ...jobs, store: slow, log: silentLogger, clock: () => epochMillis(jobs.now) });
  const watched = Object.fromEntries(
    Object.entries(handlers).map(([name, handler]): [string, JobHandler] => [
      name,
      async (input, context) => {
        return handler(input, {
          ...context,
          progress: (done) => {
            seen.push(`${context.id} ${done}`);
            context.progress(done);
          },
        });
      },
    ]),
  );
  await jobs.store.series.append([{ labels: { __name__: "m", target: "x" }, samples: [{ t: epochMillis(jobs.now), v: 1 }] }]);
  await jobs.queue.work(watched);
}, 120_000);
afterAll(() => jobs?.close());

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(10);
}

test("a training that runs is cancelled: it ends as canceled and leaves no model", async () => {
  const { id } = await enqueueJob(jobs.queue, "train", { target: "noisy" });
  await until(() => seen.some((line) => line.startsWith(id) && !line.endsWith(" 0")));
  expect(await jobs.queue.cancel(id)).toBe(true);
  await jobs.queue.idle();
  expect((await jobs.queue.get(id))!.state).toBe("canceled");
  expect(await jobs.store.models.list("noisy")).toEqual([]);
});

test("frames that are read in pieces are those of one read; too many samples leave the newest rows", async () => {
  const range = { from: epochMillis(jobs.now - 86_400_000), to: epochMillis(jobs.now) };
  const whole = await jobs.store.series.select([{ name: "target", op: "=", value: "noisy" }], range);
  const [frame] = framesOf(whole.map(trackOf), () => undefined);
  expect(frame).toMatchObject({ step: 60_000, length: 900 });
  const pieces = await loadFrames(jobs.context(), "noisy", range, { mostSamples: 1e6, samplesAtOnce: 1000 });
  expect(pieces).toEqual([frame]);
  const [newest] = await loadFrames(jobs.context(), "noisy", range, { mostSamples: 12 * 100, samplesAtOnce: 500 });
  // The newest sample lies one step before the end of the range.
  expect(newest!.length).toBe(100);
  expect(newest!.columns.map(({ values }) => values)).toEqual(frame!.columns.map(({ values }) => values.slice(-100)));
});

test("an input that does not fit fails at once and names the field", async () => {
  const { id } = await jobs.queue.enqueue("score", { target: "a", renew: "yes" }, { id: "wrong" });
  await jobs.queue.idle();
  const job = (await jobs.queue.get(id))!;
  expect(job).toMatchObject({ state: "failed", attempts: 1 });
  expect(job.error).toMatch(/input of job score: field "renew"/);
});

test("what is asked for while it runs runs once more afterwards, however often it is asked for", async () => {
  const input = { target: "x", renew: true };
  const id = jobId("score", input);
  const gate = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  held.set("x", { gate: gate.promise, reached: reached.resolve });
  await enqueueJob(jobs.queue, "score", input);
  await reached.promise;
  const trace = gunzipSync(readFileSync(traceFile));
  for (const level of [1, 2]) {
    const bytes = gzipSync(trace, { level });
    const { record } = await jobs.store.traces.put(Readable.from([bytes]), { target: "x", uploadedAt: epochMillis(jobs.now) });
    await enqueueJob(jobs.queue, "ingest", { target: "x", trace: record.id });
    await until(async () => (await jobs.queue.get(jobId("extract", { trace: record.id })))?.state === "completed");
  }
  // Nothing waits for the one that runs, so that other work goes on.
  expect(await jobs.queue.get(`${id}-next`)).toBeUndefined();
  gate.resolve();
  await until(async () => (await jobs.queue.get(`${id}-next`)) !== undefined);
  await jobs.queue.idle();
  for (const each of [id, `${id}-next`]) expect((await jobs.queue.get(each))!.state).toBe("completed");
});

test("schedules: what is configured, for targets that only have traces too; what is not any more is taken out", async () => {
  const planned = async (): Promise<string[]> => {
    const delayed = await jobs.queue.list({ state: "delayed" });
    return delayed.map(({ name, input }) => `${name} ${JSON.stringify(input)}`).sort();
  };
  const { store, queue, config } = jobs;
  await store.targets.ensure("uploaded", epochMillis(jobs.now));
  await applySchedule({ store, queue, config });
  // Those that repeat run for the first time at once, and are then planned again.
  await queue.idle();
  const of = (name: string, targets: readonly string[]): string[] => targets.map((target) => `${name} {"target":"${target}"}`);
  const known = ["pulled", "traced", "uploaded", "x"];
  const expected = ['ingest {"source":"prometheus","target":"pulled"}', "report {}", ...of("score", known), ...of("train", known.slice(1))];
  // The first training of a target that is pulled waits for the end of its first pull.
  expected.push('train {"target":"pulled","scheduled":true}');
  expect(await planned()).toEqual(expected.sort());

  const without = { ...config, report: undefined, schedule: { ...config.schedule, score: undefined } };
  await applySchedule({ store, queue, config: without });
  expect(await planned()).toEqual(expected.filter((line) => !/^(report|score)/.test(line)));
});
