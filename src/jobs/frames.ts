/**
 * Raw samples → regular grids, by rules that stand here and nowhere else:
 * - Grid points are the multiples of the step. The point t takes the last sample in (t − step, t]; without one it is missing.
 * - NaN (stale markers included) and infinite values are missing. Nothing is interpolated.
 * - Series of one step make one frame, from the first to the last complete grid point of any of them. All-missing series are dropped.
 * - The step of a series is its query's, the configured grid for trace features, else the commonest distance of its samples in whole seconds.
 */
import { type Frame, type Labels, type Sample, seriesKey } from "../lib/series.ts";
import { type EpochMillis, epochMillis } from "../lib/units.ts";
import type { Matcher, SampleBatch, Store, TimeRange } from "../store/ports.ts";
import { type Config, targetConfig } from "./config.ts";

/** Rows that models look at, at most; the newest are kept. Two and a half days at 10 s, two months at 5 min. */
export const maxRows = 20_000;

/** Series that this program derives itself; models must not learn from them. */
const derived = /^foretrace_/;
const fromTraces = /^go_trace_/;

export const targetMatcher = (target: string): Matcher[] => [{ name: "target", op: "=", value: target }];

/** The target's series in the range as frames, finest step first. */
export async function loadFrames(store: Store, config: Config, target: string, range: TimeRange): Promise<Frame[]> {
  const batches = await store.series.select([...targetMatcher(target), { name: "__name__", op: "!~", value: "foretrace_.*" }], range);
  return framesOf(batches, stepsOf(config, target), config.models.maxSeries);
}

/** What the configuration knows about the step of a series of the target; undefined = look at its samples. */
export function stepsOf(config: Config, target: string): (labels: Labels) => number | undefined {
  const { prometheus } = targetConfig(config, target);
  return (labels) => {
    const name = labels["__name__"] ?? "";
    if (fromTraces.test(name)) return config.gridMillis;
    return prometheus !== undefined && Object.hasOwn(prometheus.queries, name) ? prometheus.stepMillis : undefined;
  };
}

export function framesOf(
  batches: readonly SampleBatch[],
  stepOf: (labels: Labels) => number | undefined,
  maxSeries = Number.POSITIVE_INFINITY,
): Frame[] {
  const groups = new Map<number, SampleBatch[]>();
  for (const batch of fullest(batches, maxSeries)) {
    const step = stepOf(batch.labels) ?? commonStep(batch.samples);
    if (step === undefined) continue;
    const group = groups.get(step);
    if (group === undefined) groups.set(step, [batch]);
    else group.push(batch);
  }
  return [...groups].sort(([a], [b]) => a - b).flatMap(([step, group]) => frameOf(group, step) ?? []);
}

/** Of too many series those with the most samples, so that a flood of short-lived label sets cannot push out the steady ones. */
function fullest(batches: readonly SampleBatch[], maxSeries: number): SampleBatch[] {
  const modelled = batches.filter(({ labels, samples }) => samples.length > 0 && !derived.test(labels["__name__"] ?? ""));
  const kept =
    modelled.length <= maxSeries
      ? modelled
      : modelled.toSorted((a, b) => b.samples.length - a.samples.length || order(a, b)).slice(0, maxSeries);
  return kept.toSorted(order);
}

const order = (a: SampleBatch, b: SampleBatch): number => (seriesKey(a.labels) < seriesKey(b.labels) ? -1 : 1);

function frameOf(group: readonly SampleBatch[], step: number): Frame | undefined {
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (const { samples } of group) {
    first = Math.min(first, Math.ceil(samples[0]!.t / step));
    // A cell that is still filling is not a row yet.
    last = Math.max(last, Math.floor(samples.at(-1)!.t / step));
  }
  first = Math.max(first, last - maxRows + 1);
  if (last < first) return undefined;
  const length = last - first + 1;
  const columns: { labels: Labels; values: Float64Array }[] = [];
  for (const { labels, samples } of group) {
    const values = new Float64Array(length).fill(Number.NaN);
    let present = false;
    for (const { t, v } of samples) {
      const row = Math.ceil(t / step) - first;
      if (row < 0 || row >= length) continue;
      const finite = Number.isFinite(v);
      values[row] = finite ? v : Number.NaN;
      present ||= finite;
    }
    if (present && values.some((value) => !Number.isNaN(value))) columns.push({ labels, values });
  }
  return columns.length === 0 ? undefined : { start: epochMillis(first * step), step, length, columns };
}

/** The commonest distance of neighbouring samples, in whole seconds; undefined below two samples. */
function commonStep(samples: readonly Sample[]): number | undefined {
  const counts = new Map<number, number>();
  let best: number | undefined;
  for (let i = 1; i < samples.length; i++) {
    const seconds = Math.max(1, Math.round((samples[i]!.t - samples[i - 1]!.t) / 1000));
    const count = (counts.get(seconds) ?? 0) + 1;
    counts.set(seconds, count);
    if (best === undefined || count > counts.get(best)! || (count === counts.get(best)! && seconds < best)) best = seconds;
  }
  return best === undefined ? undefined : best * 1000;
}

/** Time of a row. */
export const rowTime = (frame: Frame, row: number): EpochMillis => epochMillis(frame.start + row * frame.step);

/** Time of the last row of the newest frame. */
export const newestRow = (frames: readonly Frame[]): EpochMillis =>
  epochMillis(Math.max(...frames.map((frame) => rowTime(frame, frame.length - 1))));

/** Rows [from, to) of a frame, without copying. */
export function sliceFrame(frame: Frame, from: number, to: number): Frame {
  return {
    start: rowTime(frame, from),
    step: frame.step,
    length: to - from,
    columns: frame.columns.map(({ labels, values }) => ({ labels, values: values.subarray(from, to) })),
  };
}
