/**
 * Forecasts as series beside the stored ones: foretrace_forecast (one per quantile), foretrace_expected and its 95 % band.
 * They go on beyond now. For a past moment they are what was last said before it, for a future one the newest.
 */
import { type Labels, type Sample, seriesKey } from "../lib/series.ts";
import { epochMillis } from "../lib/units.ts";
import { compileMatchers } from "../store/matchers.ts";
import type { ForecastRecord, Matcher, OutcomeStore, SampleBatch, SeriesStore, TimeRange } from "../store/ports.ts";
import type { Queryable } from "./evaluate.ts";
import { type ForecastPoint, forecastEnd, joinForecasts } from "./forecast-points.ts";
import { staleMarker } from "../store/series/stale.ts";

/** Virtual metric → the level it shows; undefined = one series for each level. */
const virtualMetrics: readonly { readonly name: string; readonly level: number | undefined }[] = [
  { name: "foretrace_forecast", level: undefined },
  { name: "foretrace_expected", level: 0.5 },
  { name: "foretrace_expected_lower", level: 0.025 },
  { name: "foretrace_expected_upper", level: 0.975 },
];
/** HELP texts, for /metadata. */
export const derivedHelp: Readonly<Record<string, string>> = {
  foretrace_forecast: "Forecast of the series source_name; the label forecast_quantile is the level of the quantile.",
  foretrace_expected: "Median of what was last forecast for this moment before it came.",
  foretrace_expected_lower: "Lower end of the 95 % interval of what was last forecast for this moment.",
  foretrace_expected_upper: "Upper end of the 95 % interval of what was last forecast for this moment.",
};

type Virtual = { readonly labels: Labels; readonly level: number };

/** The stored series together with those that forecasts give. */
export function withDerived(stored: SeriesStore, outcomes: Pick<OutcomeStore, "latestForecasts" | "forecasts">): Queryable {
  const find = (matchers: readonly Matcher[]): Promise<{ latest: ForecastRecord; virtuals: Virtual[] }[]> =>
    findVirtuals(outcomes, matchers);
  const virtualSeries = async (matchers: readonly Matcher[], range: TimeRange): Promise<Labels[]> =>
    (await find(matchers))
      .filter(({ latest }) => forecastEnd(latest) >= range.from)
      .flatMap(({ virtuals }) => virtuals.map(({ labels }) => labels));
  return {
    async select(matchers, range) {
      const [real, found] = await Promise.all([stored.select(matchers, range), find(matchers)]);
      const derived = await Promise.all(found.map(({ latest, virtuals }) => selectVirtual(outcomes, latest, virtuals, range)));
      return [...real, ...derived.flat()];
    },
    async series(matchers, range) {
      const [real, derived] = await Promise.all([stored.series(matchers, range), virtualSeries(matchers, range)]);
      return [...real, ...derived];
    },
    async labelNames(matchers, range) {
      const [real, derived] = await Promise.all([stored.labelNames(matchers, range), virtualSeries(matchers, range)]);
      return [...new Set([...real, ...derived.flatMap((labels) => Object.keys(labels))])].sort();
    },
    async labelValues(name, matchers, range) {
      const [real, derived] = await Promise.all([stored.labelValues(name, matchers, range), virtualSeries(matchers, range)]);
      return [...new Set([...real, ...derived.flatMap((labels) => labels[name] ?? [])])].sort();
    },
  };
}

async function findVirtuals(
  outcomes: Pick<OutcomeStore, "latestForecasts">,
  matchers: readonly Matcher[],
): Promise<{ latest: ForecastRecord; virtuals: Virtual[] }[]> {
  const named = compileMatchers(matchers.filter(({ name }) => name === "__name__"));
  if (!virtualMetrics.some(({ name }) => named({ __name__: name }))) return [];
  const matches = compileMatchers(matchers);
  const target = matchers.find(({ name, op }) => name === "target" && op === "=")?.value;
  const records = await outcomes.latestForecasts(target === undefined || target === "" ? {} : { target });
  return records
    .map((latest) => ({ latest, virtuals: virtualsOf(latest).filter(({ labels }) => matches(labels)) }))
    .filter(({ virtuals }) => virtuals.length > 0);
}

function virtualsOf(record: ForecastRecord): Virtual[] {
  const { __name__: sourceName = "", ...rest } = record.labels;
  const base = { target: record.target, ...rest, source_name: sourceName };
  return virtualMetrics.flatMap(({ name, level }) => {
    if (level !== undefined) return record.levels.includes(level) ? [{ labels: { __name__: name, ...base }, level }] : [];
    return record.levels.map((each) => ({ labels: { __name__: name, ...base, forecast_quantile: String(each) }, level: each }));
  });
}

async function selectVirtual(
  outcomes: Pick<OutcomeStore, "forecasts">,
  latest: ForecastRecord,
  virtuals: readonly Virtual[],
  range: TimeRange,
): Promise<SampleBatch[]> {
  const points = await forecastPoints(outcomes, latest, range);
  return virtuals.map(({ labels, level }) => ({ labels, samples: samplesAt(points, level) })).filter(({ samples }) => samples.length > 0);
}

/** What was last said about each moment of the range, for the series of `latest`. */
export async function forecastPoints(
  outcomes: Pick<OutcomeStore, "forecasts">,
  latest: ForecastRecord,
  range: TimeRange,
): Promise<ForecastPoint[]> {
  // A forecast reaches this far beyond its issue, so earlier ones say nothing about the range.
  const reach = forecastEnd(latest) + latest.step - latest.issuedAt;
  const records = await outcomes.forecasts({
    target: latest.target,
    labels: latest.labels,
    range: { from: epochMillis(range.from - reach), to: range.to },
  });
  const key = seriesKey(latest.labels);
  const own = records.filter((record) => seriesKey(record.labels) === key);
  return joinForecasts(own).filter(({ t }) => t >= range.from && t <= range.to);
}

/** Missing values are left out; where the points end, or leave a hole, a stale marker keeps the lookback from drawing on. */
function samplesAt(points: readonly ForecastPoint[], level: number): Sample[] {
  const samples: Sample[] = [];
  points.forEach(({ t, record, index }, i) => {
    const v = record.quantiles[record.levels.indexOf(level)]?.[index];
    if (typeof v !== "number") return;
    samples.push({ t: epochMillis(t), v });
    const end = t + record.step;
    const next = points[i + 1];
    if (next === undefined || next.t > end) samples.push({ t: epochMillis(end), v: staleMarker() });
  });
  return samples;
}
