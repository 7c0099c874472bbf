/** The network in stock tfjs layers on the cpu backend: what forecasts and gradients of the kernels are held against. */
import * as tf from "@tensorflow/tfjs";
import { parameterShapes, type Batch, type LstmShape, type Parameters } from "../../../src/models/forecast/engine.ts";
import { uncrossed } from "./reference.ts";

export type StockNetwork = {
  /** Quantiles [size][horizon][Q]. */
  predict(x: Float32Array, size: number): Promise<Float32Array>;
  /** Loss and gradients by tf.variableGrads. */
  gradients(batch: Batch): Promise<{ loss: number; gradients: Parameters }>;
};

export async function stockNetwork(shape: LstmShape, parameters: Parameters): Promise<StockNetwork> {
  const { steps, features, hidden, horizon, levels } = shape;
  tf.enableProdMode();
  await tf.setBackend("cpu");
  const model = tf.sequential({
    layers: [
      tf.layers.lstm({ units: hidden, inputShape: [steps, features], recurrentActivation: "sigmoid", recurrentInitializer: "zeros" }),
      tf.layers.dense({ units: horizon * levels.length }),
    ],
  });
  model.setWeights(parameterShapes(shape).map((size, i) => tf.tensor(parameters[i]!, size)));
  const raw = (x: Float32Array, size: number): tf.Tensor2D => model.apply(tf.tensor3d(x, [size, steps, features])) as tf.Tensor2D;
  const middle = (levels.length - 1) / 2;
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  return {
    async predict(x, size) {
      const output = await raw(x, size).data();
      const q = new Float32Array(output.length);
      for (let at = 0; at < q.length; at += levels.length) q.set(uncrossed([...output.subarray(at, at + levels.length)]), at);
      return q;
    },
    async gradients({ size, x, y, mask, weight }) {
      const loss = (): tf.Scalar => {
        const output = raw(x, size).reshape([size, horizon, levels.length]);
        const columns = levels.map((_, k) => output.slice([0, 0, k], [-1, -1, 1]).reshape([size, horizon]));
        const q = [...columns];
        for (let k = middle + 1; k < levels.length; k++) q[k] = q[k - 1]!.add(columns[k]!.softplus());
        for (let k = middle - 1; k >= 0; k--) q[k] = q[k + 1]!.sub(columns[k]!.softplus());
        const counts = tf.tensor2d(mask, [size, horizon]).mul(tf.tensor2d(weight, [size, 1]));
        const target = tf.tensor2d(y, [size, horizon]);
        const pinball = q.map((quantile, k) => {
          const u = target.sub(quantile);
          return tf.maximum(u.mul(levels[k]!), u.mul(levels[k]! - 1));
        });
        return tf.addN(pinball).div(levels.length).mul(counts).sum().div(counts.sum()).asScalar();
      };
      const { value, grads } = tf.variableGrads(loss, variables);
      const gradients = await Promise.all(variables.map(async ({ name }) => (await grads[name]!.data()) as Float32Array));
      return { loss: (await value.data())[0]!, gradients: gradients as unknown as Parameters };
    },
  };
}
