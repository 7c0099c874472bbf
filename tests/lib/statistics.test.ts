import { expect, it } from "vitest";
import { mean, median, quantile, robustScale, standardDeviation } from "../../src/lib/statistics.ts";

// Python: statistics.quantiles(method="inclusive"), mean, pstdev of the same digits.
const digits = [3, 1, 4, 1, 5, 9, 2, 6];
it("agrees with Python", () => {
  expect(quantile(digits, 0.25)).toBeCloseTo(1.75, 12);
  expect(quantile(digits, 0.9)).toBeCloseTo(6.9, 12);
  expect(median(digits)).toBe(3.5);
  expect(mean(digits)).toBe(3.875);
  expect(standardDeviation(digits)).toBeCloseTo(2.5708704751503917, 14);
});

it("skips missing values and knows no answer for none", () => {
  expect(median([Number.NaN, 2, Number.NaN, 4])).toBe(3);
  expect(mean([Number.NaN])).toBeNaN();
  expect(quantile([], 0.5)).toBeNaN();
});

it("estimates the deviation of a normal sample whatever its outliers", () => {
  // Median 3, absolute deviations 2 1 0 1 96: their median is 1.
  expect(robustScale([1, 2, 3, 4, 99])).toBeCloseTo(1.4826, 10);
});
