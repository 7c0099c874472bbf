/** Training and validation examples: windows drawn from all series of a group. */
import { seriesKey, type Series } from "../../lib/series.ts";
import type { Random } from "../../lib/random.ts";
import { levelLength } from "./bases.ts";
import type { Batch } from "./engine.ts";
import { differenceScale, prepareSeries, type PreparedSeries } from "./prepared.ts";
import { featureCount, fillWindow, type WindowSpec } from "./windows.ts";

/** A series, its scale, and the origins it offers: [first, trainEnd] to learn from, [validFrom, validEnd] to stop and calibrate by. */
export type Source = {
  readonly key: string;
  readonly series: PreparedSeries;
  readonly scale: number;
  readonly first: number;
  readonly trainEnd: number;
  readonly validFrom: number;
  readonly validEnd: number;
};

/** Share of the training range that early stopping and calibration look at: its end. */
const validShare = 0.15;
/** Targets stand within this many units of the base; farther ones count as this far. */
const farthest = 50;
/** Draws before a series is taken as having no usable window. */
const attempts = 20;

/** Series that are long enough, move, and are present; the others have nothing to teach. */
export function selectSources(series: readonly Series[], spec: WindowSpec): Source[] {
  const sources: Source[] = [];
  const { season, horizon } = spec;
  for (const one of series) {
    const prepared = prepareSeries(one);
    const rows = prepared.values.length;
    const first = Math.max(season > 1 ? season + levelLength(season) : 0, Math.min(2 * horizon, 96), 24);
    const valid = Math.max(Math.round(validShare * rows), horizon + Math.ceil(horizon / 2));
    const split = rows - valid;
    const scale = seriesScale(prepared.values.subarray(0, split), season);
    const present = prepared.count(0, split);
    if (split - horizon <= first || !(scale > 0) || present < Math.max(24, 2 * horizon)) continue;
    sources.push({
      key: seriesKey(one.labels),
      series: prepared,
      scale,
      first,
      trainEnd: split - horizon,
      validFrom: split,
      validEnd: rows - horizon,
    });
  }
  return sources;
}

/** Mean |seasonal difference|, or of single steps where that is 0 or unknown. */
export function seriesScale(values: Float64Array, season: number): number {
  const seasonal = season > 1 ? differenceScale(values, season) : Number.NaN;
  return seasonal > 0 ? seasonal : differenceScale(values, 1);
}

export function emptyBatch(size: number, spec: WindowSpec): Batch {
  const knots = spec.knots.length;
  return {
    size,
    x: new Float32Array(size * spec.patches * featureCount(spec)),
    y: new Float32Array(size * knots),
    mask: new Float32Array(size * knots),
    weight: new Float32Array(size),
  };
}

/** Draws a training batch in place: series ∝ √(their origins), origins uniform; an example without a target keeps weight 0. */
export function drawBatch(batch: Batch, sources: readonly Source[], spec: WindowSpec, random: Random): Batch {
  const shares = sources.map((source) => Math.sqrt(source.trainEnd - source.first + 1));
  const total = shares.reduce((sum, share) => sum + share, 0);
  for (let b = 0; b < batch.size; b++) {
    for (let attempt = 0; attempt < attempts; attempt++) {
      let point = random.uniform() * total;
      let index = 0;
      while (index < shares.length - 1 && point >= shares[index]!) point -= shares[index++]!;
      const source = sources[index]!;
      if (fillExample(batch, b, source, source.first + random.below(source.trainEnd - source.first + 1), spec)) break;
    }
  }
  return batch;
}

/** Evenly spread validation examples, at most about `most`, each series at least one. */
export function validationBatch(sources: readonly Source[], spec: WindowSpec, most: number): Batch {
  const each = Math.max(1, Math.floor(most / sources.length));
  const origins = sources.flatMap((source) => {
    const span = source.validEnd - source.validFrom;
    const count = Math.min(each, span + 1);
    return Array.from({ length: count }, (_, i) => ({
      source,
      origin: source.validFrom + Math.floor((i * span) / Math.max(1, count - 1)),
    }));
  });
  const batch = emptyBatch(origins.length, spec);
  for (const [b, { source, origin }] of origins.entries()) fillExample(batch, b, source, origin, spec);
  return batch;
}

/** False when the window or all of its targets are missing; its weight is then 0. */
function fillExample(batch: Batch, b: number, source: Source, origin: number, spec: WindowSpec): boolean {
  const { series, scale } = source;
  const knots = spec.knots.length;
  batch.weight[b] = 0;
  const mixture = fillWindow(series, origin, spec, scale, batch.x, b * spec.patches * featureCount(spec));
  if (mixture === undefined) {
    batch.x.fill(0, b * spec.patches * featureCount(spec), (b + 1) * spec.patches * featureCount(spec));
    batch.mask.fill(0, b * knots, (b + 1) * knots);
    return false;
  }
  let targets = 0;
  for (const [i, j] of spec.knots.entries()) {
    const actual = series.values[origin + j]!;
    const present = !Number.isNaN(actual);
    const error = present ? (actual - mixture.at(j)) / mixture.unit : 0;
    batch.mask[b * knots + i] = present ? 1 : 0;
    batch.y[b * knots + i] = Math.max(-farthest, Math.min(farthest, error));
    if (present) targets++;
  }
  if (targets === 0) return false;
  // In units of the series, so that quiet stretches do not outweigh the rest; bounded, so that no window rules a batch.
  batch.weight[b] = Math.max(0.05, Math.min(6, mixture.unit / scale));
  return true;
}
