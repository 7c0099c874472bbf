/** The answers of `foretrace analyze`, through the real command where the process matters, else through what it calls. */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, lstatSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { analyzeTrace, type AnalyzeOptions } from "../../src/cli/analyze.ts";
import { describeSeries } from "../../src/features/catalogue.ts";
import type { Summary } from "../../src/features/summary.ts";
import { runCli } from "../helpers/cli.ts";
import { oldTrace } from "../helpers/fixtures.ts";
import { findService } from "../helpers/find-service.ts";
import { parseSeriesCsv, readSeriesCsv, seriesDifferences } from "../helpers/series-csv.ts";

const fixtures = join(import.meta.dirname, "..", "fixtures");
const packed = join(fixtures, "traces", "esbuild-0.28.2-go1.26.5-watch.trace.gz");
const golden = readSeriesCsv(join(fixtures, "features", "esbuild-0.28.2-go1.26.5-watch.w100ms.csv.gz"));
const bytes = gunzipSync(readFileSync(packed));
const folder = mkdtempSync(join(tmpdir(), "foretrace-analyze-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function analyze(options: Partial<AnalyzeOptions>): Promise<string> {
  let text = "";
  await analyzeTrace(() => [bytes], {
    input: "watch.trace",
    windowNanos: 1e8,
    format: "text",
    write: (part) => (text += part),
    color: false,
    width: 100,
    ...options,
  });
  return text;
}
const jsonOf = (
  text: string,
): { windows: { start: number; nanos: number; series: Record<string, number> }[]; summary: Summary; error: unknown } =>
  JSON.parse(text) as never;

describe("a trace of Go 1.19", () => {
  const old = { input: "old.trace", windowNanos: 1e7 };
  const bytesOfOld = readFileSync(oldTrace);
  const analyzeOld = async (format: AnalyzeOptions["format"], more: Partial<AnalyzeOptions> = {}): Promise<string> => {
    let text = "";
    const options = { ...old, format, write: (part: string) => (text += part), color: false, width: 100, ...more };
    await analyzeTrace(() => [bytesOfOld], options as AnalyzeOptions);
    return text;
  };

  it("in all forms: 20 requests, each a task with regions and a child task", async () => {
    const { summary, error } = jsonOf(await analyzeOld("json"));
    expect(error).toBeNull();
    expect(summary).toMatchObject({ version: 19, wallClock: null, events: 368, traceNanos: 31_424_801 });
    expect(summary.regions.map(({ type, begun }) => [type, begun]).sort()).toEqual([["parse", 20], ["query", 20], ["render", 20]]); // prettier-ignore
    const series = parseSeriesCsv(await analyzeOld("csv"));
    const sum = (name: string): number => [...series].reduce((all, [key, value]) => all + (key.endsWith(` ${name}`) ? value : 0), 0);
    expect([sum("go_trace_tasks_started"), sum("go_trace_tasks_ended")]).toEqual([40, 40]);
    expect(await analyzeOld("prom")).toMatch(/^go_trace_tasks_started 40$/m);
    expect(await analyzeOld("text")).toContain("main.");
  });

  it("of a range: its windows as they are in the whole", async () => {
    const whole = jsonOf(await analyzeOld("json")).windows;
    const part = jsonOf(await analyzeOld("json", { from: "10ms", to: "19ms" })).windows;
    expect(part).toEqual(whole.slice(1, 2));
  });
});

describe("csv", () => {
  it("of a gzip file: the reference values, to a file that appears whole", async () => {
    const out = join(folder, "series.csv");
    const { code, stdout, stderr } = await runCli(["analyze", "--window", "100ms", "--format", "csv", "--out", out, packed]);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(seriesDifferences(readSeriesCsv(out), golden)).toEqual([]);
    expect(existsSync(`${out}.part`)).toBe(false);
  });

  it("of standard input, in sorted lines with quoted names", async () => {
    const { code, stdout } = await runCli(["analyze", "--format", "csv", "-"], { stdin: bytes });
    expect(code).toBe(0);
    expect(seriesDifferences(parseSeriesCsv(stdout), golden)).toEqual([]);
    const names = Array.from(
      stdout.matchAll(/^0,(?:"(.*)"|([^",]*)),[^,]*$/gm),
      ([, quoted, plain]) => plain ?? quoted!.replaceAll('""', '"'),
    );
    expect(names.length).toBeGreaterThan(40);
    expect(names).toEqual(names.toSorted());
    expect(stdout).toContain('0,"go_trace_blocks{reason=""chan receive""}",');
  });

  it("of a range: the windows that it touches, as they are without it", async () => {
    const whole = parseSeriesCsv(await analyze({ format: "csv" }));
    const part = parseSeriesCsv(await analyze({ format: "csv", from: "250ms", to: "0.51s" }));
    const inside = [...whole].filter(([key]) => ["200000000", "300000000", "400000000", "500000000"].includes(key.split(" ")[0]!));
    expect(part).toEqual(new Map(inside));
  });

  it("takes the wall clock of the trace for a range", async () => {
    const { summary } = jsonOf(await analyze({ format: "json" }));
    // The reference reader's snapshot of this recording: 2026-11-22 19:05:05 UTC.
    expect(new Date(summary.wallClock!).toISOString().slice(0, 19)).toBe("2026-11-22T19:05:05");
    const at = (nanos: number): string => new Date(summary.wallClock! + nanos / 1e6).toISOString();
    expect(await analyze({ format: "csv", from: at(1.05e9), to: at(1.15e9) })).toBe(
      await analyze({ format: "csv", from: "1.05s", to: "1.15s" }),
    );
  });
});

describe("all series", () => {
  it("are the core series as they are, and the same beside them in csv and json", async () => {
    const core = parseSeriesCsv(await analyze({ format: "csv" }));
    const all = parseSeriesCsv(await analyze({ format: "csv", series: "all" }));
    for (const [key, value] of core) expect(all.get(key)).toBe(value);
    expect(all.size).toBeGreaterThan(core.size * 3);
    const { windows } = jsonOf(await analyze({ format: "json", series: "all" }));
    const inJson = windows.flatMap(({ start, series }) =>
      Object.entries(series).map(([name, value]) => [`${start} ${name}`, value] as const),
    );
    expect(new Map(inJson)).toEqual(all);
  });
});

describe("prom", () => {
  it("is the whole trace as one window: sums and counts are those of all windows, quantiles and maxima of all of it", async () => {
    const text = await analyze({ format: "prom" });
    const values = new Map(Array.from(text.matchAll(/^(go_trace_\w+(?:\{.*\})?) (\S+)$/gm), ([, name, value]) => [name!, Number(value)]));
    const sums = new Map<string, number>();
    const maxima = new Map<string, number>();
    for (const [key, value] of golden) {
      const name = key.slice(key.indexOf(" ") + 1);
      sums.set(name, (sums.get(name) ?? 0) + value);
      maxima.set(name, Math.max(maxima.get(name) ?? 0, value));
    }
    const checked = [...sums.keys()].filter((name) => ["count", "sum", "max"].includes(describeSeries(name)!.aggregation));
    expect(checked.length).toBeGreaterThan(40);
    for (const name of checked) {
      const expected = describeSeries(name)!.aggregation === "max" ? maxima.get(name)! : sums.get(name)!;
      expect(Math.abs((values.get(name) ?? 0) - expected)).toBeLessThanOrEqual(1e-9 + 1e-6 * expected);
    }
    expect(values.get('go_trace_sched_latency_seconds{quantile="1"}')).toBe(maxima.get('go_trace_sched_latency_seconds{quantile="1"}'));
    expect(new Set(values.keys())).toEqual(new Set(sums.keys()));
  });

  it("of a range is that range's windows together", async () => {
    const text = await analyze({ format: "prom", from: "200ms", to: "600ms" });
    const expected = [...golden].reduce((sum, [key, value]) => sum + (/^[2-5]00000000 go_trace_events$/.test(key) ? value : 0), 0);
    expect(text).toContain(`\ngo_trace_events ${expected}\n`);
  });

  it.skipIf(findService("promtool") === undefined)("is read by promtool, which only dislikes names that are ours by contract", async () => {
    const input = await analyze({ format: "prom" });
    const { status, stdout, stderr } = spawnSync(findService("promtool")!, ["check", "metrics"], { input, encoding: "utf8" });
    // 1 = cannot be parsed, 3 = lint.
    expect(status).toBe(3);
    const complaints = new Set(`${stdout}${stderr}`.trim().split("\n"));
    expect(complaints).toEqual(
      new Set([
        'go_trace_sched_latency_seconds non-summary metrics should not have "quantile" label',
        'go_trace_sched_latency_seconds_count non-histogram and non-summary metrics should not have "_count" suffix',
        'go_trace_sched_latency_seconds_sum non-histogram and non-summary metrics should not have "_sum" suffix',
        'go_trace_stw_count non-histogram and non-summary metrics should not have "_count" suffix',
      ]),
    );
  });
});

const amounts = ({ events, processors, gc, syscalls, schedulingLatency, pauses }: Summary): number[] => [
  events,
  processors.busyNanos,
  processors.runningNanos,
  processors.idleWhileRunnableNanos,
  gc.assistRunningNanos,
  gc.workerNanos,
  syscalls.count,
  schedulingLatency.count,
  schedulingLatency.totalNanos,
  pauses.reduce((sum, { count, totalNanos }) => sum + count * 1e9 + totalNanos, 0),
];
const blocked = ({ functions }: Summary): number =>
  functions.reduce(
    (sum, found) => sum + found.blocked.reduce((all, { nanos }) => all + nanos, found.runnableNanos + found.syscallNanos),
    0,
  );

describe("json", () => {
  it("has every window of the reference, and a summary that adds up to them", async () => {
    const { windows, summary, error } = jsonOf(await analyze({ format: "json" }));
    const table = new Map(
      windows.flatMap(({ start, series }) => Object.entries(series).map(([name, value]) => [`${start} ${name}`, value])),
    );
    expect(seriesDifferences(table, golden)).toEqual([]);
    expect(error).toBeNull();
    expect(windows.reduce((sum, { nanos }) => sum + nanos, 0)).toBe(summary.traceNanos);
    expect(windows.reduce((sum, { series }) => sum + series["go_trace_events"]!, 0)).toBe(summary.events);
    expect(summary.functions.reduce((sum, { runningNanos }) => sum + runningNanos, 0)).toBe(summary.processors.runningNanos);
  });

  it("of two ranges adds up to that of both", async () => {
    const [first, second, both] = await Promise.all(
      [{ to: "1s" }, { from: "1s", to: "2.5s" }, { to: "2.5s" }].map(
        async (range) => jsonOf(await analyze({ format: "json", ...range })).summary,
      ),
    );
    expect(amounts(both!)).toEqual(amounts(first!).map((value, i) => value + amounts(second!)[i]!));
    expect(blocked(both!)).toBe(blocked(first!) + blocked(second!));
    expect(second!.goroutines.atStart).toBe(first!.goroutines.atEnd);
    expect(second!.goroutines.atEnd).toBe(both!.goroutines.atEnd);
  });

  it("of a trace that breaks off has what came before, and the error", async () => {
    const { windows, summary, error } = jsonOf(await analyzeBytes(bytes.subarray(0, bytes.length - 5000), "json"));
    expect(windows.length).toBeGreaterThan(10);
    expect(summary.events).toBeLessThan(188_595);
    expect(error).toMatchObject({ code: expect.stringMatching(/^trace_/) as string, offset: expect.any(Number) as number });
  });
});

async function analyzeBytes(part: Uint8Array, format: AnalyzeOptions["format"]): Promise<string> {
  let text = "";
  const write = (more: string): void => void (text += more);
  await analyzeTrace(() => [part], { input: "cut", windowNanos: 1e8, format, write, color: false, width: 100 });
  return text;
}

describe("text", () => {
  it("fits the columns it is given, names the numbers of the reference summary, and colours only when told", async () => {
    for (const width of [80, 100]) {
      const lines = (await analyze({ width })).split("\n").filter((line) => !line.startsWith("    foretrace "));
      expect(lines.filter((line) => line.length > width)).toEqual([]);
    }
    const text = await analyze({});
    // real/esbuild-0.28.2-go1.26.5-watch.trace.summary.json
    expect(text).toContain("188,595 events in 5 generations");
    expect(text).toMatch(/bundler\.parseFile +3,592 /);
    expect(text).toMatch(/System calls +22,087 \(.*\), 10 lost their processor/);
    expect(text).toMatch(/Goroutines +6 at first, 18,028 created, 18,021 ended/);
    expect(text).not.toContain("\u001b");
    expect(await analyze({ color: true })).toContain("\u001b[1m");
    for (const heading of ["What it did", "Numbers that matter", "What looks wrong", "Where to look next"])
      expect(text).toContain(`\n${heading}\n`);
  });

  it("the commands that it suggests work", async () => {
    const path = join(folder, "it's a trace.out");
    writeFileSync(path, bytes);
    const suggested = /^ {4}(foretrace analyze .*)$/m.exec(await analyze({ input: path }))![1]!;
    const bin = join(import.meta.dirname, "../../bin/foretrace");
    const answer = execFileSync("/bin/sh", ["-c", suggested.replace("foretrace", bin)], { encoding: "utf8" });
    expect(answer).toContain(" of 4.09 s of a Go program");
  });

  it("several files: a bad one does not keep the others from their turn", async () => {
    const bad = join(folder, "letter.txt");
    writeFileSync(bad, "Dear reader,\n");
    const { code, stdout, stderr } = await runCli(["analyze", bad, packed]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/letter\.txt: .*not a Go execution trace/);
    expect(stdout).toContain("188,595 events");
  });
});

it("a version that is not known is read as another one when told", async () => {
  const path = join(folder, "future.trace");
  writeFileSync(path, Buffer.concat([Buffer.from("go 1.27 trace\0\0\0"), bytes.subarray(16)]));
  const { code, stdout } = await runCli(["analyze", "--assume-version", "1.26", "--format", "csv", path]);
  expect(code).toBe(0);
  expect(seriesDifferences(parseSeriesCsv(stdout), golden)).toEqual([]);
});

describe("a trace with next to nothing in it", () => {
  const small = readFileSync(join(fixtures, "traces", "esbuild-0.28.2-go1.26.5-small.trace"));
  it.each([
    ["only a header", 16, undefined],
    ["broken off in its first generation", 5000, "trace_truncated"],
  ])("%s", async (_name, length, code) => {
    let text = "";
    const write = (more: string): void => void (text += more);
    const options = { input: "t", windowNanos: 1e8, write, color: false, width: 100 };
    const { error } = await analyzeTrace(() => [small.subarray(0, length)], { ...options, format: "csv" });
    expect(error?.code).toBe(code);
    // reference/core-series.md, section 2: one window of length 0.
    const four = ["runnable", "running", "syscall", "waiting"].map((state): [string, number] => [
      `0 go_trace_goroutines_max{state="${state}"}`,
      0,
    ]);
    expect(parseSeriesCsv(text)).toEqual(new Map([["0 go_trace_events", 1], ...four]));
    text = "";
    await analyzeTrace(() => [small.subarray(0, length)], { ...options, format: "text" });
    expect(text).toContain("Too short to say anything about.");
    expect(text).not.toMatch(/NaN|undefined|Infinity/);
  });
});

describe("wrong use", () => {
  it.each([
    [{ from: "2s", to: "1s" }, /--to 1s does not lie after --from 2s/],
    [{ from: "1h" }, /--from 1h lies after the end of the trace, which is 4\.09 s long/],
    [{ from: "soon" }, /--from.*"soon" is not a duration/],
    [{ from: "2026-13-40T00:00:00Z" }, /--from: there is no such moment/],
    [{ input: "-", from: "2026-11-22T19:05:06Z" }, /standard input cannot be read twice/],
    [{ assumeVersion: "go1" }, /--assume-version/],
    [{ assumeVersion: "1.99" }, /assume format version 1\.99/],
  ])("%j", async (options, message) => {
    await expect(analyze(options)).rejects.toThrow(
      expect.objectContaining({ code: "bad_usage", message: expect.stringMatching(message) as string }),
    );
  });

  it("a device stays what it is, and a link a link", async () => {
    const target = join(folder, "target.csv");
    const link = join(folder, "link.csv");
    writeFileSync(target, "old");
    symlinkSync(target, link);
    expect((await runCli(["analyze", packed, "--format", "csv", "--out", link])).code).toBe(0);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readFileSync(target, "utf8")).toBe(await analyze({ format: "csv" }));
    // As a pipe, which a test may risk to lose; /dev/null is the same to the program.
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    const reader = spawn("cat", [pipe]);
    let read = "";
    const closed = once(reader, "close");
    reader.stdout.on("data", (chunk: Buffer) => (read += chunk.toString()));
    expect((await runCli(["analyze", packed, "--format", "csv", "--out", pipe])).code).toBe(0);
    await closed;
    expect(read).toBe(readFileSync(target, "utf8"));
    expect(lstatSync(pipe).isFIFO()).toBe(true);
  });

  it("a place that cannot be written", async () => {
    const out = join(folder, "no", "such", "folder.csv");
    const { code, stderr } = await runCli(["analyze", "--format", "csv", "--out", out, packed]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/cannot write .*folder\.csv.*--out/);
  });
});
