/** `foretrace export` as a user runs it: files, pipes, ranges, broken traces, wrong use. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { checkOtlp } from "../export/otlp-rules.ts";
import { readPerfetto } from "../export/perfetto-reader.ts";
import { stacksOf } from "../export/pprof-stacks.ts";
import { foretraceBin, runCli } from "../helpers/cli.ts";
import { fixtureTrace, oldTrace } from "../helpers/fixtures.ts";

const folder = mkdtempSync(join(tmpdir(), "foretrace-export-"));
afterAll(() => rmSync(folder, { recursive: true }));
const place = (name: string): string => join(folder, name);
const cutTrace = place("cut.trace");
writeFileSync(cutTrace, readFileSync(fixtureTrace).subarray(0, Math.floor(statSync(fixtureTrace).size * 0.6)));
/** Two generations of which the second is cut. */
const longTrace = gunzipSync(readFileSync(join(import.meta.dirname, "../fixtures/traces/esbuild-0.28.2-go1.26.5-watch.trace.gz")));
const brokenTrace = place("broken.trace");
writeFileSync(brokenTrace, longTrace.subarray(0, Math.floor(longTrace.length * 0.8)));

test("perfetto: a file, a pipe and standard input give the same bytes; a name that ends in .gz compresses them", async () => {
  const file = place("a.pftrace");
  expect((await runCli(["export", fixtureTrace, "--format", "perfetto", "--out", file])).code).toBe(0);
  const bytes = readFileSync(file);
  expect(readPerfetto(bytes).slices.length).toBeGreaterThan(100);
  expect(existsSync(`${file}.part`)).toBe(false);
  await runCli(["export", fixtureTrace, "--format", "perfetto", "--out", `${file}.gz`]);
  expect(gunzipSync(readFileSync(`${file}.gz`)).equals(bytes)).toBe(true);
  expect(statSync(`${file}.gz`).size * 3).toBeLessThan(bytes.length);
  const piped = await runCli(["export", fixtureTrace, "--format", "perfetto"]);
  expect(piped.stdoutBytes.equals(bytes)).toBe(true);
  const fed = await runCli(["export", "-", "--format", "perfetto"], { stdin: readFileSync(fixtureTrace) });
  // Standard input has no name to call the process by.
  expect(readPerfetto(fed.stdoutBytes).slices.length).toBe(readPerfetto(bytes).slices.length);
});

describe("a trace that breaks off: what came before is written, exit status 3, one line that says where", () => {
  test.each(["perfetto", "otlp", "speedscope", "pprof"])("%s", async (format) => {
    const out = place(`broken.${format}`);
    const result = await runCli(["export", brokenTrace, "--format", format, "--profile", "sched", "--out", out]);
    expect(result.code).toBe(3);
    expect(result.stderr).toMatch(/broken\.trace: .*at byte \d+.*; what came before it is written\n$/);
    const bytes = readFileSync(out);
    const parts = {
      perfetto: () => readPerfetto(bytes).slices.length,
      otlp: () => checkOtlp(bytes).spans.length + 1,
      speedscope: () => (JSON.parse(bytes.toString()) as { profiles: unknown[] }).profiles.length,
      pprof: () => stacksOf(bytes).lines.length,
    };
    expect(parts[format as keyof typeof parts]()).toBeGreaterThan(0);
  });

  test("--salvage writes more of it, of an old format too, and says what; the text form refuses it", async () => {
    const oldCut = place("old-cut.trace");
    const old = readFileSync(oldTrace);
    writeFileSync(oldCut, old.subarray(0, Math.floor(old.length * 0.3)));
    for (const [file, clock] of [
      [brokenTrace, ""],
      [oldCut, "the clock's frequency is assumed"],
    ] as const) {
      const args = ["export", file, "--format", "perfetto"];
      const [plain, salvaged] = await Promise.all([runCli(args), runCli([...args, "--salvage"])]);
      expect([plain.code, salvaged.code]).toEqual([3, 3]);
      expect(salvaged.stderr).toContain("; salvaged: ");
      expect(salvaged.stderr).toContain(clock);
      expect(readPerfetto(salvaged.stdoutBytes).slices.length).toBeGreaterThan(readPerfetto(plain.stdoutBytes).slices.length + 5);
    }
    expect(await runCli(["export", brokenTrace, "--format", "text", "--salvage"])).toMatchObject({ code: 2, stdout: "" });
  });

  test("what is broken behind --to is not read", async () => {
    const args = ["export", brokenTrace, "--format", "pprof", "--profile", "sched", "--to", "100ms", "--out", place("front.pb.gz")];
    expect(await runCli(args)).toMatchObject({ code: 0, stderr: "" });
    expect(stacksOf(readFileSync(place("front.pb.gz"))).delay).toBeGreaterThan(0);
  });

  test("one of which nothing can be read", async () => {
    const result = await runCli(["export", cutTrace, "--format", "speedscope", "--out", place("cut.json")]);
    expect(result.code).toBe(3);
    expect(result.stderr).toContain("at byte");
  });
});

test("otlp: the wall clock of a trace without one is said to be uncertain, or given", async () => {
  const guessed = await runCli(["export", oldTrace, "--format", "otlp"]);
  expect(guessed.code).toBe(0);
  expect(guessed.stderr).toMatch(/no wall clock.*file's time.*about 1000 ms/);
  const end = Math.max(...checkOtlp(guessed.stdoutBytes).spans.map((span) => Number(BigInt(span.endTimeUnixNano) / 1_000_000n)));
  expect(Math.abs(end - statSync(oldTrace).mtimeMs)).toBeLessThan(5000);
  const given = await runCli(["export", oldTrace, "--format", "otlp", "--recorded-at", "2026-01-02T03:04:05Z", "--service", "checkout"]);
  const { spans, resource } = checkOtlp(given.stdoutBytes);
  expect(resource["service.name"]).toBe("checkout");
  expect(new Date(Number(BigInt(spans[0]!.startTimeUnixNano) / 1_000_000n)).toISOString()).toMatch(/^2026-01-02T03:04:05/);
});

describe("wrong use ends with status 2, a sentence that says what would be right, and no file", () => {
  const out = place("never");
  test.each([
    [["--format", "pprof"], /which waits\? give --profile net\|sync\|syscall\|sched/],
    [["--format", "pprof", "--profile", "heap"], /no profile "heap".*net\|sync\|syscall\|sched/],
    [["--format", "jpeg"], /Allowed choices are .*perfetto/],
    [[], /--format <format>/],
    [["--format", "perfetto", "--from", "soon"], /--from: "soon" is not a duration/],
    [["--format", "perfetto", "--from", "2s", "--to", "1s"], /--to 1s does not lie after --from 2s/],
    [["--format", "perfetto", "--from", "1h"], /--from 1h lies after the end of the trace/],
    [["--format", "otlp", "--recorded-at", "yesterday"], /--recorded-at yesterday is no moment/],
  ])("%j", async (args, message) => {
    const result = await runCli(["export", fixtureTrace, ...args, "--out", out]);
    expect(result.code).toBe(2);
    expect(result.stderr).toMatch(message);
    expect(existsSync(out) || existsSync(`${out}.part`)).toBe(false);
  });

  test("not a trace, no such file, a place that cannot be written", async () => {
    const text = place("text.trace");
    writeFileSync(text, "hello\n");
    const args = ["--format", "speedscope", "--out", out];
    expect(await runCli(["export", text, ...args])).toMatchObject({ code: 2 });
    expect(await runCli(["export", place("nothing"), ...args])).toMatchObject({ code: 2 });
    const nowhere = await runCli(["export", fixtureTrace, "--format", "speedscope", "--out", place("no/such/place")]);
    expect(nowhere.code).toBe(2);
    expect(nowhere.stderr).toMatch(/cannot write .*give --out a place that can be written/);
    expect(existsSync(out)).toBe(false);
  });
});

test("interrupted, it ends with status 1 and leaves no file behind", async () => {
  const out = place("interrupted.pftrace");
  // Standard input that does not end.
  const running = spawn(foretraceBin, ["export", "-", "--format", "perfetto", "--out", out], { stdio: ["pipe", "ignore", "pipe"] });
  running.stdin.write(longTrace.subarray(0, 200_000));
  let said = "";
  running.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  while (!existsSync(`${out}.part`)) await new Promise((resolve) => setTimeout(resolve, 20));
  running.kill("SIGINT");
  const [code] = (await once(running, "exit")) as [number | null];
  expect(code).toBe(1);
  expect(said).toContain("cancelled");
  expect(existsSync(out) || existsSync(`${out}.part`)).toBe(false);
});
