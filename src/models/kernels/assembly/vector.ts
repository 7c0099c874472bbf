/**
 * Four float32 at a time: multiply-add, exponential, sigmoid, tanh, softplus.
 *
 * Errors against float64 (measured in tests/models/kernels/functions.test.ts): tanh 3e-7 relative; sigmoid 1e-7 absolute; sigmoid and
 * softplus 1e-6 relative down to -10, below that up to 1e-7 |x| relative, until e^-87 ends them. NaN stays NaN.
 */

/** a · b + c; with relaxed SIMD one instruction with one rounding where the machine has it, else two. */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_madd<f32>(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** Constants lie in memory, a vector each: loading one is one instruction, building one in a register takes V8 three. */
const constants = memory.data<f32>([
  12582912, 12582912, 12582912, 12582912, // 0: 1.5 · 2^23; adding it rounds to a whole number, which then stands in the low bits
  1, 1, 1, 1, // 1
  2, 2, 2, 2, // 2
  1.44269504, 1.44269504, 1.44269504, 1.44269504, // 3: 1 / ln 2
  -1.44269504, -1.44269504, -1.44269504, -1.44269504, // 4
  2.88539008, 2.88539008, 2.88539008, 2.88539008, // 5: 2 / ln 2
  0.000154531828, 0.000154531828, 0.000154531828, 0.000154531828, // 6–11: (2^r − 1) / r on ±1/2, Chebyshev fit, 2e-8 relative
  0.00133908863, 0.00133908863, 0.00133908863, 0.00133908863,
  0.00961808252, 0.00961808252, 0.00961808252, 0.00961808252,
  0.0555035707, 0.0555035707, 0.0555035707, 0.0555035707,
  0.240226508, 0.240226508, 0.240226508, 0.240226508,
  0.693147188, 0.693147188, 0.693147188, 0.693147188,
  0.281577784, 0.281577784, 0.281577784, 0.281577784, // 12–16: 2 artanh(√w) / √w on [0, 1/9], Chebyshev fit, 1e-8 relative
  0.279651577, 0.279651577, 0.279651577, 0.279651577,
  0.400245952, 0.400245952, 0.400245952, 0.400245952,
  0.666663216, 0.666663216, 0.666663216, 0.666663216,
  2, 2, 2, 2,
  87, 87, 87, 87, // 17, 18: e^±87 is still finite and normal
  -87, -87, -87, -87,
  10, 10, 10, 10, // 19, 20: tanh is ±1 in float32 from 9.02 on
  -10, -10, -10, -10,
], 16);

// @ts-ignore: decorator
@inline
function constant(index: i32): v128 {
  return v128.load(constants + (index << 4));
}

// @ts-ignore: decorator
@inline
function clamp(x: v128, low: i32, high: i32): v128 {
  // pmax and pmin hand a NaN in their first operand through.
  return f32x4.pmin(f32x4.pmax(x, constant(low)), constant(high));
}

/** x · constant, rounded to a whole number n, as n + 1.5 · 2^23. */
// @ts-ignore: decorator
@inline
function shifted(x: v128, factor: i32): v128 {
  return madd(x, constant(factor), constant(0));
}

// @ts-ignore: decorator
@inline
function powerOfTwo(shifted: v128): v128 {
  return i32x4.add(i32x4.shl(shifted, 23), constant(1));
}

/** 2^r − 1 with r = x · constant − n, |r| ≤ 1/2; kept apart from 2^n, so that nothing cancels near 0. */
// @ts-ignore: decorator
@inline
function fraction(x: v128, factor: i32, shifted: v128): v128 {
  const r = madd(x, constant(factor), f32x4.sub(constant(0), shifted));
  let p = madd(r, constant(6), constant(7));
  p = madd(p, r, constant(8));
  p = madd(p, r, constant(9));
  p = madd(p, r, constant(10));
  p = madd(p, r, constant(11));
  return f32x4.mul(p, r);
}

/** e^(± x) for x within ±87; `factor` is constant 3 or 4. */
// @ts-ignore: decorator
@inline
function exponential(x: v128, factor: i32): v128 {
  const s = shifted(x, factor);
  const two = powerOfTwo(s);
  return madd(two, fraction(x, factor, s), two);
}

/** 1 / (1 + e^-x). */
// @ts-ignore: decorator
@inline
export function sigmoid(x: v128): v128 {
  return f32x4.div(constant(1), f32x4.add(constant(1), exponential(clamp(x, 18, 17), 4)));
}

/** tanh x = m / (m + 2) with m = e^2x − 1 = 2^n (2^r − 1) + (2^n − 1). */
// @ts-ignore: decorator
@inline
export function tanh(x: v128): v128 {
  const c = clamp(x, 20, 19);
  const s = shifted(c, 5);
  const two = powerOfTwo(s);
  const m = madd(two, fraction(c, 5, s), f32x4.sub(two, constant(1)));
  return f32x4.div(m, f32x4.add(m, constant(2)));
}

/** log(1 + e^x) = max(x, 0) + log(1 + e^-|x|), the logarithm as 2 artanh(e / (2 + e)). */
// @ts-ignore: decorator
@inline
export function softplus(x: v128): v128 {
  const e = exponential(f32x4.pmin(f32x4.abs(x), constant(17)), 4);
  const s = f32x4.div(e, f32x4.add(e, constant(2)));
  const w = f32x4.mul(s, s);
  let p = madd(w, constant(12), constant(13));
  p = madd(p, w, constant(14));
  p = madd(p, w, constant(15));
  p = madd(p, w, constant(16));
  return madd(s, p, f32x4.pmax(x, f32x4.splat(0)));
}

/** Sum of the four lanes, in a fixed order. */
// @ts-ignore: decorator
@inline
export function lanes(a: v128): f64 {
  return (
    (<f64>f32x4.extract_lane(a, 0) + <f64>f32x4.extract_lane(a, 1)) + (<f64>f32x4.extract_lane(a, 2) + <f64>f32x4.extract_lane(a, 3))
  );
}

/** The four sums of four vectors, one a lane. */
// @ts-ignore: decorator
@inline
export function sums(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
}
