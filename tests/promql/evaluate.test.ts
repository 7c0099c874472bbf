import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Labels, Sample } from "../../src/lib/series.ts";
import { epochMillis } from "../../src/lib/units.ts";
import { evaluateInstant, evaluateRange, type Queryable } from "../../src/promql/evaluate.ts";
import { formatScalar, formatValue } from "../../src/promql/format.ts";
import { compareCodePoints } from "../../src/promql/labels.ts";
import { parsePromql } from "../../src/promql/parse.ts";
import { isStale, staleMarker } from "../../src/store/series/stale.ts";

const labels: Labels = { __name__: "load" };
const holding = (samples: readonly Sample[]): Pick<Queryable, "select"> => ({
  select: async (_matchers, { from, to }) => {
    const inside = samples.filter(({ t }) => t >= from && t <= to);
    return inside.length === 0 ? [] : [{ labels, samples: inside }];
  },
});
const sample = (t: number, v: number): Sample => ({ t: epochMillis(t), v });
const instant = async (samples: readonly Sample[], t: number, lookbackMillis?: number): Promise<number | undefined> => {
  const options = lookbackMillis === undefined ? {} : { lookbackMillis };
  const result = await evaluateInstant(parsePromql("load"), epochMillis(t), holding(samples), options);
  return result.type === "vector" ? result.items[0]?.sample.v : Number.NaN;
};

describe("lookback", () => {
  test("takes a sample younger than five minutes and none of exactly five, as Prometheus 3", async () => {
    const samples = [sample(1_000_000, 7)];
    expect(await instant(samples, 1_000_000)).toBe(7);
    expect(await instant(samples, 1_299_999)).toBe(7);
    expect(await instant(samples, 1_300_000)).toBeUndefined();
    expect(await instant(samples, 999_999)).toBeUndefined();
    expect(await instant(samples, 1_010_000, 10_000)).toBeUndefined();
    expect(await instant(samples, 1_009_999, 10_000)).toBe(7);
  });
});

test("a range query is the instant queries of its moments", async () => {
  const value = fc.oneof({ weight: 8, arbitrary: fc.double() }, { weight: 1, arbitrary: fc.constant(staleMarker()) });
  const series = fc.uniqueArray(fc.record({ t: fc.integer({ min: 0, max: 2_000_000 }), v: value }), {
    selector: ({ t }) => t,
    maxLength: 30,
  });
  const grid = fc.record({
    start: fc.integer({ min: 0, max: 1_000_000 }),
    length: fc.integer({ min: 0, max: 1_500_000 }),
    step: fc.integer({ min: 20_000, max: 400_000 }),
  });
  await fc.assert(
    fc.asyncProperty(series, grid, fc.integer({ min: 1, max: 600_000 }), async (raw, { start, length, step }, lookbackMillis) => {
      const samples = raw.map(({ t, v }) => sample(t, v)).sort((a, b) => a.t - b.t);
      const whole = { start: epochMillis(start), end: epochMillis(start + length), step };
      const { items } = await evaluateRange(parsePromql("load"), whole, holding(samples), { lookbackMillis });
      const expected: [number, number][] = [];
      for (let t = start; t <= start + length; t += step) {
        const v = await instant(samples, t, lookbackMillis);
        if (v !== undefined) expected.push([t, v]);
      }
      expect(items.flatMap((item) => item.samples.map(({ t, v }): [number, number] => [t, v]))).toEqual(expected);
      expect(items.some((item) => item.samples.some(({ v }) => isStale(v)))).toBe(false);
    }),
    { numRuns: 200 },
  );
});

test("too many points are refused before they are made", async () => {
  const many: Pick<Queryable, "select"> = {
    select: async () => Array.from({ length: 1000 }, (_, i) => ({ labels: { __name__: "load", i: String(i) }, samples: [sample(0, 1)] })),
  };
  const grid = { start: epochMillis(0), end: epochMillis(11_000_000), step: 1000 };
  await expect(evaluateRange(parsePromql("load"), grid, many)).rejects.toMatchObject({ code: "too_large", place: { input: "query" } });
});

describe("texts of values", () => {
  test("give the same double back, in both notations", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(Object.is(Number(formatValue(value)), value)).toBe(true);
        expect(Object.is(Number(formatScalar(value)), value)).toBe(true);
        expect(formatScalar(value)).not.toContain("e");
      }),
    );
  });

  test("are Go's", () => {
    expect([1e-7, 1e21, 1.5e-300, 123456, 0.000001].map(formatValue)).toEqual(["1e-07", "1e+21", "1.5e-300", "123456", "0.000001"]);
    expect([1e-7, 1e21, -2.5e-9].map(formatScalar)).toEqual(["0.0000001", "1000000000000000000000", "-0.0000000025"]);
  });
});

test("names are ordered as their UTF-8 bytes", () => {
  const point = fc.oneof(
    fc.integer({ min: 0, max: 0xd7ff }),
    fc.integer({ min: 0xe000, max: 0x10ffff }),
    fc.constantFrom(0x61, 0xffff, 0x10000),
  );
  const text = fc.array(point, { maxLength: 6 }).map((points) => String.fromCodePoint(...points));
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(Math.sign(compareCodePoints(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
  );
});
