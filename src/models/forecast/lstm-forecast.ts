/** Forecasts of one series by a trained network. */
import type { Series } from "../../lib/series.ts";
import { quantileLevels, type QuantileForecast } from "../model.ts";
import { between } from "./bases.ts";
import { seriesScale } from "./examples.ts";
import { forwardLstm } from "./forward.ts";
import type { LstmModel } from "./lstm-saved.ts";
import { prepareSeries } from "./prepared.ts";
import { naiveForecast } from "./seasonal-naive.ts";
import { fillWindow, lookback } from "./windows.ts";

/** Fewer present values than this give no window: the seasonal naive answers. */
const fewestPresent = 12;

/**
 * Quantiles from the end of `series` on. A constant history gives that constant, width 0; fewer than {@link fewestPresent} values, or none
 * in the last season, the seasonal naive forecast (its name stands in `model`). A history that is nowhere negative gets no negative quantile.
 */
export function forecastSeries(model: LstmModel, series: Series, horizon: number, trainedScale: number | undefined): QuantileForecast {
  const { shape, window, parameters, factors } = model;
  const recent = Math.max(0, series.values.length - lookback(window));
  const prepared = prepareSeries({ start: series.start + recent * series.step, values: series.values.subarray(recent) });
  const { values } = prepared;
  let low = Infinity;
  let high = -Infinity;
  for (const value of series.values) {
    if (value < low && value !== -Infinity) low = value;
    if (value > high && value !== Infinity) high = value;
  }
  if (low === high) return { model: "lstm", quantiles: quantileLevels.map(() => new Float64Array(horizon).fill(low)) };
  const scale = trainedScale ?? seriesScale(values, window.season);
  const x = new Float32Array(shape.steps * shape.features);
  const mixture = prepared.count(0, values.length) < fewestPresent ? undefined : fillWindow(prepared, values.length, window, scale, x, 0);
  if (mixture === undefined) return naiveForecast(series.values, window.season, horizon);
  const answer = forwardLstm(parameters, shape, x, 1);
  const floor = low < 0 ? -Infinity : 0;
  const levels = shape.levels.length;
  const middle = (levels - 1) / 2;
  const quantiles = quantileLevels.map(() => new Float64Array(horizon));
  for (let j = 0; j < horizon; j++) {
    const { low: knot, share } = between(window.knots, j);
    const next = Math.min(knot + 1, window.knots.length - 1);
    const at = (k: number): number => answer[knot * levels + k]! * (1 - share) + answer[next * levels + k]! * share;
    const centre = at(middle);
    const base = mixture.at(j);
    for (let k = 0; k < levels; k++) quantiles[k]![j] = base + mixture.unit * (centre + factors[k]! * (at(k) - centre));
    // The factors of neighbouring levels differ: keep the order from the median outwards.
    for (let k = middle + 1; k < levels; k++) quantiles[k]![j] = Math.max(quantiles[k]![j]!, quantiles[k - 1]![j]!);
    for (let k = middle - 1; k >= 0; k--) quantiles[k]![j] = Math.min(quantiles[k]![j]!, quantiles[k + 1]![j]!);
    for (let k = 0; k < levels; k++) quantiles[k]![j] = Math.max(floor, quantiles[k]![j]!);
  }
  return { model: "lstm", quantiles };
}
