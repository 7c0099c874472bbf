import { beforeAll, describe, expect, it } from "vitest";
import { createRandom } from "../../../src/lib/random.ts";
import { seriesKey, type Series } from "../../../src/lib/series.ts";
import { epochMillis } from "../../../src/lib/units.ts";
import { keepScores } from "../../../src/models/evaluate/metrics.ts";
import { fitForecaster, type Competition } from "../../../src/models/forecast/compete.ts";
import { naiveForecast } from "../../../src/models/forecast/seasonal-naive.ts";
import { tfjsEngine } from "../../../src/models/forecast/tfjs-engine.ts";
import { asdServer, hasData, lastRows } from "../data.ts";

const small = { engine: tfjsEngine("wasm"), steps: 150 };

describe.skipIf(!hasData)("19 metrics of a real server (ASD), an hour ahead", () => {
  const season = 288;
  const horizon = 12;
  const unseen = 288;
  let all: Series[];
  let history: Series[];
  let competition: Competition;
  beforeAll(async () => {
    all = lastRows(asdServer(5).train, 1500 + unseen);
    history = all.map((series) => ({ ...series, values: series.values.slice(0, 1500) }));
    competition = await fitForecaster(history, { season, horizon, ...small }, createRandom(1));
  });

  it("serves the lstm exactly where it won on held-out data", () => {
    const { summary } = competition;
    expect(summary.series.map(({ series }) => series)).toEqual(all.map(({ labels }) => seriesKey(labels)));
    for (const { served, skill } of summary.series) expect(served).toBe(skill !== null && skill > 0 ? "lstm" : "seasonal-naive");
    expect(summary.heldOutRows).toBe(288);
    expect(summary.untrained).toBeUndefined();
    expect(summary.lstmServed).toBe(summary.series.filter(({ served }) => served === "lstm").length);
    expect(JSON.parse(JSON.stringify(summary))).toEqual(summary);
  });

  it("on a day that neither training nor selection saw, beats the seasonal naive by 15 % of quantile loss, with honest intervals", async () => {
    let logs = 0;
    let moving = 0;
    let points = 0;
    let inside = 0;
    for (const series of all) {
      const served = keepScores(1);
      const naive = keepScores(1);
      for (let origin = 1500; origin + horizon <= 1500 + unseen; origin += horizon) {
        const past = { ...series, values: series.values.subarray(0, origin) };
        const actual = series.values.subarray(origin, origin + horizon);
        const [forecast] = await competition.fitted.forecast([past], horizon);
        expect(forecast!.model).toBe(competition.summary.series.find((row) => row.series === seriesKey(series.labels))!.served);
        served.add(actual, forecast!.quantiles);
        naive.add(actual, naiveForecast(past.values, season, horizon).quantiles);
      }
      const [a, b] = [served.scores(), naive.scores()];
      if (!(a.quantileLoss > 0 && b.quantileLoss > 0)) continue;
      moving++;
      logs += Math.log(a.quantileLoss / b.quantileLoss);
      points += a.points;
      inside += a.points * a.coverage95;
    }
    const ratio = Math.exp(logs / moving);
    console.log(
      `ASD, geometric mean over ${moving} series of quantile loss / seasonal naive: ${ratio.toFixed(3)}, 95 % interval covers ${(inside / points).toFixed(3)}`,
    );
    expect(moving).toBeGreaterThan(10);
    expect(ratio).toBeLessThan(0.85);
    expect(inside / points).toBeGreaterThan(0.88);
  });

  it("serves the seasonal naive to a series that it was not fitted on", async () => {
    const [forecast] = await competition.fitted.forecast([{ ...all[0]!, labels: { __name__: "stranger" } }], horizon);
    expect(forecast!.model).toBe("seasonal-naive");
  });

  it("refuses a longer horizon or another grid than it was trained for", async () => {
    const served = all.find(({ labels }) =>
      competition.summary.series.some((row) => row.series === seriesKey(labels) && row.served === "lstm"),
    )!;
    await expect(competition.fitted.forecast([served], horizon + 1)).rejects.toMatchObject({ code: "bad_usage" });
    await expect(competition.fitted.forecast([{ ...served, step: 60_000 }], horizon)).rejects.toMatchObject({ code: "model_incompatible" });
  });
});

it("where there is too little to train on, the naive serves and the summary says why", async () => {
  const series = [0, 1].map((i) => ({
    labels: { __name__: `short${i}` },
    start: epochMillis(0),
    step: 10_000,
    values: Float64Array.from({ length: 40 }, (_, t) => t % 7),
  }));
  const { fitted, summary } = await fitForecaster(series, { season: 7, horizon: 30, ...small }, createRandom(1));
  expect(summary.untrained).toMatch(/widen the training range/);
  expect(summary.lstmServed).toBe(0);
  expect((await fitted.forecast(series, 30)).map(({ model }) => model)).toEqual(["seasonal-naive", "seasonal-naive"]);
  const none = await fitForecaster([], { season: 7, horizon: 30, ...small }, createRandom(1));
  expect(none.summary.series).toEqual([]);
});

it("on white noise the skill is within what is possible", async () => {
  const random = createRandom(3);
  const series = Array.from({ length: 6 }, (_, i) => ({
    labels: { __name__: `noise${i}` },
    start: epochMillis(0),
    step: 10_000,
    values: Float64Array.from({ length: 500 }, () => 100 + random.normal()),
  }));
  const { summary } = await fitForecaster(series, { season: 1, horizon: 8, engine: tfjsEngine("wasm"), steps: 60 }, createRandom(1));
  // A last-value naive of white noise errs by √2 of the noise: at most 1 − 1/√2 of its loss can be won.
  for (const { skill } of summary.series) expect(skill).toBeLessThan(0.4);
});
