/** A target's recent past → its anomaly score as a series, and its anomalous windows. */
import type { Sample } from "../../lib/series.ts";
import { epochMillis } from "../../lib/units.ts";
import type { SampleBatch } from "../../store/ports.ts";
import { joinAnomalies, scoredRange, withTraces } from "../anomalies.ts";
import { targetMatcher } from "../frames.ts";
import { markGaps } from "../gaps.ts";
import type { JobInput } from "../inputs.ts";
import { newestSample } from "../newest.ts";
import { splitParts } from "../parts.ts";
import type { Step, StepContext } from "../step.ts";
import { newestObserved, recentFrames } from "../target-frames.ts";
import { runThread } from "../thread.ts";
import type { ScoredFrame, ScoreTask } from "../workers/score.ts";

export type ScoreOutput = { readonly skipped: string } | { readonly rows: number; readonly windows: number; readonly open: number };

const scoreName = "foretrace_anomaly_score";
/** Traces that are looked through for links, newest first. */
const mostTraces = 10_000;
const mostWindows = 10_000;

/**
 * Scores what the configuration calls recent (`models.scoreOn`) and replaces the windows of that range. Without a detector it asks for training.
 * Left out when no sample is newer than the newest score, unless `renew` says that older ones have changed.
 */
export const score: Step<JobInput<"score">, ScoreOutput> = async ({ target, renew = false }, context) => {
  const { store, config, log } = context;
  const found = await store.models.latest(target, "anomaly");
  if (found === undefined) {
    await context.enqueue("train", { target });
    return { skipped: `target "${target}" has no detector yet; training was asked for` };
  }
  const parts = new Map(splitParts(found.model).map((part) => [part.step, part]));
  if (!renew && !(await hasNews(context, target, Math.min(...parts.keys())))) return { skipped: "no row is newer than the newest score" };
  const frames = await recentFrames(context, target, config.models.scoreOnMillis);
  const pairs = frames.flatMap((frame) => {
    const part = parts.get(frame.step);
    return part === undefined ? [] : [{ frame, part }];
  });
  if (pairs.length === 0) return { skipped: `no recent series of target "${target}" is on a grid that its detector knows` };
  const scored = await runThread<ScoreTask, ScoredFrame[]>("score.ts", { pairs }, { signal: context.signal, progress: context.progress });
  const range = scoredRange(scored);
  if (range === undefined) return { skipped: `too few samples of target "${target}" in a row to score` };

  const known = await store.outcomes.anomalies({ target, range, limit: mostWindows });
  const traces = await store.traces.list({ target, range, limit: mostTraces });
  const records = joinAnomalies({ target, modelId: found.record.id, frames: scored }, known, range).map((record) =>
    withTraces(record, traces),
  );
  await store.series.append([scoreSeries(target, scored)]);
  await store.outcomes.putAnomalies(target, range, records);
  const open = records.filter((record) => record.open).length;
  log.debug({ target, windows: records.length, open }, "scored");
  return { rows: scored.reduce((sum, { ratios }) => sum + ratios.length, 0), windows: records.length, open };
};

async function hasNews(context: StepContext, target: string, step: number): Promise<boolean> {
  const observed = await newestObserved(context, target);
  if (observed === undefined) return false;
  const matchers = [...targetMatcher(target), { name: "__name__", op: "=", value: scoreName } as const];
  const newest = await newestSample(context.store.series, matchers, observed, context.config.models.scoreOnMillis);
  return newest === undefined || newest < Math.floor(observed / step) * step;
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
