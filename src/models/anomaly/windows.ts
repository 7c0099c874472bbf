/** Scores to windows: open, peak, close. */
import type { AnomalyWindow } from "../model.ts";

export type WindowOptions = {
  /** Opens a window when passed. */
  readonly threshold: number;
  /** A window goes on while scores stay above this; at most the threshold. */
  readonly closeLevel: number;
  /** Windows with at most this many calm or unscored rows between them are one; default 3. */
  readonly mergeGap?: number;
  /** Windows of fewer rows (from the first to the last row above closeLevel) are dropped unless still open; default 1. */
  readonly minLength?: number;
};

/**
 * Windows of rows above the threshold, with hysteresis, in order of time. An unscored row (NaN) neither opens nor goes on.
 * A window is open when its last row lies within `mergeGap` of the end of the data: the next rows may still join it.
 */
export function findWindows(scores: Float64Array, options: WindowOptions): AnomalyWindow[] {
  const { threshold, closeLevel } = options;
  const mergeGap = options.mergeGap ?? 3;
  const windows: { start: number; peak: number; end: number }[] = [];
  let inside = false;
  for (let t = 0; t < scores.length; t++) {
    const score = scores[t]!;
    const current = windows.at(-1);
    if (inside && score > closeLevel) {
      current!.end = t + 1;
      if (score > scores[current!.peak]!) current!.peak = t;
    } else if (score > threshold) {
      inside = true;
      if (current !== undefined && t - current.end <= mergeGap) {
        current.end = t + 1;
        if (score > scores[current.peak]!) current.peak = t;
      } else windows.push({ start: t, peak: t, end: t + 1 });
    } else inside = false;
  }
  return windows
    .map((window) => ({ ...window, open: scores.length - window.end <= mergeGap, peakScore: scores[window.peak]! }))
    .filter((window) => window.open || window.end - window.start >= (options.minLength ?? 1));
}
