/** The demand of a target, added up over the label sets of its series: what is now, and what is forecast. */
import { type Labels, type Sample, seriesKey } from "../lib/series.ts";
import { type EpochMillis, epochMillis } from "../lib/units.ts";
import type { ForecastRecord } from "../store/ports.ts";

export type DemandInputs = {
  /** Newest sample of each label set. */
  readonly samples: readonly { readonly labels: Labels; readonly sample: Sample }[];
  /** Newest forecast of each label set; its labels hold the target too. */
  readonly forecasts: readonly ForecastRecord[];
};

export type SampleNow = Sample & {
  /** Label sets in the sum. */
  readonly counted: number;
  /** Label sets left out. */
  readonly ended: number;
};

/**
 * The sum of the newest samples, with the time of the newest. A label set whose newest sample is no number (a stale marker), or lies more than
 * `ageMillis` before the newest of all, has ended and is left out: measured from the newest and not from now, since all of them stop together
 * when no news comes. Undefined without samples; NaN when no label set is left.
 */
export function sampleNow({ samples }: DemandInputs, now: EpochMillis, ageMillis: number): SampleNow | undefined {
  if (samples.length === 0) return undefined;
  const living = livingSamples(samples, now, ageMillis);
  const of = living.length > 0 ? living : samples;
  return {
    t: epochMillis(of.reduce((newest, { sample }) => Math.max(newest, sample.t), Number.NEGATIVE_INFINITY)),
    v: living.length > 0 ? living.reduce((sum, { sample }) => sum + sample.v, 0) : Number.NaN,
    counted: living.length,
    ended: living.length > 0 ? samples.length - living.length : 0,
  };
}

function livingSamples(samples: DemandInputs["samples"], now: EpochMillis, ageMillis: number): DemandInputs["samples"] {
  const numbers = samples.filter(({ sample }) => Number.isFinite(sample.v));
  const newest = numbers.reduce((time, { sample }) => Math.max(time, sample.t), Number.NEGATIVE_INFINITY);
  // A sample of the future must not end all the others.
  const since = Math.min(newest, now) - ageMillis;
  return numbers.filter(({ sample }) => sample.t >= since);
}

export type Ahead = {
  /** Forecast steps within the horizon. */
  readonly steps: number;
  /** Where the first of the forecasts ends. */
  readonly end: number;
  /** Issue of the oldest of them. */
  readonly issuedAt: number;
  /** Largest sum of medians and of 0.9 quantiles. */
  readonly median: number | null;
  readonly high: number | null;
  /** Forecasts in the sum, and label sets that stand in it with their newest sample. */
  readonly counted: number;
  readonly held: number;
};

export type AheadInputs = DemandInputs & {
  readonly sampleAgeMillis: number;
  readonly forecastAgeMillis: number;
  /** The samples are young enough to stand for the time ahead. */
  readonly known: boolean;
};

/**
 * The sums of the forecasts over the steps in (now, now + horizon]; a horizon shorter than a step takes the next step. Forecasts of label sets
 * that have ended, and those issued more than `forecastAgeMillis` before the newest, are left out. A label set without a forecast, or whose
 * forecast says nothing of a moment, counts with its newest sample. Undefined without forecasts.
 */
export function forecastWithin(inputs: AheadInputs, now: EpochMillis, horizonMillis: number): Ahead | undefined {
  const living = new Map(
    livingSamples(inputs.samples, now, inputs.sampleAgeMillis).map(({ labels, sample }) => [seriesKey(labels), sample.v] as const),
  );
  const newest = inputs.forecasts.reduce((time, { issuedAt }) => Math.max(time, issuedAt), Number.NEGATIVE_INFINITY);
  const since = Math.min(newest, now) - inputs.forecastAgeMillis;
  const keyed = inputs.forecasts
    .filter(({ issuedAt }) => issuedAt >= since)
    .map((record) => ({ record, key: seriesKey({ target: record.target, ...record.labels }) }))
    .filter(({ key }) => living.size === 0 || living.has(key));
  if (keyed.length === 0) return undefined;
  const held = new Map(inputs.known ? living : []);
  for (const { key } of keyed) held.delete(key);
  const base = [...held.values()].reduce((sum, value) => sum + value, 0);

  const sumAt = (level: number, t: number): number | null => {
    let sum = base;
    let said = false;
    for (const { record, key } of keyed) {
      const value = valueAt(record, level, t);
      if (value !== null) said = true;
      sum += value ?? (inputs.known ? (living.get(key) ?? 0) : 0);
    }
    return said && Number.isFinite(sum) ? sum : null;
  };
  const times = new Set<number>();
  for (const { record } of keyed) {
    for (let index = 0; index < stepsOf(record); index++) times.add(record.start + index * record.step);
  }
  let steps = 0;
  let median: number | null = null;
  let high: number | null = null;
  for (const t of [...times].sort((a, b) => a - b)) {
    if (t <= now || (t > now + horizonMillis && steps > 0)) continue;
    steps++;
    median = larger(median, sumAt(0.5, t));
    high = larger(high, sumAt(0.9, t));
  }
  const records = keyed.map(({ record }) => record);
  return {
    steps,
    end: Math.min(...records.map((record) => record.start + (stepsOf(record) - 1) * record.step)),
    issuedAt: Math.min(...records.map(({ issuedAt }) => issuedAt)),
    median,
    high,
    counted: keyed.length,
    held: held.size,
  };
}

const stepsOf = (record: ForecastRecord): number => record.quantiles[0]?.length ?? 0;

/** A step says what holds until the next one; forecasts on other grids are read between their steps. */
function valueAt({ quantiles, levels, start, step }: ForecastRecord, level: number, t: number): number | null {
  const index = Math.max(0, Math.floor((t - start) / step));
  const value = quantiles[levels.indexOf(level)]?.[index];
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** The larger of two numbers; a missing one does not count. */
export function larger(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.max(a, b);
}
