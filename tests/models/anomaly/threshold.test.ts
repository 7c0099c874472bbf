import { describe, expect, it } from "vitest";
import * as fc from "fast-check";
import { createRandom } from "../../../src/lib/random.ts";
import { fitPareto, paretoQuantile } from "../../../src/models/anomaly/pareto.ts";
import { fitThreshold } from "../../../src/models/anomaly/threshold.ts";
import { findWindows } from "../../../src/models/anomaly/windows.ts";

const sample = (name: string, n: number, draw: (u: number) => number): Float64Array => {
  const random = createRandom(name);
  return Float64Array.from({ length: n }, () => draw(random.uniform()));
};

describe("threshold: the share of fresh scores above it is the stated rate", () => {
  // The true share above the threshold is known from the distribution; the mean over 24 samples must be near the rate;
  // a tail that ends (uniform) may be taken as longer than it is, never as shorter.
  const kinds: [string, (u: number) => number, (x: number) => number, number][] = [
    ["uniform", (u) => u, (x) => Math.max(0, 1 - x), -1],
    ["exponential", (u) => -Math.log(1 - u), (x) => Math.exp(-x), 0.5],
    ["Pareto, shape 0.25", (u) => (1 - u) ** -0.25, (x) => x ** -4, 0.5],
  ];
  for (const [name, draw, survival, least] of kinds) {
    it.each([
      [500, 1e-2],
      [4000, 1e-3],
    ])(`${name}, %i scores, rate %f`, (n, rate) => {
      const shares = Array.from({ length: 24 }, (_, i) =>
        survival(fitThreshold(sample(`${name}${i}`, n, draw), { falseAlarmRate: rate }).threshold),
      );
      const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
      expect(mean).toBeGreaterThan(least * rate);
      expect(mean).toBeLessThan(rate * 1.6);
    });
  }

  it("gross outliers in the calm part do not lift it", () => {
    const clean = sample("clean", 2000, (u) => -Math.log(1 - u));
    const dirty = clean.map((score, i) => (i % 40 === 0 ? 1000 : score));
    const [a, b] = [fitThreshold(clean), fitThreshold(dirty)];
    expect(b.leftOut).toBe(50);
    expect(b.threshold).toBeLessThan(1.5 * a.threshold);
  });

  it("constant scores, a floor, too few, a wrong rate", () => {
    const constant = fitThreshold(new Float64Array(100).fill(2));
    expect([constant.threshold, constant.falseAlarmRate]).toEqual([2, 0]);
    expect(fitThreshold(new Float64Array(100), { floor: 1.5 }).threshold).toBe(1.5);
    expect(() => fitThreshold(new Float64Array(19))).toThrow(expect.objectContaining({ code: "not_enough_data" }));
    expect(() => fitThreshold(new Float64Array(100), { falseAlarmRate: 0 })).toThrow(expect.objectContaining({ code: "bad_usage" }));
  });
});

it("finds the shape of Pareto tails that it is given many excesses of", () => {
  for (const shape of [-0.3, 0.2, 0.5]) {
    const excesses = sample(`tail ${shape}`, 5000, (u) => (((1 - u) ** -shape - 1) / shape) * 2);
    const tail = fitPareto(excesses)!;
    expect(Math.abs(tail.shape - shape)).toBeLessThan(0.07);
    expect(Math.abs(tail.scale - 2)).toBeLessThan(0.15);
    // The quantile that one in 1000 exceeds, from its definition.
    const exact = (2 * (1000 ** shape - 1)) / shape;
    expect(Math.abs(paretoQuantile(tail, 1e-3) / exact - 1)).toBeLessThan(0.2);
  }
  expect(fitPareto(new Float64Array(0))).toBeUndefined();
});

describe("windows", () => {
  const scores = Float64Array.from([0, 0, 3, 1.5, 5, 1.5, 0, 0, 0, 0, 0, 0, 4, 0]);

  it("open above the threshold, go on above the close level, peak at the highest row", () => {
    expect(findWindows(scores, { threshold: 2, closeLevel: 1 })).toEqual([
      { start: 2, peak: 4, end: 6, open: false, peakScore: 5 },
      { start: 12, peak: 12, end: 13, open: true, peakScore: 4 },
    ]);
  });

  it("joins over short gaps, drops short ones, and an unscored row does not go on", () => {
    expect(findWindows(scores, { threshold: 2, closeLevel: 1, mergeGap: 6 })).toHaveLength(1);
    expect(findWindows(scores, { threshold: 2, closeLevel: 1, minLength: 2, mergeGap: 0 }).map(({ start }) => start)).toEqual([2]);
    const gap = Float64Array.from([3, Number.NaN, Number.NaN, Number.NaN, Number.NaN, 3, 0, 0, 0, 0, 0]);
    expect(findWindows(gap, { threshold: 2, closeLevel: 1 })).toHaveLength(2);
  });

  it("every row above the threshold lies in exactly one window; windows are apart and in order", () => {
    const row = fc.oneof(fc.double({ min: 0, max: 4, noNaN: true }), fc.constant(Number.NaN));
    fc.assert(
      fc.property(fc.array(row, { maxLength: 80 }), fc.integer({ min: 0, max: 5 }), (rows, mergeGap) => {
        const values = Float64Array.from(rows);
        const windows = findWindows(values, { threshold: 2, closeLevel: 1, mergeGap });
        const holding = rows.map((value, t) => (value > 2 ? windows.filter((w) => w.start <= t && t < w.end).length : 1));
        expect(holding.every((count) => count === 1)).toBe(true);
        const gaps = windows.slice(1).map(({ start }, i) => start - windows[i]!.end);
        expect(gaps.every((gap) => gap > mergeGap)).toBe(true);
        for (const { start, peak, end, peakScore } of windows) {
          expect(start <= peak && peak < end && values[peak] === peakScore && peakScore > 2).toBe(true);
          expect(Math.max(...values.subarray(start, end).filter((v) => !Number.isNaN(v)))).toBe(peakScore);
        }
      }),
    );
  });
});
