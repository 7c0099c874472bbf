import * as fc from "fast-check";
import { expect, it } from "vitest";
import { NumberTable } from "../../src/features/core/number-table.ts";
import { selectQuantiles, selectRank } from "../../src/features/core/select.ts";
import { LogHistogram } from "../../src/features/summary/log-histogram.ts";

/** Keys that collide often, and some beyond 32 bits. */
const key = fc.oneof(
  fc.integer({ min: 0, max: 600 }),
  fc.integer({ min: 0, max: 40 }).map((n) => n * 2 ** 32 + 7),
  fc.maxSafeNat(),
);
const step = fc.oneof(
  fc.record({ do: fc.constant("set" as const), key, value: fc.integer() }),
  fc.record({ do: fc.constant("remove" as const), key, value: fc.constant(0) }),
);

it("a number table does what a Map does", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 1500 }), (steps) => {
      const table = new NumberTable(-1);
      const map = new Map<number, number>();
      for (const { do: what, key: at, value } of steps) {
        if (what === "set") {
          table.set(at, value);
          map.set(at, value);
        } else {
          table.remove(at);
          map.delete(at);
        }
      }
      const found = new Map<number, number>();
      table.forEach((value, at) => found.set(at, value));
      expect(found).toEqual(map);
      expect(table.size).toBe(map.size);
      for (const { key: at } of steps) expect([table.has(at), table.get(at)]).toEqual([map.has(at), map.get(at) ?? -1]);
    }),
    { numRuns: 60 },
  );
});

it("the value of a rank is that of the sorted list, also for orders made to be slow", () => {
  const list = fc.oneof(
    fc.array(fc.nat(1000), { minLength: 1, maxLength: 400 }),
    fc.integer({ min: 1, max: 3000 }).map((n) => Array.from({ length: n }, (_, i) => (i % 2 === 0 ? i : n - i))),
  );
  fc.assert(
    fc.property(list, fc.double({ min: 0.001, max: 1, noNaN: true }), (values, q) => {
      const rank = Math.ceil(q * values.length);
      expect(selectRank(Float64Array.from(values), values.length, rank)).toBe(values.toSorted((a, b) => a - b)[rank - 1]);
    }),
  );
});

it("median, 99th percentile and maximum are those of the sorted list, at every size of list and value", () => {
  const value = fc.oneof(fc.nat(3), fc.nat(70), fc.nat(100_000), fc.nat(), fc.maxSafeNat());
  // Lists of one kind of value and of all kinds, on both sides of the number from which values are counted first.
  const list = fc.oneof(
    fc.array(value, { minLength: 1, maxLength: 40 }),
    fc.array(value, { minLength: 500, maxLength: 1500 }),
    fc
      .tuple(fc.array(value, { minLength: 1, maxLength: 40 }), fc.integer({ min: 520, max: 2000 }))
      .map(([some, length]) => Array.from({ length }, (_, i) => some[(i * i) % some.length]!)),
  );
  fc.assert(
    fc.property(list, (values) => {
      const sorted = values.toSorted((a, b) => a - b);
      const rank = (hundredths: number): number => sorted[Math.ceil((hundredths * sorted.length) / 100) - 1]!;
      const { median, p99, max } = selectQuantiles(Float64Array.from(values), values.length);
      expect([median, p99, max]).toEqual([rank(50), rank(99), rank(100)]);
    }),
    { numRuns: 300 },
  );
});

it("a log histogram's quantiles are within 0.3 % of the exact ones", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 2 ** 50 }), { minLength: 1, maxLength: 300 }),
      fc.double({ min: 0.01, max: 1, noNaN: true }),
      (values, q) => {
        const histogram = new LogHistogram();
        for (const value of values) histogram.add(value);
        const exact = values.toSorted((a, b) => a - b)[Math.ceil(q * values.length) - 1]!;
        expect(Math.abs(histogram.quantile(q) - exact)).toBeLessThanOrEqual(Math.max(0.5, 0.003 * exact));
      },
    ),
  );
});
