/** The WebAssembly core for Go 1.11–1.21 against the plain reader: the same events, the same end, on whole, broken and peculiar traces. */
import { existsSync, readFileSync } from "node:fs";
import * as fc from "fast-check";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { EventKind } from "../../src/trace/model.ts";
import { OldCore } from "../../src/trace/old/core.ts";
import { readTrace } from "../../src/trace/read.ts";
import { sharedDir } from "../helpers/shared.ts";
import { mutate } from "./damage.ts";
import { shared, sharedFiles, traceBytes } from "./golden.ts";
import { oldCases } from "./old-cases.ts";
import { randomRecords } from "./old-random.ts";
import { oldTrace } from "./old-text.ts";
import { core, readingOf } from "./readers.ts";

const tasks = traceBytes("go119-scenario-tasks.trace")!;
const build = traceBytes("esbuild-0.12.29-go1.17.1-mid.trace")!;

const load = vi.spyOn(OldCore.prototype, "load");
beforeEach(() => void load.mockClear());

/** Reads both ways, compares, and says whether the core read it. */
async function both(bytes: Uint8Array): Promise<{ byCore: boolean; events: number; message: string }> {
  const plain = await readingOf(bytes, undefined);
  expect(load.mock.calls).toHaveLength(0);
  const fast = await readingOf(bytes, core);
  expect(fast).toEqual(plain);
  // None where the trace was refused before it was a trace.
  const byCore = (await load.mock.results[0]?.value) === true;
  load.mockClear();
  return { byCore, events: fast.events, message: fast.message };
}

describe("recordings", () => {
  const names = ["go119-scenario-tasks.trace", "esbuild-0.12.29-go1.17.1-mid.trace"];
  test.each(names)("%s is read by the core", async (name) => {
    expect((await both(traceBytes(name)!)).byCore).toBe(true);
  });

  const recorded = [
    ...sharedFiles("real", /(-go1\.1[0-9]|go119-scenario).*\.trace$/),
    ...sharedFiles("format/v1-binary", /_1_(11|19|21)_/),
  ];
  test.skipIf(sharedDir === undefined).each(recorded.filter((path) => !/-nostop|-load5s|-big|-gc/.test(path)))(
    "%s is read by the core",
    async (path) => {
      expect((await both(readFileSync(path))).byCore).toBe(true);
    },
  );
});

describe("peculiar traces", () => {
  const ordinary = new Set([
    "a preamble",
    "goroutines that were there",
    "no preamble at all",
    "a goroutine that ends",
    "a call that does not block",
    "a call that blocks, its end told late",
    "a CPU sample within a call",
    "CPU samples are ordered by their own time",
    "stops of the world in 1.21",
    "a collection",
    "a labelled start on a thread that is not known",
    "tasks, regions, logs",
    "events without a processor",
    "a stack told twice is the last one",
  ]);
  test.each(oldCases)("%s (1.%i)", async (name, version, text) => {
    const { byCore } = await both(oldTrace(version, text));
    expect(byCore || !ordinary.has(name)).toBe(true);
  });

  const start = "Batch 0 1000; GoCreate 1 1 7 0; ProcStart 1 5; GoStart 1 1 1; Gomaxprocs 1 4 7";
  const wide: readonly (readonly [string, string])[] = [
    ["a heap beyond 2 GiB", `${start}; HeapAlloc 1 5000000000; HeapGoal 1 9000000000000; GoSysCall 1 7`],
    ["goroutines with large ids", `${start}; GoCreate 1 5000000001 7 7; GoSched 1 7; GoStartLocal 1 5000000001; GoSysCall 1 7; GoEnd 1`],
    [
      "threads with large ids",
      `Batch 0 1000; GoCreate 1 1 7 0; ProcStart 1 140737488355328; GoStart 1 1 1; Gomaxprocs 1 4 7; GoSysCall 1 7`,
    ],
    [
      "a task with a large id",
      `${start}; UserTaskCreate 1 5000000001 7000000001 0 7; UserRegion 1 5000000001 0 0 7; UserTaskEnd 1 5000000001 7`,
    ],
    ["a large stop", `${start}; STWStart 1 5000000000; STWDone 1`],
    ["a sweep of much", `${start}; GCSweepStart 1 7; GCSweepDone 1 5000000000 6000000000`],
    ["goroutines that could run", `Batch 0 5; ${[9, 3, 300, 20, 8].map((id) => `GoCreate 1 ${id} 7 0`).join("; ")}; Gomaxprocs 1 4 7`],
  ];
  test.each(wide)("%s", async (_, text) => {
    expect((await both(oldTrace(19, `${text}; Stack 7 1 4096 1 2 10; Frequency 1000000000`))).byCore).toBe(true);
  });

  test("more goroutines that could run than a block holds", async () => {
    const ids = Array.from({ length: 3000 }, (_, i) => `GoCreate 1 ${(i * 7919) % 100_003} 7 0`);
    const text = `Batch 0 5; GoCreate 1 100005 7 0; ProcStart 1 3; GoStart 1 100005 1; ${ids.slice(1).join(";")}; Gomaxprocs 1 4 7; Frequency 9`;
    expect(await both(oldTrace(19, text))).toMatchObject({ byCore: true, message: "undefined undefined" });
  });

  test("more processors than the core takes are left to the plain reader", async () => {
    const batches = Array.from({ length: 5000 }, (_, proc) => `Batch ${proc} 5; HeapAlloc ${proc} 1`).join(";");
    expect(await both(oldTrace(19, `${batches};Frequency 9`))).toMatchObject({ byCore: false, events: 5002 });
  });

  test("many processors whose events fall on the same ticks", async () => {
    const random = (seed: number, below: number): number => ((seed * 2654435761) >>> 7) % below;
    for (const procs of [2, 3, 4, 5, 6, 7, 9, 17]) {
      const batches = Array.from({ length: procs }, (_, proc) => {
        const events = Array.from(
          { length: 60 },
          (_, i) => `HeapAlloc ${random(proc * 97 + i + procs, 4) === 0 ? 1 : 0} ${proc * 1000 + i}`,
        );
        return `Batch ${proc} 1000; ${events.join("; ")}`;
      });
      expect((await both(oldTrace(19, `${batches.join("; ")}; Frequency 1000000000`))).byCore).toBe(true);
    }
  });

  test("blocks are taken as they are by those who take them", async () => {
    let inBlocks = 0;
    let single = 0;
    const visitor = { event: () => void single++, block: ({ events }: { events: number }) => void (inBlocks += events) };
    const outcome = await readTrace([build], visitor, { core });
    expect(single).toBe(2);
    expect(inBlocks + single).toBe(outcome.events);
  });

  test("a visitor's own error comes through", async () => {
    const thrown = new RangeError("the visitor's own");
    const visitor = {
      event(kind: EventKind) {
        if (kind === EventKind.Metric) throw thrown;
      },
    };
    await expect(readTrace([tasks], visitor, { core })).rejects.toBe(thrown);
  });
});

describe("damaged traces", () => {
  test("give the same events and the same error", async () => {
    let byCore = 0;
    for (let seed = 1; seed <= 160; seed++) {
      const whole = seed % 4 === 0 ? build : tasks;
      const read = await both(mutate(whole, seed)).catch((error: unknown) => {
        throw new Error(`seed ${seed}`, { cause: error });
      });
      if (read.byCore) byCore++;
    }
    // Changes of names and numbers leave a trace that is in order.
    expect(byCore).toBeGreaterThan(4);
    expect(byCore).toBeLessThan(150);
  });

  test("random records, well formed one by one, do too", async () => {
    await fc.assert(
      fc.asyncProperty(randomRecords, async (text) => {
        expect((await both(oldTrace(19, text))).message).not.toBe("");
      }),
      { numRuns: 150 },
    );
  });

  test.skipIf(sharedDir === undefined)("fuzz seeds under an old header", async () => {
    for (const path of sharedFiles("format/fuzz", /./)) {
      const seed = readFileSync(path);
      for (const version of [11, 19, 21]) await both(Buffer.concat([oldTrace(version, ""), seed.subarray(Math.min(16, seed.length))]));
    }
    expect(existsSync(shared("format/fuzz"))).toBe(true);
  });
});
