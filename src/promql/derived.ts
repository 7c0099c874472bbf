/** The stored series together with those that are made of forecasts and anomalies when somebody asks. */
import type { Labels } from "../lib/series.ts";
import { compileMatchers } from "../store/matchers.ts";
import type { Matcher, OutcomeStore, SampleBatch, SeriesStore, TimeRange } from "../store/ports.ts";
import { anomalySeries } from "./anomaly-series.ts";
import type { Queryable } from "./evaluate.ts";
import { forecastSeries } from "./forecast-series.ts";

/** Series that lie in no store; asked only when a matcher lets one of its names through. */
export type DerivedSeries = {
  readonly names: readonly string[];
  select(matchers: readonly Matcher[], range: TimeRange): Promise<SampleBatch[]>;
  series(matchers: readonly Matcher[], range: TimeRange): Promise<Labels[]>;
};

/** HELP texts, for /metadata and the page. */
export const derivedHelp: Readonly<Record<string, string>> = {
  foretrace_forecast: "Forecast of the series source_name; the label forecast_quantile is the level of the quantile.",
  foretrace_expected: "Median of what was last forecast for this moment before it came.",
  foretrace_expected_lower: "Lower end of the 95 % interval of what was last forecast for this moment.",
  foretrace_expected_upper: "Upper end of the 95 % interval of what was last forecast for this moment.",
  foretrace_forecast_issued: "What was forecast for this moment at least `lead` seconds before it; ask with lead, in seconds.",
  foretrace_anomaly_score: "How unusual the target is: 0 to 1 is normal, above 1 is anomalous.",
  foretrace_anomaly_active: "1 inside an anomalous window of the target, absent outside.",
};

export function withDerived(stored: SeriesStore, outcomes: Pick<OutcomeStore, "latestForecasts" | "forecasts" | "anomalies">): Queryable {
  const all = [forecastSeries(outcomes), anomalySeries(outcomes)];
  const asked = (matchers: readonly Matcher[]): DerivedSeries[] => {
    const named = compileMatchers(matchers.filter(({ name }) => name === "__name__"));
    return all.filter(({ names }) => names.some((name) => named({ __name__: name })));
  };
  const derived = async (matchers: readonly Matcher[], range: TimeRange): Promise<Labels[]> =>
    (await Promise.all(asked(matchers).map((one) => one.series(matchers, range)))).flat();
  return {
    async select(matchers, range) {
      const parts = await Promise.all([stored, ...asked(matchers)].map((one) => one.select(matchers, range)));
      return parts.flat();
    },
    async series(matchers, range) {
      const [real, more] = await Promise.all([stored.series(matchers, range), derived(matchers, range)]);
      return [...real, ...more];
    },
    async labelNames(matchers, range) {
      const [real, more] = await Promise.all([stored.labelNames(matchers, range), derived(matchers, range)]);
      return [...new Set([...real, ...more.flatMap((labels) => Object.keys(labels))])].sort();
    },
    async labelValues(name, matchers, range) {
      const [real, more] = await Promise.all([stored.labelValues(name, matchers, range), derived(matchers, range)]);
      return [...new Set([...real, ...more.flatMap((labels) => labels[name] ?? [])])].sort();
    },
  };
}
