/** The optimiser, over flat arrays whose length is a multiple of 4. */
import { lanes, madd } from "./vector";

/** Σ g². */
export function squares(values: usize, count: i32): f64 {
  let sum: f64 = 0;
  // Float32 within a stretch, float64 between stretches: as exact as needed and at the speed of the loads.
  for (let start = 0; start < count; start += 1024) {
    const stretch = min(1024, count - start);
    let part = f32x4.splat(0);
    let p = values + (<usize>start << 2);
    for (const end = p + (<usize>stretch << 2); p < end; p += 16) {
      const g = v128.load(p);
      part = madd(g, g, part);
    }
    sum += lanes(part);
  }
  return sum;
}

/**
 * AdamW (Loshchilov & Hutter 2019, algorithm 2), g scaled by `scale` first: m ← β1 m + (1 − β1) g, v ← β2 v + (1 − β2) g²,
 * p ← p − rate (m · unbiasM / (√(v · unbiasV) + epsilon) + decay p), with unbias = 1 / (1 − β^t).
 */
export function adamw(
  parameters: usize, gradients: usize, m: usize, v: usize, count: i32,
  scale: f32, rate: f32, beta1: f32, beta2: f32, unbiasM: f32, unbiasV: f32, epsilon: f32, decay: f32,
): void {
  const vScale = f32x4.splat(scale);
  const vBeta1 = f32x4.splat(beta1);
  const vBeta2 = f32x4.splat(beta2);
  const vRest1 = f32x4.splat(1 - beta1);
  const vRest2 = f32x4.splat(1 - beta2);
  const vUnbiasM = f32x4.splat(unbiasM);
  const vUnbiasV = f32x4.splat(unbiasV);
  const vEpsilon = f32x4.splat(epsilon);
  const vDecay = f32x4.splat(decay);
  const vRate = f32x4.splat(rate);
  for (let at: usize = 0, end = <usize>count << 2; at < end; at += 16) {
    const g = f32x4.mul(v128.load(gradients + at), vScale);
    const first = madd(vRest1, g, f32x4.mul(vBeta1, v128.load(m + at)));
    const second = madd(f32x4.mul(vRest2, g), g, f32x4.mul(vBeta2, v128.load(v + at)));
    v128.store(m + at, first);
    v128.store(v + at, second);
    const step = f32x4.div(f32x4.mul(first, vUnbiasM), f32x4.add(f32x4.sqrt(f32x4.mul(second, vUnbiasV)), vEpsilon));
    const p = v128.load(parameters + at);
    v128.store(parameters + at, f32x4.sub(p, f32x4.mul(vRate, madd(vDecay, p, step))));
  }
}
