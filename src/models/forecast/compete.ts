/**
 * The forecaster that is served: lstm and seasonal naive are fitted on the first part of the history and scored on the last; each series
 * gets the one that did better there. What was scored is what is served: the network is not trained again on the held-out part.
 */
import { ForetraceError, isForetraceError } from "../../lib/errors.ts";
import { seriesKey, type Series } from "../../lib/series.ts";
import { epochMillis } from "../../lib/units.ts";
import type { Random } from "../../lib/random.ts";
import type { ForecastScores } from "../evaluate/metrics.ts";
import type { FittedForecaster, Forecaster, QuantileForecast, SavedModel } from "../model.ts";
import { holdOut, scoreHeldOut } from "./held-out.ts";
import { fitLstm, lstm, type LstmOptions } from "./lstm.ts";
import { seasonalNaive } from "./seasonal-naive.ts";

const format = 1;
const name = "competition";

export type ModelName = "lstm" | "seasonal-naive";

/** JSON-safe: null where there is no number. */
export type SeriesSummary = {
  /** As {@link seriesKey}. */
  readonly series: string;
  readonly served: ModelName;
  /** 1 − quantile loss of lstm / of seasonal naive on held-out data: above 0 the lstm is better. Null where it was not scored. */
  readonly skill: number | null;
  /** Held-out scores of the served model. */
  readonly wql: number | null;
  readonly mase: number | null;
  /** Share of held-out values within the 95 % and 80 % intervals of the served model. */
  readonly coverage95: number | null;
  readonly coverage80: number | null;
  /** Held-out values scored (a value counts once for each forecast of it). */
  readonly points: number;
};

export type ForecastSummary = {
  readonly season: number;
  readonly horizon: number;
  /** Rows at the end of each series that were held out; 0 when nothing could be. */
  readonly heldOutRows: number;
  /** Why no lstm was trained; absent when one was. */
  readonly untrained?: string;
  readonly lstmServed: number;
  /**
   * 1 − geometric mean over series of held-out quantile loss of the served model / of the seasonal naive (1 where that is served). Null when
   * none was scored. A little flattering, since the same data chose the model.
   */
  readonly skill: number | null;
  readonly coverage95: number | null;
  readonly coverage80: number | null;
  readonly series: readonly SeriesSummary[];
};

export type Competition = { readonly fitted: FittedForecaster; readonly summary: ForecastSummary };

/** Share of the work that is training, for progress. */
const trainingShare = 0.85;
/** Older rows are left out, unless six seasons need more. */
const mostRows = 20_000;

/**
 * Fits, scores, chooses, on the last {@link mostRows} rows. Series share one grid step. Where there is too little data to train or to hold out, every series gets the
 * seasonal naive and the summary says why.
 * @throws canceled on abort (looked at before each step), bad_usage on a season or horizon below 1.
 */
export async function fitForecaster(histories: readonly Series[], options: LstmOptions, random: Random): Promise<Competition> {
  const series = histories.map((one) => recentPart(one, options));
  const held = holdOut(series, options.horizon);
  const naive = await seasonalNaive.fit(series, options, random);
  const network = await trainNetwork(
    series.map((one) => ({ ...one, values: one.values.subarray(0, one.values.length - held) })),
    { ...options, progress: (done) => options.progress?.(done * trainingShare) },
    random,
  );
  const rows: SeriesSummary[] = [];
  for (const [index, one] of series.entries()) {
    if (options.signal?.aborted) throw new ForetraceError("canceled", "scoring of forecasts was cancelled");
    const naiveScores = await scoreHeldOut(naive, one, held, options);
    const lstmScores = typeof network === "string" ? undefined : await scoreHeldOut(network, one, held, options);
    rows.push(choose(seriesKey(one.labels), naiveScores, lstmScores));
    options.progress?.(trainingShare + ((1 - trainingShare) * (index + 1)) / series.length);
  }
  const summary = summarise(rows, options, held, typeof network === "string" ? network : undefined);
  const served = new Set(rows.filter((row) => row.served === "lstm").map((row) => row.series));
  return { fitted: competition({ naive, network: typeof network === "string" ? undefined : network, served, summary }), summary };
}

function recentPart(series: Series, { season, horizon }: LstmOptions): Series {
  const from = Math.max(0, series.values.length - Math.max(mostRows, 6 * season + 4 * horizon));
  return { ...series, start: epochMillis(series.start + from * series.step), values: series.values.subarray(from) };
}

/** The network, or why there is none. */
async function trainNetwork(series: readonly Series[], options: LstmOptions, random: Random): Promise<FittedForecaster | string> {
  try {
    return await fitLstm(series, options, random);
  } catch (error) {
    if (isForetraceError(error) && error.code === "not_enough_data") return error.message;
    throw error;
  }
}

function choose(series: string, naive: ForecastScores, network: ForecastScores | undefined): SeriesSummary {
  const wins = network !== undefined && network.quantileLoss < naive.quantileLoss;
  const better = wins ? network : naive;
  return {
    series,
    served: wins ? "lstm" : "seasonal-naive",
    skill: network === undefined ? null : finite(1 - network.quantileLoss / naive.quantileLoss),
    wql: finite(better.wql),
    mase: finite(better.mase),
    coverage95: finite(better.coverage95),
    coverage80: finite(better.coverage80),
    points: better.points,
  };
}

function summarise(rows: readonly SeriesSummary[], options: LstmOptions, held: number, untrained: string | undefined): ForecastSummary {
  const coverage = (of: "coverage95" | "coverage80"): number | null => {
    const scored = rows.filter((row) => row[of] !== null);
    const points = scored.reduce((sum, row) => sum + row.points, 0);
    return finite(scored.reduce((sum, row) => sum + row[of]! * row.points, 0) / points);
  };
  // A served seasonal naive has skill 0 against itself.
  const skills = rows.filter((row) => row.skill !== null).map((row) => Math.max(0, row.skill!));
  const logs = skills.reduce((sum, skill) => sum + Math.log(Math.max(1e-3, 1 - skill)), 0);
  return {
    season: options.season,
    horizon: options.horizon,
    heldOutRows: held,
    ...(untrained === undefined ? {} : { untrained }),
    lstmServed: rows.filter((row) => row.served === "lstm").length,
    skill: skills.length === 0 ? null : 1 - Math.exp(logs / skills.length),
    coverage95: coverage("coverage95"),
    coverage80: coverage("coverage80"),
    series: rows,
  };
}

type Parts = { naive: FittedForecaster; network: FittedForecaster | undefined; served: ReadonlySet<string>; summary: ForecastSummary };

function competition({ naive, network, served, summary }: Parts): FittedForecaster {
  return {
    async forecast(history, horizon): Promise<QuantileForecast[]> {
      const byNetwork = history.filter((series) => served.has(seriesKey(series.labels)));
      const answers = new Map<Series, QuantileForecast>();
      const networkAnswers = network === undefined ? [] : await network.forecast(byNetwork, horizon);
      for (const [i, series] of byNetwork.entries()) if (networkAnswers[i] !== undefined) answers.set(series, networkAnswers[i]);
      const others = history.filter((series) => !answers.has(series));
      for (const [i, answer] of (await naive.forecast(others, horizon)).entries()) answers.set(others[i]!, answer);
      return history.map((series) => answers.get(series)!);
    },
    async save() {
      const savedNetwork = network === undefined || served.size === 0 ? undefined : await network.save();
      const savedNaive = await naive.save();
      return {
        manifest: { model: name, format, naive: savedNaive.manifest, lstm: savedNetwork?.manifest ?? null, served: [...served], summary },
        weights: savedNetwork?.weights ?? new Uint8Array(0),
      };
    },
  };
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

/** As a {@link Forecaster}, without the summary (it stands in the manifest). */
export const competing: Forecaster = {
  name,
  fit: async (series, options, random) => (await fitForecaster(series, options, random)).fitted,
  async load({ manifest, weights }: SavedModel) {
    if (manifest.model !== name || manifest.format !== format) {
      throw new ForetraceError(
        "model_incompatible",
        `saved model "${manifest.model}" of format ${manifest.format} is not a ${name} of format ${format}; train again`,
      );
    }
    const saved = manifest as unknown as {
      naive: SavedModel["manifest"];
      lstm: SavedModel["manifest"] | null;
      served: string[];
      summary: ForecastSummary;
    };
    return competition({
      naive: await seasonalNaive.load({ manifest: saved.naive, weights: new Uint8Array(0) }),
      network: saved.lstm === null ? undefined : await lstm.load({ manifest: saved.lstm, weights }),
      served: new Set(saved.served),
      summary: saved.summary,
    });
  },
};
