import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { loadKernels } from "../../../src/jobs/kernels.ts";
import { parameterShapes, type LstmShape, type Parameters } from "../../../src/models/forecast/engine.ts";
import { forwardLstm } from "../../../src/models/forecast/forward.ts";
import { fusedEngine } from "../../../src/models/kernels/engine.ts";
import { kernelGradients, parameterNames, randomBatch, randomParameters, shapeOf, variants } from "./helpers.ts";
import { referenceLoss } from "./reference.ts";
import { stockNetwork } from "./stock.ts";

/** Odd batches, one step, one to seven features, small and large nets, outputs that are no multiple of 4. */
const cases: readonly [size: number, shape: LstmShape][] = [
  [1, shapeOf(1, 1, 4, 1)],
  [3, shapeOf(2, 2, 4, 3, [0.5])],
  [5, shapeOf(7, 3, 8, 5, [0.1, 0.5, 0.9])],
  [8, shapeOf(12, 4, 32, 12)],
  [9, shapeOf(5, 5, 12, 4)],
  [17, shapeOf(24, 6, 20, 6)],
  [33, shapeOf(3, 7, 64, 2)],
];
const name = (size: number, { steps, features, hidden, horizon, levels }: LstmShape): string =>
  `B ${size}, T ${steps}, F ${features}, H ${hidden}, horizon ${horizon}, Q ${levels.length}`;

describe.each(variants)("%s kernels beside stock tfjs layers", (variant) => {
  for (const [size, shape] of cases) {
    test(`forecast within 1e-5: ${name(size, shape)}`, async () => {
      const { module } = await loadKernels(variant);
      const parameters = randomParameters(shape, `forecast ${size}`);
      const { x } = randomBatch(shape, size, size);
      const engine = await fusedEngine(module)(shape);
      engine.setParameters(parameters);
      const got = engine.predict(x, size);
      const wanted = await (await stockNetwork(shape, parameters)).predict(x, size);
      expect(got.length).toBe(wanted.length);
      expect(farthest(got, wanted, 1e-5, 1e-5)).toBeUndefined();
    });

    test(`loss and gradients within 1e-4 relative: ${name(size, shape)}`, async () => {
      const { module } = await loadKernels(variant);
      const parameters = randomParameters(shape, `gradients ${size}`);
      const batch = randomBatch(shape, size, size);
      const got = kernelGradients(module, shape, parameters, batch);
      const wanted = await (await stockNetwork(shape, parameters)).gradients(batch);
      expect(Math.abs(got.loss / wanted.loss - 1)).toBeLessThan(1e-5);
      for (const [p, gradient] of wanted.gradients.entries()) {
        // Sums in another order: what cancels is measured against the parameter's typical gradient.
        const typical = Math.sqrt(gradient.reduce((sum, g) => sum + g * g, 0) / gradient.length);
        // One step has no state before it, so its recurrent kernel gets no gradient.
        expect(typical > 0).toBe(shape.steps > 1 || p !== 1);
        expect([parameterNames[p], farthest(got.gradients[p]!, gradient, 1e-4, 1e-5 * typical)]).toEqual([parameterNames[p], undefined]);
      }
    });
  }
});

describe.each(variants)("%s kernels beside finite differences in float64", (variant) => {
  test.each([1, 2, 3])("every gradient of small nets, seed %i", async (seed) => {
    const { module } = await loadKernels(variant);
    const shape = shapeOf(4, seed, 4, 2, [0.1, 0.5, 0.9]);
    const parameters = randomParameters(shape, seed);
    const batch = randomBatch(shape, 3, seed);
    const { loss, gradients } = kernelGradients(module, shape, parameters, batch);
    const exact = parameters.map((values) => Float64Array.from(values));
    expect(loss).toBeCloseTo(referenceLoss(shape, exact, batch), 6);
    for (const [p, values] of exact.entries()) {
      const differences = values.map((value, i) => {
        const step = 1e-6;
        values[i] = value + step;
        const above = referenceLoss(shape, exact, batch);
        values[i] = value - step;
        const below = referenceLoss(shape, exact, batch);
        values[i] = value;
        return (above - below) / (2 * step);
      });
      const largest = differences.reduce((most, g) => Math.max(most, Math.abs(g)), 0);
      expect([parameterNames[p], farthest(gradients[p]!, differences, 1e-4, 2e-6 * largest)]).toEqual([parameterNames[p], undefined]);
    }
  });
});

test("both variants and the float64 forward pass agree for any shape", async () => {
  const modules = await Promise.all(variants.map(async (variant) => (await loadKernels(variant)).module));
  const shapes = fc.record({
    steps: fc.integer({ min: 1, max: 6 }),
    features: fc.integer({ min: 1, max: 9 }),
    hidden: fc.integer({ min: 1, max: 6 }).map((n) => 4 * n),
    horizon: fc.integer({ min: 1, max: 5 }),
    levels: fc.constantFrom([0.5], [0.1, 0.5, 0.9], [0.05, 0.25, 0.5, 0.75, 0.95]),
  });
  await fc.assert(
    fc.asyncProperty(shapes, fc.integer({ min: 1, max: 70 }), fc.nat(), async (shape, size, seed) => {
      const parameters = randomParameters(shape, seed);
      const batch = randomBatch(shape, size, seed);
      const wanted = forwardLstm(parameters, shape, batch.x, size);
      const forecasts: Float32Array[] = [];
      const trained: Parameters[] = [];
      for (const module of modules) {
        const engine = await fusedEngine(module)(shape);
        engine.setParameters(parameters);
        forecasts.push(engine.predict(batch.x, size));
        trained.push(kernelGradients(module, shape, parameters, batch).gradients);
      }
      for (const forecast of forecasts) expect(farthest(forecast, wanted, 1e-5, 1e-5)).toBeUndefined();
      expect(farthest(forecasts[0]!, forecasts[1]!, 1e-5, 1e-5)).toBeUndefined();
      for (const p of parameterShapes(shape).keys()) expect(farthest(trained[0]![p]!, trained[1]![p]!, 1e-4, 1e-6)).toBeUndefined();
    }),
    { numRuns: 40, seed: 7 },
  );
});

/** Where |got − wanted| goes beyond relative · |wanted| + absolute, and by how much; undefined when nowhere. */
function farthest(got: ArrayLike<number>, wanted: ArrayLike<number>, relative: number, absolute: number): string | undefined {
  for (let i = 0; i < wanted.length; i++) {
    const allowed = relative * Math.abs(wanted[i]!) + absolute;
    if (!(Math.abs(got[i]! - wanted[i]!) <= allowed)) return `[${i}]: ${got[i]} for ${wanted[i]}, allowed ${allowed}`;
  }
  return undefined;
}
