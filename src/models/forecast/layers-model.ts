/** The network as a stock tfjs LayersModel: the topology that `tf.loadLayersModel` reads, and its weights as raw bytes. */
import { ForetraceError } from "../../lib/errors.ts";
import { parameterShapes, type LstmShape, type Parameters } from "./engine.ts";

const weightNames = ["lstm/kernel", "lstm/recurrent_kernel", "lstm/bias", "dense/kernel", "dense/bias"];

/** `modelTopology` and `weightSpecs` as in tf.io.ModelArtifacts (and model.json). */
export type LayersModelJson = {
  readonly modelTopology: object;
  readonly weightSpecs: readonly { readonly name: string; readonly shape: number[]; readonly dtype: "float32" }[];
};

/** Keras topology of LSTM(hidden) → Dense(horizon × levels), only stock layers; dense outputs are the raw r of engine.ts. */
export function layersModelJson(shape: LstmShape): LayersModelJson {
  const { steps, features, hidden, horizon, levels } = shape;
  const zeros = { class_name: "Zeros", config: {} };
  return {
    modelTopology: {
      class_name: "Sequential",
      config: {
        name: "foretrace_lstm",
        layers: [
          {
            class_name: "LSTM",
            config: {
              name: "lstm",
              trainable: true,
              batch_input_shape: [null, steps, features],
              dtype: "float32",
              units: hidden,
              activation: "tanh",
              recurrent_activation: "sigmoid",
              use_bias: true,
              unit_forget_bias: true,
              implementation: 1,
              kernel_initializer: zeros,
              recurrent_initializer: zeros,
              bias_initializer: zeros,
              return_sequences: false,
              return_state: false,
              go_backwards: false,
              stateful: false,
              unroll: false,
            },
          },
          {
            class_name: "Dense",
            config: {
              name: "dense",
              trainable: true,
              units: horizon * levels.length,
              activation: "linear",
              use_bias: true,
              kernel_initializer: zeros,
              bias_initializer: zeros,
            },
          },
        ],
      },
      keras_version: "tfjs-layers 4.22.0",
      backend: "tensor_flow.js",
    },
    weightSpecs: parameterShapes(shape).map((size, i) => ({ name: weightNames[i]!, shape: size, dtype: "float32" })),
  };
}

/** Float32, little-endian, one after the other in the order of the specs. */
export function encodeParameters(parameters: Parameters): Uint8Array {
  const bytes = new Uint8Array(parameters.reduce((sum, values) => sum + values.length, 0) * 4);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const values of parameters) for (const value of values) at = (view.setFloat32(at, value, true), at + 4);
  return bytes;
}

/** @throws ForetraceError model_incompatible when the bytes do not fit the shape. */
export function decodeParameters(shape: LstmShape, bytes: Uint8Array): Parameters {
  const sizes = parameterShapes(shape).map((size) => size.reduce((product, n) => product * n, 1));
  const expected = 4 * sizes.reduce((sum, n) => sum + n, 0);
  if (bytes.byteLength !== expected) {
    throw new ForetraceError(
      "model_incompatible",
      `weights of lstm have ${bytes.byteLength} bytes, its manifest says ${expected}; train again`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  return sizes.map((size) => Float32Array.from({ length: size }, () => view.getFloat32((at += 4) - 4, true))) as unknown as Parameters;
}
