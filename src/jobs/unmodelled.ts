/** Series that came after the training: are they reason enough to train again? */
import { type Frame, type Labels, seriesKey } from "../lib/series.ts";
import type { EpochMillis } from "../lib/units.ts";
import type { ModelRecord } from "../store/ports.ts";
import { recordId } from "./hash.ts";

/** Label sets that come and go must not keep a target training: at most once an hour, where many are new once in ten minutes. */
const fewAfter = 3_600_000;
const manyAfter = 600_000;
const manyShare = 0.1;

/** What a model's summary keeps of each series: its key may be long. */
const print = (labels: Labels): string => recordId(seriesKey(labels)).slice(0, 16);

/** Field `modelled` of the summary: the series of the frames that a model was trained on. */
export const modelledSeries = (frames: readonly Frame[]): string[] =>
  [...new Set(frames.flatMap(({ columns }) => columns.map(({ labels }) => print(labels))))].sort();

/**
 * Whether the recent frames hold enough series that the model was not trained on.
 * @param leastValues values from which on a series can be trained on
 * @param maxSeries when a model has that many, others are left out on purpose
 */
export function hasUnmodelled(
  { createdAt, summary }: ModelRecord,
  frames: readonly Frame[],
  { now, leastValues, maxSeries }: { now: EpochMillis; leastValues: number; maxSeries: number },
): boolean {
  // Records of earlier versions do not say.
  const modelled = summary["modelled"] as readonly string[] | undefined;
  if (modelled === undefined || modelled.length >= maxSeries || now - createdAt < manyAfter) return false;
  const known = new Set(modelled);
  const columns = frames.flatMap((frame) => frame.columns);
  const fresh = columns.filter(
    ({ labels, values }) =>
      !known.has(print(labels)) && values.reduce((count, value) => (Number.isNaN(value) ? count : count + 1), 0) >= leastValues,
  );
  return fresh.length > 0 && (fresh.length > manyShare * columns.length || now - createdAt >= fewAfter);
}
