/**
 * Which of many series differ between two traces by more than they vary in themselves.
 *
 * A permutation test over blocks of windows. The statistic of a series is Welch's t of its block means; blocks are dealt anew to the two traces,
 * for all series at once, and the largest |t| of any series is noted each time. The (1 − α) quantile c of those is the bound for every series
 * (Westfall & Young, Resampling-Based Multiple Testing, 1993, the single-step max-T): when the blocks of both traces can be exchanged, the chance
 * that any series at all passes it is at most α, however the series depend on each other. Studentized, the test is also right for large numbers of
 * blocks where only the means are equal (Chung & Romano, Annals of Statistics 41(2), 2013). c times the standard error is a series' noise band.
 * It knows only what varies inside these two traces: not how another run of the same program would differ.
 */
import type { Random } from "../../lib/random.ts";
import type { Blocked } from "./blocks.ts";

export type Tested = {
  /** B − A over the blocks, and the half width of the noise band around 0; NaN where it cannot be tested. */
  readonly change: Float64Array;
  readonly band: Float64Array;
  /** c. */
  readonly bound: number;
};

/** Known blocks of a series that each trace needs. */
const leastKnown = 8;

/** @param permutations so many deals; α must be well above 1 / permutations. */
export function testSeries({ blocksA, blocksB, series }: Blocked, alpha: number, permutations: number, random: Random): Tested {
  const all = blocksA + blocksB;
  const tested = series.filter(({ means }) => varies(means));
  const order = Int32Array.from({ length: all }, (_, i) => i);
  const inA = new Uint8Array(all);
  const largest = new Float64Array(permutations);
  for (let round = 0; round < permutations; round++) {
    // The first blocksA places of a shuffle.
    inA.fill(0);
    for (let i = 0; i < blocksA; i++) {
      const other = i + random.below(all - i);
      const block = order[other]!;
      order[other] = order[i]!;
      order[i] = block;
      inA[block] = 1;
    }
    let most = 0;
    for (const { means } of tested) {
      const { change, error } = welch(means, inA);
      // Two values without any spread are told apart by the true deal only, or not at all.
      if (error > 0) most = Math.max(most, Math.abs(change) / error);
      else if (change !== 0 && !Number.isNaN(change)) most = Number.POSITIVE_INFINITY;
    }
    largest[round] = most;
  }
  largest.sort();
  const bound = largest[Math.min(permutations - 1, Math.ceil((1 - alpha) * (permutations + 1)) - 1)]!;
  inA.fill(1, 0, blocksA).fill(0, blocksA);
  const change = new Float64Array(series.length);
  const band = new Float64Array(series.length);
  series.forEach(({ means }, i) => {
    const found = welch(means, inA);
    change[i] = found.change;
    band[i] = found.error === 0 ? 0 : bound * found.error;
  });
  return { change, band, bound };
}

function varies(means: Float64Array): boolean {
  let first = Number.NaN;
  for (const mean of means) {
    if (Number.isNaN(mean)) continue;
    if (Number.isNaN(first)) first = mean;
    else if (mean !== first) return true;
  }
  return false;
}

/** Difference of the means and its standard error; NaN where a side has too few known blocks. */
function welch(means: Float64Array, inA: Uint8Array): { change: number; error: number } {
  let [countA, sumA, countB, sumB] = [0, 0, 0, 0];
  for (let i = 0; i < means.length; i++) {
    const mean = means[i]!;
    if (mean !== mean) continue;
    if (inA[i] === 1) {
      countA++;
      sumA += mean;
    } else {
      countB++;
      sumB += mean;
    }
  }
  if (countA < leastKnown || countB < leastKnown) return { change: Number.NaN, error: Number.NaN };
  const [a, b] = [sumA / countA, sumB / countB];
  let [squaresA, squaresB] = [0, 0];
  for (let i = 0; i < means.length; i++) {
    const mean = means[i]!;
    if (mean !== mean) continue;
    if (inA[i] === 1) squaresA += (mean - a) ** 2;
    else squaresB += (mean - b) ** 2;
  }
  const error = Math.sqrt(squaresA / (countA - 1) / countA + squaresB / (countB - 1) / countB);
  // Rounding is no spread.
  return { change: b - a, error: error < 1e-12 * Math.max(Math.abs(a), Math.abs(b)) ? 0 : error };
}
