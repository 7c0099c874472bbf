/** Scoring on data that a model has not seen: forecasts from several origins in the last part of each series. */
import type { Series } from "../../lib/series.ts";
import { keepScores, type ForecastScores } from "../evaluate/metrics.ts";
import type { FittedForecaster } from "../model.ts";
import { differenceScale } from "./prepared.ts";

/** Share of the longest series that is held out, within 2 and 24 horizons. */
const share = 0.2;
const origins = 12;

/** Rows to hold out at the end of each series; 0 when less than two thirds would be left to learn from. */
export function holdOut(series: readonly Series[], horizon: number): number {
  const rows = series.reduce((most, { values }) => Math.max(most, values.length), 0);
  const held = Math.max(2 * horizon, Math.min(24 * horizon, Math.round(share * rows)));
  return held * 3 <= rows ? held : 0;
}

/** Scores from up to 12 origins, evenly spread over the last `held` rows, each horizon complete. NaN with 0 points when nothing could be scored. */
export async function scoreHeldOut(
  fitted: FittedForecaster,
  series: Series,
  held: number,
  { season, horizon }: { season: number; horizon: number },
): Promise<ForecastScores> {
  const cut = series.values.length - held;
  const keeper = keepScores(differenceScale(series.values.subarray(0, Math.max(0, cut)), season));
  const span = held - horizon;
  const count = cut <= 0 || held === 0 ? 0 : Math.min(origins, span + 1);
  for (let i = 0; i < count; i++) {
    const origin = cut + Math.floor((i * span) / Math.max(1, count - 1));
    const [forecast] = await fitted.forecast([{ ...series, values: series.values.subarray(0, origin) }], horizon);
    keeper.add(series.values.subarray(origin, origin + horizon), forecast!.quantiles);
  }
  return keeper.scores();
}
