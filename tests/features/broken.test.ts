/** Broken traces: whatever the reader still delivers, features take it without a fault of their own, and give numbers that are numbers. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { createGridSeries, type GridCell } from "../../src/features/grid.ts";
import { createSummary } from "../../src/features/summary.ts";
import { createTimeline } from "../../src/features/timeline.ts";
import type { FeatureWindow } from "../../src/features/window.ts";
import { epochMillis } from "../../src/lib/units.ts";
import { isForetraceError } from "../../src/lib/errors.ts";
import { readTrace } from "../../src/trace/read.ts";
import { tee } from "./traces.ts";

/** Five generations: the first ones of a broken copy are mostly whole. */
const packed = join(import.meta.dirname, "..", "fixtures", "traces", "esbuild-0.28.2-go1.26.5-watch.trace.gz");
const bytes = gunzipSync(readFileSync(packed));
const change = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), value: fc.integer({ min: 0, max: 255 }) });

it("a trace with changed bytes, cut anywhere", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 4 }), fc.double({ min: 0.3, max: 1, noNaN: true }), async (changes, share) => {
      const broken = Uint8Array.from(bytes.subarray(0, Math.max(16, Math.floor(bytes.length * share))));
      // The header stays, so that it is a trace.
      for (const { at, value } of changes) broken[16 + Math.floor(at * (broken.length - 16))] = value;
      const windows: FeatureWindow[] = [];
      const cells: GridCell[] = [];
      const summary = createSummary({ windowNanos: 1e7, onWindow: (window) => windows.push(window) });
      const grid = createGridSeries({ gridMillis: 10, origin: epochMillis(1.7e12), onCell: (cell) => cells.push(cell) });
      const timeline = createTimeline({ from: 0, to: Number.POSITIVE_INFINITY, width: 300 });
      // Time stamps far apart make more windows than are allowed, which is the one error that features raise.
      const error = await readTrace([broken], tee([summary, grid, timeline])).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error === undefined || (isForetraceError(error) && error.code === "too_many_windows")).toBe(true);
      grid.finish();
      for (const { values } of [...windows, ...cells]) {
        for (const value of values.values()) expect(Number.isFinite(value) && value >= 0).toBe(true);
      }
      const text = JSON.stringify([summary.finish(), timeline.finish()], (_key, value: unknown) =>
        typeof value === "number" && !Number.isFinite(value) ? "not finite" : value,
      );
      expect(text).not.toContain("not finite");
    }),
    { numRuns: 25 },
  );
});
