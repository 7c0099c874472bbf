/** Raw samples → grids: the rules that frames.ts states, on cases worked out by hand and on random ones. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defaultConfig, loadConfig } from "../../src/jobs/config.ts";
import { framesOf, maxRows, rowTime, stepsOf, trackOf } from "../../src/jobs/frames.ts";
import { fingerprint } from "../../src/jobs/hash.ts";
import { type Sample, seriesKey } from "../../src/lib/series.ts";
import { epochMillis } from "../../src/lib/units.ts";
import { staleMarker } from "../../src/store/series/stale.ts";

const series = (name: string, ...pairs: [t: number, v: number][]) =>
  trackOf({ labels: { __name__: name }, samples: pairs.map(([t, v]): Sample => ({ t: epochMillis(t), v })) });
const every = (step: number | undefined) => () => step;

describe("one grid", () => {
  test("a point takes the last sample of (t − step, t]; the cell that still fills is no row", () => {
    const [frame] = framesOf([series("a", [1000, 1], [1001, 2], [1999, 3], [2000, 4], [2500, 5])], every(1000));
    expect(frame).toMatchObject({ start: 1000, step: 1000, length: 2 });
    expect([...frame!.columns[0]!.values]).toEqual([1, 4]);
    expect(rowTime(frame!, 1)).toBe(2000);
  });

  test("holes, NaN, stale markers and infinities are missing, and nothing is filled in", () => {
    const [frame] = framesOf([series("a", [1000, 1], [2000, NaN], [3000, staleMarker()], [4000, Infinity], [6000, 6])], every(1000));
    expect([...frame!.columns[0]!.values]).toEqual([1, NaN, NaN, NaN, NaN, 6]);
  });

  test("series of one step share a frame from the first to the last point of any; an all-missing one is dropped", () => {
    const [frame, ...others] = framesOf([series("late", [3000, 3]), series("early", [1000, 1]), series("never", [2000, NaN])], every(1000));
    expect(others).toEqual([]);
    expect(frame!.columns.map(({ labels, values }) => [labels["__name__"], [...values]])).toEqual([
      ["early", [1, NaN, NaN]],
      ["late", [NaN, NaN, 3]],
    ]);
  });

  test("random samples: each row is what a plain search finds", () => {
    const samples = fc.uniqueArray(
      fc.record({ t: fc.integer({ min: 0, max: 60_000 }), v: fc.double({ noNaN: true, noDefaultInfinity: true }) }),
      {
        selector: ({ t }) => t,
        minLength: 1,
        maxLength: 60,
      },
    );
    fc.assert(
      fc.property(samples, fc.constantFrom(1000, 2500, 7000), (unordered, step) => {
        const ordered = unordered.toSorted((a, b) => a.t - b.t).map(({ t, v }) => ({ t: epochMillis(t), v }));
        const [frame] = framesOf([trackOf({ labels: { __name__: "a" }, samples: ordered })], every(step));
        const first = Math.ceil(ordered[0]!.t / step) * step;
        const last = Math.floor(ordered.at(-1)!.t / step) * step;
        const expected: number[] = [];
        for (let t = first; t <= last; t += step)
          expected.push(ordered.findLast((sample) => sample.t <= t && sample.t > t - step)?.v ?? Number.NaN);
        const found = expected.every(Number.isNaN) ? [] : [{ start: first, values: expected }];
        expect(frame === undefined ? [] : [{ start: frame.start, values: [...frame.columns[0]!.values] }]).toEqual(found);
      }),
    );
  });

  test("no more than the newest rows are kept, whatever time lies between two samples", () => {
    const [frame] = framesOf([series("a", [1000, 1], [1e12, 2])], every(1000));
    expect(frame!.length).toBe(maxRows);
    expect(rowTime(frame!, frame!.length - 1)).toBe(1e12);
  });
});

describe("several grids", () => {
  test("the step comes from the configuration, for traces from the grid, else from the samples themselves", () => {
    const config = loadConfig(
      "grid: 5s\ntargets: [{ name: t, prometheus: { url: 'http://p', step: 30s, queries: { q: up } } }]",
      "test.yaml",
    );
    const stepOf = stepsOf(config, "t");
    expect(stepOf({ __name__: "go_trace_events" })).toBe(5000);
    expect(stepOf({ __name__: "q" })).toBe(30_000);
    expect(stepOf({ __name__: "toString" })).toBeUndefined();
    expect(stepsOf(defaultConfig, "other")({ __name__: "q" })).toBeUndefined();
    const jittered = series("guess", [10_020, 1], [19_980, 2], [30_010, 3], [60_000, 4]);
    const frames = framesOf([series("go_trace_events", [5000, 1], [10_000, 2]), jittered, series("one", [1, 1])], stepOf);
    expect(frames.map(({ step }) => step)).toEqual([5000, 10_000]);
  });

  test("derived series are never learnt from; of too many the fullest stay", () => {
    const batches = [series("foretrace_anomaly_score", [1000, 1]), series("short", [1000, 1]), series("long", [1000, 1], [2000, 1])];
    const [frame] = framesOf(batches, every(1000), 1);
    expect(frame!.columns.map(({ labels }) => seriesKey(labels))).toEqual(["long"]);
  });
});

test("a fingerprint changes with a value, a label, a time and a parameter, and with nothing else", () => {
  const frames = (name: string, first: number, value: number) => framesOf([series(name, [first, value], [first + 1000, 2])], every(1000));
  const one = fingerprint(frames("a", 1000, 1), { season: 1 });
  expect(fingerprint(frames("a", 1000, 1), { season: 1 })).toBe(one);
  const others = [
    fingerprint(frames("a", 1000, 1.0000000001), { season: 1 }),
    fingerprint(frames("b", 1000, 1), { season: 1 }),
    fingerprint(frames("a", 2000, 1), { season: 1 }),
    fingerprint(frames("a", 1000, 1), { season: 2 }),
  ];
  expect(new Set([one, ...others]).size).toBe(5);
});
