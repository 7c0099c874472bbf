/**
 * Four float32 at a time: multiply-add, exponential, sigmoid, tanh, softplus.
 *
 * Errors, over all float32 (tests/models/kernels/functions.test.ts measures them): tanh and softplus within 4e-7 relative,
 * sigmoid within 4e-7 relative above -80 (below, at most 2e-35 absolute). NaN stays NaN.
 */

/** a · b + c; with relaxed SIMD one instruction with one rounding where the machine has it, else two. */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_madd<f32>(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** Constants lie in memory: loading one is one instruction, building one in a register takes V8 three. */
const constants = memory.data<f32>([
  1.44269504, // 0: 1 / ln 2
  12582912, // 1: 1.5 · 2^23; adding it rounds to a whole number, which then stands in the low bits
  0.693359375, // 2: ln 2, its first 9 bits: n · this is exact
  -0.00021219444, // 3: the rest of ln 2
  0.00139262135, // 4–8: (e^r − 1 − r) / r² on ±ln 2 / 2, Chebyshev fit, 3e-8 relative in e^r − 1
  0.00836320297,
  0.0416665544,
  0.166665768,
  0.5,
  1, // 9
  87, // 10: e^87 is still finite and normal, e^-87 too
  -87, // 11
  0.281577784, // 12–16: 2 artanh(√w) / √w on [0, 1/9], Chebyshev fit, 1e-8 relative
  0.279651577,
  0.400245952,
  0.666663216,
  2,
  44, // 17: tanh is 1 in float32 long before
  -44, // 18
]);

// @ts-ignore: decorator
@inline
function constant(index: i32): v128 {
  return v128.load32_splat(constants + (index << 2));
}

// @ts-ignore: decorator
@inline
function clamp(x: v128, low: i32, high: i32): v128 {
  // pmin and pmax keep a NaN in their first operand's place.
  return f32x4.pmin(f32x4.pmax(x, constant(low)), constant(high));
}

/**
 * e^x = 2^n (1 + p) with |x − n ln 2| ≤ ln 2 / 2. Left apart so that e^x − 1 keeps its digits near 0:
 * e^x − 1 = 2^n p + (2^n − 1). Both parts share one evaluation, hence two functions over `shifted`.
 */
// @ts-ignore: decorator
@inline
function shifted(x: v128): v128 {
  return madd(x, constant(0), constant(1));
}

// @ts-ignore: decorator
@inline
function power(shifted: v128): v128 {
  return i32x4.add(i32x4.shl(shifted, 23), constant(9));
}

// @ts-ignore: decorator
@inline
function remainder(x: v128, shifted: v128): v128 {
  const n = f32x4.sub(shifted, constant(1));
  const high = f32x4.sub(x, f32x4.mul(n, constant(2)));
  const r = f32x4.sub(high, f32x4.mul(n, constant(3)));
  let p = madd(r, constant(4), constant(5));
  p = madd(p, r, constant(6));
  p = madd(p, r, constant(7));
  p = madd(p, r, constant(8));
  return madd(f32x4.mul(r, r), p, r);
}

/** e^x for x within ±87. */
// @ts-ignore: decorator
@inline
function exponential(x: v128): v128 {
  const s = shifted(x);
  const two = power(s);
  return madd(two, remainder(x, s), two);
}

/** 1 / (1 + e^-x). */
// @ts-ignore: decorator
@inline
export function sigmoid(x: v128): v128 {
  const e = exponential(f32x4.neg(clamp(x, 11, 10)));
  return f32x4.div(constant(9), f32x4.add(constant(9), e));
}

/** tanh x = m / (m + 2) with m = e^2x − 1. */
// @ts-ignore: decorator
@inline
export function tanh(x: v128): v128 {
  const c = clamp(x, 18, 17);
  const twice = f32x4.add(c, c);
  const s = shifted(twice);
  const two = power(s);
  const m = madd(two, remainder(twice, s), f32x4.sub(two, constant(9)));
  return f32x4.div(m, f32x4.add(m, constant(16)));
}

/** log(1 + e^x) = max(x, 0) + log(1 + e^-|x|), the logarithm as 2 artanh(e / (2 + e)). */
// @ts-ignore: decorator
@inline
export function softplus(x: v128): v128 {
  const e = exponential(f32x4.pmax(f32x4.neg(f32x4.abs(x)), constant(11)));
  const s = f32x4.div(e, f32x4.add(e, constant(16)));
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
