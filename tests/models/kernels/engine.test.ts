import { describe, expect, test } from "vitest";
import { isForetraceError } from "../../../src/lib/errors.ts";
import { createRandom } from "../../../src/lib/random.ts";
import { loadKernels, type KernelVariant } from "../../../src/jobs/kernels.ts";
import { parameterShapes, type Batch, type LstmEngine, type LstmShape, type Parameters } from "../../../src/models/forecast/engine.ts";
import { fusedEngine } from "../../../src/models/kernels/engine.ts";
import { createLstmKernel } from "../../../src/models/kernels/lstm-kernel.ts";
import { kernelGradients, randomBatch, randomParameters, shapeOf, variants } from "./helpers.ts";

const shape = shapeOf(8, 3, 16, 4);

async function engineOf(variant: KernelVariant, shape: LstmShape, parameters: Parameters): Promise<LstmEngine> {
  const engine = await fusedEngine((await loadKernels(variant)).module)(shape);
  engine.setParameters(parameters);
  return engine;
}

function bytesAfter(engine: LstmEngine, batches: readonly Batch[]): { losses: number[]; parameters: Parameters } {
  return { losses: batches.map((batch) => engine.trainStep(batch, 0.01)), parameters: engine.getParameters() };
}

describe.each(variants)("fused engine, %s", (variant) => {
  const start = randomParameters(shape, "start");
  const batches = Array.from({ length: 10 }, (_, i) => randomBatch(shape, 13, i));

  test("gives parameters back as they were set", async () => {
    const odd = shapeOf(3, 5, 12, 3, [0.1, 0.5, 0.9]);
    const parameters = randomParameters(odd, 1);
    const engine = await engineOf(variant, odd, parameters);
    expect(engine.getParameters()).toEqual(parameters);
    expect(engine.getParameters().map(({ length }) => length)).toEqual(parameterShapes(odd).map((size) => size.reduce((a, b) => a * b, 1)));
  });

  test("starts with zero parameters: the median forecast is 0", async () => {
    const engine = await fusedEngine((await loadKernels(variant)).module)(shape);
    const q = engine.predict(randomBatch(shape, 1, 0).x, 1);
    expect(q[5]).toBe(0);
    expect(q[6]).toBeCloseTo(Math.LN2, 6);
    expect(q[4]).toBeCloseTo(-Math.LN2, 6);
  });

  test("same input, same bytes", async () => {
    const once = bytesAfter(await engineOf(variant, shape, start), batches);
    const again = bytesAfter(await engineOf(variant, shape, start), batches);
    expect(again).toEqual(once);
  });

  test("a batch leaves nothing behind: other sizes before it change nothing", async () => {
    const plain = await engineOf(variant, shape, start);
    const used = await engineOf(variant, shape, start);
    for (const size of [1, 64, 3, 40, 9]) {
      used.predict(randomBatch(shape, size, size).x, size);
      const other = randomBatch(shape, size, size);
      used.trainStep({ ...other, weight: other.weight.map(() => 0) }, 1);
    }
    used.predict(randomBatch(shape, 300, 0).x, 300);
    expect(bytesAfter(used, batches)).toEqual(bytesAfter(plain, batches));
  });

  test("forecasts do not depend on the company they are made in", async () => {
    const engine = await engineOf(variant, shape, start);
    const { x } = randomBatch(shape, 150, 2);
    const together = engine.predict(x, 150);
    const window = shape.steps * shape.features;
    const outputs = shape.horizon * shape.levels.length;
    for (const i of [0, 7, 8, 63, 64, 149]) {
      const alone = engine.predict(x.slice(i * window, (i + 1) * window), 1);
      expect(alone).toEqual(together.slice(i * outputs, (i + 1) * outputs));
    }
  });

  test("quantiles never cross", async () => {
    const wild = randomParameters(shape, 3).map((values) => values.map((value) => value * 30)) as unknown as Parameters;
    const q = (await engineOf(variant, shape, wild)).predict(randomBatch(shape, 50, 4).x, 50);
    const levels = shape.levels.length;
    expect(q.every((value, i) => Number.isFinite(value) && (i % levels === 0 || value >= q[i - 1]!))).toBe(true);
  });

  test("examples of weight 0 and masked targets count for nothing", async () => {
    const { module } = await loadKernels(variant);
    const batch = randomBatch(shape, 9, 5);
    const { horizon } = shape;
    batch.weight.fill(0, 6);
    const garbage = { ...batch, y: batch.y.map((value, i) => (batch.mask[i] === 0 || i >= 6 * horizon ? 1e6 : value)) };
    const six = { ...batch, size: 6 };
    const wanted = kernelGradients(module, shape, start, six);
    expect(kernelGradients(module, shape, start, garbage)).toEqual(wanted);
  });

  test("nothing that counts: loss 0 and no change, decay included", async () => {
    const engine = await engineOf(variant, shape, start);
    const batch = randomBatch(shape, 4, 6);
    expect(engine.trainStep({ ...batch, mask: batch.mask.map(() => 0) }, 0.1)).toBe(0);
    expect(engine.trainStep({ ...batch, weight: batch.weight.map(() => 0) }, 0.1)).toBe(0);
    expect(engine.getParameters()).toEqual(start);
  });

  test("learns the conditional quantiles of a noisy line", async () => {
    const toy = shapeOf(4, 1, 8, 1, [0.1, 0.5, 0.9]);
    const engine = await engineOf(variant, toy, randomParameters(toy, 8));
    const random = createRandom(9);
    const draw = (size: number): { batch: Batch; mean: number[] } => {
      const x = Float32Array.from({ length: size * 4 }, () => random.uniform() * 2 - 1);
      const mean = Array.from({ length: size }, (_, b) => 0.5 * x[b * 4]! - x[b * 4 + 3]!);
      const y = Float32Array.from(mean, (value) => value + 0.3 * random.normal());
      return { batch: { size, x, y, mask: new Float32Array(size).fill(1), weight: new Float32Array(size).fill(1) }, mean };
    };
    const steps = 1500;
    for (let step = 0; step < steps; step++) engine.trainStep(draw(64).batch, 0.02 * (1 - step / steps));
    const size = 4000;
    const { batch, mean } = draw(size);
    const q = engine.predict(batch.x, size);
    const error = Math.sqrt(mean.reduce((sum, value, b) => sum + (q[b * 3 + 1]! - value) ** 2, 0) / size);
    expect(error).toBeLessThan(0.06);
    for (const [k, p] of toy.levels.entries()) {
      const below = batch.y.filter((value, b) => value < q[b * 3 + k]!).length / size;
      expect(Math.abs(below - p)).toBeLessThan(0.03);
    }
  });

  test("memory does not grow over 1000 steps", async () => {
    const small = shapeOf(6, 2, 8, 2);
    const { module } = await loadKernels(variant);
    const kernel = createLstmKernel(module, small);
    const batch = randomBatch(small, 10, 1);
    const share = new Float32Array(20).fill(0.01);
    kernel.gradients(batch, share);
    const first = kernel.memory();
    for (let step = 0; step < 1000; step++) kernel.gradients(batch, share);
    kernel.forecast(batch.x, 0, 10, new Float32Array(10 * 22), 0);
    expect(kernel.memory()).toBe(first);
    expect(kernel.memory().byteLength).toBe(first.byteLength);
  });
});

test("the variants train alike: after 30 steps losses agree within 1e-4", async () => {
  const start = randomParameters(shape, "both");
  const batches = Array.from({ length: 30 }, (_, i) => randomBatch(shape, 16, i));
  const [relaxed, simd] = await Promise.all(variants.map(async (variant) => bytesAfter(await engineOf(variant, shape, start), batches)));
  for (const [i, loss] of relaxed!.losses.entries()) expect(Math.abs(loss / simd!.losses[i]! - 1)).toBeLessThan(1e-4);
});

const factory = async () => fusedEngine((await loadKernels()).module);
const messageOf = async (work: () => unknown): Promise<string> => {
  try {
    await work();
  } catch (error) {
    if (isForetraceError(error)) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "no error";
};

describe("bad input gets a clear error", () => {
  test.each([
    [{ hidden: 10 }, "hidden is 10, not a multiple of 4"],
    [{ hidden: 0 }, "hidden is 0, not a whole number from 1 on"],
    [{ steps: 1.5 }, "steps is 1.5"],
    [{ features: -1 }, "features is -1"],
    [{ horizon: NaN }, "horizon is NaN"],
    [{ levels: [0.1, 0.9] }, "levels [0.1, 0.9] are not an odd number"],
    [{ levels: [] }, "are not an odd number"],
    [{ levels: [0.9, 0.5, 0.1] }, "ascending"],
    [{ levels: [0, 0.5, 0.9] }, "between 0 and 1"],
    [{ hidden: 16_384, steps: 1 }, "MiB"],
    [{ steps: 100_000, hidden: 64 }, "no error"],
  ])("shape %o", async (change, message) => {
    const make = await factory();
    expect(await messageOf(() => make({ ...shape, ...change }))).toContain(message);
  });

  test("a batch that needs more memory than the limit, before it is allocated", async () => {
    const long = shapeOf(100_000, 1, 64, 1);
    const engine = await (await factory())(long);
    expect(await messageOf(() => engine.predict(new Float32Array(64 * 100_000), 64))).toMatch(/bad_usage: .*MiB, the limit is 1024/);
  });

  test("arrays too short, sizes and rates that are no numbers", async () => {
    const engine = await (await factory())(shape);
    const batch = randomBatch(shape, 4, 1);
    const short = { ...batch, size: 5 };
    expect(await messageOf(() => engine.trainStep(short, 0.01))).toBe("bad_usage: batch: x has 96 values, 120 are needed");
    expect(await messageOf(() => engine.trainStep({ ...batch, mask: new Float32Array(1) }, 0.01))).toContain(
      "mask has 1 values, 16 are needed",
    );
    expect(await messageOf(() => engine.trainStep({ ...batch, weight: new Float32Array(3) }, 0.01))).toContain(
      "weight has 3 values, 4 are",
    );
    expect(await messageOf(() => engine.predict(batch.x, 5))).toContain("x has 96 values");
    for (const size of [0, -1, 1.5, NaN]) expect(await messageOf(() => engine.predict(batch.x, size))).toContain("batch size");
    for (const rate of [NaN, -1, Infinity]) expect(await messageOf(() => engine.trainStep(batch, rate))).toContain("learning rate");
    const parameters = engine.getParameters();
    const cut = parameters.map((values, p) => (p === 3 ? values.slice(1) : values)) as unknown as Parameters;
    expect(await messageOf(() => engine.setParameters(cut))).toBe("bad_usage: parameter 3 has 703 values, 704 are needed");
  });

  test("values that are not finite: no parameter is changed", async () => {
    const engine = await (await factory())(shape);
    const parameters = randomParameters(shape, 2);
    engine.setParameters(parameters);
    const batch = randomBatch(shape, 4, 1);
    const holed = { ...batch, x: batch.x.map((value, i) => (i === 17 ? NaN : value)) };
    const high = { ...batch, y: batch.y.map(() => Infinity) };
    for (const bad of [holed, high]) expect(await messageOf(() => engine.trainStep(bad, 0.01))).toContain("not finite");
    expect(engine.getParameters()).toEqual(parameters);
  });

  test("use after dispose", async () => {
    const engine = await (await factory())(shape);
    engine.dispose();
    engine.dispose();
    expect(await messageOf(() => engine.getParameters())).toContain("disposed of");
    expect(await messageOf(() => engine.predict(new Float32Array(24), 1))).toContain("disposed of");
  });
});
