import { describe, expect, it } from "vitest";
import { keepScores, smape } from "../../../src/models/evaluate/metrics.ts";
import { quantileLevels } from "../../../src/models/model.ts";
import { differenceScale } from "../../../src/models/forecast/prepared.ts";
import { hasData, m4Hourly } from "../data.ts";

describe("by hand", () => {
  it("scores one value: 2ρ_q averaged over 0.1 … 0.9, MASE, coverage with bounds", () => {
    // Quantiles 1 … 11, actual 7. For q = 0.1 … 0.9 the quantile is 2 … 10:
    // 2·(0.1·5 + 0.2·4 + 0.3·3 + 0.4·2 + 0.5·1 + 0 + 0.3·1 + 0.2·2 + 0.1·3) = 9; mean over 9 levels 1; |y| 7; median 6, scale 4.
    const keeper = keepScores(4);
    keeper.add(
      [7],
      quantileLevels.map((_, k) => [k + 1]),
    );
    const scores = keeper.scores();
    expect(scores.quantileLoss).toBeCloseTo(1, 12);
    expect(scores.wql).toBeCloseTo(1 / 7, 12);
    expect(scores.mase).toBe(0.25);
    expect([scores.coverage95, scores.coverage80, scores.points]).toEqual([1, 1, 1]);
  });

  it("counts bounds as inside, outside as outside, and leaves missing values out", () => {
    const keeper = keepScores(1);
    const flat = quantileLevels.map((_, k) => [k, k, k, k]);
    keeper.add([0, 10, 11, Number.NaN], flat);
    expect(keeper.scores().coverage95).toBeCloseTo(2 / 3, 12);
    expect(keeper.scores().coverage80).toBe(0);
    expect(keeper.scores().points).toBe(3);
  });

  it("gives NaN, not 0, where nothing was scored", () => {
    const { wql, mase, coverage95, quantileLoss, points } = keepScores(1).scores();
    expect([wql, mase, coverage95, quantileLoss, points]).toEqual([Number.NaN, Number.NaN, Number.NaN, Number.NaN, 0]);
  });
});

describe.skipIf(!hasData)("the seasonal naive on M4 Hourly scores as published", () => {
  const cases = hasData ? m4Hourly() : [];
  const point = (values: Float64Array): Float64Array => Float64Array.from({ length: 48 }, (_, h) => values[values.length - 24 + (h % 24)]!);
  const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

  it("sMAPE 13.912, MASE 1.193 (M4 competition)", () => {
    expect(cases).toHaveLength(414);
    expect(mean(cases.map(({ train, test }) => smape(test, point(train.values))))).toBeCloseTo(13.912, 3);
    const mase = cases.map(({ train, test }) => {
      const keeper = keepScores(differenceScale(train.values, 24));
      const naive = point(train.values);
      keeper.add(
        test,
        quantileLevels.map(() => naive),
      );
      return keeper.scores().mase;
    });
    expect(mean(mase)).toBeCloseTo(1.193, 3);
  });

  it("weighted quantile loss 0.0376 with its Gaussian interval (GIFT-Eval's m4_hourly/H/short)", () => {
    const z = [-1.959964, -1.281552, -0.841621, -0.524401, -0.253347, 0, 0.253347, 0.524401, 0.841621, 1.281552, 1.959964];
    const keeper = keepScores(1);
    for (const { train, test } of cases) {
      const { values } = train;
      let square = 0;
      for (let t = 24; t < values.length; t++) square += (values[t]! - values[t - 24]!) ** 2;
      const sigma = Math.sqrt(square / (values.length - 24));
      const naive = point(values);
      keeper.add(
        test,
        z.map((deviation) => naive.map((value, h) => value + deviation * sigma * Math.sqrt(Math.floor(h / 24) + 1))),
      );
    }
    expect(keeper.scores().wql).toBeCloseTo(0.0376, 4);
  });
});
