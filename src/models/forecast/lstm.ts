/**
 * The forecaster `lstm`: one network for all series of a group. At each origin it sees the recent past in units of the recent error of
 * simple forecasts, and answers how the mixture of those will err: all horizon steps and quantiles at once.
 */
import { ForetraceError } from "../../lib/errors.ts";
import { seriesKey, type Series } from "../../lib/series.ts";
import { createRandom, type Random } from "../../lib/random.ts";
import {
  quantileLevels,
  type FitOptions,
  type FittedForecaster,
  type Forecaster,
  type QuantileForecast,
  type SavedModel,
} from "../model.ts";
import { widthFactors } from "./calibration.ts";
import type { EngineFactory, LstmShape } from "./engine.ts";
import { drawBatch, emptyBatch, selectSources, validationBatch } from "./examples.ts";
import { fingerprint } from "./fingerprint.ts";
import { forwardLstm } from "./forward.ts";
import { loadLstm, lstmFormat, saveLstm, type LstmModel } from "./lstm-saved.ts";
import { forecastSeries } from "./lstm-forecast.ts";
import { initialParameters, train } from "./training.ts";
import { tfjsEngine } from "./tfjs-engine.ts";
import { featureCount, windowSpec } from "./windows.ts";

export type LstmOptions = FitOptions & {
  /** What trains; default tfjs on the best backend there is. Forecasting needs none. */
  readonly engine?: EngineFactory;
  /** Most optimiser steps. Default 500 of 32 windows on tfjs (wasm: about 30 ms each on one core), 1000 of 64 on fused kernels (about 5 ms). */
  readonly steps?: number;
  /** Default 32, a multiple of 4. */
  readonly hidden?: number;
  /** Windows in a training step. */
  readonly batch?: number;
  readonly learningRate?: number;
  /** Values that training looks at (20 bytes each while it runs); of more, evenly chosen series stand for all. Default 6 million. */
  readonly mostValues?: number;
};

const mostValidation = 384;
const usualValues = 6_000_000;

/**
 * Trains on all series together (one grid step; starts and lengths may differ); the last 15 % of each stops the training and sets the widths.
 * The network is one for all: it also forecasts series that it was not trained on, and of very many it sees a part (`mostValues`).
 * @throws not_enough_data when no series is long enough (about one season and four horizons), canceled on abort.
 */
export async function fitLstm(series: readonly Series[], options: LstmOptions, random: Random): Promise<FittedForecaster> {
  const { season, horizon } = options;
  if (!(Number.isInteger(season) && season >= 1 && Number.isInteger(horizon) && horizon >= 1)) {
    throw new ForetraceError("bad_usage", `season ${season} and horizon ${horizon} must be whole numbers from 1 on`);
  }
  const rows = series.reduce((most, { values }) => Math.max(most, values.length), 0);
  const window = windowSpec(season, horizon, series[0]?.step ?? 1, rows);
  const sources = selectSources(withinBudget(series, options.mostValues ?? usualValues), window);
  if (sources.length === 0) {
    throw new ForetraceError(
      "not_enough_data",
      `none of ${series.length} series has enough moving values to train an lstm of season ${season} and horizon ${horizon}, the longest has ${rows} rows; widen the training range`,
    );
  }
  const shape: LstmShape = {
    steps: window.patches,
    features: featureCount(window),
    hidden: options.hidden ?? 32,
    horizon: window.knots.length,
    levels: quantileLevels,
  };
  const seed = random.below(2 ** 32);
  const own = createRandom(seed);
  const createEngine = options.engine ?? tfjsEngine();
  const engine = await createEngine(shape);
  const judge = await createEngine(shape);
  try {
    engine.setParameters(initialParameters(shape, own.fork("parameters")));
    const validation = validationBatch(sources, window, mostValidation);
    const usual = engine.backend === "fused" ? { steps: 1000, batch: 64 } : { steps: 500, batch: 32 };
    const batch = emptyBatch(options.batch ?? usual.batch, window);
    const draws = own.fork("batches");
    const trained = await train(engine, judge, () => drawBatch(batch, sources, window, draws), validation, {
      steps: options.steps ?? usual.steps,
      learningRate: options.learningRate ?? 3e-3,
      every: 25,
      patience: 6,
      signal: options.signal,
      progress: options.progress,
    });
    const factors = widthFactors(forwardLstm(trained.parameters, shape, validation.x, validation.size), validation, shape);
    return fitted({
      shape,
      window,
      factors,
      parameters: trained.parameters,
      scales: new Map(sources.map(({ key, scale }) => [key, scale])),
      training: {
        backend: engine.backend,
        seed,
        steps: trained.steps,
        validationLoss: trained.loss,
        series: sources.length,
        from: Math.min(...series.map(({ start }) => start)),
        to: Math.max(...series.map(({ start, step, values }) => start + step * values.length)),
        data: fingerprint(series),
      },
    });
  } finally {
    engine.dispose();
    judge.dispose();
  }
}

function withinBudget(series: readonly Series[], mostValues: number): readonly Series[] {
  const values = series.reduce((sum, one) => sum + one.values.length, 0);
  const every = values / mostValues;
  return every <= 1
    ? series
    : Array.from({ length: Math.max(1, Math.floor(series.length / every)) }, (_, i) => series[Math.floor(i * every)]!);
}

function fitted(model: LstmModel): FittedForecaster {
  return {
    // oxlint-disable-next-line require-await
    async forecast(history, horizon): Promise<QuantileForecast[]> {
      if (!(Number.isInteger(horizon) && horizon >= 1 && horizon <= model.window.horizon)) {
        throw new ForetraceError(
          "bad_usage",
          `this lstm forecasts 1 to ${model.window.horizon} steps, not ${horizon}; train with a longer horizon`,
        );
      }
      const other = history.find(({ step }) => step !== model.window.step);
      if (other !== undefined) {
        throw new ForetraceError(
          "model_incompatible",
          `this lstm was trained on a grid of ${model.window.step} ms, the history has ${other.step} ms; train again`,
        );
      }
      return history.map((series) => forecastSeries(model, series, horizon, model.scales.get(seriesKey(series.labels))));
    },
    save: () => Promise.resolve(saveLstm(model)),
  };
}

export const lstm: Forecaster = {
  name: "lstm",
  fit: fitLstm,
  async load(saved: SavedModel) {
    if (saved.manifest.model !== "lstm" || saved.manifest.format !== lstmFormat) {
      throw new ForetraceError(
        "model_incompatible",
        `saved model "${saved.manifest.model}" of format ${saved.manifest.format} is not an lstm of format ${lstmFormat}; train again`,
      );
    }
    return fitted(loadLstm(saved));
  },
};
