/** The real embedded store and queue in a temp folder, with the steps beside them and a clock that stands still. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openQueue } from "../../src/jobs/bullmq/open.ts";
import { type Config, loadConfig } from "../../src/jobs/config.ts";
import { createHandlers } from "../../src/jobs/handlers.ts";
import type { JobName, JobQueue, JobRecord } from "../../src/jobs/queue.ts";
import type { StepContext } from "../../src/jobs/step.ts";
import { silentLogger } from "../../src/lib/log.ts";
import { createRandom } from "../../src/lib/random.ts";
import { type EpochMillis, epochMillis } from "../../src/lib/units.ts";
import { openStore } from "../../src/store/open.ts";
import type { Store, TimeRange } from "../../src/store/ports.ts";

export const allTime: TimeRange = { from: epochMillis(0), to: epochMillis(8e15) };

export type Harness = {
  readonly store: Store;
  readonly queue: JobQueue;
  readonly config: Config;
  readonly folder: string;
  /** Milliseconds since 1970 that the steps see. */
  now: number;
  /** What steps run outside the queue have asked for, in order. */
  readonly asked: { name: JobName; input: Readonly<Record<string, unknown>> }[];
  /** A context for running a step by hand: what it enqueues is only noted. */
  context(more?: Partial<StepContext>): StepContext;
  /** Takes jobs until none is left; gives them all, newest first. */
  drain(): Promise<JobRecord[]>;
  close(): Promise<void>;
};

export async function openHarness(options: { yaml?: string; now?: number; folder?: string } = {}): Promise<Harness> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), "foretrace-jobs-"));
  const config = loadConfig(options.yaml ?? "", "test.yaml");
  const opened = await openStore({ dataDir: join(folder, "data") });
  const clock = (): EpochMillis => epochMillis(harness.now);
  const queue = await openQueue({ pool: opened.pool, clock, backoffMillis: 20 });
  let working = false;
  const harness: Harness = {
    store: opened.store,
    queue,
    config,
    folder,
    now: options.now ?? Date.parse("2026-11-24T12:00:00Z"),
    asked: [],
    context: (more = {}) => ({
      store: opened.store,
      config,
      signal: new AbortController().signal,
      progress: () => {},
      log: silentLogger,
      clock,
      random: createRandom("test"),
      enqueue: async (name, input) => void harness.asked.push({ name, input }),
      ...more,
    }),
    async drain() {
      if (!working) await queue.work(createHandlers({ store: opened.store, queue, config, log: silentLogger, clock }));
      working = true;
      await queue.idle();
      return queue.list({});
    },
    async close() {
      await queue.close(0);
      await opened.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return harness;
}

/** Everything that the store holds, as plain data: equal before and after what must change nothing. */
export async function contents({ store }: Pick<Harness, "store">): Promise<unknown> {
  const [samples, traces, models, forecasts, anomalies, targets, reports] = await Promise.all([
    store.series.select([], allTime),
    store.traces.list({}),
    store.models.list(),
    store.outcomes.forecasts({ range: allTime }),
    store.outcomes.anomalies({}),
    store.targets.list(),
    store.outcomes.reports(),
  ]);
  return { samples, traces, models, forecasts, anomalies, targets, reports };
}
