/** The training loop, whatever the engine: warm-up and cosine of the learning rate, averaged weights, early stopping. */
import { ForetraceError } from "../../lib/errors.ts";
import type { Random } from "../../lib/random.ts";
import { parameterShapes, type Batch, type LstmEngine, type LstmShape, type Parameters } from "./engine.ts";
import { inverseSoftplus } from "./forward.ts";

export type TrainingOptions = {
  /** Most optimiser steps. */
  readonly steps: number;
  readonly learningRate: number;
  /** Steps between looks at the validation loss. */
  readonly every: number;
  /** Looks without a better validation loss before training ends. */
  readonly patience: number;
  readonly signal?: AbortSignal | undefined;
  readonly progress?: ((done: number) => void) | undefined;
};

const warmUp = 50;
/** The cosine ends at this share of the learning rate. */
const finalShare = 0.02;
const mostAveraged = 0.998;
/** The other tasks of the thread (an abort, a heartbeat) get their turn this often. */
const pauseEvery = 8;

/**
 * Trains `engine` from its parameters on batches from `next`; returns the averaged weights with the lowest validation loss.
 * `judge`, a second engine, looks at the averaged weights while the first keeps its own and their moments.
 * @throws ForetraceError canceled as soon as the signal is aborted (looked at before each step).
 */
export async function train(
  engine: LstmEngine,
  judge: LstmEngine,
  next: () => Batch,
  validation: Batch,
  options: TrainingOptions,
): Promise<{ parameters: Parameters; loss: number; steps: number }> {
  const averaged = engine.getParameters();
  const judged = (): number => {
    judge.setParameters(averaged);
    return pinballLoss(judge.predict(validation.x, validation.size), validation, judge.shape);
  };
  let best = { parameters: copy(averaged), loss: judged(), steps: 0 };
  let worse = 0;
  for (let step = 1; step <= options.steps; step++) {
    if (step % pauseEvery === 1) await pause();
    if (options.signal?.aborted) throw new ForetraceError("canceled", `training of lstm was cancelled at step ${step} of ${options.steps}`);
    const share = finalShare + ((1 - finalShare) * (1 + Math.cos((Math.PI * step) / options.steps))) / 2;
    engine.trainStep(next(), options.learningRate * share * Math.min(1, step / warmUp));
    const current = engine.getParameters();
    const keep = Math.min(mostAveraged, step / (step + 9));
    for (const [p, values] of averaged.entries())
      for (let i = 0; i < values.length; i++) values[i]! += (1 - keep) * (current[p]![i]! - values[i]!);
    options.progress?.(step / options.steps);
    if (step % options.every !== 0 && step !== options.steps) continue;
    const loss = judged();
    if (loss < best.loss) {
      best = { parameters: copy(averaged), loss, steps: step };
      worse = 0;
    } else if (++worse >= options.patience) break;
  }
  return best;
}

/** Weighted mean pinball loss as {@link LstmEngine} states it, 0 when nothing counts. */
export function pinballLoss(quantiles: Float32Array, batch: Batch, { horizon, levels }: LstmShape): number {
  let sum = 0;
  let total = 0;
  for (let i = 0; i < batch.size * horizon; i++) {
    const weight = batch.mask[i]! * batch.weight[Math.floor(i / horizon)]!;
    if (weight === 0) continue;
    total += weight;
    for (const [k, level] of levels.entries()) {
      const error = batch.y[i]! - quantiles[i * levels.length + k]!;
      sum += weight * Math.max(level * error, (level - 1) * error);
    }
  }
  return total === 0 ? 0 : sum / total / levels.length;
}

/**
 * Glorot-uniform kernels, forget bias 1; the dense layer starts small, its biases at the quantiles of errors of about one unit
 * (logistic, mean |error| near 1) around the base.
 */
export function initialParameters(shape: LstmShape, random: Random): Parameters {
  const sizes = parameterShapes(shape);
  const uniform = ([rows, columns]: number[], scale: number): Float32Array => {
    const limit = scale * Math.sqrt(6 / (rows! + columns!));
    return Float32Array.from({ length: rows! * columns! }, () => (2 * random.uniform() - 1) * limit);
  };
  const hidden = shape.hidden;
  const bias = Float32Array.from({ length: 4 * hidden }, (_, i) => (i >= hidden && i < 2 * hidden ? 1 : 0));
  const middle = (shape.levels.length - 1) / 2;
  const start = shape.levels.map((level, k) => {
    if (k === middle) return 0;
    const inner = shape.levels[k > middle ? k - 1 : k + 1]!;
    return inverseSoftplus(Math.abs(logistic(level) - logistic(inner)));
  });
  const denseBias = Float32Array.from({ length: shape.horizon * start.length }, (_, i) => start[i % start.length]!);
  return [uniform(sizes[0]!, 1), uniform(sizes[1]!, 1), bias, uniform(sizes[3]!, 0.3), denseBias];
}

const logistic = (p: number): number => 0.7 * Math.log(p / (1 - p));
const copy = (parameters: Parameters): Parameters => parameters.map((values) => values.slice()) as unknown as Parameters;
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
