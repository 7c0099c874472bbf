import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { alignSeries, chartColumns, forecastPoints, valueRange, withGaps } from "../../src/web/align.ts";
import type { Anomaly, Forecast } from "../../src/web/api-types.ts";
import { keyIndex } from "../../src/web/charts/keys.ts";
import { chartWords, markOf } from "../../src/web/charts/reading.ts";

const forecast: Forecast = {
  id: "f",
  target: "t",
  labels: { __name__: "m" },
  modelId: "m1",
  model: "lstm",
  issuedAt: 400,
  start: 500,
  step: 100,
  levels: [0.025, 0.1, 0.5, 0.9, 0.975],
  quantiles: [
    [0, 1],
    [1, 2],
    [5, 6],
    [8, 9],
    [9, null],
  ],
};

describe("withGaps", () => {
  test("breaks the line where scrapes were missed, and only there", () => {
    expect(
      withGaps([
        [0, 1],
        [10, 2],
        [20, 3],
        [60, 4],
        [70, 5],
      ]),
    ).toEqual([
      [0, 1],
      [10, 2],
      [20, 3],
      [30, null],
      [60, 4],
      [70, 5],
    ]);
    expect(
      withGaps([
        [0, 1],
        [9, 2],
        [21, 3],
        [30, 4],
        [52, 5],
      ]),
    ).toHaveLength(5);
    expect(
      withGaps([
        [0, 1],
        [500, 2],
      ]),
    ).toEqual([
      [0, 1],
      [500, 2],
    ]);
  });

  test("keeps every point in order", () => {
    const points = fc.array(fc.tuple(fc.integer({ min: 1, max: 1000 }), fc.option(fc.integer())), { maxLength: 60 }).map((steps) => {
      let t = 0;
      return steps.map(([step, v]): [number, number | null] => [(t += step), v]);
    });
    fc.assert(
      fc.property(points, (given) => {
        const out = withGaps(given);
        const known = new Set(given.map(([t]) => t));
        expect(out.filter(([t]) => known.has(t))).toEqual(given);
        expect(out.every(([t], index) => index === 0 || t > out[index - 1]![0])).toBe(true);
        expect(out.filter(([t]) => !known.has(t)).every(([, v]) => v === null)).toBe(true);
      }),
    );
  });
});

describe("alignSeries", () => {
  const data = alignSeries({
    samples: [
      [100, 3],
      [200, null],
      [400, 4],
    ],
    past: [[400, 4.5, 2, 7]],
    forecast,
  });

  test("lays observed, past and forecast on one axis", () => {
    expect(data.x).toEqual([100, 200, 400, 500, 600]);
    expect(data.columns.observed).toEqual([3, null, 4, undefined, undefined]);
    expect(data.columns.expected).toEqual([undefined, undefined, 4.5, undefined, undefined]);
    expect(data.columns.pastLower[2]).toBe(2);
    expect(data.columns.pastUpper[2]).toBe(7);
    expect(data.columns.median).toEqual([undefined, undefined, undefined, 5, 6]);
    expect(data.columns.upper95.slice(3)).toEqual([9, null]);
  });

  test("a gap reaches to the next sample, whatever other parts have points in between", () => {
    const past = [100, 200, 300, 400].map((t): [number, number, number, number] => [t, 1, 0, 2]);
    const { columns } = alignSeries({
      samples: [
        [0, 1],
        [50, null],
        [350, 2],
        [400, 3],
      ],
      past,
      forecast: null,
    });
    expect(columns.observed).toEqual([1, null, null, null, null, 2, 3]);
  });

  test("a level that was not forecast draws nothing", () => {
    expect(forecastPoints({ ...forecast, levels: [0.5], quantiles: [[5, 6]] }, 0.975)).toEqual([]);
    expect(forecastPoints(null, 0.5)).toEqual([]);
  });

  test("every column has the length of the axis, whatever comes", () => {
    const point = fc.tuple(fc.nat(1000), fc.option(fc.double({ noNaN: true, min: -1e6, max: 1e6 })));
    fc.assert(
      fc.property(fc.uniqueArray(point, { selector: ([t]) => t }), (unsorted) => {
        const samples = unsorted.sort((a, b) => a[0] - b[0]);
        const { x, columns } = alignSeries({ samples, past: [], forecast });
        for (const column of chartColumns) expect(columns[column]).toHaveLength(x.length);
        for (const [t, v] of samples) expect(columns.observed[x.indexOf(t)]).toBe(v);
      }),
    );
  });
});

describe("valueRange", () => {
  const range = (values: number[], wide?: [number, number]): [number, number] =>
    valueRange(
      alignSeries({
        samples: values.map((v, index) => [index * 100, v]),
        past: [],
        forecast:
          wide === undefined ? null : { ...forecast, levels: [0.025, 0.5, 0.975], quantiles: [[wide[0]], [values.at(-1)!], [wide[1]]] },
      }),
      0,
      1000,
    );

  test("amounts begin at zero, a narrow band far from it does not", () => {
    expect(range([1, 2, 3])[0]).toBe(0);
    expect(range([100, 101, 102])[0]).toBeGreaterThan(90);
    expect(range([-2, 2])[0]).toBeLessThan(-2);
  });

  test("a doubtful step far ahead does not flatten the line, and a band below zero shows no negative amounts", () => {
    const [low, high] = range([1, 2, 3, 4, 5], [-1e6, 1e6]);
    expect(low).toBe(0);
    expect(high).toBeLessThan(11);
  });

  test("holds every observed value and is never empty", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), { maxLength: 10 }), (values) => {
        const [low, high] = range(values);
        expect(high).toBeGreaterThan(low);
        for (const value of values) {
          expect(value).toBeGreaterThanOrEqual(low);
          expect(value).toBeLessThanOrEqual(high);
        }
      }),
    );
  });
});

describe("reading a chart without seeing it", () => {
  const data = {
    name: "m",
    unit: "seconds",
    help: "",
    samples: [
      [100, 0.002],
      [400, null],
    ] as [number, number | null][],
    past: [],
    forecast: {
      ...forecast,
      quantiles: [
        [0, 0],
        [0, 0],
        [0.003, 0.004],
        [0, 0],
        [0, 0],
      ],
    },
    anomalies: [{ from: 50, to: 80 } as Anomaly],
  };

  test("the mark is now; for old data it is where the forecast was made", () => {
    expect(markOf(data, { from: 0, to: 1000 }, 450)).toEqual({ at: 450, word: "now" });
    expect(markOf(data, { from: 0, to: 1000 }, 9_999_999)).toEqual({ at: 400, word: "forecast made" });
    expect(markOf({ forecast: null }, { from: 0, to: 1000 }, 9_999_999)).toBeUndefined();
  });

  test("the sentence names last value, forecast and windows", () => {
    const words = chartWords("Sched latency", "seconds", data, { from: 0, to: 1000 });
    expect(words).toContain("last value 2 ms at 1 Jan 00:00:00");
    expect(words).toContain("forecast 4 ms");
    expect(words).toContain("1 anomalous window,");
    expect(chartWords("x", "", { ...data, samples: [], forecast: null, anomalies: [] }, { from: 0, to: 1 })).toContain(
      "no samples in this range, no forecast, 0 anomalous windows",
    );
  });

  test("keys stay on points inside the range", () => {
    const x = [0, 10, 20, 30, 40];
    expect(keyIndex("ArrowRight", null, x, 10, 30)).toBe(1);
    expect(keyIndex("ArrowLeft", null, x, 10, 30)).toBe(3);
    expect(keyIndex("ArrowRight", 3, x, 10, 30)).toBe(3);
    expect(keyIndex("Home", 2, x, 10, 30)).toBe(1);
    expect(keyIndex("End", 2, x, 10, 30)).toBe(3);
    expect(keyIndex("a", 2, x, 10, 30)).toBeUndefined();
    expect(keyIndex("Home", null, x, 50, 60)).toBeUndefined();
  });
});
