/**
 * Raw samples → regular grids, by rules that stand here and nowhere else:
 * - Grid points are the multiples of the step. The point t takes the last sample in (t − step, t]; without one it is missing.
 * - NaN (stale markers included) and infinite values are missing. Nothing is interpolated.
 * - Series of one step make one frame, from the first to the last complete grid point of any of them. All-missing series are dropped.
 * - The step of a series is its query's, the configured grid for trace features, else the commonest distance of its samples in whole seconds.
 */
import { type Frame, type Labels, seriesKey } from "../lib/series.ts";
import { type EpochMillis, epochMillis } from "../lib/units.ts";
import type { Matcher, SampleBatch } from "../store/ports.ts";
import { type Config, targetConfig } from "./config.ts";

/** Rows that models look at, at most; the newest are kept. Two and a half days at 10 s, two months at 5 min. */
export const maxRows = 20_000;

/** Series that this program derives itself; models must not learn from them. */
const derived = /^foretrace_/;
const fromTraces = /^go_trace_/;

export const targetMatcher = (target: string): Matcher[] => [{ name: "target", op: "=", value: target }];

/** What the configuration knows about the step of a series of the target; undefined = look at its samples. */
export function stepsOf(config: Config, target: string): (labels: Labels) => number | undefined {
  const { prometheus } = targetConfig(config, target);
  return (labels) => {
    const name = labels["__name__"] ?? "";
    if (fromTraces.test(name)) return config.gridMillis;
    return prometheus !== undefined && Object.hasOwn(prometheus.queries, name) ? prometheus.stepMillis : undefined;
  };
}

/** The samples of one series, ascending in time, in a sixth of the memory that a batch takes. */
export type Track = { readonly labels: Labels; readonly t: Float64Array; readonly v: Float64Array };

export const trackOf = ({ labels, samples }: SampleBatch): Track => ({
  labels,
  t: Float64Array.from(samples, ({ t }) => t),
  v: Float64Array.from(samples, ({ v }) => v),
});

export function framesOf(
  tracks: readonly Track[],
  stepOf: (labels: Labels) => number | undefined,
  maxSeries = Number.POSITIVE_INFINITY,
): Frame[] {
  const groups = new Map<number, Track[]>();
  for (const track of fullest(tracks, maxSeries)) {
    const step = stepOf(track.labels) ?? commonStep(track.t);
    if (step === undefined) continue;
    const group = groups.get(step);
    if (group === undefined) groups.set(step, [track]);
    else group.push(track);
  }
  return [...groups].sort(([a], [b]) => a - b).flatMap(([step, group]) => frameOf(group, step) ?? []);
}

/** Of too many series those with the most samples, so that a flood of short-lived label sets cannot push out the steady ones. */
function fullest(tracks: readonly Track[], maxSeries: number): Track[] {
  const modelled = tracks.filter(({ labels, t }) => t.length > 0 && !derived.test(labels["__name__"] ?? ""));
  const kept =
    modelled.length <= maxSeries ? modelled : modelled.toSorted((a, b) => b.t.length - a.t.length || order(a, b)).slice(0, maxSeries);
  return kept.toSorted(order);
}

const order = (a: Track, b: Track): number => (seriesKey(a.labels) < seriesKey(b.labels) ? -1 : 1);

function frameOf(group: readonly Track[], step: number): Frame | undefined {
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (const { t } of group) {
    first = Math.min(first, Math.ceil(t[0]! / step));
    // A cell that is still filling is not a row yet.
    last = Math.max(last, Math.floor(t.at(-1)! / step));
  }
  first = Math.max(first, last - maxRows + 1);
  if (last < first) return undefined;
  const length = last - first + 1;
  const columns: { labels: Labels; values: Float64Array }[] = [];
  for (const { labels, t, v } of group) {
    const values = new Float64Array(length).fill(Number.NaN);
    let present = false;
    for (let i = 0; i < t.length; i++) {
      const row = Math.ceil(t[i]! / step) - first;
      if (row < 0 || row >= length) continue;
      const finite = Number.isFinite(v[i]!);
      values[row] = finite ? v[i]! : Number.NaN;
      present ||= finite;
    }
    if (present && values.some((value) => !Number.isNaN(value))) columns.push({ labels, values });
  }
  return columns.length === 0 ? undefined : { start: epochMillis(first * step), step, length, columns };
}

/** The commonest distance of neighbouring samples, in whole seconds; undefined below two samples. */
export function commonStep(t: Float64Array): number | undefined {
  const counts = new Map<number, number>();
  let best: number | undefined;
  for (let i = 1; i < t.length; i++) {
    const seconds = Math.max(1, Math.round((t[i]! - t[i - 1]!) / 1000));
    const count = (counts.get(seconds) ?? 0) + 1;
    counts.set(seconds, count);
    if (best === undefined || count > counts.get(best)! || (count === counts.get(best)! && seconds < best)) best = seconds;
  }
  return best === undefined ? undefined : best * 1000;
}

/** Time of a row. */
export const rowTime = (frame: Frame, row: number): EpochMillis => epochMillis(frame.start + row * frame.step);
