/** Worker thread: frames → a forecaster and a detector for each. */
import { createRandom } from "../../lib/random.ts";
import { isForetraceError } from "../../lib/errors.ts";
import type { Frame } from "../../lib/series.ts";
import { fitAnomaly } from "../../models/anomaly/fit.ts";
import { fitForecaster } from "../../models/forecast/compete.ts";
import { fusedEngine } from "../../models/kernels/engine.ts";
import { detectSeason } from "../../models/season.ts";
import type { SeasonChoice } from "../config.ts";
import { loadKernels } from "../kernels.ts";
import type { ModelPart } from "../parts.ts";
import { serveTask } from "./protocol.ts";

export type TrainTask = {
  readonly frames: readonly Frame[];
  readonly season: SeasonChoice;
  readonly horizon: number;
  readonly seed: string;
};
export type TrainedPart = ModelPart & { readonly summary: unknown };
/** What could not be trained, and why: too short for the model. */
export type LeftOut = { readonly step: number; readonly rows: number; readonly reason: string };
export type TrainResult = {
  readonly forecast: readonly TrainedPart[];
  readonly anomaly: readonly TrainedPart[];
  readonly leftOut: readonly LeftOut[];
};

/** Shares of the work, for the progress. */
const forecastShare = 0.8;

serveTask<TrainTask, TrainResult>(async ({ frames, season: choice, horizon, seed }, io) => {
  const forecast: TrainedPart[] = [];
  const anomaly: TrainedPart[] = [];
  const leftOut: LeftOut[] = [];
  const random = createRandom(seed);
  // Where an engine lacks WebAssembly SIMD, tfjs trains: the same network, some ten times slower.
  const engine = await loadKernels().then(
    ({ module }) => ({ engine: fusedEngine(module) }),
    () => ({}),
  );
  for (const [index, frame] of frames.entries()) {
    const { step } = frame;
    const progress = (done: number): void => io.progress((index + done) / frames.length);
    const season = choice === "auto" ? detectSeason(frame) : choice === "none" ? 1 : Math.max(1, Math.round(choice / step));
    const unlessTooShort = async (fit: () => Promise<void>): Promise<void> => {
      try {
        await fit();
      } catch (error) {
        if (!isForetraceError(error) || error.code !== "not_enough_data") throw error;
        leftOut.push({ step, rows: frame.length, reason: error.message });
      }
    };
    await unlessTooShort(async () => {
      const series = frame.columns.map((column) => ({ ...column, start: frame.start, step }));
      const options = { season, horizon, ...engine, progress: (done: number) => progress(done * forecastShare) };
      const { fitted, summary } = await fitForecaster(series, options, random.fork(`forecast/${step}`));
      forecast.push({ step, season, horizon, saved: await fitted.save(), summary });
    });
    await unlessTooShort(async () => {
      const options = { progress: (done: number) => progress(forecastShare + done * (1 - forecastShare)) };
      const { fitted, summary } = fitAnomaly(frame, options, random.fork(`anomaly/${step}`));
      anomaly.push({ step, season, horizon, saved: fitted.save(), summary });
    });
  }
  return { result: { forecast, anomaly, leftOut } };
});
