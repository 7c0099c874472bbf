/** The saved form of the lstm: a stock tfjs LayersModel (topology and weight specs in the manifest, weights raw) and how to use it. */
import { ForetraceError } from "../../lib/errors.ts";
import { quantileLevels, type SavedModel } from "../model.ts";
import type { LstmShape, Parameters } from "./engine.ts";
import { decodeParameters, encodeParameters, layersModelJson } from "./layers-model.ts";
import { featureCount, type WindowSpec } from "./windows.ts";

export const lstmFormat = 1;

export type LstmModel = {
  readonly shape: LstmShape;
  readonly window: WindowSpec;
  /** Calibration of the widths, by level. */
  readonly factors: readonly number[];
  readonly parameters: Parameters;
  /** Mean |seasonal difference| in training, by series key. */
  readonly scales: ReadonlyMap<string, number>;
  /** What it was trained on and how it went; for people. */
  readonly training: {
    readonly backend: string;
    readonly seed: number;
    readonly steps: number;
    readonly validationLoss: number;
    readonly series: number;
    readonly from: number;
    readonly to: number;
    /** Fingerprint of the training series. */
    readonly data: string;
  };
};

export function saveLstm(model: LstmModel): SavedModel {
  const { shape, window, factors, training } = model;
  const layers = layersModelJson(shape);
  return {
    manifest: { model: "lstm", format: lstmFormat, shape, window, factors, scales: [...model.scales], training, layers },
    weights: encodeParameters(model.parameters),
  };
}

/** @throws ForetraceError model_incompatible when levels, inputs or weights are not those of this version. */
export function loadLstm({ manifest, weights }: SavedModel): LstmModel {
  const { shape, window, factors, scales, training } = manifest as unknown as Omit<LstmModel, "scales"> & { scales: [string, number][] };
  const sameLevels = shape.levels.length === quantileLevels.length && shape.levels.every((level, k) => level === quantileLevels[k]);
  if (!sameLevels || shape.features !== featureCount(window) || shape.horizon !== window.knots.length) {
    throw new ForetraceError("model_incompatible", "the saved lstm has other inputs or quantile levels than this version; train again");
  }
  return { shape, window, factors, scales: new Map(scales), training, parameters: decodeParameters(shape, weights) };
}
