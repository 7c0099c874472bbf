/** What readTrace promises beside the events: chunking, headers, cancelling, visitors that throw, damaged input. */
import * as fc from "fast-check";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { setImmediate } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { checkTraceHeader } from "../../src/trace/header.ts";
import { readTrace as read } from "../../src/trace/read.ts";
import { traceFromText } from "../../src/trace/text/from-text.ts";
import type { TraceInfo } from "../../src/trace/model.ts";
import { EventLister } from "./event-list.ts";
import { goldenLists, sharedFiles, traceBytes } from "./golden.ts";
import { readers } from "./readers.ts";
import { mutate, readDamaged } from "./damage.ts";

const small = traceBytes("esbuild-0.28.2-go1.26.5-small.trace")!;
const sampled = traceBytes("esbuild-0.28.2-go1.26.5-cpuprofile.trace")!;
const ignore = { event() {} };
const header = (text: string): Uint8Array => new TextEncoder().encode(text.padEnd(16, "\0"));

describe.each(readers)("the $name reader", ({ core }) => {
  const readTrace: typeof read = (source, visitor, options = {}) => read(source, visitor, { ...options, core });

  describe("the source's pieces", () => {
    test("do not matter, whatever their size", async () => {
      const whole: string[] = [];
      const outcome = await readTrace([sampled], new EventLister((line) => whole.push(line)));
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.integer({ min: 0, max: 70_000 }), { minLength: 1, maxLength: 20 }),
          fc.boolean(),
          async (sizes, tiny) => {
            const lines: string[] = [];
            const same = await readTrace(
              pieces(sampled, tiny ? [1, 3, ...sizes.map((size) => size % 40)] : sizes),
              new EventLister((line) => lines.push(line)),
            );
            expect(same).toEqual(outcome);
            expect(lines).toEqual(whole);
          },
        ),
        { numRuns: 12 },
      );
    });

    test("are asked for only as they are needed", async () => {
      let asked = 0;
      async function* counted(): AsyncGenerator<Uint8Array> {
        for (const piece of pieces(sampled, [4096])) {
          asked++;
          yield piece;
        }
      }
      const first = await readTrace(counted(), { generation: () => { throw new Error("seen enough"); }, event() {} }).catch((error: unknown) => error); // prettier-ignore
      expect(first).toMatchObject({ message: "seen enough" });
      expect(asked).toBeLessThan(sampled.length / 4096);
    });
  });

  describe("the header", () => {
    const cases = [
      ["", "empty_input", "the input is empty"],
      ["#!/bin/sh\necho a trace", "not_a_trace", 'begins with "#!/bin/sh'],
      ["\x1f\x8b\x08\0\0\0\0\0\0\0\0\0\0\0\0\0", "not_a_trace", "gzip"],
      ["\0".repeat(16), "not_a_trace", "bad file format"],
      ["go 1.26 trace", "not_a_trace", "bad file format"],
      ["go 1.5 trace\0\0\0\0", "trace_version_unsupported", '"go 1.5 trace" (Go 1.5 to 1.10), which is not supported'],
      ["go 1.10 trace\0\0\0", "trace_version_unsupported", '"go 1.10 trace" (Go 1.5 to 1.10), which is not supported'],
      ["go 1.18 trace\0\0\0", "trace_version_unsupported", "unknown or unsupported trace version go 1.18"],
      ["go 1.24 trace\0\0\0", "trace_version_unsupported", "unknown or unsupported trace version go 1.24"],
      ["go 1.29 trace\0\0\0", "trace_version_unsupported", "--assume-version"],
    ] as const;
    test.each(cases)("%j is refused as %s", async (text, code, part) => {
      const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0));
      const expected = { code, message: expect.stringContaining(part) as string };
      await expect(readTrace([bytes], ignore)).rejects.toMatchObject(expected);
      expect(() => checkTraceHeader(bytes.subarray(0, 16))).toThrow(expect.objectContaining(expected));
    });

    test("of a version that is not known is read as the assumed one", async () => {
      const newer = Uint8Array.from([...header("go 1.31 trace"), ...small.subarray(16)]);
      const outcome = await readTrace([newer], ignore, { assumeVersion: 26 });
      expect(outcome).toMatchObject({ events: goldenLists["esbuild-0.28.2-go1.26.5-small.trace"]!.events, error: undefined });
      await expect(readTrace([newer], ignore, { assumeVersion: 24 })).rejects.toMatchObject({ code: "bad_usage" });
    });

    test("of a known version stands, whatever is assumed", async () => {
      const outcome = await readTrace([small], ignore, { assumeVersion: 22 });
      expect(outcome.info!.version).toBe(26);
      expect(() => checkTraceHeader(small.subarray(0, 16))).not.toThrow();
    });

    test("alone is a whole trace in 1.26, which marks the end of generations, and a broken one before", async () => {
      const events: number[] = [];
      const visitor = { event: (...event: number[]) => void events.push(event[6]!) };
      expect(await readTrace([header("go 1.26 trace")], visitor)).toMatchObject({ events: 1, generations: 0, error: undefined });
      const before = await readTrace([header("go 1.25 trace")], visitor);
      expect(before.error).toMatchObject({
        code: "trace_malformed",
        message: expect.stringContaining("no frequency event found") as string,
      });
      expect(events).toEqual([1, 1]);
    });
  });

  describe("order and context", () => {
    test("times begin at 0, rise strictly, and the closing Sync is last", async () => {
      let last = -1;
      let syncs = 0;
      let first: unknown;
      let info: TraceInfo | undefined;
      const outcome = await readTrace([sampled], {
        start: (found) => void (info = found),
        event(kind, time) {
          if (last === -1) first = [kind, time, info?.version];
          if (!(time > last)) throw new Error(`time ${time} after ${last}`);
          last = time;
          if (kind === 0) syncs++;
        },
      });
      expect(first).toEqual([0, 0, 26]);
      expect(outcome.end).toBe(last);
      expect(syncs).toBe(outcome.generations + 1);
    });

    test("a stop of the world that ends in the next generation keeps its kind", async () => {
      const lines: string[] = [];
      const text = `Trace Go1.22${generation(1, "kindA", 1, "STWBegin dt=1 kind_string=1 stack=0", 4)}${generation(2, "other", 2, "STWEnd dt=1", 2)}`;
      const outcome = await readTrace([traceFromText(text)], new EventLister((line) => lines.push(line)));
      expect(outcome.error).toBeUndefined();
      expect(lines.filter((line) => line.includes("Range")).map((line) => line.split("\t").slice(6).join(" "))).toEqual(
        Array.from({ length: 2 }, () => "stop-the-world (kindA) Goroutine(1)"),
      );
    });
  });

  describe("cancelling and failing", () => {
    test("an abort while the source is silent ends the reading", async () => {
      const stop = new AbortController();
      const reading = readTrace(silent(), ignore, { signal: stop.signal });
      await setImmediate();
      stop.abort();
      await expect(reading).rejects.toMatchObject({ code: "canceled" });
    });

    test("an abort by the visitor ends it before the events of that generation", async () => {
      const stop = new AbortController();
      let events = 0;
      const visitor = { generation: () => stop.abort(), event: () => void events++ };
      await expect(readTrace([small], visitor, { signal: stop.signal })).rejects.toMatchObject({ code: "canceled" });
      expect(events).toBeLessThan(2);
      await expect(readTrace([small], ignore, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "canceled" });
    });

    test("what a visitor throws comes through as it is, and the source is closed", async () => {
      const thrown = new RangeError("the visitor's own");
      let closed = false;
      async function* source(): AsyncGenerator<Uint8Array> {
        try {
          yield* pieces(small, [1000]);
          await setImmediate();
        } finally {
          closed = true;
        }
      }
      let left = 1000;
      const visitor = {
        event() {
          if (--left === 0) throw thrown;
        },
      };
      await expect(readTrace(source(), visitor)).rejects.toBe(thrown);
      expect(closed).toBe(true);
    });

    test("what a source throws comes through, unless it says that the bytes are cut", async () => {
      await expect(readTrace(failing(), ignore)).rejects.toThrow("EIO");
    });

    test("progress says how far the bytes were read", async () => {
      const seen: number[] = [];
      const outcome = await readTrace([sampled], ignore, { progress: (bytes) => seen.push(bytes) });
      expect(seen.at(-1)).toBe(sampled.length);
      expect(outcome.bytes).toBe(sampled.length);
      expect(seen.length).toBeGreaterThan(1);
    });
  });

  describe("damaged input", () => {
    test.each(sharedFiles("format/fuzz", /./).map((path) => [basename(path), path]))("fuzz seed %s", async (_, path) => {
      // A Go string literal, which the text form has as data: a byte string in an envelope of its own.
      const literal = /\[\]byte\((".*")\)\s*$/s.exec(readFileSync(path, "utf8"))![1]!;
      const wrapped = traceFromText(`Trace Go1.22\nExperimentalBatch exp=1 gen=1 m=0 time=0\n\tdata=${literal}\n`);
      const bytes = wrapped.subarray(wrapped.indexOf(103, 16));
      expect(new TextDecoder().decode(bytes.subarray(0, 5))).toBe("go 1.");
      await readDamaged(bytes, core);
    });

    test("random changes of a real trace end in an outcome or a stated error", async () => {
      let broken = 0;
      for (let seed = 1; seed <= 60; seed++) {
        const outcome = await readDamaged(mutate(seed % 2 === 0 ? small : sampled.subarray(0, 150_000), seed), core);
        if (outcome?.error !== undefined) broken++;
      }
      expect(broken).toBeGreaterThan(30);
    });

    test("random bytes behind a header do too", async () => {
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(22, 23, 25, 26), fc.uint8Array({ maxLength: 400 }), async (version, body) => {
          expect(await readDamaged(Uint8Array.from([...header(`go 1.${version} trace`), ...body]), core)).toMatchObject({
            generations: expect.any(Number) as number,
          });
        }),
        { numRuns: 500 },
      );
    });
  });
});

function* pieces(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  let turn = 0;
  for (let at = 0; at < bytes.length;) {
    // Empty pieces too, but not only.
    const size = sizes[turn % sizes.length]! || (turn > 100 ? 100 : 0);
    yield bytes.subarray(at, at + size);
    at += size;
    turn++;
  }
}

/** A generation of the text form with one event of a running goroutine and one string. */
const generation = (number: number, kind: string, id: number, event: string, size: number): string => `
EventBatch gen=${number} m=0 time=${number * 10} size=${9 + size}
ProcStatus dt=1 p=0 pstatus=1
GoStatus dt=1 g=1 m=0 gstatus=2
${event}
EventBatch gen=${number} m=18446744073709551615 time=${number * 10} size=5
Frequency freq=15625000
EventBatch gen=${number} m=18446744073709551615 time=${number * 10} size=${4 + kind.length}
Strings
String id=${id}
	data="${kind}"`;

async function* silent(): AsyncGenerator<Uint8Array> {
  yield small.subarray(0, 100);
  await new Promise(() => {});
}

async function* failing(): AsyncGenerator<Uint8Array> {
  yield small.subarray(0, 50_000);
  throw new Error("EIO");
}
