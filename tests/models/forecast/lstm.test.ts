import { describe, expect, it } from "vitest";
import { createRandom } from "../../../src/lib/random.ts";
import type { Series } from "../../../src/lib/series.ts";
import { epochMillis } from "../../../src/lib/units.ts";
import { fitLstm } from "../../../src/models/forecast/lstm.ts";
import { mixBases } from "../../../src/models/forecast/bases.ts";
import { widthFactors } from "../../../src/models/forecast/calibration.ts";
import { forwardLstm } from "../../../src/models/forecast/forward.ts";
import { prepareSeries } from "../../../src/models/forecast/prepared.ts";
import { tfjsEngine } from "../../../src/models/forecast/tfjs-engine.ts";
import { featureCount, fillWindow, lookback, windowSpec } from "../../../src/models/forecast/windows.ts";

const series = (name: string, rows: number, value: (t: number) => number): Series => ({
  labels: { __name__: name },
  start: epochMillis(1_700_000_000_000),
  step: 10_000,
  values: Float64Array.from({ length: rows }, (_, t) => value(t)),
});
const random = createRandom("lstm");
const small = { season: 24, horizon: 12, engine: tfjsEngine("wasm"), steps: 10, hidden: 4, batch: 8 };

describe("fit", () => {
  it("of very many series trains on evenly chosen ones, and forecasts the others too", async () => {
    const many = Array.from({ length: 8 }, (_, i) => series(`s${i}`, 300, (t) => 10 + (t % 24) + random.normal()));
    const fitted = await fitLstm(many, { ...small, mostValues: 1200 }, createRandom(1));
    const { manifest } = await fitted.save();
    expect(manifest["training"]).toMatchObject({ series: 4, backend: "wasm" });
    expect((manifest["scales"] as [string, number][]).map(([key]) => key)).toEqual(["s0", "s2", "s4", "s6"]);
    const forecasts = await fitted.forecast(many, 12);
    expect(forecasts.every(({ model }) => model === "lstm")).toBe(true);
  });

  it("says what is wrong with what it cannot do", async () => {
    const short = [series("a", 30, (t) => t)];
    await expect(fitLstm(short, small, createRandom(1))).rejects.toMatchObject({ code: "not_enough_data" });
    await expect(fitLstm([], small, createRandom(1))).rejects.toMatchObject({ code: "not_enough_data" });
    await expect(fitLstm(short, { ...small, horizon: 0 }, createRandom(1))).rejects.toMatchObject({ code: "bad_usage" });
    await expect(fitLstm(short, { ...small, season: 1.5 }, createRandom(1))).rejects.toMatchObject({ code: "bad_usage" });
  });

  it("notes the data it was trained on: another value, another fingerprint", async () => {
    const wave = series("w", 300, (t) => 10 + (t % 24));
    const print = async (one: Series): Promise<unknown> =>
      ((await (await fitLstm([one], small, createRandom(1))).save()).manifest["training"] as { data: string }).data;
    const changed = { ...wave, values: wave.values.map((v, t) => (t === 7 ? v + 1e-9 : v)) };
    expect(await print(wave)).toBe(await print({ ...wave }));
    expect(await print(changed)).not.toBe(await print(wave));
  });
});

describe("base mixture", () => {
  const spec = { season: 24, horizon: 12, weeks: false };

  it("takes the base that was right: the season where it repeats, the level where values only wander", () => {
    const repeating = prepareSeries(series("r", 400, (t) => [3, 9, 27][t % 24 < 8 ? 0 : t % 24 < 16 ? 1 : 2]!));
    const mixture = mixBases(repeating, 400, spec)!;
    for (let j = 0; j < 12; j++) expect(mixture.at(j)).toBeCloseTo(repeating.values[376 + j]!, 3);
    let level = 100;
    const walk = prepareSeries(series("w", 400, () => (level += random.normal())));
    const near = mixBases(walk, 400, spec)!;
    expect(Math.abs(near.at(0) - walk.values[399]!)).toBeLessThan(4);
  });

  it("knows nothing beyond the origin, and nothing before its lookback matters", () => {
    const window = windowSpec(24, 12, 10_000, 2000);
    const whole = series("x", 2000, (t) => 5 + (t % 24) + random.normal());
    const inputs = (values: Float64Array, origin: number, offset: number): Float32Array => {
      const x = new Float32Array(window.patches * featureCount(window));
      fillWindow(prepareSeries({ start: whole.start + offset * whole.step, values }), origin, window, 1, x, 0);
      return x;
    };
    const full = inputs(whole.values, 1500, 0);
    const changed = whole.values.map((v, t) => (t >= 1500 ? Number.NaN : v));
    expect(inputs(changed, 1500, 0)).toEqual(full);
    const from = 1500 - lookback(window);
    const cut = inputs(whole.values.subarray(from), 1500 - from, from);
    for (const [i, value] of cut.entries()) expect(value).toBeCloseTo(full[i]!, 4);
  });
});

it("width factors: intervals half as wide as the errors ask are doubled", () => {
  const levels = [0.025, 0.25, 0.5, 0.75, 0.975];
  const shape = { steps: 1, features: 1, hidden: 4, horizon: 1, levels };
  const n = 4000;
  const zero = new Float32Array(n);
  // Normal errors of deviation 2 against quantiles of deviation 1.
  const z = [-1.959964, -0.67449, 0, 0.67449, 1.959964];
  const quantiles = Float32Array.from({ length: 5 * n }, (_, i) => z[i % 5]!);
  const y = Float32Array.from({ length: n }, () => 2 * random.normal());
  const batch = { size: n, x: zero, y, mask: new Float32Array(n).fill(1), weight: new Float32Array(n).fill(1) };
  const factors = widthFactors(quantiles, batch, shape);
  for (const [k, expected] of [2, 1.5, 1, 1.5, 2].entries()) expect(Math.abs(factors[k]! - expected)).toBeLessThan(0.15);
  expect(widthFactors(quantiles, { ...batch, mask: zero }, shape)).toEqual([1, 1, 1, 1, 1]);
});

it("a network of zeros answers the base itself, quantiles ln 2 apart", () => {
  const shape = { steps: 2, features: 1, hidden: 4, horizon: 1, levels: [0.1, 0.5, 0.9] };
  const zeros = [new Float32Array(16), new Float32Array(64), new Float32Array(16), new Float32Array(12), new Float32Array(3)] as const;
  const [low, middle, high] = forwardLstm(zeros, shape, Float32Array.of(1, 2), 1);
  expect([low, middle, high].map((value) => value!.toFixed(6))).toEqual([(-Math.LN2).toFixed(6), "0.000000", Math.LN2.toFixed(6)]);
});
