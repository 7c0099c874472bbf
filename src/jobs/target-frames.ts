/**
 * The past of a target as frames, read name by name and in pieces of time: a month of samples of many series as objects would not fit in memory.
 * No more is read than the frames hold ({@link maxRows}), nor more samples than the limits say; the newest stay.
 */
import { ForetraceError } from "../lib/errors.ts";
import type { Frame, Labels } from "../lib/series.ts";
import { seriesKey } from "../lib/series.ts";
import { type EpochMillis, epochMillis } from "../lib/units.ts";
import type { Matcher, SeriesStore, Store, TimeRange } from "../store/ports.ts";
import { commonStep, framesOf, maxRows, stepsOf, targetMatcher, type Track, trackOf } from "./frames.ts";
import { newestSample } from "./newest.ts";
import type { StepContext } from "./step.ts";

const limits = {
  /** Some 200 MB as tracks. */
  mostSamples: 12_000_000,
  /** Samples that one read of the store may give. */
  samplesAtOnce: 500_000,
};
/** How far back the step of a series that no configuration knows is looked for first. */
const probeMillis = 6 * 3_600_000;
/** A target that has been silent for longer than this is not modelled. */
const longestSilence = 10 * 365 * 86_400_000;

type Reading = Pick<StepContext, "store" | "config" | "signal">;

/** The target's own series, without those that are derived from them. */
export const observedMatchers = (target: string): Matcher[] => [
  ...targetMatcher(target),
  { name: "__name__", op: "!~", value: "foretrace_.*" },
];

/** Time of the target's newest observed sample that does not lie in the future. */
export const newestObserved = ({ store, clock }: Pick<StepContext, "store" | "clock">, target: string): Promise<EpochMillis | undefined> =>
  newestSample(store.series, observedMatchers(target), clock(), longestSilence);

/** Frames of the last `millis` before the newest sample, finest step first; none when the target has no samples. */
export async function recentFrames(context: Reading & Pick<StepContext, "clock">, target: string, millis: number): Promise<Frame[]> {
  const newest = await newestObserved(context, target);
  if (newest === undefined) return [];
  return loadFrames(context, target, { from: epochMillis(newest - millis), to: newest });
}

/** The part of the range from the first to the last observed sample that the store holds in it; undefined when there is none. */
export async function observedRange(series: SeriesStore, target: string, range: TimeRange): Promise<TimeRange | undefined> {
  return series.extent === undefined ? range : series.extent(observedMatchers(target), range);
}

/**
 * The target's series in the range as frames, finest step first. Stretches without samples cost nothing, however long the range is.
 * @throws ForetraceError canceled
 */
export async function loadFrames(
  { store, config, signal }: Reading,
  target: string,
  asked: TimeRange,
  { mostSamples, samplesAtOnce } = limits,
): Promise<Frame[]> {
  const range = await observedRange(store.series, target, asked);
  if (range === undefined) return [];
  const stepOf = stepsOf(config, target);
  const present = await store.series.series(observedMatchers(target), range);
  const rows = Math.min(maxRows, Math.floor(mostSamples / Math.max(1, present.length)));
  const names = Map.groupBy(present, (labels) => labels["__name__"] ?? "");
  const tracks: Track[] = [];
  for (const [name, series] of [...names].sort(([a], [b]) => (a < b ? -1 : 1))) {
    throwIfAborted(signal, target);
    const matchers: Matcher[] = [...targetMatcher(target), { name: "__name__", op: "=", value: name }];
    const step = stepOf(series[0]!) ?? (await probeStep(store, matchers, range));
    const from = step === undefined ? range.from : Math.max(range.from, range.to - rows * step + 1);
    const pieceMillis = (step ?? 1000) * Math.max(1, Math.floor(samplesAtOnce / series.length));
    const check = (): void => throwIfAborted(signal, target);
    tracks.push(...(await readTracks(store.series, matchers, { from: epochMillis(from), to: range.to }, pieceMillis, check)));
  }
  return framesOf(tracks, stepOf, config.models.maxSeries);
}

/** The finest common step of the newest samples; undefined where too few lie near the end of the range to tell. */
async function probeStep(store: Pick<Store, "series">, matchers: readonly Matcher[], range: TimeRange): Promise<number | undefined> {
  const newest = await store.series.select(matchers, { from: epochMillis(Math.max(range.from, range.to - probeMillis)), to: range.to });
  const steps = newest.map((batch) => commonStep(trackOf(batch).t)).filter((step) => step !== undefined);
  return steps.length === 0 ? undefined : Math.min(...steps);
}

/** @param check called before each piece; throws to end the reading */
async function readTracks(
  store: SeriesStore,
  matchers: readonly Matcher[],
  range: TimeRange,
  pieceMillis: number,
  check: () => void,
): Promise<Track[]> {
  const pieces = new Map<string, { labels: Labels; parts: Track[] }>();
  for (let from: number = range.from; from <= range.to;) {
    check();
    const to = Math.min(range.to, from + pieceMillis - 1);
    const batches = await store.select(matchers, { from: epochMillis(from), to: epochMillis(to) });
    from = to + 1;
    if (batches.length === 0 && from <= range.to && store.extent !== undefined) {
      from = (await store.extent(matchers, { from: epochMillis(from), to: range.to }))?.from ?? Number.POSITIVE_INFINITY;
    }
    for (const batch of batches) {
      const key = seriesKey(batch.labels);
      const known = pieces.get(key);
      if (known === undefined) pieces.set(key, { labels: batch.labels, parts: [trackOf(batch)] });
      else known.parts.push(trackOf(batch));
    }
  }
  return [...pieces.values()].map(({ labels, parts }) => ({ labels, t: joined(parts, "t"), v: joined(parts, "v") }));
}

function throwIfAborted(signal: AbortSignal, target: string): void {
  if (signal.aborted) throw new ForetraceError("canceled", `the reading of target "${target}" was cancelled`);
}

function joined(parts: readonly Track[], column: "t" | "v"): Float64Array {
  if (parts.length === 1) return parts[0]![column];
  const all = new Float64Array(parts.reduce((sum, part) => sum + part[column].length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part[column], at);
    at += part[column].length;
  }
  return all;
}
