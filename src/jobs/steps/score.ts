/** A target's recent past → its anomaly score as a series, and its anomalous windows. */
import type { Sample } from "../../lib/series.ts";
import { type EpochMillis, epochMillis } from "../../lib/units.ts";
import { alignDown } from "../../sources/prometheus/client.ts";
import type { ModelRecord, SampleBatch } from "../../store/ports.ts";
import { joinAnomalies, scoredRange, withTraces } from "../anomalies.ts";
import { targetConfig } from "../config.ts";
import { awaitsFirstPull } from "../first-pull.ts";
import { targetMatcher } from "../frames.ts";
import { markGaps } from "../gaps.ts";
import type { JobInput } from "../inputs.ts";
import { newestSample } from "../newest.ts";
import type { Step, StepContext } from "../step.ts";
import { usableModel } from "../stored-models.ts";
import { newestObserved, recentFrames } from "../target-frames.ts";
import { hasUnmodelled } from "../unmodelled.ts";
import { runThread } from "../thread.ts";
import type { ScoredFrame, ScoreTask } from "../workers/score.ts";

export type ScoreOutput = { readonly skipped: string } | { readonly rows: number; readonly windows: number; readonly open: number };

const scoreName = "foretrace_anomaly_score";
/** Traces that are looked through for links, newest first. */
const mostTraces = 10_000;
const mostWindows = 10_000;

/** Rows before the first that is scored anew: by then every level and window of the detector has forgotten what lies before them. */
const contextRows = 200;
/** Newest rows whose scores are provisional: the windows that cover them were not complete. */
const settlingRows = 40;

/**
 * Scores what is new and replaces the windows it touches. With `renew` (older samples or the detector have changed) all that the configuration
 * calls recent (`models.scoreOn`). Without a detector, or with one that has seen less than half of what is there by now, or not all of its series, it asks for training;
 * without a new row there is nothing to do.
 */
export const score: Step<JobInput<"score">, ScoreOutput> = async ({ target, renew = false }, context) => {
  const { store, config, log } = context;
  const observed = await newestObserved(context, target);
  if (observed === undefined) return { skipped: `target "${target}" has no samples` };
  const found = await usableModel(context, target, "anomaly");
  if (found === undefined) {
    if (await awaitsFirstPull(context, target)) {
      return { skipped: `target "${target}" has no detector yet; the end of its first pull asks for training` };
    }
    await context.enqueue("train", { target });
    return { skipped: `target "${target}" has no detector yet; training was asked for` };
  }
  if (hasGrown(found.record, observed, config.models.trainOnMillis)) await context.enqueue("train", { target });
  const parts = new Map(found.parts.map((part) => [part.step, part]));
  const steps = [...parts.keys()];
  const last = renew ? undefined : await newestScore(context, target, observed);
  if (last !== undefined && last >= alignDown(observed, Math.min(...steps))) return { skipped: "no row is newer than the newest score" };
  const oldest = observed - config.models.scoreOnMillis;
  /** From when on a grid's rows are scored; what lies before is their context. */
  const since = (step: number): number => (last === undefined ? oldest : Math.max(oldest, last - settlingRows * step));
  const coarsest = Math.max(...steps);
  const millis = observed - since(coarsest) + contextRows * coarsest;
  const frames = await recentFrames(context, target, millis);
  const leastValues = Math.min(4 * targetConfig(config, target).horizon, contextRows / 2);
  if (hasUnmodelled(found.record, frames, { now: context.clock(), leastValues, maxSeries: config.models.maxSeries })) {
    await context.enqueue("train", { target });
  }
  const pairs = frames.flatMap((frame) => {
    const part = parts.get(frame.step);
    const skip = Math.max(0, Math.ceil((since(frame.step) - frame.start) / frame.step));
    return part === undefined ? [] : [{ frame, part, skip }];
  });
  if (pairs.length === 0) return { skipped: `no recent series of target "${target}" is on a grid that its detector knows` };
  const scored = await runThread<ScoreTask, ScoredFrame[]>("score.ts", { pairs }, { signal: context.signal, progress: context.progress });
  const range = scoredRange(scored);
  if (range === undefined) return { skipped: `too few samples of target "${target}" in a row to score` };

  const known = await store.outcomes.anomalies({ target, range, limit: mostWindows });
  const joined = joinAnomalies({ target, modelId: found.record.id, frames: scored }, known, range);
  // A window may have begun before what is scored now.
  const reach = { from: epochMillis(Math.min(range.from, ...joined.map(({ from }) => from))), to: range.to };
  const traces = joined.length === 0 ? [] : await store.traces.list({ target, range: reach, limit: mostTraces });
  const records = joined.map((record) => withTraces(record, traces, scored));
  await store.outcomes.putAnomalies(target, range, records);
  // Last, for the newest score says how far scoring has come.
  await store.series.append([scoreSeries(target, scored)]);
  const open = records.filter((record) => record.open).length;
  log.debug({ target, windows: records.length, open }, "scored");
  return { rows: scored.reduce((sum, { ratios }) => sum + ratios.length, 0), windows: records.length, open };
};

/** A young target doubles its history again and again before its schedule trains it; an old one never does. */
function hasGrown({ summary }: ModelRecord, observed: EpochMillis, trainOnMillis: number): boolean {
  const { from, to } = summary as { from?: number; to?: number };
  if (from === undefined || to === undefined) return false;
  return observed - from >= 2 * (to - from) && to - from < trainOnMillis / 2;
}

function newestScore({ store, config }: StepContext, target: string, observed: EpochMillis): Promise<EpochMillis | undefined> {
  const matchers = [...targetMatcher(target), { name: "__name__", op: "=", value: scoreName } as const];
  return newestSample(store.series, matchers, observed, config.models.scoreOnMillis);
}

/**
 * One series for the target: on the finest grid, the largest of the ratios whose cell holds the row. Rows of coarser grids stand for themselves
 * where the finest has none.
 */
function scoreSeries(target: string, frames: readonly ScoredFrame[]): SampleBatch {
  const [finest, ...coarser] = frames.toSorted((a, b) => a.step - b.step);
  const scores = new Map<number, number>();
  for (const { t, ratio } of rows(finest!)) scores.set(t, ratio);
  for (const frame of coarser) {
    for (const { t, ratio } of rows(frame)) {
      const inCell = Math.ceil((t - frame.step + 1 - finest!.start) / finest!.step) * finest!.step + finest!.start;
      for (let at = inCell; at <= t; at += finest!.step) if (scores.has(at)) scores.set(at, Math.max(scores.get(at)!, ratio));
      if (!scores.has(t)) scores.set(t, ratio);
    }
  }
  const samples = [...scores].sort(([a], [b]) => a - b).map(([t, v]): Sample => ({ t: epochMillis(t), v }));
  return {
    labels: { __name__: scoreName, target },
    samples: coarser.length > 0 ? samples : markGaps(samples, finest!.step, samples.at(-1)?.t ?? 0),
  };
}

const rows = ({ start, step, ratios }: ScoredFrame): { t: number; ratio: number }[] =>
  Array.from(ratios, (ratio, row) => ({ t: start + row * step, ratio })).filter(({ ratio }) => !Number.isNaN(ratio));
