import * as tf from "@tensorflow/tfjs";
import { describe, expect, test } from "vitest";
import { loadKernels } from "../../../src/jobs/kernels.ts";
import { parameterShapes } from "../../../src/models/forecast/engine.ts";
import { tfjsEngine } from "../../../src/models/forecast/tfjs-engine.ts";
import { fusedEngine } from "../../../src/models/kernels/engine.ts";
import { kernelGradients, parameterNames, randomBatch, randomParameters, shapeOf, variants } from "./helpers.ts";

const shape = shapeOf(5, 3, 8, 3, [0.1, 0.5, 0.9]);
const batches = Array.from({ length: 12 }, (_, i) => randomBatch(shape, 6, `batch ${i}`));
const start = randomParameters(shape, "start");

describe.each(variants)("optimiser of the %s kernels", (variant) => {
  test("without decay and clipping it is stock Adam, fed the same gradients", async () => {
    const { module } = await loadKernels(variant);
    const engine = await fusedEngine(module)(shape, { weightDecay: 0, clipNorm: 1e9, epsilon: 1e-7 });
    engine.setParameters(start);
    tf.enableProdMode();
    await tf.setBackend("cpu");
    const adam = tf.train.adam(0.01, 0.9, 0.999, 1e-7);
    const variables = parameterShapes(shape).map((size, p) => tf.variable(tf.tensor(start[p]!, size), true, `${variant} ${p}`));
    for (const batch of batches) {
      const { gradients } = kernelGradients(module, shape, engine.getParameters(), batch);
      adam.applyGradients(variables.map(({ name, shape: size }, p) => ({ name, tensor: tf.tensor(gradients[p]!, size) })));
      engine.trainStep(batch, 0.01);
    }
    const got = engine.getParameters();
    for (const [p, variable] of variables.entries()) {
      const wanted = await variable.data();
      expect([parameterNames[p], largestDifference(got[p]!, wanted)]).toEqual([parameterNames[p], expect.closeTo(0, 5)]);
      expect(largestDifference(start[p]!, wanted)).toBeGreaterThan(0.01);
    }
  });

  test("with decay and clipping it is AdamW as the paper has it, in float64", async () => {
    const { module } = await loadKernels(variant);
    const options = { weightDecay: 0.3, clipNorm: 0.05, epsilon: 1e-6 };
    const engine = await fusedEngine(module)(shape, options);
    engine.setParameters(start);
    const theta = start.map((values) => Float64Array.from(values));
    const m = start.map((values) => new Float64Array(values.length));
    const v = start.map((values) => new Float64Array(values.length));
    let clipped = 0;
    for (const [i, batch] of batches.entries()) {
      const t = i + 1;
      const rate = 0.02 / t;
      const { gradients } = kernelGradients(module, shape, engine.getParameters(), batch);
      const norm = Math.hypot(...gradients.flatMap((gradient) => [...gradient]));
      const scale = Math.min(1, options.clipNorm / norm);
      if (scale < 1) clipped++;
      for (const [p, gradient] of gradients.entries()) {
        const decay = parameterNames[p]!.endsWith("kernel") ? options.weightDecay : 0;
        for (const [j, raw] of gradient.entries()) {
          const g = raw * scale;
          m[p]![j] = 0.9 * m[p]![j]! + 0.1 * g;
          v[p]![j] = 0.999 * v[p]![j]! + 0.001 * g * g;
          const step = m[p]![j]! / (1 - 0.9 ** t) / (Math.sqrt(v[p]![j]! / (1 - 0.999 ** t)) + options.epsilon);
          theta[p]![j]! -= rate * (step + decay * theta[p]![j]!);
        }
      }
      engine.trainStep(batch, rate);
    }
    expect(clipped).toBeGreaterThan(6);
    const got = engine.getParameters();
    for (const [p, wanted] of theta.entries()) {
      expect([parameterNames[p], largestDifference(got[p]!, wanted)]).toEqual([parameterNames[p], expect.closeTo(0, 5)]);
    }
  });

  test("trains as the engine on stock tfjs layers does", async () => {
    const { module } = await loadKernels(variant);
    const engines = await Promise.all([fusedEngine(module), tfjsEngine("cpu")].map((factory) => factory(shape)));
    const [losses, wantedLosses] = engines.map((engine) => {
      engine.setParameters(start);
      return batches.map((batch) => engine.trainStep(batch, 0.01));
    });
    for (const [i, wanted] of wantedLosses!.entries()) expect(Math.abs(losses![i]! / wanted - 1)).toBeLessThan(1e-5);
    const [got, wanted] = engines.map((engine) => engine.getParameters());
    for (const [p, values] of wanted!.entries()) {
      expect([parameterNames[p], largestDifference(got![p]!, values)]).toEqual([parameterNames[p], expect.closeTo(0, 4)]);
    }
    for (const engine of engines) engine.dispose();
  });

  test("setParameters starts the moments anew", async () => {
    const { module } = await loadKernels(variant);
    const used = await fusedEngine(module)(shape);
    used.setParameters(randomParameters(shape, "other"));
    for (const batch of batches) used.trainStep(batch, 0.1);
    const fresh = await fusedEngine(module)(shape);
    for (const engine of [used, fresh]) {
      engine.setParameters(start);
      engine.trainStep(batches[0]!, 0.01);
    }
    expect(used.getParameters()).toEqual(fresh.getParameters());
  });
});

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}
