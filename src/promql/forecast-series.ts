/**
 * Forecasts as series: foretrace_forecast (one per quantile), foretrace_expected and its 95 % band.
 * They go on beyond now. For a past moment they are what was last said before it, for a future one the newest.
 * foretrace_forecast_issued{lead="300"} is what was said at least that many seconds ahead; it is there only when a lead is asked for.
 */
import { ForetraceError } from "../lib/errors.ts";
import { type Labels, type Sample, seriesKey } from "../lib/series.ts";
import { epochMillis } from "../lib/units.ts";
import { compileMatchers } from "../store/matchers.ts";
import type { ForecastRecord, Matcher, OutcomeStore, SampleBatch, TimeRange } from "../store/ports.ts";
import { staleMarker } from "../store/series/stale.ts";
import type { DerivedSeries } from "./derived.ts";
import { type ForecastPoint, forecastEnd, joinForecasts } from "./forecast-points.ts";

type Outcomes = Pick<OutcomeStore, "latestForecasts" | "forecasts">;

/** Metric → the level it shows; undefined = one series for each level. */
const metrics: readonly { readonly name: string; readonly level: number | undefined }[] = [
  { name: "foretrace_forecast", level: undefined },
  { name: "foretrace_expected", level: 0.5 },
  { name: "foretrace_expected_lower", level: 0.025 },
  { name: "foretrace_expected_upper", level: 0.975 },
];

const issuedMetric = "foretrace_forecast_issued";

/** Samples of forecasts that one query may read. */
const maxSamples = 2_000_000;
const tooMany = (): ForetraceError =>
  new ForetraceError(
    "too_large",
    `the query reads more than ${maxSamples} points of forecasts; name a source_name or quantile, or ask for a shorter range`,
    {
      input: "query",
    },
  );

type Virtual = { readonly labels: Labels; readonly level: number };
type Found = { readonly latest: ForecastRecord; readonly virtuals: readonly Virtual[] };

export function forecastSeries(outcomes: Outcomes): DerivedSeries {
  return {
    names: [...metrics.map(({ name }) => name), issuedMetric],
    async select(matchers, range) {
      const batches: SampleBatch[] = [];
      let samples = 0;
      // One series after the other: a long range holds many forecasts of each, of which only the last word on a moment is kept.
      for (const { latest, virtuals } of await find(outcomes, matchers)) {
        const points = await forecastPoints(outcomes, latest, range, Number(leadOf(matchers) ?? 0) * 1000);
        samples += points.length * virtuals.length;
        if (samples > maxSamples) throw tooMany();
        for (const { labels, level } of virtuals) batches.push({ labels, samples: samplesAt(points, level) });
      }
      return batches.filter((batch) => batch.samples.length > 0);
    },
    async series(matchers, range) {
      const reaching = (await find(outcomes, matchers)).filter(({ latest }) => forecastEnd(latest) >= range.from);
      return reaching.flatMap(({ virtuals }) => virtuals.map(({ labels }) => labels));
    },
  };
}

async function find(outcomes: Outcomes, matchers: readonly Matcher[]): Promise<Found[]> {
  const matches = compileMatchers(matchers);
  const target = matchers.find(({ name, op }) => name === "target" && op === "=")?.value;
  const records = await outcomes.latestForecasts(target === undefined || target === "" ? {} : { target });
  return records
    .map((latest) => ({ latest, virtuals: virtualsOf(latest, leadOf(matchers)).filter(({ labels }) => matches(labels)) }))
    .filter(({ virtuals }) => virtuals.length > 0);
}

/** Seconds, as the matcher says them; with one, no other series than foretrace_forecast_issued can match. */
function leadOf(matchers: readonly Matcher[]): string | undefined {
  const lead = matchers.find(({ name, op }) => name === "lead" && op === "=")?.value;
  return lead !== undefined && /^\d{1,9}$/.test(lead) ? lead : undefined;
}

function virtualsOf(record: ForecastRecord, lead: string | undefined): Virtual[] {
  const { __name__: sourceName = "", ...rest } = record.labels;
  const base = { target: record.target, ...rest, source_name: sourceName };
  if (lead !== undefined) {
    const issued = { __name__: issuedMetric, ...base, lead };
    return record.levels.map((level) => ({ labels: { ...issued, forecast_quantile: String(level) }, level }));
  }
  return metrics.flatMap(({ name, level }) => {
    if (level !== undefined) return record.levels.includes(level) ? [{ labels: { __name__: name, ...base }, level }] : [];
    return record.levels.map((each) => ({ labels: { __name__: name, ...base, forecast_quantile: String(each) }, level: each }));
  });
}

/** What was last said about each moment of the range, for the series of `latest`. */
export async function forecastPoints(
  outcomes: Pick<OutcomeStore, "forecasts">,
  latest: ForecastRecord,
  range: TimeRange,
  leadMillis = 0,
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
  return joinForecasts(own, leadMillis).filter(({ t }) => t >= range.from && t <= range.to);
}

/** Missing values are left out; where the points end, or leave a hole, a stale marker keeps the lookback from drawing on. */
function samplesAt(points: readonly ForecastPoint[], level: number): Sample[] {
  const valueOf = ({ record, index }: ForecastPoint) => record.quantiles[record.levels.indexOf(level)]?.[index];
  const known = points.filter((point) => typeof valueOf(point) === "number");
  const samples: Sample[] = [];
  known.forEach((point, i) => {
    samples.push({ t: epochMillis(point.t), v: valueOf(point)! });
    const end = point.t + point.record.step;
    const next = known[i + 1];
    if (next === undefined || next.t > end) samples.push({ t: epochMillis(end), v: staleMarker() });
  });
  return samples;
}
