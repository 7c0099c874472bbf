/** A running `foretrace serve` on a port of its own, and what tests ask of it. */
import { setTimeout as sleep } from "node:timers/promises";
import type { JobRecord } from "../../src/jobs/queue.ts";
import { type CliOptions, type RunningCli, startCli } from "./cli.ts";
import { freePort } from "./services.ts";

export type Server = RunningCli & { readonly url: string; get<T>(path: string): Promise<T>; jobs(): Promise<JobRecord[]> };

export const restBase = "/api/foretrace/v1";

/** Resolves when /readyz answers 200. */
export async function startServer(
  data: string,
  options: { args?: readonly string[]; env?: NonNullable<CliOptions["env"]>; cwd?: string } = {},
): Promise<Server> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const { args = [], ...rest } = options;
  const running = startCli(["serve", "--data", data, "--port", String(port), ...args], rest);
  await until(`${url}/readyz answers 200; the server said: ${running.stderr()}`, async () => {
    if (running.child.exitCode !== null) throw new Error(`serve ended with ${running.child.exitCode}: ${running.stderr()}`);
    return (await fetch(`${url}/readyz`).catch(() => undefined))?.status === 200;
  });
  const get = async <T>(path: string): Promise<T> => {
    const answer = await fetch(`${url}${path}`);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  };
  return { ...running, url, get, jobs: async () => (await get<{ items: JobRecord[] }>(`${restBase}/jobs?limit=1000`)).items };
}

/** Asks ten times a second. @throws after `millis` (60 s) naming what never came true. */
export async function until(what: string, isTrue: () => Promise<boolean>, millis = 60_000): Promise<void> {
  const end = performance.now() + millis;
  while (!(await isTrue())) {
    if (performance.now() > end) throw new Error(`not within ${millis / 1000} s: ${what}`);
    await sleep(100);
  }
}

/** Whether anything waits or runs; the next runs of schedules do not count. */
export const isIdle = (jobs: readonly JobRecord[]): boolean =>
  jobs.every(({ id, state }) => !["waiting", "active"].includes(state) && (state !== "delayed" || id.startsWith("repeat:")));
