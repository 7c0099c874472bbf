/** One column's part of the detector: its forest, and how its scores are brought to a common scale. */
import { createRandom } from "../../lib/random.ts";
import { quantileSorted, sortedPresent } from "../../lib/statistics.ts";
import { smoothedResidual } from "./residual.ts";
import { fitForest, scoreForest, type Forest } from "./isolation-forest.ts";
import { summarise, summaryCount, type Summaries } from "./summaries.ts";
import type { Scaling } from "./scaling.ts";

const trees = 50;
const sampleSize = 256;
/** The forest is grown from at most this many windows, spread evenly over the training part; they are what is saved. */
const keptWindows = 1024;
/** Blocks of time for scores that the forest did not see: in-sample scores are too low where ψ is near the number of windows. */
const folds = 3;
/** Keeps columns that hardly vary from blowing up; in training ranges, and in units of the forest's score. */
const offset = 0.05;
const cap = 10;

export type ColumnModel = {
  readonly scaling: Scaling;
  /** Summary rows that the forest was grown from, at float32 precision. */
  readonly sample: Float32Array;
  readonly forest: Forest | undefined;
  /** Median and 99 % quantile of the forest's scores on windows it did not see. */
  readonly forestCentre: number;
  readonly forestHigh: number;
  /** 99 % quantile of the smoothed residual. */
  readonly deviationHigh: number;
};

/** Grows the forest of one column from its sample; the same key, seed and sample give the same forest. */
export function growForest(sample: Float32Array, key: string, seed: number): Forest | undefined {
  if (sample.length === 0) return undefined;
  return fitForest(Float64Array.from(sample), summaryCount, { trees, sampleSize }, createRandom(`${seed}/${key}`));
}

/** Fits one column; `heldOut` are its standardised forest scores per row, each by a forest grown without that third of the time. */
export function fitColumn(
  key: string,
  scaling: Scaling,
  scaled: Float64Array,
  window: number,
  seed: number,
): { model: ColumnModel; heldOut: Float64Array } {
  const summaries = summarise(scaled, window);
  const count = summaries.ends.length;
  const sample = keep(summaries.rows, 0, 0);
  const raw = new Float64Array(count);
  for (let fold = 0; fold < folds; fold++) {
    const from = Math.floor((fold * count) / folds);
    const to = Math.floor(((fold + 1) * count) / folds);
    const others = growForest(keep(summaries.rows, from, to), `${key}/${fold}`, seed);
    if (others !== undefined && to > from)
      raw.set(scoreForest(others, rounded(summaries.rows.subarray(from * summaryCount, to * summaryCount))), from);
  }
  const sorted = sortedPresent(raw);
  const model: ColumnModel = {
    scaling,
    sample,
    forest: scaling.range > 0 ? growForest(sample, key, seed) : undefined,
    forestCentre: count > 0 ? quantileSorted(sorted, 0.5) : 0.5,
    forestHigh: count > 0 ? quantileSorted(sorted, 0.99) : 0.5,
    deviationHigh: quantileSorted(sortedPresent(smoothedResidual(scaled, window)), 0.99) || 0,
  };
  return { model, heldOut: spreadToRows(raw, summaries.ends, scaled.length, model) };
}

/** Standardised forest scores, 0..10, at the row where each window ends; NaN at rows without a window. */
export function forestScores(model: ColumnModel, summaries: Summaries, length: number): Float64Array {
  if (model.forest === undefined) return spreadToRows(new Float64Array(summaries.ends.length).fill(0.5), summaries.ends, length, model);
  return spreadToRows(scoreForest(model.forest, rounded(summaries.rows)), summaries.ends, length, model);
}

/** Standardised residual of each value against its recent level, 0..10; NaN where missing. */
export function deviation(model: ColumnModel, scaled: Float64Array, window: number): Float64Array {
  return smoothedResidual(scaled, window).map((value) => Math.min(cap, value / (model.deviationHigh + offset)));
}

function spreadToRows(raw: Float64Array, ends: Int32Array, length: number, model: ColumnModel): Float64Array {
  const rows = new Float64Array(length).fill(Number.NaN);
  const width = model.forestHigh - model.forestCentre + offset;
  for (let i = 0; i < ends.length; i++) rows[ends[i]!] = Math.max(0, Math.min(cap, (raw[i]! - model.forestCentre) / width));
  return rows;
}

/** Evenly spaced rows without those of windows [skipFrom, skipTo), at most `keptWindows`. */
function keep(rows: Float64Array, skipFrom: number, skipTo: number): Float32Array {
  const count = rows.length / summaryCount - (skipTo - skipFrom);
  const kept = Math.min(count, keptWindows);
  const sample = new Float32Array(kept * summaryCount);
  for (let i = 0; i < kept; i++) {
    let row = Math.floor((i * count) / kept);
    if (row >= skipFrom) row += skipTo - skipFrom;
    sample.set(rows.subarray(row * summaryCount, (row + 1) * summaryCount), i * summaryCount);
  }
  return sample;
}

/** To the precision the sample is kept at, so that a value on a cut falls on the same side after loading. */
const rounded = (rows: Float64Array): Float64Array => rows.map(Math.fround);
