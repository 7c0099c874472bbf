/**
 * Real services for tests: a Redis, a PostgreSQL, a Prometheus, each on a free port of loopback with a temp folder of its own.
 * Each ends with `stop()`, and at the latest with the process that started it. `hasService` says whether this machine has the program;
 * suites use `describe.skipIf(!hasService("redis"))` so that a skip is counted and seen.
 */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findService, type ServiceName } from "./find-service.ts";

export type Service = {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** The temp folder that is removed by `stop`. */
  readonly folder: string;
  stop(): Promise<void>;
};

export const hasService = (name: ServiceName): boolean => findService(name) !== undefined;

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A PostgreSQL cluster of its own; `url` is for `DATABASE_URL`. */
export async function startPostgres(): Promise<Service> {
  const bin = dirname(program("postgres"));
  const folder = mkdtempSync(join(tmpdir(), "foretrace-postgres-"));
  // initdb refuses root; "nobody" (65534) is on every Debian.
  const user = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid);
  const data = join(folder, "data");
  const initdb = ["-D", data, "-U", "foretrace", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C"];
  execFileSync(join(bin, "initdb"), initdb, { ...user, cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  return start(folder, user, (port) => ({
    command: join(bin, "postgres"),
    arguments: ["-D", data, "-p", String(port), "-h", "127.0.0.1", "-k", "", "-c", "fsync=off", "-c", "max_connections=200"],
    url: `postgres://foretrace@127.0.0.1:${port}/postgres`,
    ready: async () => {
      const { Client } = await import("pg");
      const client = new Client({ connectionString: `postgres://foretrace@127.0.0.1:${port}/postgres` });
      // A refused login is an "error" event too; the rejected connect says enough.
      client.on("error", () => {});
      await client.connect();
      await client.end();
    },
  }));
}

/** A Redis without persistence; `url` is for `REDIS_URL`. */
export async function startRedis(): Promise<Service> {
  const folder = mkdtempSync(join(tmpdir(), "foretrace-redis-"));
  return start(folder, {}, (port) => ({
    command: program("redis"),
    arguments: ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder],
    url: `redis://127.0.0.1:${port}`,
    ready: () => canConnect(port),
  }));
}

export type PrometheusOptions = {
  /** The whole prometheus.yml; without it one is made from `scrape`. */
  config?: string;
  /** Targets to scrape, `host:port`, all under one job. */
  scrape?: readonly string[];
  /** Scrape interval in the made config. */
  interval?: string;
  /** OpenMetrics text with timestamps (ending in `# EOF`), loaded as blocks before the start. */
  blocks?: string;
  /** Further flags, e.g. `--enable-feature=remote-write-receiver`. */
  flags?: readonly string[];
};

/** A Prometheus server; `url` is its base (`http://127.0.0.1:port`). */
export async function startPrometheus(options: PrometheusOptions = {}): Promise<Service> {
  const folder = mkdtempSync(join(tmpdir(), "foretrace-prometheus-"));
  const targets = JSON.stringify(options.scrape ?? []);
  const made = `global: { scrape_interval: ${options.interval ?? "1s"} }\nscrape_configs:\n  - job_name: test\n    static_configs: [{ targets: ${targets} }]\n`;
  writeFileSync(join(folder, "prometheus.yml"), options.config ?? made);
  if (options.blocks !== undefined) {
    writeFileSync(join(folder, "samples.txt"), options.blocks);
    const args = ["tsdb", "create-blocks-from", "openmetrics", join(folder, "samples.txt"), join(folder, "data")];
    execFileSync(program("promtool"), args, { stdio: ["ignore", "ignore", "pipe"] });
  }
  return start(folder, {}, (port) => ({
    command: program("prometheus"),
    arguments: [
      `--config.file=${join(folder, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      // Old samples in blocks stay readable.
      "--storage.tsdb.retention.time=100y",
      `--web.listen-address=127.0.0.1:${port}`,
      ...(options.flags ?? []),
    ],
    url: `http://127.0.0.1:${port}`,
    ready: async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/-/ready`);
      if (!answer.ok) throw new Error(`not ready: ${answer.status}`);
    },
  }));
}

type Launch = { command: string; arguments: string[]; url: string; ready(): Promise<unknown> };

async function start(folder: string, user: { uid?: number; gid?: number }, launch: (port: number) => Launch): Promise<Service> {
  const port = await freePort();
  const { command, arguments: args, url, ready } = launch(port);
  // The kernel ends the service with its parent, so that a killed test run leaves nothing behind.
  const guard = existsSync("/usr/bin/setpriv") ? ["/usr/bin/setpriv", "--pdeathsig", "KILL"] : [];
  const [first, ...rest] = [...guard, command, ...args];
  const child = spawn(first!, rest, { ...user, cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const keep = (chunk: Buffer): void => void (output = (output + chunk.toString()).slice(-4000));
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const kill = (): void => void child.kill("SIGKILL");
  process.once("exit", kill);
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const stop = async (): Promise<void> => {
    process.removeListener("exit", kill);
    if (child.exitCode === null && child.signalCode === null) kill();
    await ended;
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await untilReady(child, ready, () => output);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, port, pid: child.pid!, folder, stop };
}

async function untilReady(child: ChildProcess, ready: () => Promise<unknown>, output: () => string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await ready();
      return;
    } catch (error) {
      if (child.exitCode !== null || attempt > 600) throw new Error(`${child.spawnfile} did not start:\n${output()}`, { cause: error });
      await sleep(50);
    }
  }
}

function canConnect(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve();
    });
    socket.on("error", reject);
  });
}

function program(name: ServiceName): string {
  const path = findService(name);
  if (path === undefined) throw new Error(`${name} is not on this machine; run: node scripts/services.ts`);
  return path;
}
