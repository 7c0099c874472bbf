/** Worker thread: recent frames and their forecasters → quantiles of what comes next. */
import type { Frame } from "../../lib/series.ts";
import { loadForecaster } from "../../models/registry.ts";
import type { ModelPart } from "../parts.ts";
import { serveTask } from "./protocol.ts";

export type ForecastTask = { readonly pairs: readonly { readonly frame: Frame; readonly part: ModelPart }[] };
/** Of each frame, for each column: quantiles[k][h] and the model that they come from. */
export type ForecastColumn = { readonly model: string; readonly quantiles: readonly Float64Array[] };

serveTask<ForecastTask, ForecastColumn[][]>(async ({ pairs }, io) => {
  const result: ForecastColumn[][] = [];
  for (const [index, { frame, part }] of pairs.entries()) {
    const forecaster = await loadForecaster(part.saved);
    const history = frame.columns.map((column) => ({ ...column, start: frame.start, step: frame.step }));
    const forecasts = await forecaster.forecast(history, part.horizon);
    result.push(forecasts.map(({ model, quantiles }) => ({ model, quantiles })));
    io.progress((index + 1) / pairs.length);
  }
  return { result };
});
