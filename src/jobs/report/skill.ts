/** How good were the forecasts that were issued, beside the seasonal naive forecast of the same moments? */
import { ForetraceError } from "../../lib/errors.ts";
import { type Frame, seriesKey } from "../../lib/series.ts";
import { median } from "../../lib/statistics.ts";
import { epochMillis } from "../../lib/units.ts";
import { keepScores } from "../../models/evaluate/metrics.ts";
import { naiveForecast } from "../../models/forecast/seasonal-naive.ts";
import { quantileLevels } from "../../models/model.ts";
import type { ForecastRecord, ModelRecord, TimeRange } from "../../store/ports.ts";
import type { StepContext } from "../step.ts";
import { historyRows } from "../steps/forecast.ts";
import { loadFrames, observedRange } from "../target-frames.ts";

export type SeriesSkill = {
  readonly labels: ForecastRecord["labels"];
  readonly model: string;
  /** 1 − loss / loss of the seasonal naive (mean quantile loss, 0.1 … 0.9): above 0 is better than naive. NaN where naive made no error. */
  readonly skill: number;
  /** Share of values within the 95 % interval. */
  readonly coverage: number;
  /** Observed values that a forecast spoke about before they came. */
  readonly points: number;
};
export type Skill = {
  readonly series: readonly SeriesSkill[];
  readonly median: number;
  readonly coverage: number;
  readonly points: number;
};

/** Moments of the range at which the forecasts of that time are looked at; more would cost time and say the same. */
const moments = 24;

/** Undefined when no forecast of the range has met a value yet. @throws ForetraceError canceled */
export async function forecastSkill(
  { store, config, signal }: Pick<StepContext, "store" | "config" | "signal">,
  target: string,
  asked: TimeRange,
): Promise<Skill | undefined> {
  // A forecast meets values only where there are some; the moments at which forecasts are looked at lie there.
  const range = await observedRange(store.series, target, asked);
  if (range === undefined) return undefined;
  const records = await issuedIn(store, target, range);
  if (records.length === 0) return undefined;
  const seasons = seasonsOf(await store.models.list(target));
  const steps = new Map(records.map((record) => [record.step, record.quantiles[0]?.length ?? 0]));
  const back = Math.max(...[...steps].map(([step, horizon]) => historyRows({ season: seasons.get(step) ?? 1, horizon }) * step));
  const frames = await loadFrames({ store, config, signal }, target, { from: epochMillis(range.from - back), to: range.to });
  const bySeries = Map.groupBy(records, ({ labels, step }) => `${step} ${seriesKey(labels)}`);
  const series: SeriesSkill[] = [];
  let inside = 0;
  for (const frame of frames) {
    for (const column of frame.columns) {
      if (signal.aborted) throw new ForetraceError("canceled", `the report on target "${target}" was cancelled`);
      const own = bySeries.get(`${frame.step} ${seriesKey(column.labels)}`);
      if (own === undefined) continue;
      const found = compare(frame, column.values, own, seasons.get(frame.step) ?? 1);
      if (found === undefined) continue;
      series.push({ ...found, labels: column.labels, model: own.at(-1)!.model });
      inside += found.coverage * found.points;
      // Each series takes milliseconds; requests are answered between them.
      await new Promise(setImmediate);
    }
  }
  const points = series.reduce((sum, each) => sum + each.points, 0);
  if (points === 0) return undefined;
  return { series, median: median(Float64Array.from(series, ({ skill }) => skill)), coverage: inside / points, points };
}

async function issuedIn(store: StepContext["store"], target: string, range: TimeRange): Promise<ForecastRecord[]> {
  const found = new Map<string, ForecastRecord>();
  for (let i = 1; i <= moments; i++) {
    const issuedBefore = epochMillis(range.from + (i / moments) * (range.to - range.from));
    for (const record of await store.outcomes.latestForecasts({ target, issuedBefore })) {
      if (record.issuedAt >= range.from) found.set(record.id, record);
    }
  }
  return [...found.values()].sort((a, b) => a.issuedAt - b.issuedAt);
}

/** Points per season by grid, as the newest forecaster of the target has them. */
function seasonsOf(models: readonly ModelRecord[]): Map<number, number> {
  const newest = models.filter(({ kind }) => kind === "forecast").sort((a, b) => b.createdAt - a.createdAt)[0];
  const parts = (newest?.summary["parts"] ?? []) as { step: number; season: number }[];
  return new Map(parts.map(({ step, season }) => [step, season]));
}

function compare(
  frame: Frame,
  values: Float64Array,
  records: readonly ForecastRecord[],
  season: number,
): Pick<SeriesSkill, "skill" | "coverage" | "points"> | undefined {
  const served = keepScores(1);
  const naive = keepScores(1);
  for (const record of records) {
    if (record.levels.length !== quantileLevels.length) continue;
    const first = Math.round((record.start - frame.start) / frame.step);
    const horizon = record.quantiles[0]?.length ?? 0;
    if (first < 1 || first >= frame.length) continue;
    // What had passed already when the forecast was issued was no forecast.
    const actual = values
      .slice(first, first + horizon)
      .map((value, h) => (record.start + h * record.step > record.issuedAt && record.quantiles[0]![h] !== null ? value : Number.NaN));
    served.add(
      actual,
      record.quantiles.map((level) => level.map((value) => value ?? Number.NaN)),
    );
    naive.add(actual, naiveForecast(values.subarray(0, first), season, horizon).quantiles);
  }
  const { quantileLoss, coverage95, points } = served.scores();
  const other = naive.scores().quantileLoss;
  if (points === 0) return undefined;
  return { skill: other > 0 ? 1 - quantileLoss / other : quantileLoss === other ? 0 : Number.NaN, coverage: coverage95, points };
}
