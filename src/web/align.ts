/**
 * Lays the parts of one series (observed, said in the past, forecast) on one common time axis for a chart.
 * In a column `null` is missing (a gap in the line), `undefined` is "no point of this part at this time" (the line goes on).
 */
import type { Forecast, SeriesData } from "./api-types.ts";

type Cell = number | null | undefined;
/** Columns in drawing order. */
export const chartColumns = [
  "pastLower",
  "pastUpper",
  "expected",
  "lower95",
  "upper95",
  "lower80",
  "upper80",
  "median",
  "observed",
] as const;
export type ChartColumn = (typeof chartColumns)[number];
export type ChartData = { readonly x: number[]; readonly columns: Readonly<Record<ChartColumn, Cell[]>> };

type Point = readonly [number, number | null];

/** Aligned columns of a series/data answer; times ascending, duplicates of one part: the last wins. */
export function alignSeries(data: Pick<SeriesData, "samples" | "past" | "forecast">): ChartData {
  const parts: Record<ChartColumn, Point[]> = {
    pastLower: withGaps(data.past.map((row) => [row[0], row[2]])),
    pastUpper: withGaps(data.past.map((row) => [row[0], row[3]])),
    expected: withGaps(data.past.map((row) => [row[0], row[1]])),
    lower95: forecastPoints(data.forecast, 0.025),
    upper95: forecastPoints(data.forecast, 0.975),
    lower80: forecastPoints(data.forecast, 0.1),
    upper80: forecastPoints(data.forecast, 0.9),
    median: forecastPoints(data.forecast, 0.5),
    observed: withGaps(data.samples),
  };
  const times = new Set<number>();
  for (const column of chartColumns) for (const point of parts[column]) times.add(point[0]);
  const x = [...times].sort((a, b) => a - b);
  const row = new Map(x.map((t, index) => [t, index]));
  const columns = {} as Record<ChartColumn, Cell[]>;
  for (const column of chartColumns) {
    const cells: Cell[] = Array.from({ length: x.length });
    let gap: number | undefined;
    for (const [t, v] of parts[column]) {
      const index = row.get(t)!;
      // A gap reaches to the next point, past the times that only other columns have.
      if (gap !== undefined) cells.fill(null, gap, index);
      cells[index] = v;
      gap = v === null ? index : undefined;
    }
    columns[column] = cells;
  }
  return { x, columns };
}

/** Points of one quantile of a forecast; none when the level was not forecast. */
export function forecastPoints(forecast: Forecast | null, level: number): Point[] {
  if (forecast === null) return [];
  const index = forecast.levels.findIndex((known) => Math.abs(known - level) < 1e-6);
  const values = forecast.quantiles[index];
  return values === undefined ? [] : values.map((v, h) => [forecast.start + h * forecast.step, v]);
}

/** Puts a null where more than two and a half usual steps lie between points, so that a chart does not draw over a hole. */
export function withGaps(points: readonly Point[]): Point[] {
  if (points.length < 3) return [...points];
  const steps = points.slice(1).map((point, index) => point[0] - points[index]![0]);
  const usual = steps.slice().sort((a, b) => a - b)[Math.floor(steps.length / 2)]!;
  const out: Point[] = [points[0]!];
  for (let index = 1; index < points.length; index++) {
    const before = points[index - 1]![0];
    if (points[index]![0] - before > 2.5 * usual) out.push([before + usual, null]);
    out.push(points[index]!);
  }
  return out;
}

/**
 * Range of the value axis. The 95 % band may widen it by at most one span of everything else: one doubtful
 * step far ahead must not flatten the line. Amounts that are never negative begin at 0 unless they move in a narrow band.
 */
export function valueRange(data: ChartData, from: number, to: number): [number, number] {
  const inner = extent(data, from, to, ["observed", "median", "expected", "lower80", "upper80"]);
  const outer = extent(data, from, to, ["pastLower", "pastUpper", "lower95", "upper95"]);
  let [low, high] = inner[0] <= inner[1] ? inner : outer;
  if (low > high) return [0, 1];
  const span = high - low || Math.abs(high) || 1;
  if (outer[0] <= outer[1]) {
    low = Math.min(low, Math.max(outer[0], low - span));
    high = Math.max(high, Math.min(outer[1], high + span));
  }
  // A band of a model that knows no floor may reach below what the series can be.
  const nonNegative = extent(data, from, to, ["observed", "median", "expected"])[0] >= 0;
  if (low === high) [low, high] = low === 0 ? [0, 1] : [low - Math.abs(low) * 0.2, high + Math.abs(high) * 0.2];
  const margin = (high - low) * 0.06;
  const bottom = low - margin;
  const range: [number, number] = [nonNegative && (bottom < 0 || low < high * 0.6) ? 0 : bottom, high + margin];
  // Values at the edge of what a double can tell apart.
  return range[1] > range[0] ? range : [range[0] - 1, range[1] + 1];
}

function extent(data: ChartData, from: number, to: number, names: readonly ChartColumn[]): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (const name of names) {
    const column = data.columns[name];
    for (let index = 0; index < data.x.length; index++) {
      const v = column[index];
      if (v === null || v === undefined || data.x[index]! < from || data.x[index]! > to) continue;
      if (v < low) low = v;
      if (v > high) high = v;
    }
  }
  return [low, high];
}
