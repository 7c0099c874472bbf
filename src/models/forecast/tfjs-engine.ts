/** The network in stock tfjs layers: the reference that other engines are held against, and what trains where there is no faster one. */
import type { LayersModel, Tensor, Variable } from "@tensorflow/tfjs";
import { createAdamW } from "./adamw.ts";
import { loadTensorflow, type BackendChoice, type Tf } from "./backend.ts";
import { engineDefaults, parameterShapes, type EngineFactory, type LstmEngine, type LstmShape, type Parameters } from "./engine.ts";
import { layersModelJson } from "./layers-model.ts";

/** An {@link EngineFactory} on the chosen tfjs backend. */
export function tfjsEngine(choice: BackendChoice = "auto"): EngineFactory {
  return async (shape, options) => {
    const { tf, backend } = await loadTensorflow(choice);
    const model = await tf.models.modelFromJSON(layersModelJson(shape).modelTopology as Parameters0<Tf["models"]["modelFromJSON"]>);
    return createEngine(tf, backend, model, shape, { ...engineDefaults, ...options });
  };
}
type Parameters0<F> = F extends (first: infer A, ...rest: never[]) => unknown ? A : never;

function createEngine(tf: Tf, backend: string, model: LayersModel, shape: LstmShape, options: typeof engineDefaults): LstmEngine {
  const { steps, features, horizon, levels } = shape;
  const shapes = parameterShapes(shape);
  const sizes = shapes.map((size) => size.reduce((product, n) => product * n, 1));
  const variables = model.trainableWeights.map((weight) => weight.read() as Variable);
  const values = sizes.map((size) => new Float32Array(size)) as unknown as Parameters;
  let optimiser = createAdamW(options, sizes);
  const weights = cumulation(levels.length);
  /** tfjs has one backend for the whole process. */
  const use = (): void => {
    if (tf.getBackend() !== backend) void tf.setBackend(backend);
  };
  const assign = (): void => {
    for (const [i, variable] of variables.entries()) {
      const tensor = tf.tensor(values[i]!, shapes[i]!);
      variable.assign(tensor);
      tensor.dispose();
    }
  };
  const quantiles = (x: Float32Array, size: number): Tensor => {
    const middle = (levels.length - 1) / 2;
    const raw = (model.apply(tf.tensor3d(x.slice(0, size * steps * features), [size, steps, features])) as Tensor).reshape([
      size * horizon,
      levels.length,
    ]);
    const parts = [
      raw.slice([0, 0], [-1, middle]).softplus(),
      raw.slice([0, middle], [-1, 1]),
      raw.slice([0, middle + 1], [-1, middle]).softplus(),
    ];
    return tf.concat(parts, 1).matMul(tf.tensor2d(weights, [levels.length, levels.length]));
  };
  return {
    backend,
    shape,
    trainStep(batch, learningRate) {
      use();
      let total = 0;
      const counted = Float32Array.from(batch.mask.subarray(0, batch.size * horizon), (mask, i) => {
        const weight = mask * batch.weight[Math.floor(i / horizon)]!;
        total += weight;
        return weight;
      });
      if (total === 0) return 0;
      const [loss, gradients] = tf.tidy(() => {
        const y = tf.tensor2d(batch.y.slice(0, batch.size * horizon), [batch.size * horizon, 1]);
        const share = tf.tensor2d(counted, [batch.size * horizon, 1]).div(total * levels.length);
        const { value, grads } = tf.variableGrads(() => {
          const error = y.sub(quantiles(batch.x, batch.size));
          const pinball = error.mul(tf.tensor1d([...levels])).add(error.neg().relu());
          return pinball.mul(share).sum().asScalar();
        }, variables);
        return [value.dataSync()[0]!, variables.map((variable) => Float32Array.from(grads[variable.name]!.dataSync()))];
      });
      optimiser.apply(values, gradients as unknown as Parameters, learningRate);
      assign();
      return loss;
    },
    predict(x, size) {
      use();
      return tf.tidy(() => Float32Array.from(quantiles(x, size).dataSync()));
    },
    getParameters: () => values.map((value) => value.slice()) as unknown as Parameters,
    setParameters(parameters) {
      use();
      for (const [i, value] of parameters.entries()) values[i]!.set(value);
      optimiser = createAdamW(options, sizes);
      assign();
    },
    dispose() {
      use();
      model.dispose();
    },
  };
}

/** [Q][Q] matrix that turns (softplus, median, softplus) increments into quantiles. */
function cumulation(levels: number): Float32Array {
  const middle = (levels - 1) / 2;
  const matrix = new Float32Array(levels * levels);
  for (let k = 0; k < levels; k++) {
    matrix[middle * levels + k] = 1;
    for (let i = middle + 1; i <= k; i++) matrix[i * levels + k] = 1;
    for (let i = k; i < middle; i++) matrix[i * levels + k] = -1;
  }
  return matrix;
}
