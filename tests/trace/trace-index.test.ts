/** With an index a slice is the same as without, from fewer bytes; an index that does not fit is noticed. */
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EventKind } from "../../src/trace/model.ts";
import { blockBytes } from "../../src/trace/trace-index.ts";
import { readTraceIndex, writeTraceIndex } from "../../src/trace/trace-index-text.ts";
import { mutate } from "./damage.ts";
import { goldenLists, traceBytes, v2Traces } from "./golden.ts";
import { checkSlice, checkValid, indexOf, slice } from "./slicing.ts";

const names = [
  "esbuild-0.28.2-go1.26.5-cpuprofile.trace",
  "esbuild-0.28.2-go1.26.5-watch.trace",
  "esbuild-0.28.2-go1.26.5-small.trace",
  "esbuild-0.27.7-go1.25.7-small.trace",
  "esbuild-0.23.1-go1.22.5-small.trace",
  "esbuild-0.24.2-go1.23.1-killed.trace",
].filter((name) => v2Traces.includes(name));

describe.each(names)("the index of %s", (name) => {
  const bytes = traceBytes(name)!;
  const made = indexOf(bytes);

  test("says what is in each generation, without gap or overlap", async () => {
    const index = (await made)!;
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
    const index = (await made)!;
    const { generations } = index;
    const borders = generations.flatMap(({ from, to }) => [from, to]);
    const ranges = [
      [0, 0],
      [0, Number.POSITIVE_INFINITY],
      [index.end + 1, index.end + 10],
      ...borders.slice(-4).map((at) => [at - 1, at + 1]),
      ...generations.slice(0, 2).map(({ from, to }) => [from + (to - from) / 3, from + (to - from) / 2]),
      ...generations.slice(-2).map(({ from, to }) => [(from + to) / 2, to + 5e8]),
    ];
    let covered = 0;
    for (const [from, to] of ranges as [number, number][]) covered += await checkSlice(bytes, index, from, to);
    expect(covered).toBeGreaterThanOrEqual(generations.length);
  });

  test("is noticed when the trace is another one", async () => {
    const index = (await made)!;
    const [first] = index.generations;
    const changed = Uint8Array.from(bytes);
    changed[first!.begin + 40]! ^= 1;
    const got = await slice(changed, first!.from, first!.to, index);
    expect(got.warnings[0]).toMatch(/the index does not fit the trace any more/);
    const without = await slice(changed, first!.from, first!.to);
    expect({ ...got, warnings: got.warnings.slice(1), read: 0 }).toEqual({ ...without, read: 0 });
    const longer = await slice(Buffer.concat([bytes.subarray(0, 3 * 4096)]), first!.from, first!.to, index);
    expect(longer.warnings[0]).toMatch(/the index does not fit/);
  });

  test("comes back from its file form", async () => {
    const index = (await made)!;
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
  const index = (await indexOf(bytes))!;
  const last = index.generations.at(-1)!;
  for (const known of [undefined, index]) {
    const inside = await slice(bytes, last.from, last.to, known);
    expect(inside.warnings).toEqual([]);
    const beyond = await slice(bytes, last.from, last.to + 60e9, known);
    expect(beyond.bytes.equals(inside.bytes)).toBe(true);
    expect(beyond.warnings).toEqual([expect.stringMatching(/breaks off behind generation \d+, .* after its first event: .*at byte \d+/)]);
    const after = await slice(bytes, last.to + 1, last.to + 2, known);
    expect(after.error).toMatch(/no event of the trace lies between .*; the trace ends at .*, where it breaks off: /);
  }
});

describe("an index file", () => {
  const text = indexOf(traceBytes("esbuild-0.28.2-go1.26.5-small.trace")!).then((index) =>
    writeTraceIndex(index!, { bytes: 1, fingerprint: 2 }, crc32),
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

test("damaged traces: a slice is a valid trace or a known error, and an index of the undamaged one changes nothing", async () => {
  const names = ["esbuild-0.28.2-go1.26.5-cpuprofile.trace", "esbuild-0.28.2-go1.26.5-small.trace"];
  let valid = 0;
  for (let seed = 0; seed < 40; seed++) {
    const bytes = traceBytes(names[seed % 2]!)!;
    const index = (await indexOf(bytes))!;
    const damaged = mutate(bytes, 77_000 + seed);
    const at = (seed % 7) / 7;
    const [from, to] = [index.end * at, index.end * at + 2e7];
    const without = await slice(damaged, from, to);
    const { warnings, ...withIndex } = await slice(damaged, from, to, index);
    const stale = warnings[0]?.includes("does not fit") === true;
    // Where the generations of the range are undamaged the index leads to them, also behind a break.
    expect(stale ? { ...withIndex, read: 0, warnings: warnings.slice(1) } : { ...without, read: 0 }).toEqual({ ...without, read: 0 });
    for (const { bytes: cut } of [without, withIndex]) {
      if (cut.length === 0) continue;
      await checkValid(cut);
      valid++;
    }
  }
  expect(valid).toBeGreaterThan(20);
});
