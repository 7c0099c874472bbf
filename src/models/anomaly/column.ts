/** One column's part of the detector: its forest, and how its scores are brought to a common scale. */
import { createRandom } from "../../lib/random.ts";
import { grossMoves, widened } from "./calm.ts";
import { logCap } from "./log-cap.ts";
import { quantileSorted, sortedPresent } from "../../lib/statistics.ts";
import { recentNormal, smoothedResidual } from "./residual.ts";
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
/**
 * Of how far a window lies outside the sample. On six servers 0.3 found fewer events, 0.5 and 1 kept a server that moved to a new normal flagged
 * for up to seven times as many calm rows.
 */
const reachWeight = 0.4;
/** A part's score that is nothing special: the median of a calm column lies below. */
const usual = 0.5;

export type ColumnModel = {
  readonly scaling: Scaling;
  /** Summary rows that the forest was grown from, at float32 precision. */
  readonly sample: Float32Array;
  /** Least and greatest of each summary in the sample, alternating. */
  readonly ranges: Float64Array;
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

/**
 * Fits one column on what is not gross. `heldOut` are its standardised scores per row, the forest's each by one grown without that third of the
 * time; `faulty` marks the rows whose scores a gross value or a gross move reaches.
 */
export function fitColumn(
  key: string,
  scaling: Scaling,
  scaled: Float64Array,
  gross: Uint8Array,
  window: number,
  seed: number,
): { model: ColumnModel; heldOut: { forest: Float64Array; deviation: Float64Array }; faulty: Uint8Array } {
  const residual = smoothedResidual(scaled, window);
  const reached = widened(gross, window, window + (window >> 1));
  const moves = grossMoves(residual, reached);
  const faulty = reached.map((one, t) => one | moves[t]!);
  const summaries = summarise(scaled, window);
  const count = summaries.ends.length;
  const calm = calmWindows(summaries, gross, moves, window);
  const sample = keep(summaries.rows, calm);
  const raw = new Float64Array(count);
  const beyond = new Float64Array(count);
  for (let fold = 0; fold < folds; fold++) {
    const from = Math.floor((fold * count) / folds);
    const to = Math.floor(((fold + 1) * count) / folds);
    const kept = keep(
      summaries.rows,
      calm.filter((row) => row < from || row >= to),
    );
    const others = growForest(kept, `${key}/${fold}`, seed);
    if (others === undefined || to === from) continue;
    const rows = rounded(summaries.rows.subarray(from * summaryCount, to * summaryCount));
    raw.set(scoreForest(others, rows), from);
    beyond.set(reach(rangesOf(kept), rows), from);
  }
  const sorted = Float64Array.from(calm, (row) => raw[row]!).sort();
  const model: ColumnModel = {
    scaling,
    sample,
    ranges: rangesOf(sample),
    forest: scaling.range > 0 ? growForest(sample, key, seed) : undefined,
    forestCentre: count > 0 ? quantileSorted(sorted, 0.5) : 0.5,
    forestHigh: count > 0 ? quantileSorted(sorted, 0.99) : 0.5,
    deviationHigh: quantileSorted(sortedPresent(residual.filter((_, t) => faulty[t] !== 1)), 0.99) || 0,
  };
  const heldOut = {
    forest: spreadToRows(raw, beyond, summaries.ends, scaled.length, model, window),
    deviation: standardised(residual, model, window),
  };
  return { model, heldOut, faulty };
}

/**
 * Standardised forest scores, ≥ 0, at the row where each window ends; NaN at rows without a window. A forest cannot say how far outside its sample
 * a window lies: that is added, in widths of the sample.
 */
export function forestScores(model: ColumnModel, summaries: Summaries, length: number, window: number): Float64Array {
  const rows = rounded(summaries.rows);
  const raw =
    model.forest === undefined ? new Float64Array(summaries.ends.length).fill(model.forestCentre) : scoreForest(model.forest, rows);
  return spreadToRows(raw, reach(model.ranges, rows), summaries.ends, length, model, window);
}

/** Standardised residual of each value against its recent level, ≥ 0; NaN where missing. */
export function deviation(model: ColumnModel, scaled: Float64Array, window: number): Float64Array {
  return standardised(smoothedResidual(scaled, window), model, window);
}

function standardised(residual: Float64Array, model: ColumnModel, window: number): Float64Array {
  return settled(
    residual.map((value) => logCap(value / (model.deviationHigh + offset))),
    window,
  );
}

function spreadToRows(
  raw: Float64Array,
  beyond: Float64Array,
  ends: Int32Array,
  length: number,
  model: ColumnModel,
  window: number,
): Float64Array {
  const rows = new Float64Array(length).fill(Number.NaN);
  const width = model.forestHigh - model.forestCentre + offset;
  for (let i = 0; i < ends.length; i++)
    rows[ends[i]!] = Math.max(0, (raw[i]! - model.forestCentre) / width) + reachWeight * logCap(beyond[i]!);
  return settled(rows, window);
}

/**
 * What was strange for long is the new normal: of each score is taken what the median of the 4 windows that ended one window before it lies
 * above `usual`. So a level that stays is strange for 3 windows and then no more, and a new fault on top of it still shows.
 */
function settled(scores: Float64Array, window: number): Float64Array {
  const lately = recentNormal(scores, window, 0);
  return scores.map((score, t) => Math.max(0, score - Math.max(0, lately[t]! - usual)));
}

/** Least and greatest of each summary in the sample. */
export function rangesOf(sample: Float32Array): Float64Array {
  const ranges = new Float64Array(2 * summaryCount);
  for (let d = 0; d < summaryCount; d++) {
    let low = Infinity;
    let high = -Infinity;
    for (let at = d; at < sample.length; at += summaryCount) {
      low = Math.min(low, sample[at]!);
      high = Math.max(high, sample[at]!);
    }
    ranges.set([low, high], 2 * d);
  }
  return ranges;
}

/** How far each window lies outside the ranges, in their widths, by the summary that lies farthest. */
function reach(ranges: Float64Array, rows: Float64Array): Float64Array {
  const reached = new Float64Array(rows.length / summaryCount);
  for (let i = 0; i < rows.length; i++) {
    const d = i % summaryCount;
    const low = ranges[2 * d]!;
    const high = ranges[2 * d + 1]!;
    const outside = Math.max(low - rows[i]!, rows[i]! - high) / (high - low + offset);
    const window = (i - d) / summaryCount;
    if (outside > reached[window]!) reached[window] = outside;
  }
  return reached;
}

/** Indices of the windows that neither hold a gross value nor end at a gross move; all of them where fewer than a quarter are so. */
function calmWindows({ ends }: Summaries, gross: Uint8Array, moves: Uint8Array, window: number): Int32Array {
  const held = widened(gross, 0, window - 1);
  const all = Int32Array.from(ends, (_, i) => i);
  const calm = all.filter((i) => held[ends[i]!] !== 1 && moves[ends[i]!] !== 1);
  return calm.length * 4 < all.length ? all : calm;
}

/** Evenly spaced ones of the windows, at most `keptWindows`. */
function keep(rows: Float64Array, windows: Int32Array): Float32Array {
  const kept = Math.min(windows.length, keptWindows);
  const sample = new Float32Array(kept * summaryCount);
  for (let i = 0; i < kept; i++) {
    const row = windows[Math.floor((i * windows.length) / kept)]!;
    sample.set(rows.subarray(row * summaryCount, (row + 1) * summaryCount), i * summaryCount);
  }
  return sample;
}

/** To the precision the sample is kept at, so that a value on a cut falls on the same side after loading. */
const rounded = (rows: Float64Array): Float64Array => rows.map(Math.fround);
