/** Gaps, clocks of traces, stored models of several grids, turns, jobs' ids and inputs. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { jobId } from "../../src/jobs/enqueue.ts";
import { markGaps } from "../../src/jobs/gaps.ts";
import { checkInput } from "../../src/jobs/inputs.ts";
import { joinParts, splitParts } from "../../src/jobs/parts.ts";
import { originOf } from "../../src/jobs/trace-clock.ts";
import { createTurns } from "../../src/jobs/turns.ts";
import { isForetraceError } from "../../src/lib/errors.ts";
import { epochMillis, traceNanos } from "../../src/lib/units.ts";
import { isStale } from "../../src/store/series/stale.ts";

const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return isForetraceError(error) ? error.code : String(error);
  }
  return "none";
};

describe("gaps", () => {
  const samples = (...rows: number[]) => rows.map((row) => ({ t: epochMillis(row * 1000), v: row }));
  const shown = (rows: readonly { t: number; v: number }[]) => rows.map(({ t, v }) => (isStale(v) ? `end ${t / 1000}` : t / 1000));
  test("a marker where the follower is missing, up to the end of what was looked at", () => {
    expect(shown(markGaps(samples(1, 2, 5, 6), 1000, 9000))).toEqual([1, 2, "end 3", 5, 6, "end 7"]);
    expect(shown(markGaps(samples(1, 2), 1000, 2500))).toEqual([1, 2]);
    expect(markGaps([], 1000, 9000)).toEqual([]);
  });
  test("marking again what is marked changes nothing", () => {
    const rows = fc.uniqueArray(fc.integer({ min: 0, max: 50 }), { maxLength: 30 }).map((list) => list.sort((a, b) => a - b));
    fc.assert(
      fc.property(rows, (list) => {
        const once = markGaps(samples(...list), 1000, 60_000);
        const observed = once.filter(({ v }) => !isStale(v));
        expect(shown(markGaps(observed, 1000, 60_000))).toEqual(shown(once));
        expect(observed.map(({ v }) => v)).toEqual(list);
      }),
    );
  });
});

describe("when a trace was", () => {
  const record = { uploadedAt: epochMillis(1_000_000) };
  test("its own clock before what was said, what was said before the upload", () => {
    const told = { ...record, recordedAt: epochMillis(500_000) };
    expect(originOf(told, [epochMillis(400_000.5)], undefined)).toEqual({ at: 400_000.5, clock: "snapshot", errorMillis: 1 });
    expect(originOf(told, [], undefined)).toEqual({ at: 500_000, clock: "recorded_at", errorMillis: 1000 });
    expect(originOf(record, [], undefined)).toBeUndefined();
    expect(originOf(record, [], traceNanos(2e9))).toEqual({ at: 998_000, clock: "upload", errorMillis: undefined });
  });
  test("snapshots that disagree widen the error; a shift moves every kind", () => {
    const snapshots = [400_000, 400_003, 399_998].map(epochMillis);
    expect(originOf(record, snapshots, undefined)).toMatchObject({ at: 400_000, errorMillis: 4 });
    const shifted = { ...record, clockShiftMillis: 50 };
    expect(originOf(shifted, snapshots, undefined)!.at).toBe(400_050);
    expect(originOf(shifted, [], traceNanos(1e9))!.at).toBe(999_050);
  });
});

describe("models of several grids in one", () => {
  const part = (step: number, ...bytes: number[]) => ({
    step,
    season: 1,
    horizon: 2,
    saved: { manifest: { model: `m${step}`, format: 1 }, weights: Uint8Array.from(bytes) },
  });
  test("what goes in comes out, each part's weights where float32 may stand", () => {
    const parts = [part(1000, 1, 2, 3), part(2000), part(3000, 4, 5, 6, 7)];
    const found = splitParts(joinParts(parts));
    expect(found).toEqual(parts);
    for (const { saved } of found) expect(saved.weights.byteOffset % 4).toBe(0);
  });
  test("another form, or weights that were cut, is refused", () => {
    const joined = joinParts([part(1000, 1, 2, 3)]);
    expect(codeOf(() => splitParts({ ...joined, weights: joined.weights.subarray(1) }))).toBe("model_incompatible");
    expect(codeOf(() => splitParts(part(1, 1).saved))).toBe("model_incompatible");
    expect(codeOf(() => splitParts({ manifest: { ...joined.manifest, format: 2 }, weights: joined.weights }))).toBe("model_incompatible");
  });
});

test("turns: the same work is told at its end that it was asked for again, once", () => {
  const turns = createTurns();
  expect(turns.ask("a")).toBe(false);
  expect(turns.begin("a")).toBe(true);
  expect(turns.begin("b")).toBe(true);
  expect(turns.begin("a")).toBe(false);
  expect(turns.ask("a")).toBe(true);
  expect(turns.end("a")).toBe(true);
  expect(turns.end("b")).toBe(false);
  expect(turns.begin("a")).toBe(true);
  expect(turns.end("a")).toBe(false);
});

test("a job's id does not depend on the order of keys, and on everything else", () => {
  expect(jobId("score", { target: "a", renew: true })).toBe(jobId("score", { renew: true, target: "a" }));
  const ids = [
    jobId("score", { target: "a" }),
    jobId("train", { target: "a" }),
    jobId("score", { target: "b" }),
    jobId("score", { target: "a", renew: true }),
  ];
  expect(new Set(ids).size).toBe(4);
});

test("inputs: each form that is taken, and what is not", () => {
  expect(checkInput("ingest", { target: "a", source: "prometheus" })).toEqual({ target: "a", source: "prometheus" });
  expect(checkInput("ingest", { target: "a", file: "f", shiftMillis: 1 })).toBeDefined();
  expect(checkInput("report", {})).toEqual({});
  const wrong: [Parameters<typeof checkInput>[0], unknown][] = [
    ["ingest", { target: "a" }],
    ["ingest", { target: "", source: "prometheus" }],
    ["ingest", { target: "a", trace: "x", file: "y" }],
    ["extract", { trace: 1 }],
    ["train", { target: "a", more: 1 }],
    ["report", { from: "yesterday" }],
    ["score", null],
  ];
  for (const [name, input] of wrong) expect(codeOf(() => checkInput(name, input))).toBe("bad_usage");
});
