/** From a target's demand, its forecast and what one replica carries to the number of replicas, with the reasons in words. */
import { type EpochMillis, formatDuration, formatNumber } from "../lib/units.ts";
import type { AutoscaleConfig } from "./context.ts";
import { type DemandInputs, forecastWithin, larger, sampleNow } from "./demand.ts";

export type AutoscaleInputs = DemandInputs & {
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
 * `current`: the newest sample, added up over the label sets. `predicted`: the largest median within the horizon. `demand`: the larger of now and of the 0.9 quantile within
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

  const sample = sampleNow(inputs, now, staleAfterMillis);
  const age = sample === undefined ? Number.POSITIVE_INFINITY : now - sample.t;
  const known = sample !== undefined && Number.isFinite(sample.v) && age <= forgetAfter * staleAfterMillis;
  const current = known ? sample.v : null;
  if (sample === undefined) late(`no sample of ${config.series} is stored`);
  else if (!Number.isFinite(sample.v)) late(`the newest sample of ${config.series} is not a number`);
  else if (age > staleAfterMillis) late(`the newest sample is ${words(age)} old`);
  if (sample !== undefined && sample.counted > 1) reason.push(`${sample.counted} label sets of ${config.series} are added up`);
  if (sample !== undefined && sample.ended > 0) {
    reason.push(`${count(sample.ended, "label set")} not counted: ended, or more than ${words(staleAfterMillis)} behind the newest sample`);
  }

  const counted = { ...inputs, sampleAgeMillis: staleAfterMillis, forecastAgeMillis: forecastAgeFactor * staleAfterMillis, known };
  const ahead = forecastWithin(counted, now, horizonMillis);
  if (ahead === undefined) late("there is no forecast; the demand of now is planned for");
  else if (ahead.steps === 0)
    late(`the newest forecast ended ${words(Math.max(0, now - ahead.end))} ago; the demand of now is planned for`);
  else {
    const issued = now - ahead.issuedAt;
    if (issued > forecastAgeFactor * staleAfterMillis) late(`the newest forecast was made ${words(issued)} ago`);
    if (ahead.end < now + horizonMillis) reason.push(`the forecast reaches ${words(ahead.end - now)} ahead, less than the horizon`);
    if (ahead.held > 0) reason.push(`${count(ahead.held, "label set")} counted with the newest sample, for want of a forecast`);
  }
  const predicted = ahead?.median ?? null;
  const demand = larger(current, ahead?.high ?? null);
  if (demand !== null) {
    reason.push(
      demand === current
        ? `the demand of now, ${formatNumber(demand)}, is the largest within ${words(horizonMillis)}`
        : ahead!.counted === 1
          ? `with 90 % probability the demand stays below ${formatNumber(demand)} at each moment of the next ${words(horizonMillis)}`
          : `the 0.9 quantiles of ${ahead!.counted} forecasts add up to ${formatNumber(demand)} at most within ${words(horizonMillis)}: ` +
            "the 0.9 quantile of the sum where they move together, as a rule above it where they do not",
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
    issued_at: ahead?.issuedAt ?? null,
  };
}

const words = (millis: number): string => formatDuration(millis * 1e6);
const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? " is" : "s are"}`;

/** Whole replicas within the configured bounds. */
function replicasFor(demand: number | null, { perReplica, min = 1, max = Number.POSITIVE_INFINITY }: AutoscaleConfig): number | null {
  if (demand === null || perReplica === undefined) return null;
  return Math.min(max, Math.max(min, Math.ceil(demand / perReplica)));
}
