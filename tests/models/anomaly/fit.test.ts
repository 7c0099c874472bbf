import { describe, expect, it } from "vitest";
import { createRandom } from "../../../src/lib/random.ts";
import type { Frame } from "../../../src/lib/series.ts";
import { epochMillis } from "../../../src/lib/units.ts";
import { fitAnomaly, loadAnomaly, scoreToWindows } from "../../../src/models/anomaly/fit.ts";
import { asdServer, hasData } from "../data.ts";

const frame = (columns: Float64Array[]): Frame => ({
  start: epochMillis(0),
  step: 10_000,
  length: columns[0]!.length,
  columns: columns.map((values, c) => ({ labels: { __name__: `c${c}` }, values })),
});
const random = createRandom(5);
const calm = frame(Array.from({ length: 3 }, () => Float64Array.from({ length: 2000 }, () => random.normal())));

it("a stored model knows its threshold and false-alarm rate, and finds the same windows", () => {
  const { fitted, summary } = fitAnomaly(calm, { falseAlarmRate: 0.01 }, createRandom(1));
  const saved = fitted.save();
  const loaded = loadAnomaly({ manifest: JSON.parse(JSON.stringify(saved.manifest)) as typeof saved.manifest, weights: saved.weights });
  expect(loaded.threshold).toEqual(fitted.threshold);
  expect(loaded.threshold.falseAlarmRate).toBe(0.01);
  expect(summary).toMatchObject({ detector: "isolation-forest", columns: 3, rows: 2000, threshold: fitted.threshold.threshold });
  const faulty = frame(calm.columns.map(({ values }, c) => (c === 1 ? values.map((v, t) => (t >= 900 && t < 930 ? v + 12 : v)) : values)));
  const { windows } = scoreToWindows(loaded, faulty);
  expect(windows).toEqual(scoreToWindows(fitted, faulty).windows);
  const top = windows.toSorted((a, b) => b.peakScore - a.peakScore)[0]!;
  expect(top.start).toBeLessThan(930);
  expect(top.end).toBeGreaterThan(900);
});

it("holds its stated rate on fresh rows of the same kind", () => {
  const { fitted } = fitAnomaly(calm, { falseAlarmRate: 0.01 }, createRandom(1));
  const fresh = frame(Array.from({ length: 3 }, () => Float64Array.from({ length: 10_000 }, () => random.normal())));
  const { scores } = fitted.detector.score(fresh);
  const over = scores.filter((score) => score > fitted.threshold.threshold).length / scores.filter((score) => !Number.isNaN(score)).length;
  // Neighbouring rows share windows, so alarms come in runs: three times the rate is within chance.
  expect(over).toBeLessThan(0.03);
});

it("of a long history looks at the last part", () => {
  const { fitted, summary } = fitAnomaly(calm, { mostCells: 1500 }, createRandom(1));
  const tail = { ...calm, length: 500, columns: calm.columns.map(({ labels, values }) => ({ labels, values: values.slice(1500) })) };
  expect(summary.rows).toBe(500);
  expect(fitted.save()).toEqual(fitAnomaly(tail, {}, createRandom(1)).fitted.save());
});

it("never alarms on a frame that was and stays constant, and has a usable threshold there", () => {
  const still = frame([new Float64Array(200).fill(4), new Float64Array(200).fill(Number.NaN)]);
  const { fitted } = fitAnomaly(still, {}, createRandom(1));
  expect(fitted.threshold.threshold).toBeGreaterThan(0);
  expect(scoreToWindows(fitted, still).windows).toEqual([]);
  const moved = frame([new Float64Array(200).fill(4).map((v, t) => (t > 150 && t < 170 ? 9 : v)), new Float64Array(200).fill(Number.NaN)]);
  expect(scoreToWindows(fitted, moved).windows).not.toEqual([]);
});

it("refuses what it did not save, and frames too short", () => {
  const { fitted } = fitAnomaly(calm, {}, createRandom(1));
  const { manifest, weights } = fitted.save();
  expect(() => loadAnomaly({ manifest: { ...manifest, format: 7 }, weights })).toThrow(
    expect.objectContaining({ code: "model_incompatible" }),
  );
  expect(() => loadAnomaly(fitted.detector.save())).toThrow(expect.objectContaining({ code: "model_incompatible" }));
  const short = frame([new Float64Array(15)]);
  expect(() => fitAnomaly(short, {}, createRandom(1))).toThrow(expect.objectContaining({ code: "not_enough_data" }));
});

describe.skipIf(!hasData)("ASD: trained on the train part of six servers, windows in the test part", () => {
  /** Windows and events touch within ten rows; calm rows lie more than 100 from a labelled one. */
  const near = 10;
  const evaluate = (server: number) => {
    const { train, test, labels } = asdServer(server);
    const { fitted } = fitAnomaly(train, {}, createRandom(1));
    const { scores, windows } = scoreToWindows(fitted, test);
    const events: { start: number; end: number }[] = [];
    for (const [t, label] of labels.entries()) {
      if (label === 0) continue;
      if (events.at(-1)?.end === t) events.at(-1)!.end++;
      else events.push({ start: t, end: t + 1 });
    }
    const touches = (a: { start: number; end: number }, b: { start: number; end: number }): boolean =>
      a.start < b.end + near && b.start < a.end + near;
    const isCalm = labels.map((_, t) => (events.some(({ start, end }) => t >= start - 100 && t < end + 100) ? 0 : 1));
    const calmRows = isCalm.reduce((sum, one) => sum + one, 0);
    return {
      windows: windows.length,
      trueWindows: windows.filter((window) => events.some((event) => touches(window, event))).length,
      events: events.length,
      found: events.filter((event) => windows.some((window) => touches(window, event))).length,
      calmRows,
      calmOver: scores.scores.filter((score, t) => isCalm[t] === 1 && score > fitted.threshold.threshold).length,
      falseWindows: windows.filter((window) => isCalm[window.peak] === 1).length,
    };
  };

  it("half of the windows are labelled events, a third of the events are found, and the calm part stays calm", () => {
    const servers = [1, 3, 5, 7, 9, 11].map(evaluate);
    const total = (of: keyof (typeof servers)[number]): number => servers.reduce((sum, server) => sum + server[of], 0);
    const weeks = total("calmRows") / 2016;
    const report = {
      precision: total("trueWindows") / total("windows"),
      recall: total("found") / total("events"),
      falseWindowsPerSeriesWeek: total("falseWindows") / weeks / 19,
    };
    console.log("ASD", report);
    expect(report.precision).toBeGreaterThan(0.5);
    expect(report.recall).toBeGreaterThan(0.33);
    expect(report.falseWindowsPerSeriesWeek).toBeLessThan(0.1);
    // The stated rate is 1 row in 1000. One server (9) moves to a new normal after training, which no threshold from training can foresee.
    expect(servers.filter(({ calmOver, calmRows }) => calmOver / calmRows <= 1e-3).length).toBeGreaterThanOrEqual(5);
  });
});
