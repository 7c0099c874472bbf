/** What every model must hold, whatever it is: one suite over all that the registry lists. */
import { describe, expect, it } from "vitest";
import { createRandom } from "../../src/lib/random.ts";
import type { Frame, Series } from "../../src/lib/series.ts";
import { epochMillis } from "../../src/lib/units.ts";
import {
  quantileLevels,
  type Detector,
  type FitOptions,
  type FittedForecaster,
  type Forecaster,
  type QuantileForecast,
  type SavedModel,
} from "../../src/models/model.ts";
import { loadDetector, loadForecaster } from "../../src/models/registry.ts";

const step = 10_000;
const season = 24;
const horizon = 12;
const length = 420;

const series = (name: string, value: (t: number) => number, rows = length): Series => ({
  labels: { __name__: name },
  start: epochMillis(1_700_000_000_000),
  step,
  values: Float64Array.from({ length: rows }, (_, t) => value(t)),
});
const noise = createRandom("noise");
const wave = (t: number): number => 50 + 20 * Math.sin((2 * Math.PI * t) / season) + 3 * noise.normal();

/** Ordinary series and the odd ones that real metrics bring. */
const ordinary = [series("wave", wave), series("wave_again", wave), series("level", () => 5 + noise.normal())];
const odd: Readonly<Record<string, Series>> = {
  constant: series("constant", () => 7),
  "all missing": series("missing", () => Number.NaN),
  "sparse: one in ten": series("sparse", (t) => (t % 10 === 3 ? wave(t) : Number.NaN)),
  "a long gap": series("gap", (t) => (t > 150 && t < 250 ? Number.NaN : wave(t))),
  "missing at the end": series("tail", (t) => (t > length - 30 ? Number.NaN : wave(t))),
  short: series("short", wave, 9),
  "one value": series("one", (t) => (t === 0 ? 3 : Number.NaN), 1),
  empty: series("empty", () => 0, 0),
  "infinite values": series("infinite", (t) => (t % 50 === 7 ? Infinity : wave(t))),
  "huge values": series("huge", (t) => 1e30 * wave(t)),
  "tiny values": series("tiny", (t) => 1e-30 * wave(t)),
  "mostly zero": series("zero", (t) => (t % 97 === 0 ? 1 : 0)),
};

const throughBytes = (saved: SavedModel): SavedModel => ({
  manifest: JSON.parse(JSON.stringify(saved.manifest)) as SavedModel["manifest"],
  weights: saved.weights.slice(),
});
/** How often a quantile lies below the one before it. */
const crossings = (quantiles: readonly Float64Array[]): number =>
  quantiles.slice(1).reduce((sum, row, k) => sum + row.filter((value, h) => value < quantiles[k]![h]!).length, 0);
const numbers = (forecasts: readonly QuantileForecast[]): unknown =>
  forecasts.map(({ model, quantiles }) => [model, quantiles.map((q) => [...q])]);

export function checkForecaster(model: Forecaster, more: object = {}): void {
  const options: FitOptions = { season, horizon, ...more };
  const all = [...ordinary, ...Object.values(odd)];
  const fit = (seed = 1): Promise<FittedForecaster> => model.fit(all, options, createRandom(seed));
  let once: Promise<FittedForecaster> | undefined;
  const fitted = (): Promise<FittedForecaster> => (once ??= fit());

  describe(`forecaster ${model.name}`, () => {
    it("same data and seed, same bytes", async () => {
      const [a, b] = [await (await fitted()).save(), await (await fit()).save()];
      expect(b.manifest).toEqual(a.manifest);
      expect(b.weights).toEqual(a.weights);
    });

    it("loaded from its saved form it says the same", async () => {
      const saved = throughBytes(await (await fitted()).save());
      expect(saved.manifest.model).toBe(model.name);
      const again = await loadForecaster(saved);
      expect(numbers(await again.forecast(all, horizon))).toEqual(numbers(await (await fitted()).forecast(all, horizon)));
      expect(await again.save()).toEqual(await (await fitted()).save());
    });

    it("refuses a format that it does not know", async () => {
      const { manifest, weights } = await (await fitted()).save();
      await expect(loadForecaster({ manifest: { ...manifest, format: 99 }, weights })).rejects.toMatchObject({
        code: "model_incompatible",
      });
    });

    it("gives quantiles in order, of the asked length, named after the model that made them", async () => {
      const forecasts = await (await fitted()).forecast(ordinary, horizon - 3);
      expect(forecasts).toHaveLength(ordinary.length);
      for (const { quantiles, model: by } of forecasts) {
        expect(["lstm", "seasonal-naive"]).toContain(by);
        expect(quantiles).toHaveLength(quantileLevels.length);
        expect(quantiles.every((row) => row.length === horizon - 3 && row.every(Number.isFinite))).toBe(true);
        expect(crossings(quantiles)).toBe(0);
      }
    });

    it.each(Object.keys(odd))("answers for a series that is odd: %s", async (name) => {
      const [forecast] = await (await fitted()).forecast([odd[name]!], horizon);
      const known = odd[name]!.values.some(Number.isFinite);
      const low = name === "constant" ? 7 : 0;
      const high = name === "constant" ? 7 : Infinity;
      // None of them is ever negative. What is all missing has no forecast, and says so by NaN.
      const right = (value: number): boolean => (known ? Number.isFinite(value) && value >= low && value <= high : Number.isNaN(value));
      expect(forecast!.quantiles.every((row) => row.length === horizon && row.every(right))).toBe(true);
      expect(crossings(forecast!.quantiles)).toBe(0);
    });

    it.each([1024, 2 ** -60])("scales with the unit: a series times %f is forecast times as much", async (factor) => {
      const scaled = { ...ordinary[0]!, values: ordinary[0]!.values.map((value) => factor * value) };
      const [plain] = await (await fitted()).forecast([ordinary[0]!], horizon);
      // Another name, so that the scale of the training is not used.
      const [large] = await (await fitted()).forecast([{ ...scaled, labels: { __name__: "unknown" } }], horizon);
      if (plain!.model !== large!.model) return;
      for (const [k, row] of large!.quantiles.entries())
        for (const [h, value] of row.entries()) expect(Math.abs(value / factor / plain!.quantiles[k]![h]! - 1)).toBeLessThan(0.02);
    });

    it("a series is forecast alone as among others, and does not look beyond its end", async () => {
      const forecaster = await fitted();
      const together = await forecaster.forecast(all, horizon);
      const alone = await forecaster.forecast([ordinary[1]!], horizon);
      expect(numbers(alone)).toEqual(numbers([together[1]!]));
      const cut = { ...ordinary[1]!, values: ordinary[1]!.values.subarray(0, 300) };
      const copied = { ...cut, values: cut.values.slice() };
      expect(numbers(await forecaster.forecast([cut], horizon))).toEqual(numbers(await forecaster.forecast([copied], horizon)));
    });

    it("stops with `canceled` when the signal is aborted", async () => {
      if (model.name === "seasonal-naive") return; // learns nothing, so there is nothing to stop
      const abort = new AbortController();
      const work = model.fit(ordinary, { ...options, signal: abort.signal, progress: () => abort.abort() }, createRandom(1));
      await expect(work).rejects.toMatchObject({ code: "canceled" });
    });
  });
}

export function checkDetector(model: Detector): void {
  const frame = (columns: readonly Series[], rows = length): Frame => ({
    start: epochMillis(0),
    step,
    length: rows,
    columns: columns.filter(({ values }) => values.length === rows),
  });
  const everything = frame([...ordinary, ...Object.values(odd)]);
  const calm = frame(ordinary);

  describe(`detector ${model.name}`, () => {
    it("same data and seed, same bytes; another seed, others", () => {
      const save = (seed: number): SavedModel => model.fit(everything, {}, createRandom(seed)).save();
      expect(save(1)).toEqual(save(1));
      expect(save(2)).not.toEqual(save(1));
    });

    it("loaded from its saved form it scores the same, bit by bit", () => {
      const fitted = model.fit(everything, {}, createRandom(1));
      const loaded = loadDetector(throughBytes(fitted.save()));
      expect(loaded.score(everything)).toEqual(fitted.score(everything));
      expect(loaded.calibration).toEqual(fitted.calibration);
      expect(loaded.save()).toEqual(fitted.save());
    });

    it("refuses a format that it does not know, and weights that were cut", () => {
      const { manifest, weights } = model.fit(calm, {}, createRandom(1)).save();
      expect(() => loadDetector({ manifest: { ...manifest, format: 99 }, weights })).toThrow(/train again/);
      expect(() => loadDetector({ manifest, weights: weights.subarray(8) })).toThrow(/train again/);
    });

    it("scores odd columns without harm: numbers or NaN ≥ 0, shares that sum to 1", () => {
      const { scores, contributions, expected } = model.fit(everything, {}, createRandom(1)).score(everything);
      expect(scores).toHaveLength(length);
      expect(expected).toHaveLength(everything.columns.length);
      expect(scores.subarray(40).every((score) => Number.isFinite(score) && score >= 0)).toBe(true);
      for (let t = 0; t < length; t++) {
        const sum = contributions.reduce((total, share) => total + share[t]!, 0);
        expect(Math.abs(sum - (scores[t]! > 0 ? 1 : 0))).toBeLessThan(1e-9);
        expect(contributions.every((share) => share[t]! >= 0)).toBe(true);
      }
    });

    it("higher is stranger: a jump, a stop and a burst stand above all calm rows, and name their column", () => {
      const fitted = model.fit(calm, {}, createRandom(1));
      const faults: [string, (value: number, t: number) => number][] = [
        ["jump", (value) => value + 60],
        ["stop", () => 50],
        ["burst", (value, t) => value + 50 * (t % 2)],
      ];
      for (const [, fault] of faults) {
        const columns = calm.columns.map((column, c) =>
          c === 1 ? { ...column, values: column.values.map((value, t) => (t >= 200 && t < 240 ? fault(value, t) : value)) } : column,
        );
        const { scores, contributions } = fitted.score({ ...calm, columns });
        const inside = Math.max(...scores.subarray(200, 240));
        const outside = Math.max(...scores.subarray(60, 170), ...scores.subarray(290));
        expect(inside).toBeGreaterThan(outside);
        const peak = scores.indexOf(inside);
        expect(contributions[1]![peak]).toBeGreaterThan(0.5);
      }
    });

    it("does not score a frame it knows nothing of, and refuses one too short to learn from", () => {
      const stranger = { ...calm, columns: [{ ...calm.columns[0]!, labels: { __name__: "new" } }] };
      expect(model.fit(calm, {}, createRandom(1)).score(stranger).scores.every(Number.isNaN)).toBe(true);
      const short = { ...calm, length: 5, columns: calm.columns.map((column) => ({ ...column, values: column.values.slice(0, 5) })) };
      expect(() => model.fit(short, {}, createRandom(1))).toThrow(expect.objectContaining({ code: "not_enough_data" }));
      const empty = { ...calm, length: 0, columns: [] };
      expect(() => model.fit(empty, {}, createRandom(1))).toThrow(expect.objectContaining({ code: "not_enough_data" }));
    });

    it("stops with `canceled` when the signal is aborted", () => {
      expect(() => model.fit(calm, { signal: AbortSignal.abort() }, createRandom(1))).toThrow(
        expect.objectContaining({ code: "canceled" }),
      );
    });
  });
}
