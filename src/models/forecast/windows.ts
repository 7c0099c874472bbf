/** What the network sees at one origin: patches of the recent past, and what was known there beside them, repeated at every step. */
import { baseCount, longLevel, mixBases, trials, type Mixture } from "./bases.ts";
import type { PreparedSeries } from "./prepared.ts";

/** Saved with the model: the same inputs are made when it forecasts. */
export type WindowSpec = {
  readonly season: number;
  /** Trained steps ahead. */
  readonly horizon: number;
  /** Steps (from 0, ascending, first and last included) that the network answers; between them the correction is interpolated. */
  readonly knots: readonly number[];
  /** T: LSTM steps, each a patch of `patch` points, read as `parts` means. */
  readonly patches: number;
  readonly patch: number;
  readonly parts: number;
  /** Grid step, ms. */
  readonly step: number;
  /** Whether the training range was long enough to know days. */
  readonly days: boolean;
  /** Whether a season is a day. */
  readonly weeks: boolean;
};

const day = 86_400_000;
const defaultPatches = 12;
/** Points that a window covers unless a season is longer. */
const context = 288;
const mostParts = 12;
const mostKnots = 24;
const lastValues = 6;
const phases = 4;

export function windowSpec(season: number, horizon: number, step: number, rows: number): WindowSpec {
  const points = Math.min(Math.max(context, season), Math.max(4 * defaultPatches, Math.floor(rows / 3)));
  const patch = Math.ceil(points / defaultPatches);
  const knots = Math.min(mostKnots, horizon);
  // Denser at the start, where forecasts are sharpest.
  const steps = Array.from({ length: knots }, (_, i) =>
    knots === 1 ? 0 : Math.round((i / (knots - 1)) ** (horizon > 2 * mostKnots ? 1.5 : 1) * (horizon - 1)),
  );
  return {
    season,
    horizon,
    knots: [...new Set(steps)],
    patches: defaultPatches,
    patch,
    parts: Math.min(patch, mostParts),
    step,
    days: rows * step >= 2 * day && step < day / 4,
    weeks: season > 1 && season * step === day,
  };
}

/** Rows before an origin that its inputs can depend on. */
export const lookback = ({ season, horizon, patches, patch, weeks }: WindowSpec): number =>
  Math.max(
    patches * patch + season,
    Math.ceil((1 + trials / 4) * horizon) + trials + Math.max(longLevel, (weeks ? 9 : 4) * season) + longLevel,
  );

/** F of the network. */
export function featureCount(spec: WindowSpec): number {
  const bases = baseCount(spec);
  const channels = spec.season > 1 ? 2 : 1;
  const anchors = Math.min(8, spec.horizon);
  return channels * spec.parts + 3 * bases + anchors + lastValues + phases + 5;
}

/**
 * Writes the inputs at `origin` to x[at .. at + T × F). Missing is 0, with the share of present points beside it.
 * Values in units of the mixture's recent error, through asinh. Undefined when the recent past is all missing.
 * `scale` is the series' own scale (mean |seasonal difference| in training).
 */
export function fillWindow(
  series: PreparedSeries,
  origin: number,
  spec: WindowSpec,
  scale: number,
  x: Float32Array,
  at: number,
): Mixture | undefined {
  const mixture = mixBases(series, origin, spec);
  if (mixture === undefined) return undefined;
  const { level, unit } = mixture;
  const features = featureCount(spec);
  const known = knownAtOrigin(series, origin, spec, scale, mixture);
  const from = origin - spec.patches * spec.patch;
  const seasonal = spec.season > 1;
  for (let t = 0; t < spec.patches; t++) {
    let to = at + t * features;
    const start = from + t * spec.patch;
    for (let part = 0; part < spec.parts; part++) {
      const first = start + Math.floor((part * spec.patch) / spec.parts);
      const end = start + Math.floor(((part + 1) * spec.patch) / spec.parts);
      const value = end > 0 ? series.mean(Math.max(0, first), end) : Number.NaN;
      x[to++] = Number.isNaN(value) ? 0 : Math.asinh((value - level) / unit);
      if (!seasonal) continue;
      const before = end > spec.season ? series.mean(Math.max(0, first - spec.season), end - spec.season) : Number.NaN;
      x[to++] = Number.isNaN(value) || Number.isNaN(before) ? 0 : Math.asinh((value - before) / unit);
    }
    x[to++] = series.count(start, start + spec.patch) / spec.patch;
    x.set(known, to);
  }
  return mixture;
}

function knownAtOrigin(series: PreparedSeries, origin: number, spec: WindowSpec, scale: number, mixture: Mixture): number[] {
  const { level, unit, anchors, errors } = mixture;
  const inputs: number[] = [];
  const relative = (value: number): number => (Number.isNaN(value) ? 0 : Math.asinh((value - level) / unit));
  for (const [k, error] of errors.entries()) {
    const mean = error.reduce((sum, value) => sum + value, 0) / error.length;
    inputs.push(bounded(mean / unit), relative(mixture.base(k, 0)), relative(mixture.base(k, spec.horizon - 1)));
  }
  for (const anchor of anchors) inputs.push(relative(mixture.at(anchor)));
  for (let i = 1; i <= lastValues; i++) inputs.push(relative(origin - i >= 0 ? series.values[origin - i]! : Number.NaN));
  const time = series.start + origin * spec.step;
  const season = (2 * Math.PI * (time % (spec.season * spec.step))) / (spec.season * spec.step);
  const clock = (2 * Math.PI * (time % day)) / day;
  inputs.push(...(spec.season > 1 ? [Math.sin(season), Math.cos(season)] : [0, 0]));
  inputs.push(...(spec.days ? [Math.sin(clock), Math.cos(clock)] : [0, 0]));
  const least = (a: number): number => Math.min(...errors.map((error) => error[a]!).filter((value) => !Number.isNaN(value)), Infinity);
  inputs.push(bounded(unit / scale), bounded(Math.abs(level) / unit), bounded(least(0) / unit), bounded(least(anchors.length - 1) / unit));
  return inputs;
}

/** Logarithm of a ratio within ±6; 0 where it is unknown. */
const bounded = (ratio: number): number => (ratio >= 0 && Number.isFinite(ratio) ? Math.max(-6, Math.min(6, Math.log(ratio + 1e-3))) : 0);
