/** AdamW (Loshchilov & Hutter: Decoupled Weight Decay Regularization, ICLR 2019) with clipping by the global norm, in plain arithmetic. */
import type { EngineOptions, Parameters } from "./engine.ts";

const beta1 = 0.9;
const beta2 = 0.999;
/** The three kernels decay, the two biases do not. */
const decays = [true, true, false, true, false];

export type Optimiser = {
  /** Changes `parameters` in place. */
  apply(parameters: Parameters, gradients: Parameters, learningRate: number): void;
};

export function createAdamW(options: EngineOptions, sizes: readonly number[]): Optimiser {
  const first = sizes.map((size) => new Float32Array(size));
  const second = sizes.map((size) => new Float32Array(size));
  let step = 0;
  return {
    apply(parameters, gradients, learningRate) {
      step++;
      let square = 0;
      for (const gradient of gradients) for (const g of gradient) square += g * g;
      const norm = Math.sqrt(square);
      const scale = norm > options.clipNorm ? options.clipNorm / norm : 1;
      const correction1 = 1 - beta1 ** step;
      const correction2 = 1 - beta2 ** step;
      for (const [p, values] of parameters.entries()) {
        const gradient = gradients[p]!;
        const m = first[p]!;
        const v = second[p]!;
        const decay = decays[p] ? options.weightDecay : 0;
        for (let i = 0; i < values.length; i++) {
          const g = gradient[i]! * scale;
          m[i] = beta1 * m[i]! + (1 - beta1) * g;
          v[i] = beta2 * v[i]! + (1 - beta2) * g * g;
          const update = m[i]! / correction1 / (Math.sqrt(v[i]! / correction2) + options.epsilon);
          values[i]! -= learningRate * (update + decay * values[i]!);
        }
      }
    },
  };
}
