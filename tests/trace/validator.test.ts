/** The validator finds nothing in what is read of good traces, and finds what a reader with a defect would deliver. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { describe, expect, test } from "vitest";
import { traceNanos } from "../../src/lib/units.ts";
import { EventKind, GoState } from "../../src/trace/model.ts";
import { readTrace } from "../../src/trace/read.ts";
import { sliceTrace } from "../../src/trace/slice.ts";
import { traceFromText } from "../../src/trace/text/from-text.ts";
import { validationRules, type RuleName } from "../../src/trace/validation/rules.ts";
import { createValidator } from "../../src/trace/validator.ts";
import { shared, sharedFiles, traceBytes, v2Traces } from "./golden.ts";
import { oldCases } from "./old-cases.ts";
import { oldTrace } from "./old-text.ts";
import { core as cores, type Reader } from "./readers.ts";
import { mutated, mutations } from "./stream-mutations.ts";
import { broken, play, record, type Step } from "./streams.ts";
import { ruleCases, stepsOf } from "./validator-cases.ts";

const oldTraces = ["go119-scenario-tasks.trace", "esbuild-0.12.29-go1.17.1-mid.trace"];

async function violations(bytes: Uint8Array, core: Reader["core"]): Promise<string[]> {
  const found: string[] = [];
  const validator = createValidator({ onViolation: (error) => found.length < 10 && found.push(error.message) });
  validator.finish(await readTrace([bytes], validator, { core }));
  return found;
}

describe.each([
  ["plain", undefined],
  ["core", cores],
] as const)("nothing is wrong with what is delivered, %s reader", (_, core) => {
  // The largest take the plain reader seconds: in the long suite.
  const mostPlain = process.env["FORETRACE_TEST"] === "full" ? Infinity : 5e6;
  const real = [...new Set([...v2Traces, ...oldTraces, ...sharedFiles("real", /\.trace$/).map((path) => basename(path))])].filter(
    (name) => core !== undefined || traceBytes(name)!.length < mostPlain,
  );
  test.each(real)("recording %s", async (name) => {
    expect(await violations(traceBytes(name)!, core)).toEqual([]);
  });

  test.each(
    sharedFiles("format/v2-binary", /\.bin$/)
      .concat(sharedFiles("format/v1-binary", /./))
      .map((path) => [basename(path), path]),
  )("case %s", async (_, path) => {
    expect(await violations(readFileSync(path), core)).toEqual([]);
  });

  // No program starts with a label while it tells what was there before the trace; the reference takes the start for one that is not told.
  const peculiar = /^a labelled start on a thread that is not known$/;
  test.each(oldCases.map(([name, version, text]) => [name, oldTrace(version, text)] as const))("old case %s", async (name, bytes) => {
    const rules = (await violations(bytes, core)).map((message) => /^rule (\S+)/.exec(message)![1]);
    expect(rules).toEqual(peculiar.test(name) ? ["go-from", "go-from", "go-from"] : []);
  });
});

test.each(
  [
    ["esbuild-0.28.2-go1.26.5-watch.trace", 1500, 1800],
    ["esbuild-0.28.2-go1.26.5-cpuprofile.trace", 40, 70],
    ["esbuild-0.23.1-go1.22.5-big.trace", 5500, 7000],
  ].filter(([name]) => traceBytes(name as string) !== undefined) as [string, number, number][],
)("nor with a slice of %s from %i to %i ms", async (name, from, to) => {
  const bytes = traceBytes(name)!;
  const range = { from: traceNanos(from * 1e6), to: traceNanos(to * 1e6) };
  const parts: Uint8Array[] = [];
  for await (const part of sliceTrace(() => [bytes], range)) parts.push(part);
  expect(await violations(Buffer.concat(parts), cores)).toEqual([]);
});

describe("it can fail", () => {
  test("every rule has a stream that breaks it and no other", () => {
    expect(Object.keys(ruleCases).concat("outcome").sort()).toEqual(Object.keys(validationRules).sort());
    for (const [rule, rows] of Object.entries(ruleCases)) {
      const steps = stepsOf(rows);
      expect({ rule, before: broken(steps.slice(0, -1)) }).toEqual({ rule, before: [] });
      expect({ rule, found: broken(steps) }).toEqual({ rule, found: [rule] });
    }
  });

  test("an outcome that counts otherwise", async () => {
    const { steps, outcome } = await record(traceBytes("go119-scenario-tasks.trace")!);
    expect(broken(steps, outcome)).toEqual([]);
    for (const wrong of [{ events: outcome.events + 1 }, { end: outcome.end - 1 }, { generations: 3 }])
      expect(broken(steps, { ...outcome, ...wrong } as typeof outcome)).toEqual(["outcome"]);
    const [cut, last] = [steps.slice(0, -2), steps.at(-3)];
    const end = last !== undefined && "event" in last ? last.event[1] : 0;
    expect(broken(cut, { ...outcome, events: outcome.events - 1, end } as typeof outcome)).toEqual(["outcome"]);
  });

  test("the first violation is thrown, with event, time, thread and what was expected", () => {
    const validator = createValidator();
    expect(() => play(stepsOf(ruleCases["go-edge"]), validator)).toThrow(
      "rule go-edge is broken at event 4 (GoTransition at 3 ns = 3 ns, thread 6): goroutine 2 cannot go from NotExist to Running",
    );
    expect(() => play(stepsOf(ruleCases["context"]), createValidator())).toThrow(expect.objectContaining({ code: "trace_rule_broken" }));
  });

  /**
   * Changes that leave a stream which could be: of a status its loss is seen only when the goroutine does something in that generation,
   * the end of a range or of a goroutine that does nothing more is not missed, a goroutine may go to another state that it leaves as it must.
   */
  const least: Readonly<Record<string, number>> = {
    "a goroutine's transition is dropped": 0.9,
    "a goroutine's status is dropped": 0.3,
    "a processor's transition is dropped": 0.8,
    "a range's begin or end is dropped": 0.9,
    "a range's begin or end comes twice": 0.9,
    "a goroutine goes to another state": 0.9,
    "a later transition of the thread comes first": 0.9,
    "a range is another goroutine's or processor's": 0.9,
    "a transition is another goroutine's": 0.9,
    "a transition is another processor's": 0.9,
  };
  test("changes to good streams, by kind", async () => {
    const names = ["esbuild-0.28.2-go1.26.5-watch.trace", "esbuild-0.28.2-go1.26.5-cpuprofile.trace"];
    const streams = await Promise.all(names.map(async (name) => apart((await record(traceBytes(name)!)).steps.slice(0, 5000))));
    for (const steps of streams) expect(broken(steps)).toEqual([]);
    const table: string[] = [];
    const missed: string[] = [];
    for (const [kind, mutation] of Object.entries(mutations)) {
      let tried = 0;
      let caught = 0;
      for (let seed = 1; seed <= 12; seed++) {
        const steps = mutated(streams[seed % streams.length]!, mutation, seed);
        if (steps === undefined) continue;
        tried++;
        if (broken(steps).length > 0) caught++;
      }
      table.push(`${caught}/${tried} ${kind}`);
      if (tried < 5 || caught / tried < (least[kind] ?? 1)) missed.push(`${caught}/${tried} ${kind}`);
    }
    console.log(table.join("\n"));
    expect(missed).toEqual([]);
  });
});

describe("what the reference itself delivers otherwise", () => {
  /** A trace of an old format, and the rule that it would break if it were held to the rules of later ones. */
  const exceptions: readonly (readonly [name: string, rule: RuleName])[] = [
    ["a preamble", "start-once"],
    ["goroutines that were there", "go-one-thread"],
    ["a CPU sample within a call", "go-from"],
    ["a call that blocks, its end told late", "context"],
    ["a labelled start", "context"],
    ["an assist that began before", "range-end"],
    ["tasks, regions, logs", "task-end"],
    ["no preamble at all", "metric-context"],
  ];
  test.each(exceptions)("old formats: %s (%s)", async (name, rule) => {
    const [, version, text] = oldCases.find(([wanted]) => wanted === name)!;
    const { steps } = await record(oldTrace(version, text));
    expect(broken(steps)).toEqual([]);
    const asNew = steps.map((step) => ("start" in step ? { start: { ...step.start, version: 22 } } : step));
    expect(broken(asNew)).toContain(rule);
  });

  test.skipIf(sharedFiles("format/v2-text", /./).length === 0)("a goroutine from C code tells its state once more", async () => {
    const text = readFileSync(shared("format/v2-text/go122-create-syscall-reuse-thread-id.test"), "utf8").split("-- trace --\n")[1]!;
    const { steps } = await record(traceFromText(text));
    expect(broken(steps)).toEqual([]);
    const own = steps.filter((step) => "event" in step && step.event[0] === EventKind.GoTransition && step.event[6] === 4);
    const states = own.map((step) => ("event" in step ? step.event.slice(7, 9) : []));
    expect(states).toContainEqual([GoState.NotExist, GoState.Syscall]);
    expect(states).toContainEqual([GoState.Runnable, GoState.Runnable]);
  });
});

/** With room between the times, so that one more event fits. */
const apart = (steps: readonly Step[]): Step[] =>
  steps.map((step) => {
    if (!("event" in step)) return step;
    const [kind, time, ...rest] = step.event;
    return { event: [kind, time * 4, ...rest] };
  });
