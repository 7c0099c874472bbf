/** What the REST routes say about stored series: their newest samples, and one series with its forecast and anomalies. */
import { type Labels, type Sample, formatSeriesName, seriesKey } from "../lib/series.ts";
import { type EpochMillis, epochMillis } from "../lib/units.ts";
import { forecastPoints } from "../promql/forecast-series.ts";
import type { ForecastRecord, Matcher, SeriesStore, Store, TimeRange } from "../store/ports.ts";

export const always: TimeRange = { from: epochMillis(0), to: epochMillis(8.64e15) };
export const finite = (value: number | undefined | null): number | null =>
  typeof value === "number" && Number.isFinite(value) ? value : null;

/** How far back to look for a newest sample, step by step, where the store cannot say it at once. */
const lookbacks = [15 * 60_000, 6 * 3600_000, 7 * 86_400_000];

/** Newest sample of each matching series; one without a recent sample is absent. */
export async function latestOf(
  series: SeriesStore,
  matchers: readonly Matcher[],
  now: EpochMillis,
): Promise<{ readonly labels: Labels; readonly sample: Sample }[]> {
  if (series.latest !== undefined) return series.latest(matchers);
  for (const lookback of lookbacks) {
    const batches = await series.select(matchers, { from: epochMillis(now - lookback), to: now });
    const found = batches.flatMap(({ labels, samples }) => (samples.length > 0 ? [{ labels, sample: samples.at(-1)! }] : []));
    if (found.length > 0) return found;
  }
  return [];
}

/** As {@link latestOf}, by {@link seriesKey}. */
export async function latestSamples(series: SeriesStore, matchers: readonly Matcher[], now: EpochMillis): Promise<Map<string, Sample>> {
  return new Map((await latestOf(series, matchers, now)).map(({ labels, sample }) => [seriesKey(labels), sample]));
}

/** Matchers for the series that have these labels, and maybe others. */
export const matching = (labels: Labels): Matcher[] => Object.entries(labels).map(([name, value]) => ({ name, op: "=", value }));

/** One series in the range: samples, its newest forecast, what was said before, and the anomalies of its target. */
export async function seriesData(store: Store, target: string, labels: Labels, range: TimeRange) {
  const key = seriesKey(labels);
  const [batches, forecasts, anomalies] = await Promise.all([
    store.series.select(matching(labels), range),
    store.outcomes.latestForecasts({ target }),
    store.outcomes.anomalies({ target, range }),
  ]);
  const own = batches.find((batch) => seriesKey(batch.labels) === key);
  const forecast = forecasts.find((record) => seriesKey(record.labels) === key);
  const past = forecast === undefined ? [] : await forecastPoints(store.outcomes, forecast, range);
  return {
    name: formatSeriesName(labels),
    samples: (own?.samples ?? []).map(({ t, v }) => [t, finite(v)]),
    forecast: forecast ?? null,
    past: past.map(({ t, record, index }) => [t, at(record, 0.5, index), at(record, 0.025, index), at(record, 0.975, index)]),
    anomalies,
  };
}

/** Value of a forecast at a level and step; null where it has none. */
export const at = (record: ForecastRecord, level: number, index: number): number | null =>
  finite(record.quantiles[record.levels.indexOf(level)]?.[index]);
