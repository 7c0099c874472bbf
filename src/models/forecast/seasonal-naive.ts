/**
 * The value one season ago, with the errors that this forecast made in the history as its interval.
 * The yardstick beside every other forecaster, and what they fall back to.
 */
import { ForetraceError } from "../../lib/errors.ts";
import { median } from "../../lib/statistics.ts";
import { quantileLevels, type FittedForecaster, type Forecaster, type QuantileForecast, type SavedModel } from "../model.ts";
import { lagErrorQuantiles } from "./empirical.ts";

const format = 1;
const model = "seasonal-naive";

/**
 * Seasonal naive forecast of one series from its end on.
 * - Point: the value of the same phase in the last season; where that is missing, one season further back, and so on; at last the median.
 * - Interval: quantiles of the errors of that forecast in the history, per block of one season ahead (k seasons ahead: y[t] − y[t − k·season]),
 *   not centred, so drift moves the median.
 * - Shorter than two seasons: the last present value, with errors of the last value per doubling block of the horizon.
 * - Constant: the constant, interval of width 0. All missing: NaN throughout. Fewer than two present values: that value, no width.
 * - Infinite values count as missing.
 * - A history that is nowhere negative gets no negative quantile.
 */
export function naiveForecast(history: Float64Array, season: number, horizon: number): QuantileForecast {
  const values = history.every((value) => Math.abs(value) !== Infinity)
    ? history
    : history.map((value) => (Number.isFinite(value) ? value : Number.NaN));
  const quantiles = quantileLevels.map(() => new Float64Array(horizon).fill(Number.NaN));
  const first = values.findIndex((value) => !Number.isNaN(value));
  if (first < 0) return { model, quantiles };
  const present = values.subarray(first);
  const seasonal = season >= 1 && present.length >= 2 * season;
  const floor = present.some((value) => value < 0) ? -Infinity : 0;
  const point = seasonal ? seasonalPoint(present, season) : lastPoint(present);
  let block = -1;
  let errors: number[] = [];
  for (let h = 0; h < horizon; h++) {
    const current = seasonal ? Math.floor(h / season) : Math.ceil(Math.log2(h + 1));
    if (current !== block) {
      block = current;
      errors = seasonal ? lagErrorQuantiles(present, (block + 1) * season, season) : lagErrorQuantiles(present, 2 ** block, 1);
    }
    for (let k = 0; k < quantileLevels.length; k++) quantiles[k]![h] = Math.max(floor, point(h) + errors[k]!);
  }
  return { model, quantiles };
}

function seasonalPoint(values: Float64Array, season: number): (h: number) => number {
  const profile = new Float64Array(season);
  let middle: number | undefined;
  for (let phase = 0; phase < season; phase++) {
    let at = values.length - season + phase;
    while (at >= 0 && Number.isNaN(values[at]!)) at -= season;
    profile[phase] = at >= 0 ? values[at]! : (middle ??= median(values));
  }
  return (h) => profile[h % season]!;
}

function lastPoint(values: Float64Array): () => number {
  const last = values.findLast((value) => !Number.isNaN(value))!;
  return () => last;
}

function fitted(season: number): FittedForecaster {
  return {
    forecast: (history, horizon) => Promise.resolve(history.map((series) => naiveForecast(series.values, season, horizon))),
    save: () => Promise.resolve({ manifest: { model, format, season }, weights: new Uint8Array(0) }),
  };
}

/** Nothing is learnt but the season: intervals come from the history that a forecast is made from. */
export const seasonalNaive: Forecaster = {
  name: model,
  fit: (_series, options) => Promise.resolve(fitted(options.season)),
  async load({ manifest }: SavedModel) {
    const season = manifest["season"];
    if (manifest.model !== model || manifest.format !== format || typeof season !== "number") {
      throw new ForetraceError(
        "model_incompatible",
        `saved model "${manifest.model}" of format ${manifest.format} is not a seasonal-naive of format ${format}; train again`,
      );
    }
    return fitted(season);
  },
};
