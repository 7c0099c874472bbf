import { createRandom, type Random } from "../../../src/lib/random.ts";
import { parameterShapes, type Batch, type LstmShape, type Parameters } from "../../../src/models/forecast/engine.ts";
import { quantileLevels } from "../../../src/models/model.ts";
import { shares } from "../../../src/models/kernels/engine.ts";
import { createLstmKernel } from "../../../src/models/kernels/lstm-kernel.ts";
import { pack, placesOf, unpack } from "../../../src/models/kernels/packing.ts";
import type { KernelVariant } from "../../../src/jobs/kernels.ts";

export const variants: readonly KernelVariant[] = ["relaxed", "simd"];

export const parameterNames = ["kernel", "recurrent kernel", "bias", "dense kernel", "dense bias"];

export function shapeOf(
  steps: number,
  features: number,
  hidden: number,
  horizon: number,
  levels: readonly number[] = quantileLevels,
): LstmShape {
  return { steps, features, hidden, horizon, levels };
}

const normals = (random: Random, count: number, scale: number): Float32Array =>
  Float32Array.from({ length: count }, () => scale * random.normal());

/** Of the size that training reaches, not of the size it starts from. */
export function randomParameters(shape: LstmShape, seed: number | string): Parameters {
  const random = createRandom(seed);
  const sizes = parameterShapes(shape);
  return sizes.map((size) =>
    normals(
      random,
      size.reduce((a, b) => a * b, 1),
      size.length === 1 ? 0.5 : 1 / Math.sqrt(size[0]!),
    ),
  ) as unknown as Parameters;
}

/** Targets from a normal distribution, some of them missing; unequal weights. */
export function randomBatch(shape: LstmShape, size: number, seed: number | string): Batch {
  const random = createRandom(seed);
  const mask = Float32Array.from({ length: size * shape.horizon }, () => (random.uniform() < 0.8 ? 1 : 0));
  mask[0] = 1;
  const y = normals(random, size * shape.horizon, 2).map((value, i) => value * mask[i]!);
  const weight = Float32Array.from({ length: size }, () => 0.2 + random.uniform());
  return { size, x: normals(random, size * shape.steps * shape.features, 1), y, mask, weight };
}

/** Loss and gradients of the kernels, in stock order. */
export function kernelGradients(
  module: WebAssembly.Module,
  shape: LstmShape,
  parameters: Parameters,
  batch: Batch,
): { loss: number; gradients: Parameters } {
  const kernel = createLstmKernel(module, shape);
  const { layout } = kernel;
  const places = placesOf(shape, layout.rows, layout.counts);
  pack(places, parameters, kernel.memory(), layout.parameters.lstm / 4);
  const loss = kernel.gradients(batch, shares(shape, batch)!);
  return { loss, gradients: unpack(places, kernel.memory(), layout.gradients.lstm / 4) };
}
