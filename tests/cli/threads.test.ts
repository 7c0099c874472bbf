/** `analyze --threads`: whatever the file, and however the parts fall, the answer and the end of it are those of one thread. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { analyzeTrace } from "../../src/cli/analyze.ts";
import { planParts, type Plan } from "../../src/cli/threads/plan.ts";
import { readParts, PartsDisagree, type PartsOutcome } from "../../src/cli/threads/read-parts.ts";
import { openBytes } from "../../src/sources/bytes.ts";
import { traceFromText } from "../../src/trace/text/from-text.ts";
import { runCli } from "../helpers/cli.ts";
import { sharedDir } from "../helpers/shared.ts";
import { mutate } from "../trace/damage.ts";
import { analyze, differing } from "./threads.ts";
import { regionsAcross } from "./trace-text.ts";

const folder = mkdtempSync(join(tmpdir(), "foretrace-threads-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const fixtures = join(import.meta.dirname, "..", "fixtures", "traces");
const watchBytes = gunzipSync(readFileSync(join(fixtures, "esbuild-0.28.2-go1.26.5-watch.trace.gz")));
const watch = fileOf("watch.trace", watchBytes);

function fileOf(name: string, bytes: Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, bytes);
  return file;
}

const read = (file: string, plan: Plan, signal?: AbortSignal): Promise<PartsOutcome> =>
  readParts(plan, {
    file,
    source: openBytes(file),
    windowNanos: 1e8,
    onWindow() {},
    ready: async () => {},
    progress() {},
    signal,
  });
const planOf = async (file: string, threads: number): Promise<Plan> =>
  (await planParts(file, { threads, partBytes: Math.ceil(statSync(file).size / 6) }))!;

describe("a real trace", () => {
  it("is read in as many parts as there are threads, with the answer of one", async () => {
    for (const threads of [2, 3]) expect((await read(watch, await planOf(watch, threads))).parts).toBe(threads);
    expect(await differing(watch)).toEqual([]);
    expect(await differing(watch, { windowNanos: 3e6 })).toEqual([]);
    expect(await differing(watch, { windowNanos: 1e10 })).toEqual([]);
    expect(await differing(watch, { from: "5s", to: "9s" })).toEqual([]);
  });

  it("says the same in the forms that take one thread anyway", async () => {
    for (const format of ["json", "text", "prom"] as const) expect(await differing(watch, { format })).toEqual([]);
  });

  it("by the command, with its exit status and its words", async () => {
    const cut = fileOf("cut.trace", watchBytes.subarray(0, watchBytes.length - 100_000));
    const run = async (threads: string) => runCli(["analyze", "--format", "csv", "--threads", threads, cut]);
    const one = await run("1");
    expect(one).toMatchObject({ code: 3, stderr: expect.stringContaining("what came before it is printed") as string });
    expect(await run("2")).toEqual(one);
    const { code, stderr } = await runCli(["analyze", "--threads", "none", cut]);
    expect([code, stderr]).toEqual([2, 'foretrace: --threads: "none" is not a whole number from 1 to 64\n']);
  });

  const real = sharedDir && join(sharedDir, "traces", "real");
  // Formats up to 1.21 take one thread; one of them stands for all.
  const names =
    real === undefined ? [] : readdirSync(real).filter((name) => /go1\.(22|23|25|26).*trace$|go119-scenario-gc.trace$/.test(name));
  it.skipIf(real === undefined)("each of ../shared, also one that one thread has to read", { timeout: 300_000 }, async () => {
    for (const name of names) expect(await differing(join(real!, name))).toEqual([]);
  });
});

describe("a broken trace", () => {
  it("damaged in any way", { timeout: 300_000 }, async () => {
    for (let seed = 1; seed <= 8; seed++) expect(await differing(fileOf("damaged.trace", mutate(watchBytes, seed)))).toEqual([]);
  });

  it("cut anywhere", { timeout: 300_000 }, async () => {
    for (let i = 1; i <= 4; i++) {
      expect(await differing(fileOf("cut.trace", watchBytes.subarray(0, Math.floor((watchBytes.length * (2 * i - 1)) / 8))))).toEqual([]);
    }
  });

  it("whose parts do not begin where it was thought", async () => {
    const plan = await planOf(watch, 2);
    const { offset, warmUp, threads } = plan.borders[0]!;
    for (const border of [
      { offset: offset + 7, warmUp, threads },
      { offset, warmUp: warmUp + 7, threads },
      { offset, warmUp: offset, threads },
      { offset, warmUp, threads: Float64Array.of(1, 2, 3) },
    ]) {
      expect((await read(watch, { ...plan, borders: [border] })).parts).toBe(1);
    }
  });
});

describe("what only the part before knows", () => {
  it("is put in: tasks and regions that are open across the border, reasons of waits", async () => {
    const file = fileOf("open.trace", traceFromText(regionsAcross({ endsTask: 1, endsType: 2 })));
    expect((await read(file, await planOf(file, 2))).parts).toBe(2);
    expect(await differing(file, { windowNanos: 1000 })).toEqual([]);
  });

  it("is checked: a region that ends with another task or type than it began with, a task that begins twice", async () => {
    for (const wrong of [
      { endsTask: 2, endsType: 2 },
      { endsTask: 1, endsType: 3 },
      { endsTask: 1, endsType: 2, beginsTask: 1 },
    ]) {
      const file = fileOf("wrong.trace", traceFromText(regionsAcross(wrong)));
      await expect(read(file, await planOf(file, 2))).rejects.toThrow(PartsDisagree);
      expect(await analyze(file, 1, { windowNanos: 1000 })).toMatchObject({
        error: ["trace_inconsistent", expect.any(String), expect.anything()],
      });
      expect(await differing(file, { windowNanos: 1000 })).toEqual([]);
    }
  });

  it("is checked: the number of a collection, where none was heard of before", async () => {
    const right = fileOf("gc.trace", traceFromText(regionsAcross({ endsTask: 1, endsType: 2, collections: [5, 7] })));
    expect((await read(right, await planOf(right, 2))).parts).toBe(2);
    expect(await differing(right, { windowNanos: 1000 })).toEqual([]);
    const wrong = fileOf("gc-wrong.trace", traceFromText(regionsAcross({ endsTask: 1, endsType: 2, collections: [5, 9] })));
    await expect(read(wrong, await planOf(wrong, 2))).rejects.toThrow(PartsDisagree);
    expect(await differing(wrong, { windowNanos: 1000 })).toEqual([]);
  });
});

describe("a thread", () => {
  it("is ended when the reading is cancelled", async () => {
    const stop = new AbortController();
    let windows = 0;
    const reading = analyzeTrace(() => openBytes(watch), {
      input: watch,
      windowNanos: 1e6,
      format: "csv",
      write: () => {
        if (++windows === 100) stop.abort();
      },
      color: false,
      width: 100,
      threads: 3,
      partBytes: 1e5,
      signal: stop.signal,
    });
    await expect(reading).rejects.toMatchObject({ code: "canceled" });
  });

  it("is ended when the reading is cancelled while its rows are waited for", async () => {
    const stop = new AbortController();
    const plan = await planOf(watch, 2);
    let reached = false;
    const reading = readParts(plan, {
      file: watch,
      source: openBytes(watch),
      windowNanos: 1e6,
      onWindow() {},
      ready: async () => {
        reached = true;
        stop.abort();
      },
      progress() {},
      signal: stop.signal,
    });
    await expect(reading).rejects.toMatchObject({ code: "canceled" });
    expect(reached).toBe(true);
  });

  it("that dies takes the reading along, with its error", async () => {
    const plan = await planOf(watch, 2);
    const broken = { ...plan, borders: [{ ...plan.borders[0]!, threads: null as unknown as Float64Array }] };
    await expect(read(watch, broken)).rejects.toThrow(/TypeError/);
  });
});
