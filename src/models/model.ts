/**
 * The contract of every model: numbers in, numbers out. No files, no clock, no unseeded randomness;
 * higher scores are stranger; NaN is missing. `tests/models/checks.ts` runs one suite over all models.
 */
import type { Frame, Series } from "../lib/series.ts";
import type { Random } from "../lib/random.ts";

/** The levels every forecast carries, ascending. */
export const quantileLevels = [0.025, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.975] as const;

export type FitOptions = {
  /** Points per season on the frame's grid (30 for five minutes at 10 s). */
  readonly season: number;
  /** Steps ahead that the model is trained for. */
  readonly horizon: number;
  readonly signal?: AbortSignal;
  /** Share done, 0..1. */
  readonly progress?: (done: number) => void;
};

export type QuantileForecast = {
  /** quantiles[k][h]: level quantileLevels[k], step h + 1 ahead. Non-decreasing in k. */
  readonly quantiles: readonly Float64Array[];
  /** Name of the model that made it: where one falls back to another, the other's. */
  readonly model: string;
};

/** What is written to disk: a JSON manifest and raw little-endian bytes. */
export type SavedModel = { readonly manifest: ModelManifest; readonly weights: Uint8Array };
export type ModelManifest = {
  /** Registry name: `seasonal-naive`, `lstm`, `isolation-forest`. */
  readonly model: string;
  /** Version of the saved form; a loader refuses what it does not know with model_incompatible. */
  readonly format: number;
  readonly [key: string]: unknown;
};

export type FittedForecaster = {
  /** Forecasts each series of `history` (same grid as in fit) from its end on; a series too short or all missing falls back as the model states. */
  forecast(history: readonly Series[], horizon: number): Promise<QuantileForecast[]>;
  save(): Promise<SavedModel>;
};

export type Forecaster = {
  readonly name: string;
  fit(series: readonly Series[], options: FitOptions, random: Random): Promise<FittedForecaster>;
  load(saved: SavedModel): Promise<FittedForecaster>;
};

export type Scores = {
  /** One per row of the frame; NaN where it cannot be scored (warm-up). */
  readonly scores: Float64Array;
  /** contributions[c][t]: share of column c in the score at t, ≥ 0, summing to 1 over c (0 where unscored). */
  readonly contributions: readonly Float64Array[];
  /** expected[c][t]: what the detector took as normal there, in the column's unit (NaN where unknown). */
  readonly expected: readonly Float64Array[];
};

export type FittedDetector = {
  score(history: Frame): Scores;
  /** Scores of the training rows by parts of the model that did not see them: what a threshold is fitted on. NaN where unscored. */
  readonly calibration: Float64Array;
  save(): SavedModel;
};

export type Detector = {
  readonly name: string;
  fit(history: Frame, options: DetectorOptions, random: Random): FittedDetector;
  load(saved: SavedModel): FittedDetector;
};
export type DetectorOptions = { readonly window?: number; readonly signal?: AbortSignal; readonly progress?: (done: number) => void };

/** A stretch of rows whose score stands above the threshold. Indices are rows of the scored frame; `end` is exclusive. */
export type AnomalyWindow = {
  readonly start: number;
  readonly peak: number;
  readonly end: number;
  readonly open: boolean;
  readonly peakScore: number;
};
