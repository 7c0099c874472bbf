import { describe, expect, it } from "vitest";
import { createRandom } from "../../../src/lib/random.ts";
import { averagePathLength, fitForest, scoreForest } from "../../../src/models/anomaly/isolation-forest.ts";
import { adbench, auroc, hasData } from "../data.ts";

describe("average path length c(n)", () => {
  it("is the average number of comparisons of an unsuccessful search, counted over all insertion orders", () => {
    // Exhaustive: every permutation of n keys makes a binary search tree; the n + 1 external nodes' mean depth is c(n + 1)'s definition with n keys.
    const permutations = (keys: number[]): number[][] =>
      keys.length <= 1 ? [keys] : keys.flatMap((key, i) => permutations(keys.toSpliced(i, 1)).map((rest) => [key, ...rest]));
    const externalDepth = (order: number[], depth: number): number => {
      if (order.length === 0) return depth;
      const [root, ...rest] = order;
      return (
        externalDepth(
          rest.filter((key) => key < root!),
          depth + 1,
        ) +
        externalDepth(
          rest.filter((key) => key > root!),
          depth + 1,
        )
      );
    };
    for (let keys = 1; keys <= 7; keys++) {
      const orders = permutations(Array.from({ length: keys }, (_, i) => i));
      const mean = orders.reduce((sum, order) => sum + externalDepth(order, 0), 0) / orders.length / (keys + 1);
      expect(averagePathLength(keys + 1)).toBeCloseTo(mean, 12);
    }
  });

  it("has the paper's ends: c(2) = 1, and ψ = 256 within 1/255 of its approximation 2(ln 255 + γ) − 2·255/256", () => {
    expect(averagePathLength(2)).toBe(1);
    expect(averagePathLength(1)).toBe(0);
    expect(Math.abs(averagePathLength(256) - (2 * (Math.log(255) + 0.5772156649) - (2 * 255) / 256))).toBeLessThan(1 / 255);
  });
});

it("scores an isolated point near 1, the middle of a cloud below 0.5, and 0.5 where all rows are alike", () => {
  const random = createRandom(1);
  const rows = Float64Array.from({ length: 2000 }, () => random.normal());
  const forest = fitForest(rows, 2, {}, createRandom(2));
  const [far, centre] = scoreForest(forest, Float64Array.from([12, 12, 0, 0]));
  expect(far).toBeGreaterThan(0.75);
  expect(centre).toBeLessThan(0.45);
  const same = fitForest(new Float64Array(600).fill(3), 2, {}, createRandom(2));
  expect(scoreForest(same, Float64Array.from([3, 3]))[0]).toBeCloseTo(0.5, 12);
});

describe.skipIf(!hasData)("AUROC on ADBench equals scikit-learn's within the spread of seeds", () => {
  // scikit-learn 1.2.1, 100 trees, 256 samples, mean of 3 seeds (published-results.md).
  it.each([
    ["4_breastw", 0.988, 0.01],
    ["32_shuttle", 0.997, 0.005],
    ["28_pendigits", 0.947, 0.03],
    ["30_satellite", 0.695, 0.04],
    ["39_vertebral", 0.352, 0.04],
  ])("%s: %f ± %f", (name, expected, spread) => {
    const { rows, dims, labels } = adbench(name);
    const seeds = [1, 2, 3].map((seed) => auroc(scoreForest(fitForest(rows, dims, {}, createRandom(seed)), rows), labels));
    const mean = seeds.reduce((sum, value) => sum + value, 0) / seeds.length;
    expect(Math.abs(mean - expected)).toBeLessThan(spread);
  });
});
