import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { TimelineLane } from "../../src/web/api-types.ts";
import { keyView } from "../../src/web/timeline/gestures.ts";
import { lastAtOrBefore, layoutRows, rowAt, spanAt, visibleUsage } from "../../src/web/timeline/layout.ts";
import { clampView, formatOffset, formatWall, niceTicks, panView, shortestView, zoomView } from "../../src/web/timeline/view.ts";

const bounds = { from: 0, to: 1e9 };
const view = fc
  .tuple(fc.integer({ min: -1e9, max: 2e9 }), fc.integer({ min: 1, max: 2e9 }))
  .map(([from, length]) => ({ from, to: from + length }));

describe("views", () => {
  test("stay inside the trace and never get shorter than the shortest", () => {
    fc.assert(
      fc.property(view, fc.double({ min: 0.001, max: 100, noNaN: true }), fc.integer({ min: -1e9, max: 2e9 }), (given, factor, at) => {
        const inside = clampView(given, bounds);
        for (const next of [inside, zoomView(inside, factor, at, bounds), panView(inside, factor, bounds)]) {
          expect(next.from).toBeGreaterThanOrEqual(0);
          expect(next.to).toBeLessThanOrEqual(1e9);
          expect(next.to - next.from).toBeGreaterThanOrEqual(shortestView - 1);
        }
      }),
    );
  });

  test("zooming keeps the instant under the pointer where it is", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.05, max: 0.95, noNaN: true }), fc.double({ min: 0.2, max: 0.9, noNaN: true }), (share, factor) => {
        const from = { from: 3e8, to: 6e8 };
        const at = from.from + share * 3e8;
        const next = zoomView(from, factor, at, bounds);
        expect(Math.abs((at - next.from) / (next.to - next.from) - share)).toBeLessThan(1e-6);
      }),
    );
  });

  test("keys: zoom, move, whole, ends; others mean nothing", () => {
    const now = { from: 4e8, to: 6e8 };
    expect(keyView("+", false, now, bounds)).toEqual({ from: 4.4e8, to: 5.6e8 });
    expect(keyView("-", false, keyView("+", false, now, bounds)!, bounds)).toEqual(now);
    expect(keyView("ArrowRight", false, now, bounds)).toEqual({ from: 4.3e8, to: 6.3e8 });
    expect(keyView("0", false, now, bounds)).toEqual(bounds);
    expect(keyView("Home", false, now, bounds)).toEqual({ from: 0, to: 2e8 });
    expect(keyView("End", false, now, bounds)).toEqual({ from: 8e8, to: 1e9 });
    expect(keyView("x", false, now, bounds)).toBeUndefined();
  });
});

test("ticks are multiples of 1, 2 or 5 × 10^k, inside the range, at most as many as asked", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 1e10, noNaN: true }),
      fc.double({ min: 200, max: 1e10, noNaN: true }),
      fc.integer({ min: 1, max: 20 }),
      (from, length, most) => {
        const { step, ticks } = niceTicks(from, from + length, most);
        expect([1, 2, 5]).toContain(Math.round(step / 10 ** Math.floor(Math.log10(step) + 1e-9)));
        expect(ticks.length).toBeLessThanOrEqual(most + 1);
        for (const tick of ticks) {
          expect(tick).toBeGreaterThanOrEqual(from - step * 1e-6);
          expect(tick).toBeLessThanOrEqual(from + length + step * 1e-6);
        }
      },
    ),
  );
});

test("offsets and wall clock have the digits their step needs", () => {
  expect(formatOffset(1_234_567_890, 1e6)).toBe("1\u202f235");
  expect(formatOffset(1_234_567_890, 1e3)).toBe("1\u202f234.568");
  expect(formatOffset(0, 1e8)).toBe("0");
  const at = Date.parse("2026-11-24T13:05:09.123Z");
  expect(formatWall(at, 1e9)).toBe("13:05:09");
  expect(formatWall(at, 1e6)).toBe("13:05:09.123");
  expect(formatWall(at + 0.456, 1e3)).toBe("13:05:09.123456");
});

const lane = (kind: TimelineLane["kind"], id: number, spans: [number, number, number, number?][] = []): TimelineLane => ({
  kind,
  id,
  label: `${kind}${id}`,
  start: spans.map(([start]) => start),
  end: spans.map(([, end]) => end),
  name: spans.map(([, , name]) => name),
  goroutine: spans.map(() => 1),
  share: spans.map(([, , , share]) => share ?? 1),
});

describe("layout", () => {
  test("pauses, GC and assists above the processors in their order, counters below; nothing overlaps", () => {
    const counter = { label: "Runnable", unit: "", t: [], v: [] };
    const { rows, height } = layoutRows({ lanes: [lane("proc", 10), lane("proc", 2), lane("gc", 0), lane("stw", 0)], counters: [counter] });
    expect(rows.map((row) => (row.type === "lane" ? row.lane.label : row.counter.label))).toEqual([
      "stw0",
      "gc0",
      "proc2",
      "proc10",
      "Runnable",
    ]);
    rows.forEach((row, index) => expect(row.y).toBeGreaterThanOrEqual(index === 0 ? 44 : rows[index - 1]!.y + rows[index - 1]!.height));
    expect(height).toBeGreaterThan(rows.at(-1)!.y + rows.at(-1)!.height);
    for (const row of rows) expect(rowAt({ rows, height, axis: 44 }, row.y + 1)).toBe(row);
  });

  test("128 processors stay on a screen or two", () => {
    expect(layoutRows({ lanes: Array.from({ length: 128 }, (_, id) => lane("proc", id)), counters: [] }).height).toBeLessThan(1700);
  });

  test("the span under the pointer, or the nearest within reach", () => {
    const spans = lane("proc", 0, [
      [10, 20, 0],
      [30, 31, 1],
    ]);
    expect([9, 10, 19, 20, 30, 31].map((at) => spanAt(spans, at))).toEqual([-1, 0, 0, 0, 1, 1]);
    expect(spanAt(spans, 27, 5)).toBe(1);
    expect(spanAt(spans, 25, 2)).toBe(-1);
  });

  test("lastAtOrBefore is what a scan finds", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(100)), fc.nat(110), (list, at) => {
        const sorted = list.sort((a, b) => a - b);
        expect(lastAtOrBefore(sorted, at)).toBe(sorted.findLastIndex((value) => value <= at));
      }),
    );
  });

  test("usage: time inside the view only, merged spans by their busy share, of all processors", () => {
    const timeline = {
      from: 0,
      to: 100,
      names: ["a", "b"],
      counters: [],
      lanes: [
        lane("proc", 0, [
          [0, 40, 0],
          [60, 80, 1],
        ]),
        lane("proc", 1, [[50, 90, -1, 0.5]]),
        lane("gc", 0, [[0, 100, 0]]),
      ],
    };
    expect(visibleUsage(timeline, { from: 20, to: 70 })).toEqual([
      { name: 0, nanos: 20, share: 0.2 },
      { name: 1, nanos: 10, share: 0.1 },
      { name: -1, nanos: 10, share: 0.1 },
    ]);
  });
});
