import { describe, expect, it } from "vitest";
import { createRandom } from "../../../src/lib/random.ts";
import { createAdamW } from "../../../src/models/forecast/adamw.ts";
import { loadTensorflow } from "../../../src/models/forecast/backend.ts";
import { parameterShapes, type Batch, type LstmShape, type Parameters } from "../../../src/models/forecast/engine.ts";
import { forwardLstm, inverseSoftplus } from "../../../src/models/forecast/forward.ts";
import { decodeParameters, encodeParameters, layersModelJson } from "../../../src/models/forecast/layers-model.ts";
import { tfjsEngine } from "../../../src/models/forecast/tfjs-engine.ts";
import { initialParameters, pinballLoss } from "../../../src/models/forecast/training.ts";

const shape: LstmShape = { steps: 5, features: 3, hidden: 4, horizon: 2, levels: [0.1, 0.5, 0.9] };
const random = createRandom(11);
const draw = (size: number, scale = 1): Float32Array => Float32Array.from({ length: size }, () => scale * random.normal());
const parameters = parameterShapes(shape).map((size) =>
  draw(
    size.reduce((a, b) => a * b, 1),
    0.5,
  ),
) as unknown as Parameters;
const size = 3;
const batch: Batch = {
  size,
  x: draw(size * shape.steps * shape.features),
  y: draw(size * shape.horizon),
  mask: Float32Array.of(1, 1, 0, 1, 1, 1),
  weight: Float32Array.of(1, 2, 0.5),
};

describe("saved as a stock LayersModel", () => {
  it("loads with tf.loadLayersModel from model.json and raw weights, and answers as our forward pass", async () => {
    const { tf } = await loadTensorflow("cpu");
    const json = JSON.parse(JSON.stringify(layersModelJson(shape))) as object;
    const model = await tf.loadLayersModel(tf.io.fromMemory({ ...json, weightData: encodeParameters(parameters).buffer as ArrayBuffer }));
    expect(model.layers.map((layer) => layer.getClassName())).toEqual(["LSTM", "Dense"]);
    const raw = model.predict(tf.tensor3d(batch.x, [size, shape.steps, shape.features])) as import("@tensorflow/tfjs").Tensor;
    const values = raw.dataSync();
    const quantiles = forwardLstm(parameters, shape, batch.x, size);
    for (let i = 0; i < size * shape.horizon; i++) {
      const [low, middle, high] = [values[i * 3]!, values[i * 3 + 1]!, values[i * 3 + 2]!];
      expect(quantiles[i * 3 + 1]).toBeCloseTo(middle, 5);
      expect(quantiles[i * 3]).toBeCloseTo(middle - Math.log(1 + Math.exp(low)), 5);
      expect(quantiles[i * 3 + 2]).toBeCloseTo(middle + Math.log(1 + Math.exp(high)), 5);
    }
    model.dispose();
    raw.dispose();
  });

  it("has the topology that tfjs itself writes for the same layers", async () => {
    const { tf } = await loadTensorflow("cpu");
    const model = tf.sequential({
      name: "foretrace_lstm",
      layers: [
        tf.layers.lstm({
          name: "lstm",
          units: 4,
          recurrentActivation: "sigmoid",
          unitForgetBias: true,
          implementation: 1,
          batchInputShape: [null, 5, 3],
        }),
        tf.layers.dense({ name: "dense", units: 6 }),
      ],
    });
    type Layer = { class_name: string; config: Record<string, unknown> };
    const layersOf = (json: object): Layer[] => (json as { config: { layers: Layer[] } }).config.layers;
    const stock = layersOf(model.toJSON(null, false) as object);
    const ours = layersOf(layersModelJson(shape).modelTopology);
    for (const [i, { class_name, config }] of ours.entries()) {
      expect(class_name).toBe(stock[i]!.class_name);
      const names = Object.keys(config).filter((key) => !key.endsWith("_initializer"));
      for (const key of names) expect([key, stock[i]!.config[key]]).toEqual([key, config[key]]);
    }
    const shapes = model.trainableWeights.map((weight) => weight.shape);
    expect(layersModelJson(shape).weightSpecs.map((spec) => spec.shape)).toEqual(shapes);
    model.dispose();
  });

  it("refuses weights of another size", () => {
    expect(() => decodeParameters(shape, encodeParameters(parameters).subarray(4))).toThrow(/train again/);
    expect(decodeParameters(shape, encodeParameters(parameters))).toEqual(parameters);
  });
});

describe.each(["cpu", "wasm"] as const)("tfjs engine on %s", (backend) => {
  it("predicts what the plain forward pass gives, quantiles in order", async () => {
    const engine = await tfjsEngine(backend)(shape);
    engine.setParameters(parameters);
    const quantiles = engine.predict(batch.x, size);
    const plain = forwardLstm(parameters, shape, batch.x, size);
    for (const [i, value] of quantiles.entries()) expect(value).toBeCloseTo(plain[i]!, 5);
    for (let i = 0; i < quantiles.length; i += 3)
      expect([...quantiles.subarray(i, i + 3)].toSorted((a, b) => a - b)).toEqual([...quantiles.subarray(i, i + 3)]);
    engine.dispose();
  });

  it("steps along the finite differences of the loss", async () => {
    // With a huge epsilon AdamW's first step is −lr·g/epsilon: the step shows the gradient.
    const engine = await tfjsEngine(backend)(shape, { epsilon: 1e4, weightDecay: 0, clipNorm: Infinity });
    engine.setParameters(parameters);
    const loss = engine.trainStep(batch, 1e4);
    const at = (values: Parameters): number => pinballLoss(forwardLstm(values, shape, batch.x, size), batch, shape);
    expect(loss).toBeCloseTo(at(parameters), 5);
    const after = engine.getParameters();
    const step = 2 ** -8;
    for (const [p, values] of parameters.entries()) {
      for (let i = 0; i < values.length; i++) {
        const moved = (by: number): Parameters =>
          parameters.map((one, q) => (q === p ? one.map((v, j) => (j === i ? v + by : v)) : one)) as unknown as Parameters;
        const slope = (at(moved(step)) - at(moved(-step))) / (2 * step);
        expect(Math.abs(values[i]! - after[p]![i]! - slope)).toBeLessThan(1e-3 + 0.02 * Math.abs(slope));
      }
    }
    engine.dispose();
  });

  it("learns a rule, by the same bytes each time, without losing memory", async () => {
    const train = async (): Promise<{ losses: number[]; parameters: Parameters; tensors: number }> => {
      const { tf } = await loadTensorflow(backend);
      const engine = await tfjsEngine(backend)(shape);
      engine.setParameters(initialParameters(shape, createRandom(1)));
      const draws = createRandom(2);
      const losses: number[] = [];
      let tensors = 0;
      for (let step = 0; step < 150; step++) {
        const x = Float32Array.from({ length: 16 * 15 }, () => draws.normal());
        // Targets: the last step's first input, and its second.
        const y = Float32Array.from({ length: 32 }, (_, i) => x[Math.floor(i / 2) * 15 + 12 + (i % 2)]!);
        losses.push(engine.trainStep({ size: 16, x, y, mask: new Float32Array(32).fill(1), weight: new Float32Array(16).fill(1) }, 0.02));
        if (step === 5) tensors = tf.memory().numTensors;
      }
      const result = { losses, parameters: engine.getParameters(), tensors: tf.memory().numTensors - tensors };
      engine.dispose();
      return result;
    };
    const first = await train();
    expect(first.losses.at(-1)!).toBeLessThan(0.4 * first.losses[0]!);
    expect(first.tensors).toBe(0);
    expect(await train()).toEqual(first);
  });

  it("changes nothing when no target counts", async () => {
    const engine = await tfjsEngine(backend)(shape);
    engine.setParameters(parameters);
    expect(engine.trainStep({ ...batch, mask: new Float32Array(6) }, 0.1)).toBe(0);
    expect(engine.getParameters()).toEqual(parameters);
    engine.dispose();
  });
});

describe("AdamW", () => {
  it("follows the paper: three steps computed in double precision by another program", () => {
    const options = { weightDecay: 0.01, epsilon: 1e-7, clipNorm: Infinity };
    const values = [Float32Array.of(1, -2), new Float32Array(1), new Float32Array(1), new Float32Array(1), new Float32Array(1)] as const;
    const optimiser = createAdamW(options, [2, 1, 1, 1, 1]);
    const none = new Float32Array(1);
    const gradients = [Float32Array.of(0.5, -0.1), Float32Array.of(0.25, 0.3), Float32Array.of(-0.125, 0.2)];
    for (const gradient of gradients) optimiser.apply(values, [gradient, none, none, none, none], 0.1);
    expect(values[0][0]).toBeCloseTo(0.747712076000485, 6);
    expect(values[0][1]).toBeCloseTo(-2.010015628645454, 6);
  });

  it("clips by the norm over all parameters, and spares biases from decay", () => {
    const values = [Float32Array.of(0), new Float32Array(1), Float32Array.of(4), new Float32Array(1), Float32Array.of(0)] as const;
    const optimiser = createAdamW({ weightDecay: 0.5, epsilon: 1e6, clipNorm: 1 }, [1, 1, 1, 1, 1]);
    const none = Float32Array.of(0);
    // Norm 5, scaled to 1: gradients 0.6 and 0.8; the step is gradient / epsilon.
    optimiser.apply(values, [Float32Array.of(3), none, none, none, Float32Array.of(4)], 1e6);
    expect(values[0][0]).toBeCloseTo(-0.6, 5);
    expect(values[4][0]).toBeCloseTo(-0.8, 5);
    expect(values[2][0]).toBe(4);
  });
});

it("inverts softplus", () => {
  for (const value of [1e-6, 0.01, 1, 30]) expect(Math.log1p(Math.exp(inverseSoftplus(value)))).toBeCloseTo(value, 9);
});
