/** A target's history → its forecaster and its detector. */
import { awaitsFirstPull } from "../first-pull.ts";
import { fingerprint } from "../hash.ts";
import type { JobInput } from "../inputs.ts";
import { targetConfig } from "../config.ts";
import { joinParts } from "../parts.ts";
import type { Step, StepContext } from "../step.ts";
import { newestModel, usableModel } from "../stored-models.ts";
import { recentFrames } from "../target-frames.ts";
import { modelledSeries } from "../unmodelled.ts";
import { runThread } from "../thread.ts";
import type { LeftOut, TrainedPart, TrainResult, TrainTask } from "../workers/train.ts";
import type { ModelRecord } from "../../store/ports.ts";

export type TrainOutput =
  | { readonly skipped: string; readonly leftOut?: readonly LeftOut[] }
  | { readonly forecast?: string; readonly anomaly?: string; readonly leftOut: readonly LeftOut[] };

/** Part of the fingerprint: a new way of training trains anew. */
const recipe = 1;

/**
 * Trains in a thread, stores both models, then asks for scoring and forecasting.
 * Left out when the stored models were trained on the same data with the same parameters, when there is too little data,
 * or, by schedule, while the first pull is under way: all say so in the result.
 */
export const train: Step<JobInput<"train">, TrainOutput> = async ({ target, scheduled }, context) => {
  const { config, clock, log } = context;
  if (scheduled === true && (await awaitsFirstPull(context, target))) {
    return { skipped: `the first pull of target "${target}" has not ended; its end asks for training` };
  }
  const frames = await recentFrames(context, target, config.models.trainOnMillis);
  if (frames.length === 0) return { skipped: `target "${target}" has no samples yet` };
  const { season, horizon } = targetConfig(config, target);
  const parameters = { recipe, season, horizon, seed: config.models.seed };
  const print = fingerprint(frames, parameters);
  if (await isTrainedOn(context, target, print)) {
    // A training that was killed after it had stored its models has not asked for what follows.
    await follow(context, target);
    return { skipped: "the stored models were trained on the same data" };
  }

  const task: TrainTask = { frames, season, horizon, seed: String(context.random.below(2 ** 32)) };
  const result = await runThread<TrainTask, TrainResult>("train.ts", task, { signal: context.signal, progress: context.progress });
  const { leftOut } = result;
  const keep = async (kind: ModelRecord["kind"], parts: readonly TrainedPart[]): Promise<string | undefined> => {
    if (parts.length === 0) return undefined;
    const summary = {
      fingerprint: print,
      from: Math.min(...frames.map((frame) => frame.start)),
      to: Math.max(...frames.map((frame) => frame.start + (frame.length - 1) * frame.step)),
      modelled: modelledSeries(frames.filter(({ step }) => parts.some((part) => part.step === step))),
      parts: parts.map((part) => ({ step: part.step, season: part.season, horizon: part.horizon, ...(part.summary as object) })),
      leftOut: leftOut.filter(({ step }) => !parts.some((part) => part.step === step)),
    };
    return (await context.store.models.put({ target, kind, createdAt: clock(), summary }, joinParts(parts))).id;
  };
  const anomaly = await keep("anomaly", result.anomaly);
  const forecast = await keep("forecast", result.forecast);
  if (anomaly === undefined && forecast === undefined) return { skipped: `target "${target}" has too little data to train on`, leftOut };
  log.info({ target, anomaly, forecast, series: frames.reduce((sum, frame) => sum + frame.columns.length, 0) }, "trained");
  await follow(context, target);
  return { ...(forecast && { forecast }), ...(anomaly && { anomaly }), leftOut };
};

async function follow(context: StepContext, target: string): Promise<void> {
  await context.enqueue("score", { target, renew: true });
  await context.enqueue("forecast", { target });
}

/** Both models, so that a training that was killed between them is done again; and both can be read, so that a lost one is made anew. */
async function isTrainedOn(context: StepContext, target: string, print: string): Promise<boolean> {
  const records = await context.store.models.list(target);
  for (const kind of ["forecast", "anomaly"] as const) {
    if (newestModel(records, kind)?.summary["fingerprint"] !== print) return false;
    if ((await usableModel(context, target, kind)) === undefined) return false;
  }
  return true;
}
