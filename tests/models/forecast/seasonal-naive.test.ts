import { describe, expect, it } from "vitest";
import { createRandom } from "../../../src/lib/random.ts";
import { errorQuantiles } from "../../../src/models/forecast/empirical.ts";
import { naiveForecast } from "../../../src/models/forecast/seasonal-naive.ts";
import { quantileLevels } from "../../../src/models/model.ts";

const median = quantileLevels.indexOf(0.5);

it("repeats the last season of a series without noise, width 0", () => {
  const day = [1, 5, 9, 4];
  const { quantiles, model } = naiveForecast(
    Float64Array.from({ length: 40 }, (_, t) => day[t % 4]!),
    4,
    10,
  );
  expect(model).toBe("seasonal-naive");
  for (const row of quantiles) expect([...row]).toEqual([1, 5, 9, 4, 1, 5, 9, 4, 1, 5]);
});

it("follows a drift: k seasons ahead the median is k drifts on", () => {
  const { quantiles } = naiveForecast(
    Float64Array.from({ length: 60 }, (_, t) => t),
    6,
    18,
  );
  expect([...quantiles[median]!]).toEqual(Array.from({ length: 18 }, (_, h) => 60 + h));
});

it("covers its stated shares on a seasonal series with noise of any kind", () => {
  const random = createRandom(9);
  let inside95 = 0;
  let inside80 = 0;
  const trials = 400;
  for (let trial = 0; trial < trials; trial++) {
    // Skewed errors: exponential.
    const values = Float64Array.from({ length: 12 * 30 }, (_, t) => 100 + 10 * (t % 12) - 5 * Math.log(1 - random.uniform()));
    const { quantiles } = naiveForecast(values.subarray(0, 12 * 29), 12, 12);
    const h = trial % 12;
    const actual = values[12 * 29 + h]!;
    if (actual >= quantiles[0]![h]! && actual <= quantiles.at(-1)![h]!) inside95++;
    if (actual >= quantiles[1]![h]! && actual <= quantiles.at(-2)![h]!) inside80++;
  }
  // Four standard errors of a binomial share.
  expect(Math.abs(inside95 / trials - 0.95)).toBeLessThan(4 * Math.sqrt((0.95 * 0.05) / trials));
  expect(Math.abs(inside80 / trials - 0.8)).toBeLessThan(4 * Math.sqrt((0.8 * 0.2) / trials));
});

describe("less than it needs", () => {
  it("one season further back where the last is missing, then the median", () => {
    const values = Float64Array.from([1, 2, 3, 1, Number.NaN, 3, Number.NaN, Number.NaN, 3, Number.NaN, Number.NaN, 3]);
    const { quantiles } = naiveForecast(values, 3, 3);
    expect([...quantiles[median]!]).toEqual([1, 2, 3]);
  });

  it("the last value below two seasons; NaN where nothing is present; infinite counts as missing", () => {
    expect(naiveForecast(Float64Array.from([4, 4, 4]), 24, 2).quantiles.every((row) => row[1] === 4)).toBe(true);
    expect(naiveForecast(new Float64Array(30).fill(Number.NaN), 4, 2).quantiles.every((row) => row.every(Number.isNaN))).toBe(true);
    expect(naiveForecast(Float64Array.from([4, 4, Infinity]), 24, 1).quantiles[median]![0]).toBe(4);
  });
});

it("errors are passed with probability k/(n + 1): with 39 errors the 2.5 % level is the smallest", () => {
  const errors = Array.from({ length: 39 }, (_, i) => i + 1);
  const expected = quantileLevels.map((p) => 40 * p);
  for (const [k, value] of errorQuantiles(errors).entries()) expect(value).toBeCloseTo(expected[k]!, 9);
});
