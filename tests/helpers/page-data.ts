/**
 * REST answers for tests of the page, made from real measurements: the server metrics of the ASD set with their labelled
 * anomalies, and the windowed features of a real trace. Forecasts are seasonal naive with the quantiles of its own errors.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { formatSeriesName, parseSeriesName } from "../../src/lib/series.ts";
import type { Anomaly, Forecast, LabelSet, SeriesData, SeriesItem } from "../../src/web/api-types.ts";

export type PageSeries = { item: SeriesItem; start: number; step: number; values: (number | null)[]; season: number };
export type PageTarget = { name: string; series: PageSeries[]; anomalies: Anomaly[]; traces: string[] };

const levels = [0.025, 0.1, 0.5, 0.9, 0.975];
const lines = (path: string): string[] => gunzipSync(readFileSync(path)).toString("utf8").trim().split("\n");

/** Nineteen metrics of one server, five days at 5 min up to `now`; the last labelled window is still open. */
export function serverTarget(shared: string, now: number): PageTarget {
  const step = 300_000;
  const [first, end] = [1900, 3636];
  const rows = lines(join(shared, "datasets/asd/omi-1_test.csv.gz"))
    .slice(first, end)
    .map((line) => line.split(",").map(Number));
  const outage = rows.length - 60;
  const label = lines(join(shared, "datasets/asd/omi-1_test_label.csv.gz")).slice(first, end).map(Number);
  const start = Math.floor(now / step) * step - (rows.length - 1) * step;
  const series = rows[0]!.map((_, column) => {
    const labels = { __name__: `server_metric_${column + 1}`, target: "omi-1" };
    return makeSeries(
      labels,
      "ratio",
      `Metric ${column + 1} of server omi-1 (ASD)`,
      start,
      step,
      // The scrape of one metric fails for two hours.
      rows.map((row, index) => (column === 4 && index >= outage && index < outage + 24 ? null : row[column]!)),
      288,
    );
  });
  const anomalies: Anomaly[] = [];
  for (let row = 0; row < label.length; row++) {
    if (label[row] !== 1 || (row > 0 && label[row - 1] === 1)) continue;
    let last = row;
    while (label[last + 1] === 1) last++;
    anomalies.push(makeAnomaly("omi-1", series, row, last, last === label.length - 1, []));
  }
  const target = { name: "omi-1", series: [...series, scoreSeries("omi-1", series)], anomalies, traces: [] };
  return target;
}

/** The features of a real trace, one window of 100 ms a grid cell of 10 s; the window that strays most is the anomaly. */
export function traceTarget(shared: string, now: number, traceIds: string[]): PageTarget {
  const step = 10_000;
  const table = new Map<string, Map<number, number>>();
  let count = 0;
  for (const line of lines(join(shared, "traces/features/esbuild-0.28.2-go1.26.5-serve-load.w100ms.csv.gz")).slice(1)) {
    const match = /^(\d+),(?:"((?:[^"]|"")*)"|([^,]*)),(.*)$/.exec(line)!;
    const index = Number(match[1]) / 1e8;
    const name = (match[2] ?? match[3]!).replaceAll('""', '"');
    count = Math.max(count, index + 1);
    if (!table.has(name)) table.set(name, new Map());
    table.get(name)!.set(index, Number(match[4]));
  }
  const start = Math.floor(now / step) * step - (count - 1) * step;
  const series = [...table].map(([name, cells]) => {
    const labels: LabelSet = { ...parseSeriesName(name), target: "esbuild" };
    const metric = labels["__name__"]!;
    const unit = metric.includes("_seconds") && !metric.endsWith("_count") ? "seconds" : metric.endsWith("_bytes") ? "bytes" : "";
    const sparse = labels["quantile"] !== undefined;
    const values = Array.from({ length: count }, (_, index) => cells.get(index) ?? (sparse ? null : 0));
    return makeSeries(labels, unit, `Feature ${metric} of an execution trace`, start, step, values, 1);
  });
  const score = scoreSeries("esbuild", series);
  const peak = score.values.reduce<number>(
    (best, value, index) => ((value ?? 0) > (score.values[best] ?? 0) && index > 8 ? index : best),
    9,
  );
  const anomalies = [makeAnomaly("esbuild", series, Math.max(0, peak - 2), Math.min(count - 1, peak + 2), false, traceIds)];
  return { name: "esbuild", series: [...series, score], anomalies, traces: traceIds };
}

function makeSeries(
  labels: LabelSet,
  unit: string,
  help: string,
  start: number,
  step: number,
  values: (number | null)[],
  season: number,
): PageSeries {
  const last = values.findLastIndex((value) => value !== null);
  const item = { name: formatSeriesName(labels), labels, unit, help, last: last < 0 ? null : { t: start + last * step, v: values[last]! } };
  return { item, start, step, values, season };
}

/** Sorted errors of seasonal naive over the series. */
const known = new WeakMap<PageSeries, number[]>();
function errors(series: PageSeries): number[] {
  const before = known.get(series);
  if (before !== undefined) return before;
  const found: number[] = [];
  for (let index = series.season; index < series.values.length; index++) {
    const [now, before] = [series.values[index], series.values[index - series.season]];
    if (now !== null && now !== undefined && before !== null && before !== undefined) found.push(now - before);
  }
  known.set(
    series,
    found.sort((a, b) => a - b),
  );
  return found;
}
const quantile = (sorted: readonly number[], level: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(level * sorted.length))] ?? 0;

/** series/data of one series in a range. */
export function seriesData(target: PageTarget, series: PageSeries, from: number, to: number): SeriesData {
  const sorted = errors(series);
  const [low, high] = [quantile(sorted, 0.025), quantile(sorted, 0.975)];
  const samples: [number, number | null][] = [];
  const past: [number, number | null, number | null, number | null][] = [];
  const derived = series.item.name.startsWith("foretrace_");
  series.values.forEach((value, index) => {
    const t = series.start + index * series.step;
    if (t < from || t > to) return;
    // A scrape that did not happen is no sample at all.
    if (value !== null) samples.push([t, value]);
    const before = derived ? null : (series.values[index - series.season] ?? null);
    if (before !== null) past.push([t, before, before + low, before + high]);
  });
  const anomalies = target.anomalies.filter((one) => one.to >= from && one.from <= to);
  return {
    name: series.item.name,
    unit: series.item.unit,
    help: series.item.help,
    samples,
    past,
    forecast: derived ? null : forecast(target.name, series),
    anomalies,
  };
}

export function forecast(target: string, series: PageSeries): Forecast {
  const horizon = series.season === 1 ? 12 : 72;
  const end = series.start + (series.values.length - 1) * series.step;
  const sorted = errors(series);
  const quantiles = levels.map((level) =>
    Array.from({ length: horizon }, (_, h) => {
      const base = series.values[series.values.length - series.season + (h % series.season)];
      return base === null || base === undefined
        ? null
        : base + (level === 0.5 ? 0 : quantile(sorted, level) * Math.sqrt(series.season === 1 ? h + 1 : 1));
    }),
  );
  return {
    id: series.item.name,
    target,
    labels: series.item.labels,
    modelId: "test",
    model: "seasonal naive",
    issuedAt: end,
    start: end + series.step,
    step: series.step,
    levels,
    quantiles,
  };
}

/** How far each series lies from what its season said, in units of its usual error. */
function stray(series: PageSeries, index: number): number {
  const [value, before] = [series.values[index], series.values[index - series.season]];
  if (value === null || value === undefined || before === null || before === undefined) return 0;
  const sorted = errors(series);
  const usual = quantile(sorted, 0.9) - quantile(sorted, 0.1);
  return usual === 0 ? 0 : Math.abs(value - before) / usual;
}

function scoreSeries(target: string, series: readonly PageSeries[]): PageSeries {
  const { start, step, values } = series[0]!;
  const cache = series.map((one) => {
    const sorted = errors(one);
    const usual = quantile(sorted, 0.9) - quantile(sorted, 0.1);
    return (index: number): number =>
      usual === 0
        ? 0
        : Math.min(8, Math.abs((one.values[index] ?? 0) - (one.values[index - one.season] ?? one.values[index] ?? 0)) / usual);
  });
  const scores = values.map((_, index) => cache.reduce((sum, of) => sum + of(index), 0) / series.length / 1.2);
  return makeSeries({ __name__: "foretrace_anomaly_score", target }, "", "Anomaly score over its threshold", start, step, scores, 1);
}

function makeAnomaly(target: string, series: readonly PageSeries[], first: number, last: number, open: boolean, traces: string[]): Anomaly {
  const at = (index: number): number => series[0]!.start + index * series[0]!.step;
  const sums = Array.from({ length: last - first + 1 }, (_, offset) => series.reduce((sum, one) => sum + stray(one, first + offset), 0));
  const peak = first + sums.indexOf(Math.max(...sums));
  const strays = series
    .map((one) => ({ one, size: stray(one, peak) }))
    .sort((a, b) => b.size - a.size)
    .slice(0, 8);
  const all = strays.reduce((sum, { size }) => sum + size, 0) || 1;
  return {
    id: `${target}-${first}`,
    target,
    from: at(first),
    peakAt: at(peak),
    to: at(last),
    open,
    peakScore: 1 + Math.max(...sums) / series.length,
    threshold: 1,
    modelId: "test",
    contributions: strays.map(({ one, size }) => ({
      labels: one.item.labels,
      share: size / all,
      observed: one.values[peak] ?? null,
      expected: one.values[peak - one.season] ?? null,
    })),
    traces: traces.map((id) => ({ id, url: `/traces/${id}?from=${at(first)}&to=${at(last)}` })),
  };
}
