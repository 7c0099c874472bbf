/** The demo: the recordings in demo/, moved to end now, through the real store, queue and API. */
import { createReadStream, existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { enqueueJob } from "../jobs/enqueue.ts";
import { loadConfig } from "../jobs/config.ts";
import type { JobRecord } from "../jobs/queue.ts";
import { ForetraceError } from "../lib/errors.ts";
import { readConfigText } from "./commands/config.ts";
import { summarise } from "./demo-summary.ts";
import { createLogger, parseLogLevel } from "./log.ts";
import { type Service, startService, stopSignal } from "./service.ts";
import { statusLine } from "./terminal.ts";

export type DemoFlags = { once?: boolean; port: string; data?: string; logLevel: string };

type Recording = { readonly endedAt: number; readonly fault: { readonly from: number; readonly to: number } };

/** Newest sample of the second history; its times are made up (the set has none). */
const omiEnd = Date.parse("2019-01-01T00:00:00Z") + (28 * 288 + 4320 - 1) * 300_000;

/** @throws ForetraceError not_found without the recordings; internal when a job of the demo fails. */
export async function runDemo(flags: DemoFlags): Promise<void> {
  const folder = fileURLToPath(new URL("../../demo", import.meta.url));
  if (!existsSync(join(folder, "esbuild/history.om.gz"))) {
    throw new ForetraceError(
      "not_found",
      `${folder} holds no recordings; they come with the repository and the package (scripts/demo/pack.ts makes them)`,
    );
  }
  const started = Date.now();
  const log = createLogger(parseLogLevel(flags.logLevel));
  const file = join(folder, "foretrace.yaml");
  const loaded = loadConfig(await readConfigText(file), file);
  const port = Number(flags.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new ForetraceError("bad_usage", `--port ${flags.port} is not a TCP port`);
  const config = { ...loaded, api: { ...loaded.api, port } };
  const dataDir = flags.data ?? (await mkdtemp(join(tmpdir(), "foretrace-demo-")));
  const stopped = stopSignal(log);
  let service: Service | undefined;
  try {
    say("Starting store, queue and API …");
    service = await startService({ config, dataDir, role: "all", log, scheduled: false });
    const abort = new AbortController();
    const work = load(service, folder, { now: started, gridMillis: config.gridMillis, signal: abort.signal });
    if ((await Promise.race([work.then(() => "done" as const), stopped.then(() => "stopped" as const)])) === "stopped") {
      abort.abort();
      await work.catch(() => {});
      return;
    }
    process.stdout.write(await summarise(service, (Date.now() - started) / 1000));
    if (flags.once === true) return;
    process.stdout.write(`\nThe page: ${service.url}/   the API: ${service.url}/docs   Ctrl-C ends.\n`);
    await stopped;
  } finally {
    await service?.stop();
    if (flags.data === undefined) await rm(dataDir, { recursive: true, force: true });
  }
}

type Loading = { readonly now: number; readonly gridMillis: number; readonly signal: AbortSignal };

/** Everything up to the report. The steps follow one another by themselves, as they do in `serve`. */
async function load(service: Service, folder: string, { now, gridMillis, signal }: Loading): Promise<void> {
  const { queue } = service;
  const recording = JSON.parse(await readFile(join(folder, "esbuild/recording.json"), "utf8")) as Recording;
  // Whole cells, so that samples of the history and of the pieces lie at the same times.
  const esbuildShift = Math.floor((now - recording.endedAt) / gridMillis) * gridMillis;
  say("Uploading three pieces of an esbuild server's trace (Go 1.26): before, in and after a fault …");
  for (const name of ["before", "fault", "after"]) {
    await upload(service, join(folder, `esbuild/${name}.trace.gz`), `target=esbuild&clock_shift_ms=${esbuildShift}`, signal);
  }
  // The history comes after them: where both know a moment, what the whole trace said stays (a piece does not know why goroutines wait
  // that blocked before it began).
  await waitFor(service, signal);
  say("Ingesting histories: the series of the whole trace, the metrics of an application server …");
  await enqueueJob(queue, "ingest", { target: "esbuild", file: join(folder, "esbuild/history.om.gz"), shiftMillis: esbuildShift });
  await enqueueJob(queue, "ingest", { target: "omi-9", file: join(folder, "omi-9/history.om.gz"), shiftMillis: now - omiEnd });
  await waitFor(service, signal);
  say("Writing the report …");
  await enqueueJob(queue, "report", { from: now - 24 * 3_600_000, to: now });
  await waitFor(service, signal);
}

/** The same request that a user's curl makes. */
async function upload(service: Service, path: string, query: string, signal: AbortSignal): Promise<void> {
  const answer = await fetch(`${service.url}/api/foretrace/v1/traces?${query}`, {
    method: "POST",
    body: Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array>,
    duplex: "half",
    signal,
  } as RequestInit);
  if (!answer.ok) throw new ForetraceError("internal", `the upload of ${path} was refused: ${answer.status} ${await answer.text()}`);
  await answer.arrayBuffer();
}

/** Shows what runs until nothing does. @throws ForetraceError internal naming the first job that failed. */
async function waitFor({ queue }: Service, signal: AbortSignal): Promise<void> {
  const line = statusLine();
  const watch = setInterval(() => {
    queue.list({ state: "active", limit: 5 }).then(
      (jobs) => line.show(jobs.map(describeJob).join(" · ")),
      () => {},
    );
  }, 300);
  try {
    await queue.idle(signal);
  } finally {
    clearInterval(watch);
    line.clear();
  }
  const [failed] = await queue.list({ state: "failed", limit: 1 });
  if (failed !== undefined)
    throw new ForetraceError("internal", `the job ${failed.name} of the demo failed: ${failed.error ?? "no reason given"}`);
}

const describeJob = ({ name, input, progress }: JobRecord): string =>
  `${name} ${String(input["target"] ?? "")}${progress > 0 ? ` ${Math.round(progress * 100)} %` : ""}`.trim();

const say = (text: string): void => void process.stdout.write(`${text}\n`);
