/**
 * The detector `isolation-forest`: per column a forest on summaries of trailing windows (shape, level, restlessness)
 * and the residual against the recent level (short faults), each standardised by its training scores; columns joined by max + mean,
 * so that one broken metric among many shows as well as many that move together.
 */
import { ForetraceError } from "../../lib/errors.ts";
import { seriesKey, type Frame } from "../../lib/series.ts";
import type { Detector, DetectorOptions, FittedDetector, Scores } from "../model.ts";
import { grossScores, grossValues, widened } from "./calm.ts";
import { deviation, fitColumn, forestScores, type ColumnModel } from "./column.ts";
import { joinColumns, type ColumnScores } from "./join.ts";
import { recentNormal } from "./residual.ts";
import { loadWindowed, saveWindowed, windowedFormat } from "./saved.ts";
import { fitScaling, scaleColumn } from "./scaling.ts";
import { summarise } from "./summaries.ts";

/** Fewer rows than this give no usable picture of what is normal. */
export const fewestRows = 16;

/** Column models by series key, in the order of the training frame. */
export type WindowedModel = {
  readonly window: number;
  readonly seed: number;
  readonly columns: ReadonlyMap<string, ColumnModel>;
  readonly calibration: Float64Array;
};

/** Points in a window unless told: 20, at most an eighth of the rows, at least 3. */
const defaultWindow = (rows: number): number => Math.max(3, Math.min(20, Math.floor(rows / 8)));

function score(model: WindowedModel, history: Frame): Scores {
  const parts = history.columns.map((column): ColumnScores => {
    const fitted = model.columns.get(seriesKey(column.labels));
    return fitted === undefined ? unknownColumn(history.length) : scoreColumn(fitted, column.values, model.window);
  });
  const { scores, contributions } = joinColumns(parts, model.window);
  const expected = history.columns.map((column) => {
    const fitted = model.columns.get(seriesKey(column.labels));
    if (fitted === undefined) return new Float64Array(history.length).fill(Number.NaN);
    return recentNormal(column.values, model.window, fitted.scaling.centre);
  });
  return { scores, contributions, expected };
}

function scoreColumn(model: ColumnModel, values: Float64Array, window: number): ColumnScores {
  const scaled = scaleColumn(values, model.scaling);
  return {
    forest: forestScores(model, summarise(scaled, window), values.length, window),
    deviation: deviation(model, scaled, window),
    moved: model.scaling.range > 0,
  };
}

const unknownColumn = (length: number): ColumnScores => ({
  forest: new Float64Array(length).fill(Number.NaN),
  deviation: new Float64Array(length).fill(Number.NaN),
  moved: false,
});

function fitted(model: WindowedModel): FittedDetector {
  return { score: (history) => score(model, history), save: () => saveWindowed(model), calibration: model.calibration };
}

/**
 * Training tolerates gross faults in up to a tenth of its rows (calm.ts says which): neither the scales, nor the forests, nor the calibration take
 * them for normal. A column's new level or manner counts as normal once it has held for 3 windows (60 rows of the usual 20): then its share ends.
 *
 * Fit needs at least {@link fewestRows} rows (not_enough_data). Columns may be constant (they count 0 until they move), sparse or all missing
 * (they stay unscored). Scoring matches columns by their labels; a column that was not in fit has no share. A row is unscored (NaN) while no
 * column has a window of which three quarters are present. Scores are ≥ 0, about 1 at the calm 99 % level of a column, by the logarithm when far beyond, and have no upper
 * meaning of their own: turn them into windows by a threshold fitted on `calibration`.
 */
export const isolationForest: Detector = {
  name: "isolation-forest",
  fit(history, options: DetectorOptions, random) {
    if (history.length < fewestRows) {
      throw new ForetraceError(
        "not_enough_data",
        `isolation-forest needs ${fewestRows} rows to learn what is normal, got ${history.length}; widen the training range`,
      );
    }
    const window = options.window ?? defaultWindow(history.length);
    if (!(window >= 3 && window <= history.length / 2)) {
      throw new ForetraceError(
        "bad_usage",
        `a window of ${window} points does not fit ${history.length} rows; choose 3 to ${Math.floor(history.length / 2)}`,
      );
    }
    const seed = random.below(2 ** 32);
    const columns = new Map<string, ColumnModel>();
    const held: ColumnScores[] = [];
    const near = new Uint8Array(history.length);
    for (const [index, column] of history.columns.entries()) {
      if (options.signal?.aborted) throw new ForetraceError("canceled", "training of isolation-forest was cancelled");
      const key = seriesKey(column.labels);
      const gross = grossValues(column.values);
      const scaling = fitScaling(column.values, gross);
      const { model, heldOut, faulty } = fitColumn(key, scaling, scaleColumn(column.values, scaling), gross, window, seed);
      columns.set(key, model);
      for (const [t, one] of faulty.entries()) if (one === 1) near[t] = 1;
      held.push({ ...heldOut, moved: scaling.range > 0 });
      options.progress?.((index + 1) / history.columns.length);
    }
    const { scores } = joinColumns(held, window);
    const faults = widened(grossScores(scores, near), window, window);
    const calibration = scores.map((each, t) => (faults[t] === 1 ? Number.NaN : each));
    return fitted({ window, seed, columns, calibration });
  },
  load(saved) {
    if (saved.manifest.model !== "isolation-forest" || saved.manifest.format !== windowedFormat) {
      throw new ForetraceError(
        "model_incompatible",
        `saved model "${saved.manifest.model}" of format ${saved.manifest.format} is not an isolation-forest of format ${windowedFormat}; train again`,
      );
    }
    return fitted(loadWindowed(saved));
  },
};
