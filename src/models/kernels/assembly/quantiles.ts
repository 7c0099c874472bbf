/**
 * Quantiles that cannot cross, and their pinball loss (Koenker & Bassett 1978). Panels as in matrix.ts; row h · Q + k of `raw` is the raw
 * output r of step h and level k. q[m] = r[m] at the median m; above it q[k] = q[k − 1] + softplus(r[k]), below q[k] = q[k + 1] − softplus(r[k]).
 */
import { lanes, sigmoid, softplus } from "./vector";

/** Replaces raw outputs by quantiles. */
export function quantiles(raw: usize, rawStride: usize, horizon: i32, levels: i32, panels: i32): void {
  const middle = (levels - 1) >> 1;
  for (let panel = 0; panel < panels; panel++) {
    for (let h = 0; h < horizon; h++) {
      for (let half = 0; half < 32; half += 16) {
        const first = raw + (<usize>(h * levels) << 5) + half;
        const median = v128.load(first + (<usize>middle << 5));
        let q = median;
        for (let k = middle + 1; k < levels; k++) {
          const at = first + (<usize>k << 5);
          q = f32x4.add(q, softplus(v128.load(at)));
          v128.store(at, q);
        }
        q = median;
        for (let k = middle - 1; k >= 0; k--) {
          const at = first + (<usize>k << 5);
          q = f32x4.sub(q, softplus(v128.load(at)));
          v128.store(at, q);
        }
      }
    }
    raw += rawStride;
  }
}

/**
 * Σ_h weight[h] Σ_k ρ_k(target[h] − q[h][k]) over all examples; raw outputs are replaced by its derivatives by them.
 * `target` and `weight`: [panel][h][8]; `level`: Q floats; `scratch`: Q vectors.
 */
export function pinball(
  raw: usize, rawStride: usize, target: usize, weight: usize, level: usize, scratch: usize, horizon: i32, levels: i32, panels: i32,
): f64 {
  const middle = (levels - 1) >> 1;
  let loss: f64 = 0;
  for (let panel = 0; panel < panels; panel++) {
    for (let h = 0; h < horizon; h++) {
      for (let half = 0; half < 32; half += 16) {
        const first = raw + (<usize>(h * levels) << 5) + half;
        const y = v128.load(target + half);
        const w = v128.load(weight + half);
        const center = first + (<usize>middle << 5);
        const median = v128.load(center);
        let q = median;
        for (let k = middle + 1; k < levels; k++) {
          q = f32x4.add(q, softplus(v128.load(first + (<usize>k << 5))));
          v128.store(scratch + (<usize>k << 4), q);
        }
        q = median;
        for (let k = middle - 1; k >= 0; k--) {
          q = f32x4.sub(q, softplus(v128.load(first + (<usize>k << 5))));
          v128.store(scratch + (<usize>k << 4), q);
        }
        // From the outermost quantile inwards: a raw output moves its own quantile and all beyond it.
        let total = f32x4.splat(0);
        let above = f32x4.splat(0);
        for (let k = levels - 1; k > middle; k--) {
          const at = first + (<usize>k << 5);
          const u = f32x4.sub(y, v128.load(scratch + (<usize>k << 4)));
          const slope = slopeOf(u, level, k);
          total = f32x4.add(total, f32x4.mul(slope, u));
          above = f32x4.sub(above, slope);
          v128.store(at, f32x4.mul(f32x4.mul(w, above), sigmoid(v128.load(at))));
        }
        let below = f32x4.splat(0);
        for (let k = 0; k < middle; k++) {
          const at = first + (<usize>k << 5);
          const u = f32x4.sub(y, v128.load(scratch + (<usize>k << 4)));
          const slope = slopeOf(u, level, k);
          total = f32x4.add(total, f32x4.mul(slope, u));
          below = f32x4.add(below, slope);
          v128.store(at, f32x4.mul(f32x4.mul(w, below), sigmoid(v128.load(at))));
        }
        const u = f32x4.sub(y, median);
        const slope = slopeOf(u, level, middle);
        total = f32x4.add(total, f32x4.mul(slope, u));
        v128.store(center, f32x4.mul(w, f32x4.sub(f32x4.sub(above, below), slope)));
        loss += lanes(f32x4.mul(w, total));
      }
      target += 32;
      weight += 32;
    }
    raw += rawStride;
  }
  return loss;
}

/** Slope of ρ_k at u: p from 0 on, p − 1 below. */
// @ts-ignore: decorator
@inline
function slopeOf(u: v128, level: usize, k: i32): v128 {
  const p = v128.load32_splat(level + (<usize>k << 2));
  return f32x4.sub(p, v128.and(f32x4.lt(u, f32x4.splat(0)), f32x4.splat(1)));
}
