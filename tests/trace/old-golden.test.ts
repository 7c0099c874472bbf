/** Formats of Go 1.11–1.21: events, order, times, stacks and context are those of golang.org/x/exp/trace, on every case there is. */
import { existsSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { readTrace } from "../../src/trace/read.ts";
import { sharedDir } from "../helpers/shared.ts";
import { mutate } from "./damage.ts";
import { digest, eventLines, goldenLines, shared, sharedFiles, traceBytes } from "./golden.ts";
import { oldCases } from "./old-cases.ts";
import { oldTrace } from "./old-text.ts";
import { readers } from "./readers.ts";

const fixtures = resolve(import.meta.dirname, "../fixtures/traces");
const answers = <T>(name: string): T => JSON.parse(readFileSync(join(fixtures, name), "utf8")) as T;
const goldenOld = answers<Record<string, { events: number; sha256: string; error: string }>>("golden-old.json");

const bytesOf = (name: string): Uint8Array | undefined => {
  const binary = sharedDir === undefined ? "" : shared(`format/v1-binary/${name}`);
  return existsSync(binary) ? readFileSync(binary) : traceBytes(name);
};
const summaryOf = (name: string): string =>
  shared(name.endsWith(".trace") ? `real/${name}.summary.json` : `format/golden/${name}.summary.json`);
const nothingOfIt = "so that nothing of it is given";

if (sharedDir === undefined) console.warn("the shared traces are not there: most golden cases of Go 1.11–1.21 are skipped");

describe.each(readers)("complete event lists, $name reader", ({ core }) => {
  test.each(Object.keys(goldenOld).filter((name) => bytesOf(name) !== undefined))("%s", async (name) => {
    const golden = goldenOld[name]!;
    const { sha256, kinds, outcome } = await digest(bytesOf(name)!, core);
    expect(outcome.events).toBe(golden.events);
    expect(outcome.error?.message ?? "").toContain(golden.error);
    expect(outcome.error === undefined).toBe(golden.error === "");
    expect(sha256).toBe(golden.sha256);
    if (sharedDir === undefined || golden.events === 0) return;
    const summary = JSON.parse(readFileSync(summaryOf(name), "utf8")) as { first: number; last: number; kinds: Record<string, number> };
    expect(kinds).toEqual(summary.kinds);
    expect(Number(outcome.info!.origin)).toBe(summary.first);
    expect(Number(outcome.info!.origin) + outcome.end).toBe(summary.last);
  });
});

/**
 * The lists beside the traces are of one run each, and where events of several processors have the same tick the reference's order changes
 * from run to run (golden-old.json has that of the order of processors in the file). So: what happens on a processor in order,
 * and everything that happens at its time but for the nanoseconds that ties are spread by.
 */
const tieNanos = 8;
const procOf = (line: string): string => line.split("\t")[3]!;
const withoutTime = (line: string): string => line.slice(line.indexOf("\t"));

function byProcessor(lines: readonly string[]): Record<string, string[]> {
  const lists: Record<string, string[]> = {};
  for (const line of lines) (lists[procOf(line)] ??= []).push(withoutTime(line));
  // What happens on no processor, and on those that stand for the network and the like, comes from several.
  for (const [proc, list] of Object.entries(lists)) if (Number(proc) < 0 || Number(proc) > 1e6) list.sort();
  return lists;
}

function timesByEvent(lines: readonly string[]): Map<string, number[]> {
  const times = new Map<string, number[]>();
  for (const line of lines) {
    const list = times.get(withoutTime(line));
    if (list === undefined) times.set(withoutTime(line), [Number.parseInt(line, 10)]);
    else list.push(Number.parseInt(line, 10));
  }
  for (const list of times.values()) list.sort((a, b) => a - b);
  return times;
}

describe.skipIf(sharedDir === undefined).each(readers)("with the shared traces, $name reader", ({ core }) => {
  const lists = [
    ...sharedFiles("real", /(-go1\.1[0-9]|go119-scenario).*\.tsv\.gz$/),
    ...sharedFiles("format/golden", /_1_(11|19|21)_.*good\.tsv\.gz$|pprof_good\.tsv\.gz$/),
  ].filter((path) => !path.includes("-nostop"));

  test("there are lists of all formats", () => {
    expect(lists.length).toBeGreaterThanOrEqual(20);
  });

  test.each(lists.map((path) => [basename(path, ".tsv.gz"), path]))("list %s", async (name, path) => {
    const { lines } = await eventLines(bytesOf(name)!, core);
    const golden = goldenLines(path);
    expect(byProcessor(lines)).toEqual(byProcessor(golden));
    const times = timesByEvent(lines);
    for (const [event, expected] of timesByEvent(golden)) {
      const found = times.get(event)!;
      expect(found).toHaveLength(expected.length);
      for (const [i, time] of expected.entries()) expect(Math.abs(found[i]! - time), `${event} at ${time}`).toBeLessThanOrEqual(tieNanos);
    }
  });

  test("cut at 41 places: nats-server", async () => {
    const bytes = bytesOf("nats-server-2.9.10-go1.19.8-load3s.trace")!;
    const cuts = readFileSync(shared("format/truncation/nats-server-2.9.10-go1.19.8-load3s.jsonl"), "utf8").trim().split("\n");
    expect(cuts).toHaveLength(41);
    // The first cut leaves nothing, which has an error of its own (read.test.ts).
    for (const cut of cuts.slice(1)) {
      const { len, events, error } = JSON.parse(cut) as { len: number; events: number; error: string };
      const { lines, outcome } = await eventLines(bytes.subarray(0, len), core);
      expect({ len, events: lines.length }).toEqual({ len, events });
      // Where it comes to nothing, the reference's words, and that nothing can come.
      const wanted = error === "" ? [] : [error, nothingOfIt];
      expect(outcome.error === undefined).toBe(error === "");
      for (const words of wanted) expect(outcome.error!.message).toContain(words);
    }
  });
});

describe.each(readers)("one rule each, $name reader", ({ core }) => {
  const expected = answers<Record<string, { lines: string[]; error: string }>>("old-cases.json");
  /** In other words than the reference's: what it prints there is of no use outside it. */
  const otherWords: Record<string, RegExp> = {
    "a label that is no string": /found invalid string ID 77 for event GoStartLabel \(at byte \d+\)/,
    "a task that was begun twice": /task id conflicts \(id:5\)/,
    "regions that cross": /misuse of region in goroutine 1/,
    "a region that neither begins nor ends": /invalid user region mode: 2/,
    "a processor's number that is too large": /processor ID 4294967296 is larger than maximum of 2147483647/,
  };

  test.each(oldCases)("%s (1.%i)", async (name, version, text) => {
    const { lines, outcome } = await eventLines(oldTrace(version, text), core);
    const golden = expected[name]!;
    const message = outcome.error?.message ?? "";
    const sameWords = message.replace(/ \(time \d+\)/, "").includes(golden.error.replace(/ \(time \d+\)|^Ev/, ""));
    expect({ message, right: otherWords[name]?.test(message) ?? sameWords }).toEqual({ message, right: true });
    expect(outcome.error === undefined).toBe(golden.error === "");
    // Where the reference panics, what came before is delivered.
    expect(golden.error.startsWith("panic") ? [] : lines).toEqual(golden.lines);
  });

  test("every case has an answer, and its own", () => {
    expect(new Set(oldCases.map(([name]) => name))).toEqual(new Set(Object.keys(expected)));
  });
});

describe.each(readers)("damaged, $name reader", ({ core }) => {
  /** The reference's words → our classes. */
  const classOf = (error: string): RegExp =>
    error === ""
      ? /^$/
      : /EOF|EvFrequency/.test(error)
        ? /^trace_truncated$/
        : /varint/.test(error)
          ? /^trace_(truncated|malformed)$/
          : /^(bogus|no consistent|time stamps)/.test(error)
            ? /^trace_inconsistent$/
            : /^trace_malformed$/;

  test("300 changed copies end as the reference ends them: as many events, the same class of error", async () => {
    const whole = traceBytes("go119-scenario-tasks.trace")!;
    for (const [seed, events, error] of answers<[number, number, string][]>("old-mutations.json")) {
      let delivered = 0;
      const outcome = await readTrace([mutate(whole, seed)], { event: () => void delivered++ }, { core });
      expect({ seed, delivered, error, code: outcome.error?.code ?? "" }).toEqual({
        seed,
        delivered: events,
        error,
        code: expect.stringMatching(classOf(error)) as string,
      });
    }
  });
});
