/** What the store knows about one target in a time range. */
import { ForetraceError } from "../../lib/errors.ts";
import type { Labels } from "../../lib/series.ts";
import type { EpochMillis } from "../../lib/units.ts";
import type { AnomalyRecord, Matcher, TimeRange, TraceRecord } from "../../store/ports.ts";
import { targetMatcher } from "../frames.ts";
import type { StepContext } from "../step.ts";
import { observedMatchers } from "../target-frames.ts";
import { forecastSkill, type Skill } from "./skill.ts";

export type Worst = { readonly labels: Labels; readonly value: number; readonly at: EpochMillis };
/** What stopped or held up goroutines, from traces; each undefined where no trace says anything. */
export type Pauses = {
  readonly longestGcPause: Worst | undefined;
  /** Seconds that the garbage collector stopped the world, in all. */
  readonly gcPauseSeconds: number | undefined;
  readonly longestStop: Worst | undefined;
  readonly longestSchedLatency: Worst | undefined;
  /** Time that traces cover, milliseconds. */
  readonly coveredMillis: number;
};
/** Of a forecaster's summary: null where nothing could be held out. */
export type TrainedPart = {
  readonly step: number;
  readonly skill: number | null;
  readonly coverage95: number | null;
  readonly lstmServed: number;
  readonly series: readonly unknown[];
};
export type TargetFacts = {
  readonly target: string;
  /** Series with a sample in the range. */
  readonly series: number;
  /** Newest first. */
  readonly anomalies: readonly AnomalyRecord[];
  readonly skill: Skill | undefined;
  /** What the newest training found on history that it held out, for each grid. */
  readonly trained: { readonly at: EpochMillis; readonly parts: readonly TrainedPart[] } | undefined;
  /** Newest first. */
  readonly traces: readonly TraceRecord[];
  readonly pauses: Pauses | undefined;
};

const most = 10_000;

/** @throws ForetraceError canceled */
export async function gatherFacts(context: StepContext, target: string, range: TimeRange): Promise<TargetFacts> {
  const { store } = context;
  const [series, anomalies, traces, pauses, skill, models] = await Promise.all([
    store.series.series(observedMatchers(target), range),
    store.outcomes.anomalies({ target, range, limit: most }),
    store.traces.list({ target, range, limit: most }),
    pausesOf(context, target, range),
    forecastSkill(context, target, range),
    store.models.list(target),
  ]);
  const newest = models
    .filter(({ kind, createdAt }) => kind === "forecast" && createdAt <= range.to)
    .sort((a, b) => b.createdAt - a.createdAt)[0];
  const trained = newest && { at: newest.createdAt, parts: newest.summary["parts"] as TrainedPart[] };
  return { target, series: series.length, anomalies, traces, pauses, skill, trained };
}

async function pausesOf({ store, config, signal }: StepContext, target: string, range: TimeRange): Promise<Pauses | undefined> {
  const select = (name: string, more: readonly Matcher[] = []) => {
    if (signal.aborted) throw new ForetraceError("canceled", `the report on target "${target}" was cancelled`);
    return store.series.select([...targetMatcher(target), { name: "__name__", op: "=", value: name }, ...more], range);
  };
  const worst = async (name: string, more?: readonly Matcher[]): Promise<Worst | undefined> => {
    let found: Worst | undefined;
    for (const { labels, samples } of await select(name, more)) {
      for (const { t, v } of samples) if (v > (found?.value ?? 0)) found = { labels, value: v, at: t };
    }
    return found;
  };
  const [events] = await select("go_trace_events");
  if (events === undefined) return undefined;
  const sums = (await select("go_trace_gc_pause_seconds")).flatMap(({ samples }) =>
    samples.map(({ v }) => v).filter((v) => !Number.isNaN(v)),
  );
  return {
    longestGcPause: await worst("go_trace_gc_pause_max_seconds"),
    gcPauseSeconds: sums.length === 0 ? undefined : sums.reduce((sum, v) => sum + v, 0),
    longestStop: await worst("go_trace_stw_max_seconds"),
    longestSchedLatency: await worst("go_trace_sched_latency_seconds", [{ name: "quantile", op: "=", value: "1" }]),
    // Samples that were moved in time may lie beside the grid: each cell counts once.
    coveredMillis: new Set(events.samples.map(({ t }) => Math.ceil(t / config.gridMillis))).size * config.gridMillis,
  };
}
