/**
 * Isolation forest (Liu, Ting & Zhou: Isolation Forest, ICDM 2008): random cuts isolate strange points after few steps.
 * Score 2^(−E[h(x)] / c(ψ)) in (0, 1): near 1 strange, about 0.5 or below ordinary.
 */
import type { Random } from "../../lib/random.ts";

export type ForestOptions = {
  /** Default 100. */
  readonly trees?: number;
  /** ψ, drawn for each tree without replacement; default 256, at most the number of rows. */
  readonly sampleSize?: number;
};

/** All trees in flat arrays, nodes numbered through. */
export type Forest = {
  readonly dims: number;
  /** ψ after the cap by the number of rows. */
  readonly sampleSize: number;
  readonly roots: Int32Array;
  /** Attribute that the node cuts, −1 at a leaf. */
  readonly attribute: Int32Array;
  /** At an inner node the cut (x ≤ cut goes left); at a leaf the path length h: depth + c(points in the leaf). */
  readonly value: Float64Array;
  /** Left child; the right one follows it. */
  readonly left: Int32Array;
};

/**
 * c(n): average path length of an unsuccessful search in a binary search tree of n points, 2 H(n − 1) − 2 (n − 1)/n,
 * with the harmonic number summed exactly (the approximation ln + γ is 9 % off at n = 5); c(2) = 1, c(1) = c(0) = 0.
 */
export function averagePathLength(n: number): number {
  if (n <= 1) return 0;
  let harmonic = 0;
  for (let i = n - 1; i >= 1; i--) harmonic += 1 / i;
  return 2 * harmonic - (2 * (n - 1)) / n;
}

/**
 * Grows a forest on `rows` (row-major, rows × dims, no NaN). Height limit ceil(log2 ψ); the attribute is drawn among those
 * that differ in the node, the cut uniform in its range.
 */
export function fitForest(rows: Float64Array, dims: number, options: ForestOptions, random: Random): Forest {
  const count = rows.length / dims;
  const trees = options.trees ?? 100;
  const sampleSize = Math.min(options.sampleSize ?? 256, count);
  const limit = Math.ceil(Math.log2(Math.max(sampleSize, 2)));
  const pathLength = Float64Array.from({ length: sampleSize + 1 }, (_, n) => averagePathLength(n));
  const attribute: number[] = [];
  const value: number[] = [];
  const left: number[] = [];
  const roots = new Int32Array(trees);
  const order = Int32Array.from({ length: count }, (_, i) => i);
  const low = new Float64Array(dims);
  const high = new Float64Array(dims);
  const varying = new Int32Array(dims);

  const addNode = (): number => left.push(0) - 1;
  const grow = (node: number, from: number, to: number, depth: number): void => {
    attribute[node] = -1;
    value[node] = depth + pathLength[to - from]!;
    if (to - from <= 1 || depth >= limit) return;
    let choices = 0;
    low.fill(Infinity);
    high.fill(-Infinity);
    for (let i = from; i < to; i++) {
      const base = order[i]! * dims;
      for (let d = 0; d < dims; d++) {
        const x = rows[base + d]!;
        if (x < low[d]!) low[d] = x;
        if (x > high[d]!) high[d] = x;
      }
    }
    for (let d = 0; d < dims; d++) if (high[d]! > low[d]!) varying[choices++] = d;
    if (choices === 0) return;
    const chosen = varying[random.below(choices)]!;
    let cut = low[chosen]! + random.uniform() * (high[chosen]! - low[chosen]!);
    // Rounding may land on the maximum, which would leave nothing on the right.
    if (cut >= high[chosen]!) cut = low[chosen]!;
    let middle = from;
    for (let i = from; i < to; i++) {
      if (rows[order[i]! * dims + chosen]! <= cut) {
        const swapped = order[i]!;
        order[i] = order[middle]!;
        order[middle++] = swapped;
      }
    }
    attribute[node] = chosen;
    value[node] = cut;
    left[node] = addNode();
    addNode();
    const child = left[node]!;
    grow(child, from, middle, depth + 1);
    grow(child + 1, middle, to, depth + 1);
  };

  for (let tree = 0; tree < trees; tree++) {
    // A partial Fisher–Yates shuffle draws ψ rows without replacement into the front.
    for (let i = 0; i < sampleSize; i++) {
      const j = i + random.below(count - i);
      const swapped = order[i]!;
      order[i] = order[j]!;
      order[j] = swapped;
    }
    roots[tree] = addNode();
    grow(roots[tree]!, 0, sampleSize, 0);
  }
  return { dims, sampleSize, roots, attribute: Int32Array.from(attribute), value: Float64Array.from(value), left: Int32Array.from(left) };
}

/** Scores of `rows` (row-major, as in {@link fitForest}), one each, in (0, 1); 0.5 throughout when ψ < 2 (nothing to isolate). */
export function scoreForest(forest: Forest, rows: Float64Array): Float64Array {
  const { dims, roots, attribute, value, left } = forest;
  const normal = averagePathLength(forest.sampleSize);
  const scores = new Float64Array(rows.length / dims);
  for (let row = 0; row < scores.length; row++) {
    const base = row * dims;
    let sum = 0;
    for (let tree = 0; tree < roots.length; tree++) {
      let node = roots[tree]!;
      for (let a = attribute[node]!; a >= 0; a = attribute[node]!) node = rows[base + a]! <= value[node]! ? left[node]! : left[node]! + 1;
      sum += value[node]!;
    }
    scores[row] = normal === 0 ? 0.5 : 2 ** (-sum / roots.length / normal);
  }
  return scores;
}
