/** Worker thread: recent frames and their detectors → scores, and the windows in which they are too high. */
import type { Contribution } from "../../store/ports.ts";
import type { Frame } from "../../lib/series.ts";
import { loadAnomaly } from "../../models/anomaly/fit.ts";
import { findWindows } from "../../models/anomaly/windows.ts";
import type { AnomalyWindow } from "../../models/model.ts";
import { contributionsOf } from "../anomalies.ts";
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
        contributions: contributionsOf(frame, scored, window),
      })),
      firstScored: first < 0 ? frame.length : first,
    });
    io.progress((index + 1) / pairs.length);
  }
  return { result };
});
