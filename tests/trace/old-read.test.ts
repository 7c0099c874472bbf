/** What readTrace promises for traces of Go 1.11–1.21 beside the events: pieces, limits, cancelling, slices, damaged input. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createTimeline } from "../../src/features/timeline.ts";
import { ForetraceError } from "../../src/lib/errors.ts";
import { traceNanos } from "../../src/lib/units.ts";
import { checkTraceHeader, readHeader } from "../../src/trace/header.ts";
import { Input } from "../../src/trace/input.ts";
import { EventKind, GoState, type GenerationTables, type TraceVisitor } from "../../src/trace/model.ts";
import { OldReader } from "../../src/trace/old/reader.ts";
import { readTrace as read } from "../../src/trace/read.ts";
import { sliceTrace } from "../../src/trace/slice.ts";
import { tee } from "../features/traces.ts";
import { mutate, readDamaged } from "./damage.ts";
import { EventLister } from "./event-list.ts";
import { eventLines, traceBytes } from "./golden.ts";
import { randomRecords } from "./old-random.ts";
import { oldTrace } from "./old-text.ts";
import { readers } from "./readers.ts";

const tasks = traceBytes("go119-scenario-tasks.trace")!;
const build = traceBytes("esbuild-0.12.29-go1.17.1-mid.trace")!;
const ignore = { event() {} };
const pause = (): Promise<void> => Promise.resolve();

function* pieces(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = Math.max(1, sizes[turn % sizes.length]!);
    yield bytes.subarray(at, (at += size));
  }
}

describe.each(readers)("the $name reader", ({ core }) => {
  const readTrace: typeof read = (source, visitor, options = {}) => read(source, visitor, { ...options, core });

  describe("reading", () => {
    test("does not depend on the pieces the bytes come in", async () => {
      const whole = await eventLines(tasks, core);
      await fc.assert(
        fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 8 }), async (sizes) => {
          const lines: string[] = [];
          const outcome = await readTrace(pieces(tasks, sizes), new EventLister((line) => lines.push(line.trimEnd())));
          expect(outcome).toEqual(whole.outcome);
          expect(lines).toEqual(whole.lines);
        }),
        { numRuns: 20 },
      );
    });

    test("takes the header of every old format, and no other of its time", () => {
      for (const version of [11, 19, 21]) expect(() => checkTraceHeader(oldTrace(version, ""))).not.toThrow();
      for (const version of [10, 12, 18, 20])
        expect(() => checkTraceHeader(oldTrace(version, ""))).toThrow(expect.objectContaining({ code: "trace_version_unsupported" }));
    });

    test("says the version, one generation, the bytes, and times that begin with the Sync", async () => {
      const times: number[] = [];
      const outcome = await readTrace([build], { event: (_kind, time) => void times.push(time) });
      expect(outcome).toMatchObject({ info: { version: 11, origin: -1n }, generations: 1, bytes: build.length, error: undefined });
      expect(times[0]).toBe(0);
      expect(times.at(-1)).toBe(outcome.end);
      expect(times.every((time, i) => i === 0 || time > times[i - 1]!)).toBe(true);
    });

    test("gives names that stay the same within the trace, and refuses those it never gave", async () => {
      let tables: GenerationTables | undefined;
      const logs: [number, string][] = [];
      const text =
        'Batch 0 5; String 1 "k"; Gomaxprocs 1 1 0; GoCreate 1 1 0 0; GoStart 1 1 1; UserLog 1 0 1 0 "one"; UserLog 1 0 1 0 ""; UserLog 1 0 0 0 "two"; Frequency 9';
      await readTrace([oldTrace(19, text)], {
        generation: (given) => void (tables = given),
        event(kind, _time, _thread, _proc, _goroutine, _stack, _task, category, message) {
          if (kind === EventKind.Log) logs.push([message, `${tables!.string(category)}=${tables!.string(message)}`]);
        },
      });
      expect(logs.map(([, log]) => log)).toEqual(["k=one", "k=", "=two"]);
      expect(logs[1]![0]).toBe(0);
      for (const [id, log] of logs) expect(log.endsWith(tables!.string(id))).toBe(true);
      expect(() => tables!.string(1e9)).toThrow(RangeError);
      expect(() => tables!.stack(5)).toThrow(RangeError);
      expect(tables!.stack(0)).toEqual([]);
    });

    test("a file beyond the limit is refused before more of it is taken", async () => {
      let asked = 0;
      async function* endless(): AsyncGenerator<Uint8Array> {
        yield tasks.subarray(0, 16);
        for (;;) {
          asked++;
          yield new Uint8Array(64 * 1024);
        }
      }
      const input = new Input(endless());
      const version = await readHeader(input, undefined);
      const reader = new OldReader(input, version, ignore, () => {}, pause, core?.old(), 3 << 20);
      await expect(reader.next()).rejects.toMatchObject({
        code: "too_large",
        message: expect.stringContaining("more than 3 MiB") as string,
      });
      expect(asked).toBeLessThan(60);
      // Exactly as much as the limit is read.
      const fits = new Input([tasks]);
      await readHeader(fits, undefined);
      const whole = new OldReader(fits, 19, ignore, () => {}, pause, core?.old(), tasks.length - 16);
      expect(await whole.next()).toBe(true);
    });

    test("more processors than can be told apart are refused", async () => {
      const batches = Array.from({ length: 33_000 }, (_, proc) => `Batch ${proc} 5`).join(";");
      const { error } = await readTrace([oldTrace(19, `${batches};Frequency 9`)], ignore);
      expect(error).toMatchObject({ code: "trace_malformed", message: expect.stringContaining("more than 32,765 processors") as string });
    });
  });

  describe("a file made to exhaust memory", () => {
    test("of batches with a fault each is refused at a stated number", async () => {
      const batch = oldTrace(19, "Batch 3 5; HeapAlloc 1").subarray(16);
      const many = new Uint8Array(16 + batch.length * 4_200_000);
      many.set(oldTrace(19, ""));
      many.set(batch, 16);
      for (let filled = batch.length; filled < many.length - 16; filled *= 2) many.copyWithin(16 + filled, 16, 16 + filled);
      const { error } = await readTrace([many], ignore);
      expect(error).toMatchObject({ code: "trace_malformed", message: expect.stringContaining("more than 4,194,304 batches") as string });
    });

    test("of samples is refused at a stated number", async () => {
      const sample = oldTrace(19, "CPUSample 1 9 0 1 3").subarray(16);
      const head = oldTrace(19, "Batch 0 5");
      const many = new Uint8Array(head.length + sample.length * 4_200_000);
      many.set(head);
      many.set(sample, head.length);
      for (let filled = sample.length; filled < many.length - head.length; filled *= 2)
        many.copyWithin(head.length + filled, head.length, head.length + filled);
      const { error } = await readTrace([many], ignore);
      expect(error).toMatchObject({
        code: "trace_malformed",
        message: expect.stringContaining("more than 4,194,304 CPU samples") as string,
      });
    });
  });

  describe("cancelling and failing", () => {
    test("an abort while the file comes in, while it is ordered, and while it is told ends the reading", async () => {
      const coming = new AbortController();
      async function* aborting(): AsyncGenerator<Uint8Array> {
        yield build.subarray(0, 5000);
        coming.abort();
        yield build.subarray(5000);
      }
      await expect(readTrace(aborting(), ignore, { signal: coming.signal })).rejects.toMatchObject({ code: "canceled" });

      // An abort that comes from elsewhere, in a turn of the event loop.
      const many = oldTrace(19, `Batch 0 5; ${"HeapAlloc 1 1;".repeat(700_000)} Frequency 9`);
      const elsewhere = new AbortController();
      let told = 0;
      const reading = readTrace([many], { event: () => void told++ }, { signal: elsewhere.signal });
      setTimeout(() => elsewhere.abort());
      await expect(reading).rejects.toMatchObject({ code: "canceled" });
      expect(told).toBe(0);

      const telling = new AbortController();
      let events = 0;
      const visitor = { event: () => void (++events === 1000 && telling.abort()) };
      await expect(readTrace([many], visitor, { signal: telling.signal })).rejects.toMatchObject({ code: "canceled" });
      expect(events).toBeLessThan(200_000);
    });

    test("what a visitor throws comes through as it is", async () => {
      const thrown = new RangeError("the visitor's own");
      let left = 100;
      const visitor = {
        event() {
          if (--left === 0) throw thrown;
        },
      };
      await expect(readTrace([tasks], visitor)).rejects.toBe(thrown);
    });

    test("bytes that their source says are cut give an error that says so", async () => {
      async function* cut(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
        yield bytes;
        throw new ForetraceError("trace_truncated", "the gzip data end early");
      }
      const broken = await readTrace(cut(build.subarray(0, 60_000)), ignore);
      expect(broken).toMatchObject({ events: 0, error: { message: expect.stringContaining("the gzip data end early") as string } });
      const whole = await readTrace(cut(tasks), ignore);
      expect(whole).toMatchObject({ events: 368, error: { code: "trace_truncated" } });
    });
  });

  describe("what is made of it", () => {
    test("a part cannot be cut out, the whole is the whole", async () => {
      const slice = async (from: number, to: number): Promise<Buffer> => {
        const parts: Uint8Array[] = [];
        for await (const part of sliceTrace(() => [build], { from: traceNanos(from), to: traceNanos(to) })) parts.push(part);
        return Buffer.concat(parts);
      };
      await expect(slice(0, 1e6)).rejects.toMatchObject({
        code: "bad_usage",
        message: expect.stringMatching(/"go 1\.11 trace" cannot be cut: .*analyze --from --to/) as string,
      });
      expect((await slice(0, Number.POSITIVE_INFINITY)).equals(Buffer.from(build))).toBe(true);
    });

    test("a timeline has all the running time, under the functions' names", async () => {
      const timeline = createTimeline({ from: 0, to: Number.POSITIVE_INFINITY, width: 100 });
      const since = new Map<number, number>();
      let first = true;
      let running = 0;
      const stays: TraceVisitor = {
        event(kind, time, _thread, _proc, _goroutine, _stack, id, _from, to) {
          if (kind !== EventKind.GoTransition) return;
          // The one that started the trace has run since it began.
          if (to === GoState.Running) since.set(id, first ? 0 : time);
          else if (since.has(id)) running += time - since.get(id)!;
          if (to === GoState.Running) first = false;
          else since.delete(id);
        },
      };
      await readTrace([tasks], tee([timeline, stays]));
      const { lanes, names } = timeline.finish();
      const drawn = lanes
        .filter(({ kind }) => kind === "proc")
        .flatMap(({ start, end, share }) => start.map((begin, i) => (end[i]! - begin) * share[i]!))
        .reduce((sum, nanos) => sum + nanos, 0);
      expect(drawn).toBeCloseTo(running, 3);
      expect(names.some((name) => name.startsWith("main."))).toBe(true);
    });
  });

  describe("damaged input", () => {
    test("random changes end in an outcome or a stated error", async () => {
      let broken = 0;
      for (let seed = 1; seed <= 60; seed++) {
        const outcome = await readDamaged(mutate(seed % 2 === 0 ? tasks : build.subarray(0, 40_000), seed), core);
        if (outcome?.error !== undefined) broken++;
      }
      expect(broken).toBeGreaterThan(30);
    });

    test("random bytes behind a header do too", async () => {
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(11, 19, 21), fc.uint8Array({ maxLength: 400 }), async (version, body) => {
          expect(await readDamaged(Uint8Array.from([...oldTrace(version, ""), ...body]), core)).toMatchObject({
            generations: expect.any(Number) as number,
          });
        }),
        { numRuns: 500 },
      );
    });

    test("random records, well formed one by one, do too", async () => {
      await fc.assert(
        fc.asyncProperty(randomRecords, async (text) => {
          expect(await readDamaged(oldTrace(19, text), core)).toMatchObject({ generations: expect.any(Number) as number });
        }),
        { numRuns: 500 },
      );
    });
  });
});
