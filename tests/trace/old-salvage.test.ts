/** Broken traces of Go 1.11–1.21, of which nothing is given by default: what a salvage gives is what the whole trace has at that time. */
import * as fc from "fast-check";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { isForetraceError } from "../../src/lib/errors.ts";
import { assumedTicks } from "../../src/trace/old/salvage/salvage.ts";
import { readTrace } from "../../src/trace/read.ts";
import { sharedDir } from "../helpers/shared.ts";
import { mutate, readDamaged } from "./damage.ts";
import { shared, traceBytes } from "./golden.ts";
import { oldCases } from "./old-cases.ts";
import { randomRecords } from "./old-random.ts";
import { oldTrace } from "./old-text.ts";
import { core } from "./readers.ts";
import { confirmedBy, reading, ticksOf } from "./recovery.ts";
import { listOf, spoiled } from "./salvage-cases.ts";

const build = traceBytes("esbuild-0.12.29-go1.17.1-mid.trace")!;
const tasks = traceBytes("go119-scenario-tasks.trace")!;
const ticks = ticksOf(build);
const whole = await reading(build, false, ticks);
if (sharedDir === undefined) console.warn("the shared traces are not there: salvage of Go's own old traces is skipped");

describe("a trace that is cut", () => {
  test.each([0.1, 0.3, 0.5, 0.7])("at %d of its length gives its whole batches, with a clock that is said to be assumed", async (share) => {
    const bytes = build.subarray(0, Math.floor(build.length * share));
    expect((await reading(bytes, false, ticks)).events).toBe(0);
    const cut = await reading(bytes, true, ticks);
    expect(cut.outcome.error).toBeDefined();
    expect(cut.outcome.salvaged).toMatchObject({ clock: "assumed", skippedEvents: 0, events: cut.events });
    expect(cut.events).toBeGreaterThan(whole.events * share);
    expect(confirmedBy(whole, cut, 0)).toBeGreaterThan(cut.events * 0.99);
  });

  test("behind its last event lacks nothing but names", async () => {
    const cut = await reading(build.subarray(0, Math.floor(build.length * 0.99)), true, ticks);
    expect(cut.events).toBe(whole.events);
    expect(confirmedBy(whole, cut, 0)).toBe(whole.events);
    expect(cut.outcome.salvaged).toMatchObject({ clock: "file", repairs: 0, skippedEvents: 0 });
    expect(cut.outcome.salvaged!.lostNames).toBeGreaterThan(100);
  });

  test("of which nothing was written but the header has nothing to give", async () => {
    const outcome = await readTrace([oldTrace(19, "")], { event: () => expect.unreachable() }, { salvage: true });
    expect(outcome).toMatchObject({ events: 0, error: { code: "trace_truncated" }, salvaged: { events: 0 } });
  });
});

describe("a trace with damaged bytes", () => {
  test.each([1, 10, 100])("%d of them, gives about as many events, at about their time", async (count) => {
    for (let seed = 0; seed < 4; seed++) {
      const bytes = spoiled(build, count, seed);
      const salvaged = await reading(bytes, true, ticks);
      if (salvaged.outcome.error === undefined) continue;
      expect(Math.abs(salvaged.events - whole.events)).toBeLessThan(whole.events * 0.02);
      expect(confirmedBy(whole, salvaged, ticks / 100)).toBeGreaterThan(salvaged.events * (count === 100 ? 0.95 : 0.98));
    }
  });

  const batch = build.findIndex((byte, at) => at > 50_000 && byte === 0x41 && build[at + 1]! < 2 && build[at + 8]! < 128);
  test("in a batch's header: its time is that of the batch before", async () => {
    const bytes = Uint8Array.from(build);
    bytes[batch + 6]! ^= 0x70;
    const { events, outcome } = await reading(bytes, true, ticks);
    expect(outcome.error).toBeDefined();
    expect(Math.abs(events - whole.events)).toBeLessThan(whole.events * 0.05);
  });
});

const preamble = "Batch 0 1000; GoCreate 1 1 0 0; ProcStart 1 5; GoStart 1 1 1; Gomaxprocs 1 4 0";
const transitions = async (text: string): Promise<string[]> => {
  const { lines, outcome } = await listOf(oldTrace(19, `${preamble}; ${text}`), true);
  expect(outcome.error).toBeDefined();
  expect(outcome.events).toBe(lines.length);
  return lines
    .map((line) => line.split("\t"))
    .filter(([, kind]) => kind === "StateTransition")
    .map((fields) => fields.slice(6, 11).join(" ").replace(/( (""|-))+$/, "")); // prettier-ignore
};

describe("contradictions", () => {
  const clock = "Frequency 1000000000";
  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    ["a goroutine that was never heard of takes the state that its event implies", `GoUnblock 1 9 4 0; ${clock}`, ["G 9 Undetermined Waiting", "G 9 Waiting Runnable"]],
    ["a goroutine that starts where another one runs", `GoCreate 1 2 0 0; GoStartLocal 1 2; ${clock}`, ["G 2 NotExist Runnable", 'G 1 Running Waiting "(lost)"', "G 2 Runnable Running"]],
    ["a goroutine made twice ended in between", `GoCreate 1 2 0 0; GoCreate 1 2 0 0; ${clock}`, ["G 2 NotExist Runnable", "G 2 Runnable Running", "G 2 Running NotExist", "G 2 NotExist Runnable"]],
    ["an event of no goroutine is left out", `GoBlock 1 0; GoBlock 1 0; ${clock}`, ["G 1 Running Waiting"]],
    ["an event that waits for a number that never comes", `GoSched 1 0; GoStart 1 1 9; ${clock}`, ['G 1 Running Runnable "runtime.Gosched"', "G 1 Runnable Running"]],
    ["a processor that starts twice", `ProcStart 1 6; ${clock}`, ["P 0 Running Idle", "P 0 Idle Running"]],
    ["without a clock", "GoBlock 1 0", ["G 1 Running Waiting"]],
  ]; // prettier-ignore
  test.each(cases)("%s", async (_, text, expected) => {
    const told = await transitions(text);
    expect(told.filter((line) => !/^(P 0 Undetermined|G 1 Undetermined)/.test(line))).toEqual(expected);
  });

  test("a label that is no string is told as lost, and what is behind it too", async () => {
    const text = `${preamble}; GoSched 1 0; GoStartLabel 1 1 2 77; HeapAlloc 1 5; Frequency 1000000000`;
    const plain = await listOf(oldTrace(19, text), false);
    const { lines, outcome } = await listOf(oldTrace(19, text), true);
    expect(lines.slice(0, plain.lines.length)).toEqual(plain.lines);
    expect(lines.slice(plain.lines.length).map((line) => line.split("\t")[1])).toEqual(["StateTransition", "Label", "Metric", "Sync"]);
    expect(lines.join()).toContain('"(lost)"');
    expect(outcome.salvaged).toMatchObject({ events: 4, lostNames: 1, clock: "file" });
    expect(outcome.error).toEqual(plain.outcome.error);
  });

  test("times are those of the assumed clock", async () => {
    const { lines } = await listOf(oldTrace(19, `${preamble}; HeapAlloc ${assumedTicks} 5; HeapAlloc ${assumedTicks} 6`), true);
    const metrics = lines.map((line) => line.split("\t")).filter(([, kind]) => kind === "Metric");
    expect(Number(metrics[1]![0]) - Number(metrics[0]![0])).toBe(1e9);
  });
});

describe("any damage", () => {
  test("every case of one rule that the reference refuses ends in an outcome", async () => {
    for (const [name, version, text] of oldCases) {
      const bytes = oldTrace(version, text);
      const plain = await listOf(bytes, false);
      const { outcome, lines } = await listOf(bytes, true, core);
      expect([name, outcome.error]).toEqual([name, plain.outcome.error]);
      expect(lines.slice(0, plain.lines.length)).toEqual(plain.lines);
      expect(outcome.salvaged === undefined).toBe(outcome.error === undefined);
      expect(outcome.salvaged?.events ?? 0).toBe(lines.length - plain.lines.length);
    }
  });

  test("ends in an outcome, with times that rise, and no more than the bytes can hold", async () => {
    let gained = 0;
    for (let seed = 0; seed < 60; seed++) {
      const bytes = mutate(seed % 3 === 0 ? build.subarray(0, 40_000) : tasks, seed);
      const outcome = await readDamaged(bytes, seed % 2 === 0 ? core : undefined, true).catch((error: unknown) => {
        throw new Error(`seed ${seed}`, { cause: error });
      });
      // A record takes a byte at least; one may tell of three goroutines and their states in between.
      expect(outcome?.events ?? 0).toBeLessThan(bytes.length * 3 + 2);
      gained += outcome?.salvaged?.events ?? 0;
    }
    expect(gained).toBeGreaterThan(40_000);
  });

  test("random records, and random bytes behind a header, are read through", async () => {
    await fc.assert(
      fc.asyncProperty(randomRecords, async (text) => {
        expect(await readDamaged(oldTrace(19, text), undefined, true)).toBeDefined();
      }),
      { numRuns: 150 },
    );
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), fc.constantFrom(11, 19, 21), async (body, version) => {
        const bytes = Uint8Array.from(Buffer.concat([Buffer.from(`go 1.${version} trace\0\0\0`), body]));
        expect(await readDamaged(bytes, undefined, true)).toBeDefined();
      }),
      { numRuns: 150 },
    );
  });

  test("a reading that is cancelled ends", async () => {
    const stop = new AbortController();
    const visitor = { event: (_kind: number, time: number) => void (time > 1e6 && stop.abort()) };
    const read = readTrace([build.subarray(0, 60_000)], visitor, { salvage: true, signal: stop.signal });
    expect(await read.catch((error: unknown) => isForetraceError(error) && error.code)).toBe("canceled");
  });
});

describe.skipIf(sharedDir === undefined)("Go's own traces", () => {
  test.each(["stress_1_11_good", "stress_1_19_good", "stress_1_21_good"])("%s, cut in the middle", async (name) => {
    const bytes = readFileSync(shared(`format/v1-binary/${name}`));
    const perSecond = ticksOf(bytes);
    const all = await reading(bytes, false, perSecond);
    const cut = await reading(bytes.subarray(0, Math.floor(bytes.length / 2)), true, perSecond);
    expect(cut.events).toBeGreaterThan(all.events * 0.4);
    expect(confirmedBy(all, cut, perSecond / 1e3)).toBeGreaterThan(cut.events * 0.98);
  });
});
