/** Worker thread: recent frames and their detectors → scores, and the windows in which they are too high. */
import type { Contribution } from "../../store/ports.ts";
import type { Frame } from "../../lib/series.ts";
import { loadAnomaly } from "../../models/anomaly/fit.ts";
import { findWindows } from "../../models/anomaly/windows.ts";
import type { AnomalyWindow, Scores } from "../../models/model.ts";
import type { ModelPart } from "../parts.ts";
import { serveTask } from "./protocol.ts";

/** The first `skip` rows of a frame are only there for what comes after them. */
type Pair = { readonly frame: Frame; readonly part: ModelPart; readonly skip: number };
export type ScoreTask = { readonly pairs: readonly Pair[] };
export type FoundWindow = AnomalyWindow & { readonly contributions: readonly Contribution[] };
export type ScoredFrame = {
  readonly start: number;
  readonly step: number;
  readonly threshold: number;
  /** Score over threshold, one a row; NaN where it cannot be scored. */
  readonly ratios: Float64Array;
  /** Indices are rows; `peakScore` is a ratio. */
  readonly windows: readonly FoundWindow[];
  /** The first row that is scored; the number of rows when none is. */
  readonly firstScored: number;
};

/** Series that are named with a window. */
const named = 8;

serveTask<ScoreTask, ScoredFrame[]>(async ({ pairs }, io) => {
  const result: ScoredFrame[] = [];
  for (const [index, { frame, part, skip }] of pairs.entries()) {
    const { detector, threshold } = loadAnomaly(part.saved);
    const scored = detector.score(frame);
    const windows = findWindows(scored.scores, threshold).filter(({ end }) => end > skip);
    const first = scored.scores.findIndex((score, row) => row >= skip && !Number.isNaN(score));
    result.push({
      start: frame.start,
      step: frame.step,
      threshold: threshold.threshold,
      ratios: scored.scores.map((score, row) => (row < skip ? Number.NaN : score / threshold.threshold)),
      windows: windows.map((window) => ({
        ...window,
        peakScore: window.peakScore / threshold.threshold,
        contributions: contributionsAt(frame, scored, window.peak),
      })),
      firstScored: first < 0 ? frame.length : first,
    });
    io.progress((index + 1) / pairs.length);
  }
  return { result };
});

/** The series with the largest shares at a row, largest first. */
function contributionsAt(frame: Frame, scored: Scores, row: number): Contribution[] {
  return frame.columns
    .map(({ labels, values }, column) => ({
      labels,
      share: scored.contributions[column]?.[row] ?? 0,
      observed: orNull(values[row]),
      expected: orNull(scored.expected[column]?.[row]),
    }))
    .filter(({ share }) => share > 0)
    .sort((a, b) => b.share - a.share)
    .slice(0, named);
}

const orNull = (value: number | undefined): number | null => (value === undefined || Number.isNaN(value) ? null : value);
