/** The saved form of the windowed detector: scalings and samples; forests grow again from them, bit by bit the same. */
import { ForetraceError } from "../../lib/errors.ts";
import type { SavedModel } from "../model.ts";
import { growForest, rangesOf, type ColumnModel } from "./column.ts";
import type { WindowedModel } from "./windowed.ts";

export const windowedFormat = 2;

/** JSON has no NaN: null stands for it. */
type SavedColumn = {
  key: string;
  centre: number | null;
  range: number;
  forestCentre: number;
  forestHigh: number;
  deviationHigh: number;
  /** Numbers of the sample, in order in the weights. */
  numbers: number;
};
type WindowedManifest = { window: number; seed: number; columns: SavedColumn[]; calibration: number };

/** Weights: float64 calibration scores, then the float32 samples of all columns, little-endian. */
export function saveWindowed(model: WindowedModel): SavedModel {
  const columns: SavedColumn[] = [];
  let numbers = 0;
  for (const [key, { scaling, sample, forestCentre, forestHigh, deviationHigh }] of model.columns) {
    const centre = Number.isNaN(scaling.centre) ? null : scaling.centre;
    columns.push({ key, centre, range: scaling.range, forestCentre, forestHigh, deviationHigh, numbers: sample.length });
    numbers += sample.length;
  }
  const weights = new Uint8Array(model.calibration.length * 8 + numbers * 4);
  const view = new DataView(weights.buffer);
  let at = 0;
  for (const score of model.calibration) at = (view.setFloat64(at, score, true), at + 8);
  for (const { sample } of model.columns.values()) for (const number of sample) at = (view.setFloat32(at, number, true), at + 4);
  const manifest: WindowedManifest = { window: model.window, seed: model.seed, columns, calibration: model.calibration.length };
  return { manifest: { model: "isolation-forest", format: windowedFormat, ...manifest }, weights };
}

export function loadWindowed({ manifest, weights }: SavedModel): WindowedModel {
  const { window, seed, columns, calibration: scores } = manifest as unknown as WindowedManifest;
  const expected = scores * 8 + columns.reduce((sum, column) => sum + column.numbers, 0) * 4;
  if (weights.byteLength !== expected) {
    throw new ForetraceError(
      "model_incompatible",
      `weights of isolation-forest have ${weights.byteLength} bytes, its manifest says ${expected}; train again`,
    );
  }
  const view = new DataView(weights.buffer, weights.byteOffset, weights.byteLength);
  const calibration = Float64Array.from({ length: scores }, (_, i) => view.getFloat64(i * 8, true));
  const models = new Map<string, ColumnModel>();
  let at = scores * 8;
  for (const { key, centre, range, numbers, ...standards } of columns) {
    const base = at;
    const sample = Float32Array.from({ length: numbers }, (_, i) => view.getFloat32(base + i * 4, true));
    at += numbers * 4;
    models.set(key, {
      scaling: { centre: centre ?? Number.NaN, range },
      sample,
      ranges: rangesOf(sample),
      forest: range > 0 ? growForest(sample, key, seed) : undefined,
      ...standards,
    });
  }
  return { window, seed, columns: models, calibration };
}
