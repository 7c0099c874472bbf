/** `foretrace analyze FOLDER`: through the real command; what a row says is what the command says of the trace alone. */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { analyzeMany, type ManyOptions } from "../../src/cli/many/run.ts";
import type { TraceRow } from "../../src/cli/many/row.ts";
import type { Summary } from "../../src/features/summary.ts";
import { runCli, startCli } from "../helpers/cli.ts";
import { fixtureTrace, oldTrace } from "../helpers/fixtures.ts";

const place = mkdtempSync(join(tmpdir(), "foretrace-many-"));
const folder = join(place, "traces");
const watch = join(import.meta.dirname, "..", "fixtures", "traces", "esbuild-0.28.2-go1.26.5-watch.trace.gz");

beforeAll(() => {
  mkdirSync(join(folder, "b", "deep"), { recursive: true });
  copyFileSync(fixtureTrace, join(folder, "b", "deep", "no-ending"));
  copyFileSync(watch, join(folder, "a.bin"));
  copyFileSync(oldTrace, join(folder, "c.trace"));
  copyFileSync(fixtureTrace, join(folder, "d-cut.trace"));
  truncateSync(join(folder, "d-cut.trace"), 20_000);
  writeFileSync(join(folder, "e-unknown.trace"), "go 1.99 trace\0\0\0");
  writeFileSync(join(folder, "f.trace"), "this is no trace");
  writeFileSync(join(folder, "g.trace"), "");
  symlinkSync("c.trace", join(folder, "h.trace"));
  symlinkSync("..", join(folder, "b", "up"));
});
afterAll(() => rmSync(place, { recursive: true, force: true }));

const rowsOf = (text: string): TraceRow[] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as TraceRow);

async function many(options: Partial<ManyOptions> = {}): Promise<{ text: string; status: number; reused: number; traces: number }> {
  let text = "";
  const nothing = async (): Promise<void> => {};
  const sink = { write: (part: string | Uint8Array) => void (text += String(part)), ready: nothing, commit: nothing, discard: nothing };
  const outcome = await analyzeMany([folder], sink, {
    windowNanos: 1e8,
    assumeVersion: undefined,
    salvage: false,
    paranoid: false,
    format: "json",
    jobs: 1,
    resume: undefined,
    width: 140,
    color: false,
    warn: () => {},
    signal: new AbortController().signal,
    ...options,
  });
  return { text, ...outcome };
}

describe("a folder", () => {
  it("gives a row for each trace, told by its header, in the order of the paths, however many are read at once", async () => {
    const one = await runCli(["analyze", folder, "--format", "json"]);
    const three = await runCli(["analyze", folder, "--format", "json", "--jobs", "3"]);
    expect(one.code).toBe(3);
    expect(three.stdout).toBe(one.stdout);
    const rows = rowsOf(one.stdout);
    expect(rows.map(({ file, error, partial }) => [file.slice(folder.length + 1), error?.code ?? null, partial])).toEqual([
      ["a.bin", null, false],
      ["b/deep/no-ending", null, false],
      ["c.trace", null, false],
      ["d-cut.trace", "trace_truncated", true],
      ["e-unknown.trace", "trace_version_unsupported", false],
    ]);
    for (const row of rows.slice(0, 3)) {
      const alone = JSON.parse((await runCli(["analyze", "--format", "json", row.file])).stdout) as {
        summary: Summary;
        findings: TraceRow["findings"];
      };
      expect(row).toMatchObject({
        version: alone.summary.version,
        seconds: alone.summary.traceNanos / 1e9,
        events: alone.summary.events,
        busy_share: alone.summary.processors.busyNanos / alone.summary.processors.availableNanos,
        gc_share: alone.summary.gc.share,
        sched_latency_p99_seconds: alone.summary.schedulingLatency.p99Nanos! / 1e9,
      });
      expect(row.findings.map(({ id }) => id)).toEqual(alone.findings.map(({ id }) => id));
    }
  });

  it("as text: what was passed over is counted", async () => {
    const { text } = await many({ format: "text" });
    expect(text).toContain("5 traces, 2 with an error");
    expect(text).toContain("passed over: 2 files that are no traces, 2 links");
  });

  it("as CSV: every line has the columns of the head", async () => {
    const { text } = await many({ format: "csv" });
    const [head, ...lines] = text.trimEnd().split("\n");
    expect(lines).toHaveLength(5);
    for (const line of lines) expect(line.replaceAll(/"(?:[^"]|"")*"/g, "").split(",")).toHaveLength(head!.split(",").length);
  });

  it("without a trace, or with what is for single traces, is wrong use", async () => {
    const empty = join(place, "empty");
    mkdirSync(empty);
    const none = await runCli(["analyze", empty]);
    expect([none.code, none.stderr]).toEqual([2, expect.stringContaining("no Go execution trace")]);
    for (const more of [
      ["--format", "prom"],
      ["--from", "1s"],
      ["--threads", "2"],
    ])
      expect((await runCli(["analyze", folder, ...more])).code).toBe(2);
    expect((await runCli(["analyze", fixtureTrace, "--jobs", "2"])).stderr).toContain("--jobs is for folders");
  });
});

describe("--resume", () => {
  it("reads nothing again that has not changed, and what has changed it does", async () => {
    const resume = join(place, "rows.json");
    const first = await many({ resume });
    const second = await many({ resume });
    expect([first.reused, second.reused, second.text, second.status]).toEqual([0, 5, first.text, first.status]);
    // The same size and time, another content.
    const changed = join(folder, "c.trace");
    const bytes = readFileSync(changed);
    utimesSync(changed, 1e9, 1e9);
    expect((await many({ resume })).reused).toBe(4);
    expect((await many({ resume })).reused).toBe(5);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(changed, bytes);
    utimesSync(changed, 1e9, 1e9);
    expect((await many({ resume })).reused).toBe(4);
    copyFileSync(oldTrace, changed);
    // Rows of other windows are others.
    expect((await many({ resume, windowNanos: 1e7 })).reused).toBe(0);
  });

  it("after a kill -9 in the middle: what was written counts, and the table is as without it", async () => {
    const resume = join(place, "killed.json");
    const whole = await many();
    const running = startCli(["analyze", folder, "--format", "json", "--resume", resume]);
    const lines = (): string[] => {
      try {
        return readFileSync(resume, "utf8").split("\n").slice(1, -1);
      } catch {
        return [];
      }
    };
    while (lines().length === 0 && running.child.exitCode === null) await new Promise((next) => setTimeout(next, 5));
    await running.stop("SIGKILL");
    const kept = lines().length;
    expect(kept).toBeGreaterThan(0);
    // A line that was cut short.
    writeFileSync(resume, readFileSync(resume, "utf8") + '{"path":"/x","si');
    const again = await many({ resume });
    expect([again.reused, again.text]).toEqual([kept, whole.text]);
  });

  it("does not write over a file that is something else", async () => {
    const other = join(place, "precious.txt");
    writeFileSync(other, "precious");
    await expect(many({ resume: other })).rejects.toThrow("is not a file of --resume");
    expect(readFileSync(other, "utf8")).toBe("precious");
  });
});

it("can be cancelled", async () => {
  const stop = new AbortController();
  const reading = many({ signal: stop.signal });
  stop.abort();
  await expect(reading).rejects.toThrow("cancelled");
});
