/** A target's series may lie on several grids. Each grid has a model of its own; the store keeps them together as one. */
import { ForetraceError } from "../lib/errors.ts";
import type { ModelManifest, SavedModel } from "../models/model.ts";

/** The model of one grid. */
export type ModelPart = {
  /** Grid of the frames it was trained on, milliseconds. */
  readonly step: number;
  /** Points per season; 1 = none. */
  readonly season: number;
  /** Steps ahead that it was trained for. */
  readonly horizon: number;
  readonly saved: SavedModel;
};

const name = "by-step";
const format = 1;
type SavedPart = { step: number; season: number; horizon: number; bytes: number; manifest: ModelManifest };

/** Manifests in a list, weights one after the other. */
export function joinParts(parts: readonly ModelPart[]): SavedModel {
  const weights = new Uint8Array(parts.reduce((sum, { saved }) => sum + saved.weights.byteLength, 0));
  let at = 0;
  const saved = parts.map(({ step, season, horizon, saved: part }): SavedPart => {
    weights.set(part.weights, at);
    at += part.weights.byteLength;
    return { step, season, horizon, bytes: part.weights.byteLength, manifest: part.manifest };
  });
  return { manifest: { model: name, format, parts: saved }, weights };
}

/** @throws ForetraceError model_incompatible. */
export function splitParts({ manifest, weights }: SavedModel): ModelPart[] {
  const parts = manifest["parts"] as SavedPart[] | undefined;
  const bytes = parts?.reduce((sum, part) => sum + part.bytes, 0);
  if (manifest.model !== name || manifest.format !== format || parts === undefined || bytes !== weights.byteLength) {
    throw new ForetraceError(
      "model_incompatible",
      `stored model "${manifest.model}" of format ${manifest.format} is not one that this version trains; train again`,
    );
  }
  let at = 0;
  return parts.map(({ step, season, horizon, bytes: length, manifest: part }) => {
    // A copy: loaders may look at the weights as float32, which asks for alignment.
    const saved = { manifest: part, weights: weights.slice(at, at + length) };
    at += length;
    return { step, season, horizon, saved };
  });
}
