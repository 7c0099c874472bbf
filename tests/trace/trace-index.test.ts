/** With an index a slice is the same as without, from fewer bytes; an index that does not fit is noticed. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { traceNanos } from "../../src/lib/units.ts";
import { EventKind } from "../../src/trace/model.ts";
import { clipped } from "../../src/trace/range-source.ts";
import { readTrace, readTraceSpans } from "../../src/trace/read.ts";
import { sliceTrace, type SliceOptions } from "../../src/trace/slice.ts";
import { blockBytes, TraceIndexer, type TraceIndex } from "../../src/trace/trace-index.ts";
import { readTraceIndex, writeTraceIndex } from "../../src/trace/trace-index-text.ts";
import { goReader } from "../helpers/go-reader.ts";
import { goldenLists, traceBytes, v2Traces } from "./golden.ts";
import { core } from "./readers.ts";

if (goReader === undefined) console.warn("there is no go: what its reader says of slices is not looked at");
const folder = mkdtempSync(join(tmpdir(), "foretrace-index-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function indexOf(bytes: Uint8Array): Promise<TraceIndex> {
  const indexer = new TraceIndexer(crc32);
  const pieces = [bytes.subarray(0, 70_001), bytes.subarray(70_001)];
  return indexer.finish(await readTraceSpans(indexer.tap(pieces), indexer, { core }, indexer.onSpan))!;
}

type Sliced = { bytes: Buffer; read: number; warnings: string[]; error: string };

async function slice(bytes: Uint8Array, from: number, to: number, options: SliceOptions = {}): Promise<Sliced> {
  let read = 0;
  const warnings: string[] = [];
  const parts: Uint8Array[] = [];
  const open = async function* (begin: number, end: number) {
    for await (const piece of clipped([bytes], begin, end)) {
      read += piece.length;
      yield piece;
    }
  };
  const range = { from: traceNanos(from), to: traceNanos(to) };
  let error = "";
  try {
    for await (const part of sliceTrace(open, range, { core, ...options, onWarning: (text) => warnings.push(text) })) parts.push(part);
  } catch (failure) {
    error = (failure as Error).message;
  }
  return { bytes: Buffer.concat(parts), read, warnings, error };
}

const names = [
  "esbuild-0.28.2-go1.26.5-cpuprofile.trace",
  "esbuild-0.28.2-go1.26.5-watch.trace",
  "esbuild-0.28.2-go1.26.5-small.trace",
  "esbuild-0.27.7-go1.25.7-small.trace",
  "esbuild-0.23.1-go1.22.5-big.trace",
  "esbuild-0.24.2-go1.23.1-killed.trace",
].filter((name) => v2Traces.includes(name));

describe.each(names)("the index of %s", (name) => {
  const bytes = traceBytes(name)!;
  const made = indexOf(bytes);

  test("says what is in each generation, without gap or overlap", async () => {
    const index = await made;
    const { events, error } = goldenLists[name]!;
    expect(index.events).toBe(events);
    expect(index.error?.message ?? "").toContain(error);
    expect(index.bytes).toBe(bytes.length);
    let end = 16;
    let last = -1;
    let counted = 0;
    for (const generation of index.generations) {
      expect(generation.begin).toBe(end);
      expect(generation.from).toBeGreaterThan(last);
      expect(generation.to).toBeGreaterThanOrEqual(generation.from);
      expect(generation.counts[EventKind.Sync]).toBe(1);
      expect(generation.clock === undefined).toBe(index.info.version < 25);
      ({ end, to: last } = generation);
      counted += generation.counts.reduce((sum, count) => sum + count, 0);
    }
    // The closing Sync belongs to no generation; after an error there is what came before it.
    expect(error === "" ? counted + 1 : Math.min(counted + 1, events)).toBe(error === "" ? events : counted + 1);
  });

  test("gives the slices that there are without it, which Go's reader accepts", async () => {
    const index = await made;
    const { generations } = index;
    const borders = generations.flatMap(({ from, to }) => [from, to]);
    const ranges = [
      [0, 0],
      [0, Number.POSITIVE_INFINITY],
      [index.end + 1, index.end + 10],
      ...borders.slice(-8).map((at) => [at - 1, at + 1]),
      ...generations.slice(0, 4).map(({ from, to }) => [from + (to - from) / 3, from + (to - from) / 2]),
      ...generations.slice(-3).map(({ from, to }) => [(from + to) / 2, to + 5e8]),
    ];
    for (const [from, to] of ranges as [number, number][]) {
      const without = await slice(bytes, from, to);
      const withIndex = await slice(bytes, from, to, { index: { of: index, crc32 } });
      expect({ from, to, ...withIndex, read: 0 }).toEqual({ from, to, ...without, read: 0 });
      if (without.error !== "") continue;
      const covering = generations.filter((generation) => generation.to >= from && generation.from <= to);
      expect(withIndex.read).toBeLessThanOrEqual(16 + 2 * (covering.at(-1)!.end - covering[0]!.begin) + 2 * blockBytes);
      const outcome = await readTrace([withIndex.bytes], { event() {} }, { core });
      expect(outcome.error).toBeUndefined();
      expect(outcome.generations).toBe(covering.length);
      if (goReader === undefined) continue;
      const file = join(folder, "slice.trace");
      writeFileSync(file, withIndex.bytes);
      expect(goReader(file)).toEqual({ events: outcome.events, error: "" });
    }
  });

  test("is noticed when the trace is another one", async () => {
    const index = await made;
    const [first] = index.generations;
    const changed = Uint8Array.from(bytes);
    changed[first!.begin + 40]! ^= 1;
    const got = await slice(changed, first!.from, first!.to, { index: { of: index, crc32 } });
    expect(got.warnings[0]).toMatch(/the index does not fit the trace any more/);
    const without = await slice(changed, first!.from, first!.to);
    expect({ ...got, warnings: got.warnings.slice(1), read: 0 }).toEqual({ ...without, read: 0 });
    const longer = await slice(Buffer.concat([bytes.subarray(0, 3 * 4096)]), first!.from, first!.to, { index: { of: index, crc32 } });
    expect(longer.warnings[0]).toMatch(/the index does not fit/);
  });

  test("comes back from its file form", async () => {
    const index = await made;
    const file = { bytes: 12, fingerprint: 0xfedcba98 };
    const text = writeTraceIndex(index, file, crc32);
    expect(readTraceIndex(text, crc32)).toEqual({ index, file });
    expect(text.length).toBeLessThan(300 + 300 * index.generations.length + (bytes.length / blockBytes) * 12);
  });
});

test("a range that reaches into the broken part says so", async () => {
  const name = "esbuild-0.24.2-go1.23.1-killed.trace";
  const bytes = traceBytes(name);
  if (bytes === undefined) return;
  const index = await indexOf(bytes);
  const last = index.generations.at(-1)!;
  for (const options of [{}, { index: { of: index, crc32 } }]) {
    const inside = await slice(bytes, last.from, last.to, options);
    expect(inside.warnings).toEqual([]);
    const beyond = await slice(bytes, last.from, last.to + 60e9, options);
    expect(beyond.bytes.equals(inside.bytes)).toBe(true);
    expect(beyond.warnings).toEqual([expect.stringMatching(/breaks off behind generation \d+, .* after its first event: .*at byte \d+/)]);
    const after = await slice(bytes, last.to + 1, last.to + 2, options);
    expect(after.error).toMatch(/no event of the trace lies between .*; the trace ends at .*, where it breaks off: /);
  }
});

describe("an index file", () => {
  const text = indexOf(traceBytes("esbuild-0.28.2-go1.26.5-small.trace")!).then((index) =>
    writeTraceIndex(index, { bytes: 1, fingerprint: 2 }, crc32),
  );

  test("with any change is refused, never misread", async () => {
    const whole = await text;
    const border = whole.indexOf("\n");
    fc.assert(
      fc.property(fc.nat(whole.length - 2), fc.string({ minLength: 0, maxLength: 3 }), (at, put) => {
        const changed = whole.slice(0, at) + put + whole.slice(at + 1);
        const found = readTraceIndex(changed, crc32);
        return "reason" in found || changed.trimEnd() === whole.trimEnd();
      }),
    );
    expect(readTraceIndex(whole.slice(0, border + 20), crc32)).toEqual({ reason: "it is damaged" });
  });

  test("of anything else is refused", async () => {
    expect(readTraceIndex("", crc32)).toEqual({ reason: "it is no trace index" });
    expect(readTraceIndex("{}\n", crc32)).toEqual({ reason: "it is no trace index" });
    const later = (await text).replace(/^foretrace-trace-index \d+/, "foretrace-trace-index 99");
    expect(readTraceIndex(later, crc32)).toEqual({
      reason: expect.stringMatching(/version 99 of the index format.*knows version 1/) as string,
    });
    fc.assert(
      fc.property(fc.string(), (anything) => {
        expect(readTraceIndex(anything, crc32)).toHaveProperty("reason");
      }),
    );
  });
});
