/** Begins of generations found from headers alone, held against where the reader finds them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findBorders, type Border } from "../../src/trace/borders.ts";
import { headerBytes } from "../../src/trace/header.ts";
import { EventKind } from "../../src/trace/model.ts";
import { readTraceSpans } from "../../src/trace/read.ts";
import { sharedDir } from "../helpers/shared.ts";
import { mutate } from "./damage.ts";

const find = (bytes: Uint8Array, version: number, targets: readonly number[], warmUpBytes = 0): Border[] =>
  findBorders((offset, length) => bytes.subarray(offset, offset + length), { version, begin: headerBytes, targets, warmUpBytes });

/** Begins of the generations, and the threads that had events before each. */
async function begins(bytes: Uint8Array): Promise<{ begin: number; threads: number[] }[]> {
  const found: { begin: number; threads: number[] }[] = [];
  const threads = new Set<number>();
  await readTraceSpans(
    [bytes],
    {
      event(kind, _time, thread) {
        if (kind !== EventKind.Sync && thread >= 0) threads.add(thread);
      },
    },
    {},
    ({ begin }) => found.push({ begin, threads: [...threads].sort((one, two) => one - two) }),
  );
  return found;
}

const watch = gunzipSync(readFileSync(join(import.meta.dirname, "..", "fixtures", "traces", "esbuild-0.28.2-go1.26.5-watch.trace.gz")));

describe("borders", () => {
  const real = sharedDir && join(sharedDir, "traces", "real");
  const of = (name: string): Uint8Array => readFileSync(join(real!, name));
  const cases: [name: string, version: number, bytes: (() => Uint8Array) | undefined][] = [
    [
      "1.22, where a generation ends with the number of the next",
      22,
      real === undefined ? undefined : () => of("esbuild-0.23.1-go1.22.5-big.trace"),
    ],
    ["1.25", 25, real === undefined ? undefined : () => of("esbuild-0.27.7-go1.25.7-big.trace")],
    ["1.26, where a byte ends it", 26, () => watch],
  ];
  for (const [name, version, get] of cases) {
    it.skipIf(get === undefined)(`of Go ${name}`, async () => {
      const bytes = get!();
      const all = await begins(bytes);
      expect(all.length).toBeGreaterThan(2);
      const behind = all.slice(1);
      const borders = find(
        bytes,
        version,
        behind.map(({ begin }) => begin - 1),
      );
      expect(borders.map(({ offset }) => offset)).toEqual(behind.map(({ begin }) => begin));
      expect(borders.map(({ warmUp }) => warmUp)).toEqual(all.slice(0, -1).map(({ begin }) => begin));
      expect(borders.map(({ threads }) => [...threads])).toEqual(behind.map(({ threads }) => threads));
      const length = all[2]!.begin - all[1]!.begin + 1;
      const [far] = find(bytes, version, [0], length);
      expect(far === undefined || far.warmUp <= far.offset - length).toBe(true);
    });
  }

  it("of anything: an answer, ascending, each behind its target and its warm-up", () => {
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom(22, 25, 26), fc.nat(watch.length), (seed, version, target) => {
        for (const bytes of [mutate(watch, seed), mutate(watch.subarray(0, 3000), seed)]) {
          let last = target;
          for (const { offset, warmUp } of find(bytes, version, [target, target + 1, target + 2])) {
            expect(offset).toBeGreaterThanOrEqual(last);
            expect(warmUp).toBeLessThan(offset);
            last = offset;
          }
        }
      }),
      { numRuns: 60 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(22, 26), (bytes, version) => void find(bytes, version, [0])));
  });
});
