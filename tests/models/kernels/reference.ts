/** The network of engine.ts written from its definition in float64, one example and one unit at a time: for finite differences. */
import type { Batch, LstmShape } from "../../../src/models/forecast/engine.ts";

const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));
const softplus = (z: number): number => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));

/** Quantiles [horizon][Q] of one window. */
function quantilesOf(shape: LstmShape, parameters: readonly Float64Array[], x: Float32Array): number[][] {
  const { steps, features, hidden, horizon, levels } = shape;
  const [kernel, recurrent, bias, denseKernel, denseBias] = parameters as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  let h = Array.from({ length: hidden }, () => 0);
  let c = Array.from({ length: hidden }, () => 0);
  for (let t = 0; t < steps; t++) {
    const gate = (index: number, unit: number): number => {
      const column = index * hidden + unit;
      let sum = bias[column]!;
      for (let f = 0; f < features; f++) sum += x[t * features + f]! * kernel[f * 4 * hidden + column]!;
      for (let u = 0; u < hidden; u++) sum += h[u]! * recurrent[u * 4 * hidden + column]!;
      return sum;
    };
    const next = c.map((before, unit) => sigmoid(gate(1, unit)) * before + sigmoid(gate(0, unit)) * Math.tanh(gate(2, unit)));
    h = next.map((state, unit) => sigmoid(gate(3, unit)) * Math.tanh(state));
    c = next;
  }
  const outputs = horizon * levels.length;
  const raw = Array.from({ length: outputs }, (_, o) =>
    h.reduce((sum, value, u) => sum + value * denseKernel[u * outputs + o]!, denseBias[o]!),
  );
  return Array.from({ length: horizon }, (_, step) => uncrossed(raw.slice(step * levels.length, (step + 1) * levels.length)));
}

export function uncrossed(raw: readonly number[]): number[] {
  const middle = (raw.length - 1) / 2;
  return raw.map((_, k) => {
    let q = raw[middle]!;
    for (let i = middle + 1; i <= k; i++) q += softplus(raw[i]!);
    for (let i = middle - 1; i >= k; i--) q -= softplus(raw[i]!);
    return q;
  });
}

/** Weighted mean pinball loss of a batch. */
export function referenceLoss(shape: LstmShape, parameters: readonly Float64Array[], { size, x, y, mask, weight }: Batch): number {
  const { steps, features, horizon, levels } = shape;
  let sum = 0;
  let total = 0;
  for (let b = 0; b < size; b++) {
    const q = quantilesOf(shape, parameters, x.subarray(b * steps * features, (b + 1) * steps * features));
    for (let h = 0; h < horizon; h++) {
      const counts = weight[b]! * mask[b * horizon + h]!;
      const losses = levels.map((p, k) => {
        const u = y[b * horizon + h]! - q[h]![k]!;
        return u >= 0 ? p * u : (p - 1) * u;
      });
      sum += (counts * losses.reduce((a, loss) => a + loss, 0)) / levels.length;
      total += counts;
    }
  }
  return total === 0 ? 0 : sum / total;
}
