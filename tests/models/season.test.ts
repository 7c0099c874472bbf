import { describe, expect, it } from "vitest";
import { createRandom } from "../../src/lib/random.ts";
import type { Frame } from "../../src/lib/series.ts";
import { epochMillis } from "../../src/lib/units.ts";
import { detectSeason } from "../../src/models/season.ts";
import { asdServer, hasData, m4Hourly } from "./data.ts";

const frame = (step: number, columns: Float64Array[]): Frame => ({
  start: epochMillis(0),
  step,
  length: columns[0]?.length ?? 0,
  columns: columns.map((values, c) => ({ labels: { __name__: `c${c}` }, values })),
});

it("finds a period in noise and through gaps, and none in noise or constants", () => {
  const random = createRandom(1);
  const wave = Float64Array.from({ length: 600 }, (_, t) => Math.sin((2 * Math.PI * t) / 30) + 0.5 * random.normal());
  expect(detectSeason(frame(10_000, [wave]))).toBe(30);
  expect(detectSeason(frame(10_000, [wave.map((v, t) => (t % 7 === 0 ? Number.NaN : v))]))).toBe(30);
  expect(detectSeason(frame(10_000, [wave.map((v, t) => v + t / 20)]))).toBe(30);
  const noise = Float64Array.from({ length: 600 }, () => random.normal());
  expect(detectSeason(frame(10_000, [noise]))).toBe(1);
  expect(detectSeason(frame(10_000, [new Float64Array(600).fill(3)]))).toBe(1);
  expect(detectSeason(frame(10_000, [new Float64Array(600).fill(Number.NaN)]))).toBe(1);
  expect(detectSeason(frame(10_000, []))).toBe(1);
});

describe.skipIf(!hasData)("on real data", () => {
  it("a day in ASD's five-minute metrics and in M4's hourly series", () => {
    expect(detectSeason(asdServer(1).train)).toBe(288);
    const hourly = m4Hourly().filter(({ train }) => train.values.length >= 700);
    const days = hourly.slice(0, 100).filter(({ train }) => detectSeason(frame(3_600_000, [train.values])) === 24);
    expect(days.length).toBeGreaterThanOrEqual(90);
  });
});
