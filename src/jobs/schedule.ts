/** What runs by itself: the configuration's schedule as the queue's job schedulers. */
import type { Store } from "../store/ports.ts";
import type { Config, When } from "./config.ts";
import type { JobName, JobQueue } from "./queue.ts";

type ScheduleParts = { readonly queue: JobQueue; readonly config: Config };

/**
 * Brings the schedulers in line with the configuration: every target it names or the store knows (from uploads), and the report.
 * What was scheduled before and is not any more is taken out.
 */
export async function applySchedule({ store, queue, config }: ScheduleParts & { readonly store: Pick<Store, "targets"> }): Promise<void> {
  const known = (await store.targets.list()).map(({ name }) => name);
  for (const target of new Set([...config.targets.map(({ name }) => name), ...known])) await scheduleTarget({ queue, config }, target);
  const { report } = config;
  if (report === undefined) await queue.unschedule("report");
  else await queue.schedule("report", "report", {}, { pattern: report.cron, timezone: report.timezone });
}

/** The schedulers of one target: ingest only where there is something to pull; the rest also for targets that only have traces. */
export async function scheduleTarget({ queue, config }: ScheduleParts, target: string): Promise<void> {
  const { schedule } = config;
  const pulls = config.targets.some(({ name, prometheus }) => name === target && prometheus !== undefined);
  const set = async (name: JobName, input: Readonly<Record<string, unknown>>, when: When): Promise<void> => {
    const key = `${name}:${target}`;
    if (when === undefined) await queue.unschedule(key);
    else await queue.schedule(key, name, input, when);
  };
  await set("ingest", { target, source: "prometheus" }, pulls ? schedule.ingest : undefined);
  await set("score", { target }, schedule.score);
  await set("forecast", { target }, schedule.forecast);
  await set("train", pulls ? { target, scheduled: true } : { target }, schedule.train);
}
