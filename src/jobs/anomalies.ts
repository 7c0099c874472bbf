/** Windows of one scoring → the records that stand in the store, joined with what stood there before. */
import { seriesKey } from "../lib/series.ts";
import { type EpochMillis, epochMillis } from "../lib/units.ts";
import { explainWindow } from "../models/anomaly/explain.ts";
import type { Frame } from "../lib/series.ts";
import type { AnomalyWindow, Scores } from "../models/model.ts";
import type { AnomalyRecord, Contribution, TimeRange, TraceRecord } from "../store/ports.ts";
import { recordId } from "./hash.ts";
import type { ScoredFrame } from "./workers/score.ts";

type Scoring = { readonly target: string; readonly modelId: string; readonly frames: readonly ScoredFrame[] };

/** What a scoring speaks about: from the first scored row of any frame to its last row; undefined when nothing could be scored. */
export function scoredRange(frames: readonly ScoredFrame[]): TimeRange | undefined {
  const scored = frames.filter((frame) => frame.firstScored < frame.ratios.length);
  if (scored.length === 0) return undefined;
  const from = Math.min(...scored.map((frame) => frame.start + (frame.firstScored - 1) * frame.step));
  const to = Math.max(...scored.map((frame) => frame.start + (frame.ratios.length - 1) * frame.step));
  return { from: epochMillis(from), to: epochMillis(to) };
}

/** Series that are named with a window. */
const named = 8;

/** What is said of the series that moved most in a window: share of the score about the peak, and its value where it moved most. */
export function contributionsOf(frame: Frame, scored: Scores, window: AnomalyWindow): Contribution[] {
  return explainWindow(frame, scored, window)
    .slice(0, named)
    .map(({ column, share, row }) => ({
      labels: frame.columns[column]!.labels,
      share,
      observed: orNull(frame.columns[column]!.values[row]),
      expected: orNull(scored.expected[column]?.[row]),
      at: epochMillis(frame.start + row * frame.step),
    }));
}

const orNull = (value: number | undefined): number | null => (value === undefined || !Number.isFinite(value) ? null : value);

/**
 * The records that replace those which touch the range.
 *
 * A row at t stands for (t − step, t], so a window begins one step before its first row. A window that was found before keeps its id and
 * its address while it grows, moves with a new model, or slides out of what is scored: it then keeps the beginning that was seen.
 * @param known records that touch the range
 */
export function joinAnomalies({ target, modelId, frames }: Scoring, known: readonly AnomalyRecord[], range: TimeRange): AnomalyRecord[] {
  const left = new Set(known.toSorted((a, b) => a.from - b.from));
  const taken = new Set<string>();
  const records: AnomalyRecord[] = [];
  for (const { start, step, threshold, windows } of frames) {
    const time = (row: number): EpochMillis => epochMillis(start + row * step);
    for (const window of windows) {
      const found = { from: time(window.start - 1), to: time(window.end - 1) };
      const labels = new Set(window.contributions.map((contribution) => seriesKey(contribution.labels)));
      const before = [...left].find(
        (record) =>
          record.from < found.to && record.to > found.from && record.contributions.some((each) => labels.has(seriesKey(each.labels))),
      );
      if (before !== undefined) left.delete(before);
      // What lies before the range is not scored any more; its beginning and its peak stay as they were seen.
      const older = before !== undefined && before.from < range.from ? before : undefined;
      const keepsPeak = older !== undefined && older.peakScore > window.peakScore;
      const from = older?.from ?? found.from;
      const fresh = recordId(target, "anomaly", step, from);
      const id = before?.id ?? (taken.has(fresh) ? recordId(fresh, window.end) : fresh);
      taken.add(id);
      records.push({
        id,
        target,
        from,
        to: found.to,
        open: window.open,
        ...(keepsPeak
          ? { peakAt: older.peakAt, peakScore: older.peakScore, threshold: older.threshold, contributions: older.contributions }
          : { peakAt: time(window.peak), peakScore: window.peakScore, threshold, contributions: window.contributions }),
        modelId,
        traces: [],
      });
    }
  }
  // They began before anything that is scored now, and nothing that is seen now contradicts them.
  for (const record of left) if (record.from < range.from && !taken.has(record.id)) records.push({ ...record, open: false });
  return records.sort((a, b) => a.from - b.from || (a.id < b.id ? -1 : 1));
}

/**
 * The record with the traces that cover part of it, each with the address of the slice: first the one in whose part the score was highest
 * (a window reaches a little into the calm before and after a fault, and a trace of that shows nothing), then in order of time.
 */
export function withTraces(record: AnomalyRecord, traces: readonly TraceRecord[], frames: readonly ScoredFrame[]): AnomalyRecord {
  const links = traces
    .filter((trace) => trace.start !== undefined && trace.end !== undefined && trace.start < record.to && trace.end > record.from)
    .map(({ id, start, end }) => {
      const from = Math.floor(Math.max(start!, record.from));
      const to = Math.ceil(Math.min(end!, record.to));
      return { id, url: `/traces/${id}?from=${from}&to=${to}`, start: start!, score: highestRatio(frames, from, to) };
    })
    .sort((a, b) => b.score - a.score || a.start - b.start || (a.id < b.id ? -1 : 1));
  return { ...record, traces: links.map(({ id, url }) => ({ id, url })) };
}

/** Highest score over threshold of the rows that touch [from, to]; 0 where none is scored. */
function highestRatio(frames: readonly ScoredFrame[], from: number, to: number): number {
  let highest = 0;
  for (const { start, step, ratios } of frames) {
    const last = Math.min(ratios.length - 1, Math.ceil((to - start) / step));
    for (let row = Math.max(0, Math.floor((from - start) / step) + 1); row <= last; row++) highest = Math.max(highest, ratios[row] || 0);
  }
  return highest;
}
