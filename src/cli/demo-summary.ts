/** What the demo says at its end: what was learnt, what was flagged, where to look. */
import { always } from "../api/series-view.ts";
import { targetMatcher } from "../jobs/frames.ts";
import { formatSeriesName } from "../lib/series.ts";
import { formatNumber } from "../lib/units.ts";
import type { AnomalyRecord, ForecastRecord } from "../store/ports.ts";
import type { Service } from "./service.ts";

const clockOf = (millis: number): string =>
  new Date(millis).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const dayOf = (millis: number): string => new Date(millis).toLocaleDateString("en-GB", { day: "2-digit", month: "short" });
const shown = 5;

export async function summarise({ store, url }: Service, seconds: number): Promise<string> {
  const lines = [`Done in ${formatNumber(seconds)} s. Times are ${Intl.DateTimeFormat().resolvedOptions().timeZone}.`];
  for (const { name } of await store.targets.list()) {
    const [series, traces, forecasts, anomalies] = await Promise.all([
      store.series.series(targetMatcher(name), always),
      store.traces.list({ target: name }),
      store.outcomes.latestForecasts({ target: name }),
      store.outcomes.anomalies({ target: name }),
    ]);
    lines.push("", `${name}: ${series.length} series, ${traces.length} trace${traces.length === 1 ? "" : "s"}`);
    lines.push(...forecastLines(forecasts), ...anomalyLines(anomalies, url ?? ""));
  }
  const [report] = await store.outcomes.reports();
  if (report !== undefined) lines.push("", `Report: ${url}/api/foretrace/v1/reports/${report.id}`);
  return `${lines.join("\n")}\n`;
}

function forecastLines(forecasts: readonly ForecastRecord[]): string[] {
  const [first] = forecasts;
  if (first === undefined) return ["  no forecast"];
  const byModel = new Map<string, number>();
  for (const { model } of forecasts) byModel.set(model, (byModel.get(model) ?? 0) + 1);
  const models = [...byModel].map(([model, count]) => `${count} by ${model}`).join(", ");
  const steps = first.quantiles[0]?.length ?? 0;
  return [`  forecasts for ${forecasts.length} series up to ${clockOf(first.start + (steps - 1) * first.step)}: ${models}`];
}

function anomalyLines(anomalies: readonly AnomalyRecord[], url: string): string[] {
  if (anomalies.length === 0) return ["  no anomalous window"];
  const strongest = anomalies.toSorted((a, b) => b.peakScore - a.peakScore).slice(0, shown);
  return [
    `  ${anomalies.length} anomalous window${anomalies.length === 1 ? "" : "s"}${anomalies.length > shown ? `, the strongest ${shown}` : ""}:`,
    ...strongest.flatMap(({ id, from, to, peakScore, contributions, traces }) => {
      const [top] = contributions;
      const { target: _target, ...labels } = top?.labels ?? {};
      const cause =
        top === undefined
          ? ""
          : `, most by ${formatSeriesName(labels)}: ${valueText(top.observed)} where ${valueText(top.expected)} was expected`;
      const trace = traces[0] === undefined ? [] : [`      trace ${url}${traces[0].url}`];
      return [
        `    ${dayOf(from)} ${clockOf(from)}–${clockOf(to)}, score ${formatNumber(peakScore)}${cause}`,
        `      ${url}/anomalies/${id}`,
        ...trace,
      ];
    }),
  ];
}

const valueText = (value: number | null): string => (value === null ? "nothing" : formatNumber(value));
