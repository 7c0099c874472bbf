/** The report of a data folder: by the server that holds it, or here when none does. */
import { setTimeout as sleep } from "node:timers/promises";
import { report } from "../jobs/steps/report.ts";
import { ForetraceError } from "../lib/errors.ts";
import { createRandom } from "../lib/random.ts";
import { epochMillis } from "../lib/units.ts";
import { readDataLock } from "../store/data-lock.ts";
import { openStore } from "../store/open.ts";
import type { TimeRange } from "../store/ports.ts";
import { createLogger, parseLogLevel } from "./log.ts";
import { configOf, type ServiceFlags } from "./service.ts";

type Format = "md" | "html";

/** @throws ForetraceError data_dir_locked when the folder's holder serves no API; what the server or the step says. */
export async function makeReport(flags: ServiceFlags, range: TimeRange, format: Format): Promise<string> {
  const databaseUrl = process.env["DATABASE_URL"] || undefined;
  const holder = databaseUrl === undefined ? readDataLock(flags.data) : undefined;
  return holder?.url === undefined ? here(flags, range, format, databaseUrl) : byServer(holder.url, range, format);
}

async function here(flags: ServiceFlags, range: TimeRange, format: Format, databaseUrl: string | undefined): Promise<string> {
  const config = await configOf(flags);
  const opened = await openStore({ dataDir: flags.data, ...(databaseUrl === undefined ? {} : { databaseUrl }) });
  try {
    const made = await report(range, {
      store: opened.store,
      config,
      signal: new AbortController().signal,
      progress: () => {},
      log: createLogger(parseLogLevel(flags.logLevel)),
      clock: () => epochMillis(Date.now()),
      random: createRandom(config.models.seed),
      enqueue: async () => {},
    });
    const found = await opened.store.outcomes.report(made.report);
    if (found === undefined) throw new ForetraceError("internal", "the report was made and is not there");
    return format === "md" ? found.markdown : found.html;
  } finally {
    await opened.close();
  }
}

async function byServer(url: string, range: TimeRange, format: Format): Promise<string> {
  const base = `${url}/api/foretrace/v1`;
  type Job = { id: string; state: string; error?: string; result?: { report: string } };
  let job = JSON.parse(
    await ask(`${base}/reports`, { method: "POST", body: JSON.stringify(range), headers: { "content-type": "application/json" } }),
  ) as Job;
  while (!["completed", "failed", "canceled"].includes(job.state)) {
    await sleep(200);
    job = JSON.parse(await ask(`${base}/jobs/${encodeURIComponent(job.id)}`)) as Job;
  }
  if (job.result === undefined)
    throw new ForetraceError("internal", `the report on ${url} ${job.state}: ${job.error ?? "no reason given"}`);
  return ask(`${base}/reports/${job.result.report}?format=${format}`);
}

async function ask(address: string, init: RequestInit = {}): Promise<string> {
  const token = process.env["FORETRACE_TOKEN"];
  const headers = { ...(init.headers as Record<string, string>), ...(token ? { authorization: `Bearer ${token}` } : {}) };
  const answer = await fetch(address, { ...init, headers }).catch((cause: unknown) => {
    throw new ForetraceError("source_unreachable", `the server that holds the data folder does not answer at ${address}`, { cause });
  });
  const text = await answer.text();
  if (answer.ok) return text;
  if (answer.status === 401) throw new ForetraceError("unauthorized", `${address} wants a token: set FORETRACE_TOKEN to the server's`);
  throw new ForetraceError("internal", `${address} answered ${answer.status}: ${text.slice(0, 300)}`);
}
