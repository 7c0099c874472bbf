/** kill -9 in the middle of the work, then a restart: what was promised is there, every job ends, nothing stands twice. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { extract } from "../../src/jobs/steps/extract.ts";
import { score } from "../../src/jobs/steps/score.ts";
import { train } from "../../src/jobs/steps/train.ts";
import { contents, type Harness, openHarness } from "./harness.ts";
import { killYaml } from "./kill-config.ts";
import { hasHistory, writeHistory } from "./real-history.ts";

const traceFile = join(import.meta.dirname, "..", "fixtures", "traces", "esbuild-0.28.2-go1.26.5-watch.trace.gz");
let jobs: Harness | undefined;
afterEach(async () => {
  await jobs?.close();
  jobs = undefined;
});

/** Runs the child until `enough` of its lines, kills it with -9 there, and gives the lines. */
async function runAndKill(mode: string, folder: string, input: string, enough: (lines: readonly string[]) => boolean): Promise<string[]> {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.resolve("./kill-child.ts")), mode, folder, input], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (enough(lines)) break;
  }
  child.kill("SIGKILL");
  const [, signal] = (await exited) as [number | null, string | null];
  expect(signal).toBe("SIGKILL");
  return lines;
}

test("in the middle of ingest: every acknowledged upload is there and read, and reading it again changes nothing", async () => {
  const folder = mkdtempSync(join(tmpdir(), "foretrace-kill-"));
  const lines = await runAndKill("traces", folder, traceFile, (seen) => {
    const extracting = seen.some((line) => /^progress extract 0\.[1-9]/.test(line));
    return extracting && seen.filter((line) => line.startsWith("ack ")).length >= 3;
  });
  const acknowledged = lines.filter((line) => line.startsWith("ack ")).map((line) => line.slice(4));
  jobs = await openHarness({ folder, yaml: killYaml });
  const ended = await jobs.drain();
  expect(ended.map(({ name, state, error }) => `${name} ${error ?? state}`).filter((line) => !line.endsWith("completed"))).toEqual([]);
  const traces = new Map((await jobs.store.traces.list({})).map((trace) => [trace.id, trace.status]));
  expect(acknowledged.map((id) => traces.get(id))).toEqual(acknowledged.map(() => "extracted"));
  expect(ended.filter(({ name }) => name === "extract").length).toBeGreaterThanOrEqual(acknowledged.length);
  const before = await contents(jobs);
  await extract({ trace: acknowledged[0]! }, jobs.context());
  expect(await contents(jobs)).toEqual(before);
}, 180_000);

test.skipIf(!hasHistory)(
  "in the middle of training: the job runs again and ends, with one model of each kind",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "foretrace-kill-"));
    const { file, rows, series } = writeHistory(folder, Date.parse("2026-11-24T12:00:00Z"), { calm: 400, tested: 0 });
    await runAndKill("history", folder, file, (lines) => lines.some((line) => /^progress train 0\.\d*[1-9]/.test(line)));
    jobs = await openHarness({ folder, yaml: killYaml });
    expect(await jobs.store.models.list()).toEqual([]);
    const ended = await jobs.drain();
    expect(ended.map(({ name, state, error }) => `${name} ${error ?? state}`).filter((line) => !line.endsWith("completed"))).toEqual([]);
    expect((await jobs.store.models.list()).map(({ kind }) => kind).sort()).toEqual(["anomaly", "forecast"]);
    expect((await jobs.store.outcomes.latestForecasts({ target: "server" })).length).toBe(series);
    const stored = (await contents(jobs)) as { samples: { labels: Record<string, string>; samples: unknown[] }[] };
    const observed = stored.samples.filter(({ labels }) => labels["__name__"] === "server_metric");
    expect(observed.map(({ samples }) => samples.length)).toEqual(Array.from({ length: series }, () => rows));
    expect(await train({ target: "server" }, jobs.context())).toHaveProperty("skipped");
    await score({ target: "server", renew: true }, jobs.context());
    expect(await contents(jobs)).toEqual(stored);
  },
  180_000,
);
