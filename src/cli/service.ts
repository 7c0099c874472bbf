/** Puts the service together: store, queue, jobs, API. `serve`, `worker` and `demo` are this with different parts. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createApi, type Api } from "../api/app.ts";
import type { ApiConfig } from "../api/context.ts";
import { openQueue } from "../jobs/bullmq/open.ts";
import { type Config, loadConfig } from "../jobs/config.ts";
import { isBearerToken } from "../jobs/config/values.ts";
import { createHandlers } from "../jobs/handlers.ts";
import type { JobQueue } from "../jobs/queue.ts";
import { applySchedule } from "../jobs/schedule.ts";
import { ForetraceError } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import { epochMillis, type Clock } from "../lib/units.ts";
import { openStore } from "../store/open.ts";
import type { Store } from "../store/ports.ts";
import { readConfigText } from "./commands/config.ts";
import { createLogger, parseLogLevel } from "./log.ts";
import { version } from "./version.ts";

export type ServiceFlags = { config?: string; data: string; logLevel: string; port?: string; host?: string; insecure?: boolean };
export type ServiceRole = "all" | "api" | "worker";

export type ServiceOptions = {
  readonly config: Config;
  readonly dataDir: string;
  readonly role: ServiceRole;
  readonly log: Logger;
  /** Listen beyond loopback without a token. */
  readonly insecure?: boolean;
  /** Run the configured schedules; the demo drives its jobs itself. */
  readonly scheduled?: boolean;
};

export type Service = {
  readonly store: Store;
  readonly queue: JobQueue;
  /** Where the API answers; undefined for a worker. */
  readonly url: string | undefined;
  /** Takes no new work, lets what runs end for a few seconds, closes everything. Safe to call twice. */
  stop(): Promise<void>;
};

const systemClock: Clock = () => epochMillis(Date.now());
const defaultConfigFile = "foretrace.yaml";
/** How long running jobs may go on after SIGTERM; they run again at the next start. */
const drainMillis = 3000;

/** Runs until SIGTERM or SIGINT; a second signal ends at once. */
export async function runService(flags: ServiceFlags, role: ServiceRole): Promise<void> {
  const log = createLogger(parseLogLevel(flags.logLevel));
  const config = await configOf(flags);
  const stopped = stopSignal(log);
  const service = await startService({ config, dataDir: flags.data, role, log, insecure: flags.insecure === true, scheduled: true });
  if (service.url !== undefined) log.info({ url: service.url, data: flags.data }, "Foretrace is ready");
  else log.info({}, "the worker is ready");
  await stopped;
  await service.stop();
}

/** The configuration of the file, with the flags above it. @throws ForetraceError bad_config, bad_usage */
export async function configOf(flags: ServiceFlags): Promise<Config> {
  const file = flags.config ?? (existsSync(defaultConfigFile) ? defaultConfigFile : undefined);
  const config =
    file === undefined ? loadConfig("", "the default configuration") : loadConfig(await readConfigText(file), file, process.env);
  const port = flags.port === undefined ? config.api.port : Number(flags.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new ForetraceError("bad_usage", `--port ${flags.port} is not a TCP port; give a number from 0 to 65535`, { input: "--port" });
  }
  const given = process.env["FORETRACE_TOKEN"] || undefined;
  if (given !== undefined && !isBearerToken(given)) {
    throw new ForetraceError(
      "bad_usage",
      "FORETRACE_TOKEN holds spaces or other characters that no bearer header carries; use letters, digits and -._~+/",
      { input: "FORETRACE_TOKEN" },
    );
  }
  return { ...config, api: { ...config.api, port, host: flags.host ?? config.api.host, token: given ?? config.api.token } };
}

/** @throws ForetraceError bad_usage beyond loopback without a token; data_dir_locked, store_failed. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { config, role, log } = options;
  const { host, port, token } = config.api;
  if (role !== "worker" && !isLoopback(host) && token === undefined && options.insecure !== true) {
    throw new ForetraceError(
      "bad_usage",
      `--host ${host} is beyond loopback, and traces hold source paths and log texts: set FORETRACE_TOKEN to a long random text (or say --insecure)`,
      { input: "--host" },
    );
  }
  const databaseUrl = process.env["DATABASE_URL"] || undefined;
  const redisUrl = process.env["REDIS_URL"] || undefined;
  if (role === "api" && databaseUrl === undefined) {
    throw new ForetraceError(
      "bad_usage",
      "--api-only needs DATABASE_URL: the embedded database belongs to one process, and no worker could reach it",
    );
  }
  const opened = await openStore({ dataDir: options.dataDir, ...(databaseUrl === undefined ? {} : { databaseUrl }) });
  const closers: (() => Promise<void>)[] = [() => opened.close()];
  const stop = async (): Promise<void> => {
    for (const close of closers.splice(0).reverse()) await close().catch((error: unknown) => log.error({ error }, "closing failed"));
  };
  try {
    const { store } = opened;
    const queue = await openQueue({ redisUrl, pool: opened.pool, clock: systemClock, log });
    closers.push(() => queue.close(drainMillis));
    for (const { name } of config.targets) await store.targets.ensure(name, systemClock());
    let api: Api | undefined;
    let url: string | undefined;
    if (role !== "worker") {
      api = await createApi({ store, queue, log, clock: systemClock, version, config: apiConfig(options) });
      closers.push(() => api!.close(drainMillis));
      url = await api.listen({ host, port, ready: false });
      opened.announce(url);
    }
    if (role !== "api") {
      await queue.work(createHandlers({ store, queue, config, log, clock: systemClock, scheduled: options.scheduled === true }));
      if (options.scheduled === true) await applySchedule({ store, queue, config });
    }
    api?.ready();
    return { store, queue, url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function apiConfig({ config, insecure }: ServiceOptions): ApiConfig {
  const { token, uploadLimitBytes } = config.api;
  const pageDir = fileURLToPath(new URL("../../dist/web", import.meta.url));
  const autoscale = config.targets.flatMap(({ name, autoscale: scaling }) => (scaling === undefined ? [] : [[name, scaling] as const]));
  return {
    ...(token === undefined ? {} : { token }),
    insecure: insecure === true,
    limits: { uploadBytes: uploadLimitBytes },
    ...(existsSync(pageDir) ? { pageDir } : {}),
    autoscale: Object.fromEntries(autoscale),
  };
}

const isLoopback = (host: string): boolean => host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);

/** Resolves at the first SIGTERM or SIGINT; the second one ends the process. */
export function stopSignal(log: Logger): Promise<void> {
  return new Promise((resolve) => {
    let seen = false;
    const hear = (signal: NodeJS.Signals): void => {
      if (seen) process.exit(1);
      seen = true;
      log.info({ signal }, "stopping; once more ends at once");
      resolve();
    };
    process.on("SIGTERM", hear);
    process.on("SIGINT", hear);
  });
}
