/** Broken traces of Go 1.22 and later, read on behind their break: what comes of it is what the whole trace has at that time. */
import * as fc from "fast-check";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { isForetraceError } from "../../src/lib/errors.ts";
import { traceFromText } from "../../src/trace/text/from-text.ts";
import type { TraceCores } from "../../src/trace/model.ts";
import { mutate, readDamaged } from "./damage.ts";
import { sharedDir } from "../helpers/shared.ts";
import { goldenLines, shared, traceBytes } from "./golden.ts";
import { core, readers } from "./readers.ts";
import { batchesOf, confirmed, isTimed, listOf, spoiled, without } from "./salvage-cases.ts";

const small = traceBytes("esbuild-0.28.2-go1.26.5-small.trace")!;
const watch = traceBytes("esbuild-0.28.2-go1.26.5-watch.trace")!;
const sampled = traceBytes("esbuild-0.28.2-go1.26.5-cpuprofile.trace")!;
const wholeWatch = listOf(watch, false).then(({ lines }) => lines);
if (sharedDir === undefined) console.warn("the shared traces are not there: salvage of cut recordings of other versions is skipped");

type Reading = Awaited<ReturnType<typeof listOf>>;

/** Reads with a salvage and without: what comes without it comes first, and the error is the same. */
async function both(bytes: Uint8Array, with_?: TraceCores): Promise<{ plain: Reading; salvaged: Reading; behind: string[] }> {
  const plain = await listOf(bytes, false, with_);
  const salvaged = await listOf(bytes, true, with_);
  expect(salvaged.outcome.error).toEqual(plain.outcome.error);
  // The lone Sync of a trace that has no first generation has no time of its own.
  const head = plain.outcome.events === 1 ? [] : plain.lines;
  expect(salvaged.lines.slice(0, head.length)).toEqual(head);
  expect(salvaged.outcome.events).toBe(salvaged.lines.length);
  const gained = salvaged.outcome.salvaged?.events ?? 0;
  expect(gained).toBe(salvaged.lines.length - plain.lines.length);
  return { plain, salvaged, behind: salvaged.lines.slice(head.length) };
}

describe.each(readers)("salvage after the $name reader", ({ core: with_ }) => {
  test("changes nothing in a whole trace", async () => {
    const { plain, salvaged } = await both(sampled, with_);
    expect(salvaged.lines).toEqual(plain.lines);
    expect(salvaged.outcome.salvaged).toBeUndefined();
  });

  test("of a generation that is cut gives its whole batches, without the names at its end", async () => {
    const whole = (await listOf(small, false)).lines;
    for (const share of [0.05, 0.4, 0.8]) {
      const { behind, salvaged } = await both(small.subarray(0, Math.floor(small.length * share)), with_);
      // Events lie in the first three quarters of this file.
      expect(behind.length).toBeGreaterThan(Math.min(1, share / 0.75) * whole.length * 0.95);
      expect(confirmed(behind, whole)).toBeGreaterThan(behind.length * 0.95);
      expect(salvaged.outcome.salvaged!.lostNames).toBeGreaterThan(0);
      expect(salvaged.outcome.salvaged!.clock).toBe("file");
    }
  });

  test("of a lost generation goes on with the next one, and ends what ended meanwhile", async () => {
    const batches = batchesOf(watch);
    const [from, to] = [2, 3].map((number) => batches.find(({ generation }) => generation === number)!.at);
    const whole = await wholeWatch;
    const { plain, behind } = await both(without(watch, from!, to!), with_);
    expect(plain.outcome.error?.code).toBe("trace_inconsistent");
    expect(behind.length).toBeGreaterThan(80_000);
    expect(confirmed(behind, whole)).toBeGreaterThan(behind.length - 30);
    expect(behind.filter((line) => /\tNotExist\t/.test(line) && line.includes("\t-1\t-1\t-1\t")).length).toBeLessThan(5);
  });

  const middle = batchesOf(watch).filter((batch) => isTimed(batch) && batch.generation === 2)[2]!;
  const strings = batchesOf(watch).find(({ first, generation }) => first === 4 && generation === 3)!;
  const filled = (value: number, from: number, to: number): Uint8Array => Uint8Array.from(watch).fill(value, from, to);
  const damage: readonly (readonly [string, Uint8Array, number])[] = [
    ["in the middle of a batch", filled(255, middle.payload + 20_000, middle.payload + 20_010), 0.75],
    ["in a batch's header", filled(0, middle.at, middle.payload), 0.75],
    ["of a batch that is half gone", without(watch, middle.payload + 20_000, middle.end), 0.75],
    ["in the strings of a generation", filled(0, strings.payload + 50, strings.payload + 60), 1],
    // 65,535: the batch swallows the header behind it and some of the payload.
    ["in the size of a batch", Uint8Array.from(watch).fill(0xff, middle.payload - 10, middle.payload - 8), 0.75],
  ];
  test.each(damage)("of damage %s gives what lies behind it", async (_, bytes, share) => {
    const whole = await wholeWatch;
    const { plain, behind } = await both(bytes, with_);
    expect(plain.outcome.error).toBeDefined();
    const left = whole.length - (plain.lines.length === 1 ? 0 : plain.lines.length);
    expect(behind.length).toBeGreaterThan(left * share);
    expect(confirmed(behind, whole)).toBeGreaterThan(behind.length * 0.97);
  });

  test("of garbage in front reads the file as if it were not there", async () => {
    const whole = await wholeWatch;
    const bytes = Uint8Array.from(Buffer.concat([watch.subarray(0, 16), Buffer.from([200, 201, 1, 202]), watch.subarray(16)]));
    const { behind, salvaged } = await both(bytes, with_);
    expect(salvaged.outcome.salvaged).toMatchObject({ skippedBytes: 4, skippedEvents: 0, repairs: 0, lostNames: 0, clock: "file" });
    // Of equal times another order, which moves some by a nanosecond.
    expect(confirmed(behind, whole)).toBeGreaterThan(whole.length - 10);
    expect(behind.length - whole.length).toBeLessThan(2);
  });
});

const none = "18446744073709551615";
const trace = (events: string): Uint8Array =>
  traceFromText(
    `Trace Go1.23\nEventBatch gen=1 m=5 time=1000 size=${traceFromText(`Trace Go1.23\n${events}`).length - 16}\n${events}\nEventBatch gen=1 m=${none} time=2000 size=5\nFrequency freq=15625000\n`,
  );
const prelude = "ProcStatus dt=1 p=0 pstatus=1\nGoStatus dt=1 g=1 m=5 gstatus=2\n";

describe("contradictions", () => {
  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    ["a goroutine that was never heard of takes the state that its event implies", "GoUnblock dt=1 g=9 g_seq=4 stack=0", ["G 9 Undetermined Waiting", "G 9 Waiting Runnable"]],
    ["a goroutine that starts while it waits", "GoCreate dt=1 new_g=2 new_stack=0 stack=0\nGoBlock dt=1 reason_string=0 stack=0\nGoStart dt=1 g=1 g_seq=1", ["G 2 NotExist Runnable", "G 1 Running Waiting", "G 1 Waiting Runnable", "G 1 Runnable Running"]],
    ["a processor that was never heard of", "ProcStop dt=1\nProcStart dt=1 p=3 p_seq=1", ["P 0 Running Idle", "P 3 Undetermined Idle", "P 3 Idle Running"]],
    ["a stack that lacks is none, a reason has a stand-in", "GoBlock dt=1 reason_string=7 stack=9", ['G 1 Running Waiting "(lost)"']],
    ["an event of no goroutine is left out", "GoDestroy dt=1\nGoDestroy dt=1\nProcStop dt=1", ["G 1 Running NotExist", "P 0 Running Idle"]],
    ["a goroutine made twice ended in between", "GoCreate dt=1 new_g=2 new_stack=0 stack=0\nGoCreate dt=1 new_g=2 new_stack=0 stack=0", ["G 2 NotExist Runnable", "G 2 Runnable NotExist", "G 2 NotExist Runnable"]],
  ]; // prettier-ignore
  test.each(cases)("%s", async (_, events, expected) => {
    const { plain, salvaged } = await both(trace(prelude + events));
    expect(plain.outcome.error).toBeDefined();
    const told = salvaged.lines
      .map((line) => line.split("\t"))
      .filter(([, kind]) => kind === "StateTransition")
      .map((fields) =>
        fields
          .slice(6, 11)
          .join(" ")
          .replace(/ (""|-| )*$/, ""),
      )
      .map((text) => text.replace(/ ""$/, ""));
    expect(told.slice(2)).toEqual(expected);
  });
});

describe.skipIf(sharedDir === undefined)("recordings of other versions", () => {
  test("cut at 8 of the 41 places: more than without, the same in front, and what the whole file tells", async () => {
    const whole = goldenLines(shared("real/esbuild-0.28.2-go1.26.5-small.trace.tsv.gz"));
    for (const cut of readFileSync(shared("format/truncation/esbuild-0.28.2-go1.26.5-small.jsonl"), "utf8")
      .trim()
      .split("\n")
      .filter((_, i) => i % 5 === 1)) {
      const { len, events } = JSON.parse(cut) as { len: number; events: number };
      const { plain, behind } = await both(small.subarray(0, len));
      expect(plain.outcome.events).toBe(events);
      expect(confirmed(behind, whole)).toBeGreaterThanOrEqual(behind.length * 0.93);
    }
  });

  test.each([
    ["esbuild-0.23.1-go1.22.5-big", "earlier"],
    ["esbuild-0.27.7-go1.25.7-big", "file"],
  ])("cut: %s", async (name, clock) => {
    // prettier-ignore
    const bytes = traceBytes(`${name}.trace`)!;
    const whole = (await listOf(bytes, false, core)).lines;
    const { behind, salvaged } = await both(bytes.subarray(0, Math.floor(bytes.length * 0.45)), core);
    expect(salvaged.outcome.salvaged!.clock).toBe(clock);
    expect(salvaged.lines.length).toBeGreaterThan(whole.length * 0.42);
    expect(behind.length).toBeGreaterThan(15_000);
    expect(confirmed(behind, whole)).toBeGreaterThan(behind.length * 0.93);
  });

  test.each(["esbuild-0.24.2-go1.23.1-killed", "esbuild-0.28.2-go1.26.5-killed"])("killed: %s", async (name) => {
    const { plain, salvaged } = await both(traceBytes(`${name}.trace`)!, core);
    expect(salvaged.lines.length).toBeGreaterThan(plain.lines.length + 30_000);
    expect(salvaged.outcome.salvaged!.skippedEvents).toBe(0);
    expect(salvaged.outcome.salvaged!.repairs).toBeLessThan(50);
  });
});

describe("any damage", () => {
  test("ends in an outcome, with times that rise, the same events in front, and no more than the bytes can hold", async () => {
    const parts = [small, sampled.subarray(0, 200_000), watch.subarray(0, 150_000)];
    let gained = 0;
    for (let seed = 0; seed < 60; seed++) {
      const bytes = seed % 3 === 0 ? spoiled(parts[seed % 2]!, 1 + (seed % 20), seed) : mutate(parts[seed % 3]!, seed);
      const which = seed % 2 === 0 ? core : undefined;
      const outcome = await readDamaged(bytes, which, true).catch((error: unknown) => {
        throw new Error(`seed ${seed}`, { cause: error });
      });
      if (outcome === undefined) continue;
      const { plain } = await both(bytes, which);
      expect(outcome.events).toBeGreaterThanOrEqual(plain.lines.length);
      // An event takes two bytes at least; one may tell three transitions, and correct as many states.
      expect(outcome.events).toBeLessThan(bytes.length * 3);
      gained += outcome.events - plain.lines.length;
    }
    expect(gained).toBeGreaterThan(200_000);
  });

  test("random bytes behind a header are read through", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), fc.constantFrom(22, 23, 25, 26), async (body, version) => {
        const bytes = Uint8Array.from(Buffer.concat([Buffer.from(`go 1.${version} trace\0\0\0`), body]));
        expect(await readDamaged(bytes, undefined, true)).toBeDefined();
      }),
      { numRuns: 300 },
    );
  });

  test("a reading that is cancelled ends", async () => {
    const stop = new AbortController();
    const { readTrace } = await import("../../src/trace/read.ts");
    const bytes = watch.subarray(0, 400_000);
    const reading = readTrace(
      [bytes],
      { event: (_kind, time) => void (time > 5e7 && stop.abort()) },
      { salvage: true, signal: stop.signal },
    );
    expect(await reading.catch((error: unknown) => isForetraceError(error) && error.code)).toBe("canceled");
  });
});
