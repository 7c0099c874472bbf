/** Detector and threshold together: a stored model knows from which score on a row is anomalous, and how often that is a false alarm. */
import { ForetraceError } from "../../lib/errors.ts";
import type { Frame } from "../../lib/series.ts";
import type { Random } from "../../lib/random.ts";
import { epochMillis } from "../../lib/units.ts";
import { quantileSorted, sortedPresent } from "../../lib/statistics.ts";
import type { AnomalyWindow, DetectorOptions, FittedDetector, SavedModel, Scores } from "../model.ts";
import { loadDetector } from "../registry.ts";
import { fitThreshold, type Threshold, type ThresholdOptions } from "./threshold.ts";
import { isolationForest } from "./windowed.ts";
import { findWindows, type WindowOptions } from "./windows.ts";

const format = 1;
const name = "anomaly";
/** A lone column at its own calm 99 % level scores about 2, most calm rows far below 1: below this nothing alarms, however calm training was. */
const floor = 1.5;

const usualCells = 4_000_000;

export type AnomalyOptions = DetectorOptions &
  ThresholdOptions & {
    /** Rows × columns that the fit looks at (some 50 bytes and 3 µs each): of longer histories the last part. Default 4 million. */
    readonly mostCells?: number;
  };

export type FittedAnomaly = {
  readonly detector: FittedDetector;
  readonly threshold: Threshold;
  save(): SavedModel;
};

/** JSON-safe. */
export type AnomalySummary = Threshold & {
  readonly detector: string;
  readonly columns: number;
  /** Rows that it was fitted on. */
  readonly rows: number;
  /** Median and 99 % quantile of the scores of training rows by parts of the model that did not see them. */
  readonly calmMedian: number;
  readonly calmHigh: number;
};

/**
 * Fits the detector (of a long frame on the last part), then its threshold on the calibration scores (default: one calm row in 1000 stands above it).
 * @throws not_enough_data for a frame too short for either, canceled on abort.
 */
export function fitAnomaly(frame: Frame, options: AnomalyOptions, random: Random): { fitted: FittedAnomaly; summary: AnomalySummary } {
  const recent = lastRows(frame, Math.floor((options.mostCells ?? usualCells) / Math.max(1, frame.columns.length)));
  const detector = isolationForest.fit(recent, options, random);
  const threshold = fitThreshold(detector.calibration, { floor, ...options });
  const calm = sortedPresent(detector.calibration);
  const summary = {
    ...threshold,
    detector: isolationForest.name,
    columns: frame.columns.length,
    rows: recent.length,
    calmMedian: quantileSorted(calm, 0.5),
    calmHigh: quantileSorted(calm, 0.99),
  };
  return { fitted: together(detector, threshold), summary };
}

/** @throws ForetraceError model_incompatible. */
export function loadAnomaly({ manifest, weights }: SavedModel): FittedAnomaly {
  if (manifest.model !== name || manifest.format !== format) {
    throw new ForetraceError(
      "model_incompatible",
      `saved model "${manifest.model}" of format ${manifest.format} is not a detector with its threshold of format ${format}; train again`,
    );
  }
  const { detector, threshold } = manifest as unknown as { detector: SavedModel["manifest"]; threshold: Threshold };
  return together(loadDetector({ manifest: detector, weights }), threshold);
}

/** Scores of a frame and its anomalous windows by the fitted threshold. */
export function scoreToWindows(
  { detector, threshold }: FittedAnomaly,
  frame: Frame,
  options: Omit<WindowOptions, "threshold" | "closeLevel"> = {},
): { scores: Scores; windows: AnomalyWindow[] } {
  const scores = detector.score(frame);
  return { scores, windows: findWindows(scores.scores, { ...threshold, ...options }) };
}

function lastRows(frame: Frame, rows: number): Frame {
  const from = Math.max(0, frame.length - rows);
  if (from === 0) return frame;
  const columns = frame.columns.map(({ labels, values }) => ({ labels, values: values.subarray(from) }));
  return { start: epochMillis(frame.start + from * frame.step), step: frame.step, length: frame.length - from, columns };
}

function together(detector: FittedDetector, threshold: Threshold): FittedAnomaly {
  return {
    detector,
    threshold,
    save() {
      const saved = detector.save();
      return { manifest: { model: name, format, detector: saved.manifest, threshold }, weights: saved.weights };
    },
  };
}
