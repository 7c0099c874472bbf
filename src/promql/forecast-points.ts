/** Joins forecasts issued one after the other into one line: for each moment, what was last said before it. */
import type { ForecastRecord } from "../store/ports.ts";

/** Step `index` of `record` speaks about the moment t. */
export type ForecastPoint = { readonly t: number; readonly record: ForecastRecord; readonly index: number };

const stepsOf = (record: ForecastRecord): number => record.quantiles[0]?.length ?? 0;

/** The last moment that a forecast speaks about. */
export const forecastEnd = (record: ForecastRecord): number => record.start + (stepsOf(record) - 1) * record.step;

/**
 * @param records of one series, in any order.
 * @param leadMillis only what was said at least so long before the moment it speaks about.
 * @returns points ascending in time. A newer forecast replaces the older ones from its first step to its last.
 */
export function joinForecasts(records: readonly ForecastRecord[], leadMillis = 0): ForecastPoint[] {
  const points: ForecastPoint[] = [];
  for (const record of [...records].sort((a, b) => a.issuedAt - b.issuedAt)) {
    const own: ForecastPoint[] = [];
    for (let index = 0; index < stepsOf(record); index++) {
      const t = record.start + index * record.step;
      // What is said about a moment after it has passed is no forecast.
      if (t > record.issuedAt && t >= record.issuedAt + leadMillis) own.push({ t, record, index });
    }
    if (own.length === 0) continue;
    let keep = points.length;
    while (keep > 0 && points[keep - 1]!.t >= own[0]!.t) keep--;
    const replaced = points.splice(keep);
    points.push(...own, ...replaced.filter(({ t }) => t > own.at(-1)!.t));
  }
  return points;
}
