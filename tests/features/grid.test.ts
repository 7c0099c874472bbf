/** The wall-clock grid: where cells lie, which are given, how amounts are scaled, what is an explicit zero. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { catalogue, isAmount, isZeroWhenAbsent } from "../../src/features/catalogue.ts";
import { createCoreSeries } from "../../src/features/core-series.ts";
import { createGridSeries, type GridCell } from "../../src/features/grid.ts";
import type { FeatureWindow } from "../../src/features/window.ts";
import { epochMillis } from "../../src/lib/units.ts";
import type { TraceVisitor } from "../../src/trace/model.ts";
import { feed, hasTraces } from "./traces.ts";

const isUnlabelledZero = ({ name, labels, set }: (typeof catalogue)[number]): boolean =>
  set === "core" && Object.keys(labels).length === 0 && isZeroWhenAbsent(name);

describe.skipIf(!hasTraces)("a real trace of 45 ms on a grid of 10 ms, begun 4.25 ms into a cell", () => {
  const trace = "tsgolint-7.0.2007-go1.26.10-tiny";
  const origin = epochMillis(1_795_374_318_424.25);
  it("each cell is the core series' window of the same time, scaled where it is covered in part", async () => {
    const cells: GridCell[] = [];
    const windows: FeatureWindow[] = [];
    const grid = createGridSeries({ gridMillis: 10, origin, onCell: (cell) => cells.push(cell) });
    // The grid's borders as windows of the trace: the first after 5.75 ms.
    const core = createCoreSeries({ windowNanos: 10e6, firstWindowNanos: 5.75e6, onWindow: (window) => windows.push(window) });
    await feed(trace, "list", grid);
    await feed(trace, "list", core);
    grid.finish();
    core.finish();
    const given = windows.filter(({ length }) => length >= 5e6);
    expect(cells.map(({ end }) => end)).toEqual(given.map(({ index }) => 1_795_374_318_430 + index * 10));
    expect(cells[0]!.covered).toBeCloseTo(0.575, 9);
    for (const [i, { values, covered }] of cells.entries()) {
      const window = given[i]!;
      expect(covered).toBe(window.length / 10e6);
      for (const [name, value] of window.values) expect(values.get(name)).toBe(isAmount(name) && covered < 1 ? value / covered : value);
      for (const { name } of catalogue.filter(isUnlabelledZero)) expect(window.values.has(name) || values.get(name) === 0).toBe(true);
    }
  });

  it("a label set that was seen is zero from then on, and absent before", async () => {
    const cells: GridCell[] = [];
    const grid = createGridSeries({ gridMillis: 1, origin, onCell: (cell) => cells.push(cell) });
    await feed(trace, "list", grid);
    grid.finish();
    const name = 'go_trace_stw_count{kind="GC mark termination"}';
    const first = cells.findIndex(({ values }) => (values.get(name) ?? 0) > 0);
    expect(first).toBeGreaterThan(0);
    expect(cells.slice(0, first).every(({ values }) => !values.has(name))).toBe(true);
    expect(cells.slice(first).every(({ values }) => values.has(name))).toBe(true);
    expect(cells.slice(first).some(({ values }) => values.get(name) === 0)).toBe(true);
    // Quantiles are never made up.
    const [count, quantile] = ["go_trace_sched_latency_seconds_count", 'go_trace_sched_latency_seconds{quantile="1"}'];
    expect(cells.every(({ values }) => values.has(quantile) === values.get(count)! > 0)).toBe(true);
    expect(cells.some(({ values }) => values.get(count) === 0)).toBe(true);
  });
});

/** A trace of Syncs only, from 0 to `nanos`. */
function play(visitor: TraceVisitor, nanos: number): void {
  visitor.start?.({ version: 26, origin: 0n });
  for (const [ordinal, time] of [0, nanos].entries()) visitor.event(0, time as never, -1, -1, -1, 0, ordinal + 1, 0, 0, 0, 0, 0);
}

describe("cells", () => {
  it("lie on multiples of the grid, follow each other, cover the trace but for the ends, and are covered at least half", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60_000 }),
        fc.double({ min: 1.6e12, max: 1.9e12, noNaN: true }),
        fc.integer({ min: 1, max: 400 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (gridMillis, origin, whole, part) => {
          const nanos = Math.max(1, Math.round((whole + part) * gridMillis * 1e6));
          const cells: GridCell[] = [];
          const grid = createGridSeries({ gridMillis, origin: epochMillis(origin), onCell: (cell) => cells.push(cell) });
          play(grid, nanos);
          grid.finish();
          const end = origin + nanos / 1e6;
          for (const [i, cell] of cells.entries()) {
            expect(cell.end % gridMillis).toBe(0);
            expect(cell.end).toBe(cells[0]!.end + i * gridMillis);
            expect(cell.covered).toBeGreaterThanOrEqual(0.5);
            expect(cell.covered).toBeLessThanOrEqual(1);
            const overlap = (Math.min(end, cell.end) - Math.max(origin, cell.end - gridMillis)) / gridMillis;
            // A double of milliseconds holds 0.25 µs at these times.
            expect(Math.abs(cell.covered - overlap)).toBeLessThan(0.001 / gridMillis);
          }
          const covered = cells.reduce((sum, cell) => sum + cell.covered, 0) * gridMillis;
          expect(nanos / 1e6 - covered).toBeLessThanOrEqual(gridMillis + 0.001);
        },
      ),
      { numRuns: 60 },
    );
  });

  it.each([
    ["inside one cell", 12_000, 1_000, [{ end: 20_000, covered: 0.1 }]],
    ["mostly behind a border", 9_000, 4_000, [{ end: 20_000, covered: 0.3 }]],
    ["too little of either cell", 9_900, 300, []],
  ])("a trace shorter than half a cell, %s: the cell covered most, if any", (_, begin, millis, expected) => {
    const cells: GridCell[] = [];
    const grid = createGridSeries({ gridMillis: 10_000, origin: epochMillis(begin), onCell: (cell) => cells.push(cell) });
    play(grid, millis * 1e6);
    grid.finish();
    expect(cells.map(({ end, covered }) => ({ end, covered }))).toEqual(expected);
    // The last Sync lies in the cell; the first one does where the trace begins in it. Amounts are those of a full cell.
    const events = begin >= 10_000 ? 2 : 1;
    for (const { values, covered } of cells) expect(values.get("go_trace_events")! * covered).toBeCloseTo(events, 9);
  });

  it("a trace that begins on a border fills the cell that follows", () => {
    const cells: GridCell[] = [];
    const grid = createGridSeries({ gridMillis: 10_000, origin: epochMillis(1_700_000_000_000), onCell: (cell) => cells.push(cell) });
    play(grid, 25e9);
    grid.finish();
    expect(cells.map(({ end, covered }) => [end, covered])).toEqual([
      [1_700_000_010_000, 1],
      [1_700_000_020_000, 1],
      [1_700_000_030_000, 0.5],
    ]);
  });

  it.each([
    { gridMillis: 0, origin: 0 },
    { gridMillis: 1.5, origin: 0 },
    { gridMillis: 10, origin: Number.NaN },
  ])("refuses %j", ({ gridMillis, origin }) => {
    expect(() => createGridSeries({ gridMillis, origin: epochMillis(origin), onCell: () => {} })).toThrow(
      expect.objectContaining({ code: "bad_usage" }),
    );
  });
});
