/** From a target's demand, its forecast and what one replica carries to the number of replicas, with the reasons in words. */
import type { Sample } from "../lib/series.ts";
import { type EpochMillis, formatDuration, formatNumber } from "../lib/units.ts";
import type { ForecastRecord } from "../store/ports.ts";
import type { AutoscaleConfig } from "./context.ts";

export type AutoscaleInputs = {
  /** Newest sample of the demand series, up to now. */
  readonly sample: Sample | undefined;
  readonly forecast: ForecastRecord | undefined;
  /** Set when these inputs are the last known ones, since the store does not answer. */
  readonly unreadable?: boolean;
};

export type AutoscaleAnswer = {
  target: string;
  horizon: string;
  current: number | null;
  predicted: number | null;
  demand: number | null;
  replicas: number | null;
  recommended: number | null;
  reason: string[];
  stale: boolean;
  issued_at: number | null;
};

/** A sample older than this many times the stale age says nothing any more about now. */
const forgetAfter = 12;
/** Forecasts are issued every few minutes and take a while, so that they may be this much older than a sample. */
const forecastAgeFactor = 3;

/**
 * `current`: the newest sample. `predicted`: the largest median within the horizon. `demand`: the larger of now and of the 0.9 quantile within
 * the horizon; `recommended` replicas carry it. What is old is still answered, with stale = true, so that an autoscaler holds its size;
 * what is not known is null.
 */
export function autoscaleAnswer(
  target: string,
  horizonMillis: number,
  config: AutoscaleConfig,
  inputs: AutoscaleInputs,
  now: EpochMillis,
  staleAfterMillis: number,
): AutoscaleAnswer {
  const reason: string[] = [];
  let stale = inputs.unreadable === true;
  if (stale) reason.push("the store does not answer; these are the last known values");
  const late = (text: string): void => {
    stale = true;
    reason.push(text);
  };

  const { sample, forecast } = inputs;
  const age = sample === undefined ? Number.POSITIVE_INFINITY : now - sample.t;
  const known = sample !== undefined && Number.isFinite(sample.v) && age <= forgetAfter * staleAfterMillis;
  const current = known ? sample.v : null;
  if (sample === undefined) late(`no sample of ${config.series} is stored`);
  else if (!Number.isFinite(sample.v)) late(`the newest sample of ${config.series} is not a number`);
  else if (age > staleAfterMillis) late(`the newest sample is ${words(age)} old`);

  const ahead = forecast === undefined ? undefined : withinHorizon(forecast, now, horizonMillis);
  if (forecast === undefined) late("there is no forecast; the demand of now is planned for");
  else if (ahead!.steps === 0)
    late(`the newest forecast ended ${words(Math.max(0, now - ahead!.end))} ago; the demand of now is planned for`);
  else {
    const issued = now - forecast.issuedAt;
    if (issued > forecastAgeFactor * staleAfterMillis) late(`the newest forecast was made ${words(issued)} ago`);
    if (ahead!.end < now + horizonMillis) reason.push(`the forecast reaches ${words(ahead!.end - now)} ahead, less than the horizon`);
  }
  const predicted = ahead?.median ?? null;
  const demand = largest(current, ahead?.high ?? null);
  if (demand !== null) {
    reason.push(
      demand === current
        ? `the demand of now, ${formatNumber(demand)}, is the largest within ${words(horizonMillis)}`
        : `with 90 % probability the demand stays below ${formatNumber(demand)} at each moment of the next ${words(horizonMillis)}`,
    );
  }
  const { perReplica } = config;
  if (perReplica === undefined)
    reason.push("what one replica carries (autoscale.perReplica) is not configured, so no replicas are computed");
  const replicas = replicasFor(current, config);
  const recommended = replicasFor(demand, config);
  if (demand !== null && perReplica !== undefined) {
    const wanted = Math.ceil(demand / perReplica);
    reason.push(`${formatNumber(demand)} at ${formatNumber(perReplica)} a replica takes ${wanted}`);
    if (recommended! > wanted) reason.push(`raised to the least allowed, ${recommended}`);
    if (recommended! < wanted) reason.push(`cut to the most allowed, ${recommended}`);
  }
  return {
    target,
    horizon: `${horizonMillis / 1000}s`,
    current,
    predicted,
    demand,
    replicas,
    recommended,
    reason,
    stale,
    issued_at: forecast?.issuedAt ?? null,
  };
}

const words = (millis: number): string => formatDuration(millis * 1e6);

function largest(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.max(a, b);
}

/** Whole replicas within the configured bounds. */
function replicasFor(demand: number | null, { perReplica, min = 1, max = Number.POSITIVE_INFINITY }: AutoscaleConfig): number | null {
  if (demand === null || perReplica === undefined) return null;
  return Math.min(max, Math.max(min, Math.ceil(demand / perReplica)));
}

type Ahead = { steps: number; end: number; median: number | null; high: number | null };

/** Largest median and 0.9 quantile over the steps in (now, now + horizon]; a horizon shorter than a step takes the next step. */
function withinHorizon(forecast: ForecastRecord, now: number, horizonMillis: number): Ahead {
  const length = forecast.quantiles[0]?.length ?? 0;
  const end = forecast.start + (length - 1) * forecast.step;
  const ahead: Ahead = { steps: 0, end, median: null, high: null };
  const maximum = (level: number, before: number | null, index: number): number | null => {
    const value = forecast.quantiles[forecast.levels.indexOf(level)]?.[index];
    return typeof value === "number" && Number.isFinite(value) ? Math.max(before ?? value, value) : before;
  };
  for (let index = 0; index < length; index++) {
    const t = forecast.start + index * forecast.step;
    if (t <= now || (t > now + horizonMillis && ahead.steps > 0)) continue;
    ahead.steps++;
    ahead.median = maximum(0.5, ahead.median, index);
    ahead.high = maximum(0.9, ahead.high, index);
  }
  return ahead;
}
