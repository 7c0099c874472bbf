import { expect, it } from "vitest";
import { createRandom } from "../../src/lib/random.ts";

it("gives the same numbers for the same seed and others for another", () => {
  const draw = (seed: number | string): number[] => Array.from({ length: 20 }, createRandom(seed).uniform);
  expect(draw(7)).toEqual(draw("7"));
  expect(draw(7)).not.toEqual(draw(8));
});

it("forks do not disturb the parent", () => {
  const a = createRandom(1);
  const b = createRandom(1);
  a.fork("x").uniform();
  expect(a.uniform()).toBe(b.uniform());
});

it("is uniform: chi-square over 100 cells stays within its 1e-6 tails", () => {
  const random = createRandom(3);
  const cells = new Float64Array(100);
  const n = 200_000;
  for (let i = 0; i < n; i++) cells[random.below(100)]!++;
  const chi = cells.reduce((sum, count) => sum + (count - n / 100) ** 2 / (n / 100), 0);
  expect(chi).toBeGreaterThan(45); // χ²(99) quantiles at 1e-6 and 1 − 1e-6: 45.9 and 177.7
  expect(chi).toBeLessThan(178);
});

it("draws normals with the moments of a normal", () => {
  const random = createRandom(4);
  const n = 200_000;
  let sum = 0;
  let square = 0;
  let fourth = 0;
  for (let i = 0; i < n; i++) {
    const x = random.normal();
    sum += x;
    square += x * x;
    fourth += x ** 4;
  }
  // Five standard errors of each moment.
  expect(Math.abs(sum / n)).toBeLessThan(5 / Math.sqrt(n));
  expect(Math.abs(square / n - 1)).toBeLessThan(5 * Math.sqrt(2 / n));
  expect(Math.abs(fourth / n - 3)).toBeLessThan(5 * Math.sqrt(96 / n));
});
