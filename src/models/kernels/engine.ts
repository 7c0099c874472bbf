/** The `fused` engine of the forecaster: kernels of our own in place of tfjs, the same arithmetic and the same saved form. */
import { ForetraceError } from "../../lib/errors.ts";
import { engineDefaults, type Batch, type EngineFactory, type LstmEngine, type LstmShape } from "../forecast/engine.ts";
import type { Block } from "./layout.ts";
import { createLstmKernel, type LstmKernel } from "./lstm-kernel.ts";
import { pack, placesOf, unpack } from "./packing.ts";

/** Windows that a forecast runs through the net at once: all that is needed of them stays in the cache. */
const forecastChunk = 64;
const beta1 = 0.9;
const beta2 = 0.999;

/**
 * An {@link EngineFactory} on the compiled kernels (build/kernels, read by src/jobs/kernels.ts).
 * @throws ForetraceError bad_usage for a shape that the kernels cannot have, or batches that do not fit it.
 */
export function fusedEngine(module: WebAssembly.Module): EngineFactory {
  return async (shape, options) => {
    checkShape(shape);
    return createEngine(createLstmKernel(module, shape), shape, { ...engineDefaults, ...options });
  };
}

function createEngine(created: LstmKernel, shape: LstmShape, options: typeof engineDefaults): LstmEngine {
  let live: LstmKernel | undefined = created;
  const places = placesOf(shape, created.layout.rows, created.layout.counts);
  let step = 0;
  const kernel = (): LstmKernel => {
    if (live === undefined) throw new ForetraceError("bad_usage", "this LSTM engine was disposed of; make a new one");
    return live;
  };

  /** Gradients at layout.gradients → parameters. */
  function update({ exports, layout }: LstmKernel, norm: number, learningRate: number): void {
    step++;
    const scale = norm > options.clipNorm ? options.clipNorm / norm : 1;
    const unbiasFirst = 1 / (1 - beta1 ** step);
    const unbiasSecond = 1 / (1 - beta2 ** step);
    for (const part of ["lstm", "lstmBias", "dense", "denseBias"] as const satisfies (keyof Block)[]) {
      const decay = part === "lstm" || part === "dense" ? options.weightDecay : 0;
      const { parameters, gradients, firstMoments, secondMoments, counts } = layout;
      exports.adamw(
        parameters[part],
        gradients[part],
        firstMoments[part],
        secondMoments[part],
        counts[part],
        scale,
        learningRate,
        beta1,
        beta2,
        unbiasFirst,
        unbiasSecond,
        options.epsilon,
        decay,
      );
    }
  }

  return {
    backend: "fused",
    shape,
    trainStep(batch, learningRate) {
      const running = kernel();
      if (!(learningRate >= 0 && learningRate < Infinity)) {
        throw new ForetraceError("bad_usage", `learning rate ${learningRate} is not a finite number from 0 on`);
      }
      const share = shares(shape, batch);
      if (share === undefined) return 0;
      const loss = running.gradients(batch, share);
      const { gradients } = running.layout;
      const norm = Math.sqrt(running.exports.squares(gradients.lstm, running.layout.blockCount));
      if (!Number.isFinite(loss) || !Number.isFinite(norm)) {
        throw new ForetraceError(
          "bad_usage",
          `loss ${loss}, gradient norm ${norm}: a batch or the parameters hold values that are not finite or too large; no parameter was changed`,
        );
      }
      update(running, norm, learningRate);
      return loss;
    },
    predict(x, size) {
      const running = kernel();
      checkSize(size);
      const windowLength = shape.steps * shape.features;
      checkLength("x", x, size * windowLength);
      const outputs = shape.horizon * shape.levels.length;
      const out = new Float32Array(size * outputs);
      for (let first = 0; first < size; first += forecastChunk) {
        const count = Math.min(forecastChunk, size - first);
        running.forecast(x, first * windowLength, count, out, first * outputs);
      }
      return out;
    },
    getParameters() {
      const { layout, memory } = kernel();
      return unpack(places, memory(), layout.parameters.lstm / 4);
    },
    setParameters(parameters) {
      const { layout, memory } = kernel();
      for (const [i, place] of places.entries()) {
        if (parameters[i]?.length !== place.length) {
          throw new ForetraceError("bad_usage", `parameter ${i} has ${parameters[i]?.length} values, ${place.length} are needed`);
        }
      }
      const floats = memory();
      pack(places, parameters, floats, layout.parameters.lstm / 4);
      for (const moments of [layout.firstMoments, layout.secondMoments])
        floats.fill(0, moments.lstm / 4, moments.lstm / 4 + layout.blockCount);
      step = 0;
    },
    dispose() {
      live = undefined;
    },
  };
}

/** weight × mask / (Q × their sum) of every target; undefined when nothing counts. */
export function shares({ steps, features, horizon, levels }: LstmShape, batch: Batch): Float32Array | undefined {
  const { size, x, y, mask, weight } = batch;
  checkSize(size);
  checkLength("x", x, size * steps * features);
  checkLength("y", y, size * horizon);
  checkLength("mask", mask, size * horizon);
  checkLength("weight", weight, size);
  const share = new Float32Array(size * horizon);
  let total = 0;
  for (let i = 0; i < share.length; i++) total += mask[i]! * weight[Math.floor(i / horizon)]!;
  if (total === 0) return undefined;
  for (let i = 0; i < share.length; i++) share[i] = (mask[i]! * weight[Math.floor(i / horizon)]!) / (total * levels.length);
  return share;
}

function checkSize(size: number): void {
  if (!Number.isSafeInteger(size) || size < 1) throw new ForetraceError("bad_usage", `batch size ${size} is not a whole number from 1 on`);
}

function checkLength(name: string, values: Float32Array, wanted: number): void {
  if (values.length < wanted) throw new ForetraceError("bad_usage", `batch: ${name} has ${values.length} values, ${wanted} are needed`);
}

function checkShape(shape: LstmShape): void {
  for (const name of ["steps", "features", "hidden", "horizon"] as const) {
    if (!Number.isSafeInteger(shape[name]) || shape[name] < 1) {
      throw new ForetraceError("bad_usage", `LSTM shape: ${name} is ${shape[name]}, not a whole number from 1 on`);
    }
  }
  if (shape.hidden % 4 !== 0) throw new ForetraceError("bad_usage", `LSTM shape: hidden is ${shape.hidden}, not a multiple of 4`);
  const { levels } = shape;
  const ascending = levels.every((level, k) => level > (levels[k - 1] ?? 0) && level < 1);
  if (levels.length % 2 === 0 || !ascending) {
    throw new ForetraceError(
      "bad_usage",
      `LSTM shape: levels [${levels.join(", ")}] are not an odd number of ascending values between 0 and 1`,
    );
  }
}
