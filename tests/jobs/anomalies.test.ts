/** Windows of several scorings → records: ids and beginnings that last, links to the slices that cover them. */
import { expect, test } from "vitest";
import { contributionsOf, joinAnomalies, scoredRange, withTraces } from "../../src/jobs/anomalies.ts";
import type { ScoredFrame } from "../../src/jobs/workers/score.ts";
import { epochMillis } from "../../src/lib/units.ts";
import type { AnomalyRecord, TraceRecord } from "../../src/store/ports.ts";

const step = 10_000;
type Window = { start: number; end: number; peak?: number; peakScore?: number; open?: boolean; series?: string };
function scoredFrame(start: number, rows: number, windows: readonly Window[], firstScored = 0): ScoredFrame {
  return {
    start,
    step,
    threshold: 2,
    ratios: new Float64Array(rows),
    firstScored,
    windows: windows.map(({ start: from, end, peak = from, peakScore = 1.5, open = false, series = "a" }) => ({
      start: from,
      end,
      peak,
      peakScore,
      open,
      contributions: [{ labels: { __name__: series }, share: 1, observed: 1, expected: 0 }],
    })),
  };
}
function join(frame: ScoredFrame, known: readonly AnomalyRecord[] = [], modelId = "m"): AnomalyRecord[] {
  const range = scoredRange([frame])!;
  // What the store gives: records that touch the range.
  const touching = known.filter(({ from, to }) => from <= range.to && to >= range.from);
  return joinAnomalies({ target: "t", modelId, frames: [frame] }, touching, range);
}

test("a row stands for the cell that ends at it: one row makes a window of one step", () => {
  const [record] = join(scoredFrame(1_000_000, 100, [{ start: 50, end: 51 }]));
  expect(record).toMatchObject({
    from: 1_000_000 + 49 * step,
    to: 1_000_000 + 50 * step,
    peakAt: 1_000_000 + 50 * step,
    peakScore: 1.5,
    threshold: 2,
  });
});

test("the range begins with the first scored row and is undefined without one", () => {
  expect(scoredRange([scoredFrame(1_000_000, 100, [], 5)])).toEqual({ from: 1_000_000 + 4 * step, to: 1_000_000 + 99 * step });
  expect(scoredRange([scoredFrame(1_000_000, 100, [], 100)])).toBeUndefined();
});

test("an open window keeps its id while it grows, also under a new model that sees it begin elsewhere", () => {
  const [first] = join(scoredFrame(0, 100, [{ start: 95, end: 100, open: true }]));
  const [grown] = join(scoredFrame(100_000, 100, [{ start: 85, end: 95 }]), [first!]);
  expect(grown).toMatchObject({ id: first!.id, from: first!.from, to: 100_000 + 94 * step, open: false });
  const [moved] = join(scoredFrame(100_000, 100, [{ start: 83, end: 95 }]), [grown!], "newer");
  expect(moved).toMatchObject({ id: first!.id, from: 100_000 + 82 * step, modelId: "newer" });
});

test("of a window that slides out of what is scored, beginning and peak stay as they were seen", () => {
  const [whole] = join(scoredFrame(0, 100, [{ start: 50, end: 70, peak: 55, peakScore: 9 }]));
  const later = join(scoredFrame(600_000, 100, [{ start: 0, end: 10, peakScore: 2 }]), [whole!]);
  expect(later).toEqual([{ ...whole!, to: 600_000 + 9 * step }]);
  // Nothing of it is found any more in the rest that is scored.
  expect(join(scoredFrame(600_000, 100, []), [whole!])).toEqual([{ ...whole!, open: false }]);
  // It has left the range: the store does not give it, and nothing is said about it.
  expect(join(scoredFrame(2_000_000, 100, []), [whole!])).toEqual([]);
});

test("a window that a new model does not see any more goes; one that splits keeps its id with the first part", () => {
  const [whole] = join(scoredFrame(0, 100, [{ start: 40, end: 60 }]));
  expect(join(scoredFrame(0, 100, []), [whole!])).toEqual([]);
  const parts = join(
    scoredFrame(0, 100, [
      { start: 40, end: 45 },
      { start: 50, end: 60 },
    ]),
    [whole!],
  );
  expect(parts.map(({ id }) => id === whole!.id)).toEqual([true, false]);
  expect(new Set(parts.map(({ id }) => id)).size).toBe(2);
});

test("windows of other series at the same time are others", () => {
  const [one] = join(scoredFrame(0, 100, [{ start: 40, end: 60 }]));
  const [other] = join(scoredFrame(0, 100, [{ start: 41, end: 60, series: "b" }]), [one!]);
  expect(other!.id).not.toBe(one!.id);
});

test("links: the traces that cover part of the window, from where it begins to where it ends", () => {
  const [record] = join(scoredFrame(0, 100, [{ start: 50, end: 60 }]));
  const trace = (id: string, start: number, end: number): TraceRecord => ({
    id,
    target: "t",
    bytes: 1,
    uploadedAt: epochMillis(0),
    status: "extracted",
    start: epochMillis(start),
    end: epochMillis(end),
  });
  const traces = [
    trace("late", 550_000.25, 900_000),
    trace("before", 0, 490_000),
    trace("early", 400_000, 500_000.5),
    trace("touches", 590_000, 700_000),
  ];
  const unread: TraceRecord = { id: "unread", target: "t", bytes: 1, uploadedAt: epochMillis(500_000), status: "stored" };
  const frame = scoredFrame(0, 100, []);
  expect(withTraces(record!, [...traces, unread], [frame]).traces).toEqual([
    { id: "early", url: "/traces/early?from=490000&to=500001" },
    { id: "late", url: "/traces/late?from=550000&to=590000" },
  ]);
  // The row at 570 s lies in the part of "late" alone.
  frame.ratios[57] = 3;
  expect(withTraces(record!, traces, [frame]).traces.map(({ id }) => id)).toEqual(["late", "early"]);
});

test("of a contributing series is said what it was where in the window it moved most; shares are of the scores about the peak", () => {
  const column = (name: string, ...values: number[]) => ({ labels: { __name__: name }, values: Float64Array.from(values) });
  const columns = [column("blip", 1, 1, 9, 1, 1, 1), column("flat", 2, 2, 2, 2, 2, 40), column("load", 5, 5, 6, 5, 0, Number.NaN)];
  const scored = {
    scores: Float64Array.from([0, 1, 1, 4, 2, 0]),
    contributions: [
      [0, 1, 1, 0.5, 0, 0],
      [0, 0, 0, 0, 0, 1],
      [0, 0, 0, 0.5, 1, 0],
    ].map((shares) => Float64Array.from(shares)),
    expected: [1, 2, 5].map((level) => new Float64Array(6).fill(level)),
  };
  const frame = { start: epochMillis(1000), step: 10, length: 6, columns };
  // At the peak (row 3) each of the two looks as expected; (1 + 1 + 2) and (2 + 2) of 8 are theirs.
  expect(contributionsOf(frame, scored, { start: 1, peak: 3, end: 5, open: false, peakScore: 4 })).toEqual([
    { labels: { __name__: "blip" }, share: 0.5, observed: 9, expected: 1, at: 1020 },
    { labels: { __name__: "load" }, share: 0.5, observed: 0, expected: 5, at: 1040 },
  ]);
});
