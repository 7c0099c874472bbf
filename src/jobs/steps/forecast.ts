/** A target's recent past → what comes next for each of its series. */
import { type Frame, seriesKey } from "../../lib/series.ts";
import { type EpochMillis, epochMillis } from "../../lib/units.ts";
import { quantileLevels } from "../../models/model.ts";
import type { ForecastRecord } from "../../store/ports.ts";
import { maxRows, rowTime } from "../frames.ts";
import { recordId } from "../hash.ts";
import type { JobInput } from "../inputs.ts";
import type { ModelPart } from "../parts.ts";
import type { Step } from "../step.ts";
import { newestModel, usableModel } from "../stored-models.ts";
import { recentFrames } from "../target-frames.ts";
import { runThread } from "../thread.ts";
import type { ForecastColumn, ForecastTask } from "../workers/forecast.ts";

export type ForecastOutput = { readonly skipped: string } | { readonly series: number; readonly issued: number; readonly ended: number };

/** Rows that a forecast looks back on: some seasons, for the errors that make the interval; never fewer than these. */
const leastRows = 1000;
const seasons = 4;

export const historyRows = ({ season, horizon }: Pick<ModelPart, "season" | "horizon">): number =>
  Math.min(maxRows, Math.max(leastRows, seasons * season + horizon));

/**
 * Issues a forecast now for each series that still speaks, on every grid that the forecaster knows.
 * A series without a value within the last horizon has ended and gets none; one whose newest forecast already says the same is left alone.
 */
export const forecast: Step<JobInput<"forecast">, ForecastOutput> = async ({ target }, context) => {
  const { store, clock, log } = context;
  const found = await usableModel(context, target, "forecast");
  if (found === undefined) {
    // One whose files are lost is trained again; the first one is asked for by what brings the history.
    if (newestModel(await store.models.list(target), "forecast") !== undefined) await context.enqueue("train", { target });
    return { skipped: `target "${target}" has no forecaster yet` };
  }
  const parts = new Map(found.parts.map((part) => [part.step, part]));
  const millis = Math.max(...[...parts.values()].map((part) => historyRows(part) * part.step));
  const issuedAt = clock();
  let ended = 0;
  const pairs = (await recentFrames(context, target, millis)).flatMap((frame) => {
    const part = parts.get(frame.step);
    if (part === undefined || frameEnd(frame) + part.horizon * frame.step <= issuedAt) return [];
    const columns = frame.columns.filter(({ values }) => values.subarray(-part.horizon).some((value) => !Number.isNaN(value)));
    ended += frame.columns.length - columns.length;
    return columns.length === 0 ? [] : [{ part, frame: { ...frame, columns } }];
  });
  if (pairs.length === 0) return { skipped: `target "${target}" has no samples that reach near enough to now` };
  const columns = await runThread<ForecastTask, ForecastColumn[][]>(
    "forecast.ts",
    { pairs },
    { signal: context.signal, progress: context.progress },
  );
  const records = pairs.flatMap(({ frame }, index) =>
    frame.columns.flatMap(({ labels }, column): ForecastRecord[] => {
      const { model, quantiles } = columns[index]![column]!;
      if (quantiles.every((values) => values.every(Number.isNaN))) return [];
      return [
        {
          id: recordId(target, seriesKey(labels), found.record.id, issuedAt),
          target,
          labels,
          modelId: found.record.id,
          model,
          issuedAt,
          start: epochMillis(frameEnd(frame) + frame.step),
          step: frame.step,
          levels: quantileLevels,
          quantiles: quantiles.map((values) => Array.from(values, (value) => (Number.isNaN(value) ? null : value))),
        },
      ];
    }),
  );
  const said = new Map((await store.outcomes.latestForecasts({ target })).map((record) => [seriesKey(record.labels), record]));
  const fresh = records.filter((record) => !saysTheSame(said.get(seriesKey(record.labels)), record));
  if (fresh.length > 0) await store.outcomes.putForecasts(fresh);
  log.debug({ target, issued: fresh.length, ended }, "forecast");
  return { series: records.length, issued: fresh.length, ended };
};

const frameEnd = (frame: Frame): EpochMillis => rowTime(frame, frame.length - 1);

function saysTheSame(before: ForecastRecord | undefined, record: ForecastRecord): boolean {
  return (
    before !== undefined &&
    before.modelId === record.modelId &&
    before.start === record.start &&
    before.step === record.step &&
    JSON.stringify(before.quantiles) === JSON.stringify(record.quantiles)
  );
}
