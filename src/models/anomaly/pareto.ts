/** Generalised Pareto tails: P(Y > y) = (1 + ξ y / σ)^(−1/ξ), for the excesses over a high level. */

export type ParetoTail = {
  readonly shape: number;
  readonly scale: number;
  /** Variance of the shape: of the prior and the excesses together. */
  readonly shapeVariance: number;
};

/** Standard deviation of the prior that draws the shape to 0 (an exponential tail) while excesses are few. */
const shapePrior = 0.25;

/**
 * Maximum a-posteriori fit to excesses > 0, of which `censored` more are known only to exceed `limit`.
 * The shape is sought in [least, 1]; least is −0.5 unless told (below, the fitted end of the tail clings to the largest excess). Undefined without excesses.
 */
export function fitPareto(
  excesses: Float64Array,
  options: { leastShape?: number; censored?: number; limit?: number } = {},
): ParetoTail | undefined {
  const censored = options.censored ?? 0;
  const limit = options.limit ?? 0;
  const typical = (excesses.reduce((sum, y) => sum + y, 0) + censored * limit) / Math.max(1, excesses.length);
  if (!(typical > 0)) return undefined;
  const largest = excesses.reduce((most, y) => Math.max(most, y), limit);

  const logLikelihood = (shape: number, scale: number): number => {
    let sum = -excesses.length * Math.log(scale) - censored * logInverseSurvival(shape, limit / scale);
    const weight = shape + 1;
    for (const y of excesses) sum -= weight * logInverseSurvival(shape, y / scale);
    return sum;
  };
  const bestScale = (shape: number): [number, number] => {
    // A negative shape ends at σ/|ξ|, which must lie beyond the largest excess.
    const least = shape < 0 ? Math.max(typical * 1e-3, -shape * largest * (1 + 1e-9)) : typical * 1e-3;
    const log = maximise((s) => logLikelihood(shape, Math.exp(s)), Math.log(least), Math.log(Math.max(typical * 20, least * 2)));
    return [Math.exp(log), logLikelihood(shape, Math.exp(log))];
  };
  const posterior = (shape: number): number => bestScale(shape)[1] - (shape / shapePrior) ** 2 / 2;
  const shape = maximise(posterior, options.leastShape ?? -0.5, 1);
  return { shape, scale: bestScale(shape)[0], shapeVariance: 1 / (1 / shapePrior ** 2 + excesses.length / (1 + shape) ** 2) };
}

/**
 * The excess that a new one passes with probability `share`. The plug-in quantile is passed more often than that, since an error of the shape
 * counts more where it makes the tail too short: to second order the mean holds with the shape raised by variance × ln(share)² / 4.
 */
export function paretoQuantile({ shape, scale, shapeVariance }: ParetoTail, share: number): number {
  const log = -Math.log(share);
  const raised = shape + (shapeVariance * log ** 2) / 4;
  return Math.abs(raised) < 1e-9 ? scale * log : (scale * Math.expm1(raised * log)) / raised;
}

/** −ln P(Y > y) at z = y/σ. */
function logInverseSurvival(shape: number, z: number): number {
  return Math.abs(shape) < 1e-9 ? z : Math.log1p(Math.max(shape * z, -1 + 1e-15)) / shape;
}

/** Golden-section search for the maximum of a function with one. */
function maximise(f: (x: number) => number, from: number, to: number): number {
  const ratio = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [from, to];
  let [a, b] = [high - ratio * (high - low), low + ratio * (high - low)];
  let [fa, fb] = [f(a), f(b)];
  for (let i = 0; i < 32; i++) {
    if (fa > fb) {
      [high, b, fb] = [b, a, fa];
      a = high - ratio * (high - low);
      fa = f(a);
    } else {
      [low, a, fa] = [a, b, fb];
      b = low + ratio * (high - low);
      fb = f(b);
    }
  }
  return (low + high) / 2;
}
