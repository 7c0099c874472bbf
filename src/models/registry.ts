/** The models by the name in their manifest: what is listed here can be stored and loaded, and stands in the suite of checks. */
import { ForetraceError } from "../lib/errors.ts";
import { isolationForest } from "./anomaly/windowed.ts";
import { competing } from "./forecast/compete.ts";
import { lstm } from "./forecast/lstm.ts";
import { seasonalNaive } from "./forecast/seasonal-naive.ts";
import type { Detector, FittedDetector, FittedForecaster, Forecaster, SavedModel } from "./model.ts";

export const forecasters: readonly Forecaster[] = [seasonalNaive, lstm, competing];
export const detectors: readonly Detector[] = [isolationForest];

/** @throws ForetraceError model_incompatible for a name or format that this version does not know, or weights that do not fit. */
export const loadForecaster = async (saved: SavedModel): Promise<FittedForecaster> => named(forecasters, saved).load(saved);
/** @throws ForetraceError model_incompatible, as {@link loadForecaster}. */
export const loadDetector = (saved: SavedModel): FittedDetector => named(detectors, saved).load(saved);

function named<Model extends { readonly name: string }>(models: readonly Model[], { manifest }: SavedModel): Model {
  const found = models.find((model) => model.name === manifest.model);
  if (found !== undefined) return found;
  const known = models.map((model) => model.name).join(", ");
  throw new ForetraceError("model_incompatible", `saved model "${manifest.model}" is none of ${known}; train again`);
}
