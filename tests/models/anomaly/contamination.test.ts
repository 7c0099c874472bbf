/** Past faults in the training part: what is normal must not be learnt from them. */
import { describe, expect, it } from "vitest";
import { createRandom } from "../../../src/lib/random.ts";
import { median, quantile } from "../../../src/lib/statistics.ts";
import type { Frame } from "../../../src/lib/series.ts";
import { fitAnomaly, scoreToWindows } from "../../../src/models/anomaly/fit.ts";
import { asdServer, hasData } from "../data.ts";

const slice = (frame: Frame, from: number, to: number): Frame => ({
  ...frame,
  length: to - from,
  columns: frame.columns.map(({ labels, values }) => ({ labels, values: values.slice(from, to) })),
});
const range = (values: Float64Array): number => quantile(values, 0.95) - quantile(values, 0.05);

/** Adds restless excursions of `factor` ranges to every `every`th moving column, in `episodes` that make up `share` of the rows. */
function contaminate(frame: Frame, factor: number, share: number, episodes: number, every: number, name: string) {
  const random = createRandom(name);
  const length = Math.round((frame.length * share) / episodes);
  const starts = Array.from({ length: episodes }, (_, e) => Math.floor(((e + 0.2 + 0.4 * random.uniform()) * frame.length) / episodes));
  const moving = frame.columns.filter(({ values }) => range(values) > 0);
  const hit = new Set(every > 0 ? moving.filter((_, i) => i % every === 0) : [moving[random.below(moving.length)]!]);
  const columns = frame.columns.map((column) => {
    if (!hit.has(column)) return column;
    const size = factor * range(column.values);
    const inside = (t: number): boolean => starts.some((start) => t >= start && t < start + length);
    return { ...column, values: column.values.map((v, t) => (inside(t) ? v + size * (0.4 + 1.2 * random.uniform()) : v)) };
  });
  return { frame: { ...frame, columns }, starts, length };
}

describe.skipIf(!hasData)("trained on calm ASD rows with excursions put in", () => {
  // Server, first row, rows: a short history (as of 45 minutes at 5 s) and a longer one.
  const histories: [number, number, number][] = [
    [7, 0, 540],
    [5, 1000, 1000],
  ];
  const run = (factor: number) =>
    histories.flatMap(([server, from, rows]) =>
      [0.02, 0.1].flatMap((share) =>
        [1, 4].flatMap((episodes) =>
          [0, 3].map((every) => {
            const calm = slice(asdServer(server).train, from, from + rows);
            const { frame, starts, length } = contaminate(calm, factor, share, episodes, every, `${server}/${share}/${episodes}/${every}`);
            const { fitted } = fitAnomaly(frame, {}, createRandom(1));
            const { scores, windows } = scoreToWindows(fitted, frame);
            const peaks = starts.map((start) => Math.max(...scores.scores.subarray(start, start + length)) / fitted.threshold.threshold);
            const away = windows.filter(({ start, end }) => !starts.some((at) => start < at + length + 10 && at - 10 < end));
            return { peaks, away: away.length, rows };
          }),
        ),
      ),
    );

  // Seen, six histories, 0.5–10 % of the rows, 1 or 4 episodes, one column or a third of them, of 1000 ranges: before the training part was
  // searched for faults 6 % were found (median peak 0.75 of the threshold); here all are (3.9 in one column
  // that mostly stands still, whose tail says nothing; else 12 to 23).
  it("excursions of 1000 times the normal range, in up to a tenth of the rows, stand far above the threshold; the rest stays calm", () => {
    const runs = run(1000);
    const peaks = Float64Array.from(runs.flatMap((each) => each.peaks));
    expect(Math.min(...peaks)).toBeGreaterThan(3);
    expect(quantile(peaks, 0.05)).toBeGreaterThan(10);
    const rows = runs.reduce((sum, each) => sum + each.rows, 0);
    expect(runs.reduce((sum, { away }) => sum + away, 0) / rows).toBeLessThan(1e-3);
  }, 120_000);

  // Seen: 7 % found before, half since; what is missed is mostly long (a tenth of the rows) or in one column.
  it("of 10 times the normal range, a third are found", () => {
    const peaks = run(10).flatMap((each) => each.peaks);
    expect(peaks.filter((peak) => peak > 1).length / peaks.length).toBeGreaterThan(1 / 3);
  }, 120_000);

  it("a level that moves and stays is flagged, and no more once it has held for four windows", () => {
    const { train } = asdServer(5);
    const { fitted } = fitAnomaly(slice(train, 1000, 2000), {}, createRandom(1));
    const fresh = slice(train, 2000, 3000);
    const moves = 300;
    const moved = fresh.columns.map((column, c) => {
      const size = c % 3 === 0 ? 1000 * range(column.values) : 0;
      return { ...column, values: column.values.map((v, t) => (t >= moves ? v + size : v)) };
    });
    const { scores } = scoreToWindows(fitted, { ...fresh, columns: moved });
    const over = (from: number, to: number): number =>
      scores.scores.subarray(from, to).filter((score) => score > fitted.threshold.threshold).length / (to - from);
    expect(over(moves, moves + 40)).toBe(1);
    expect(over(moves + 80, fresh.length)).toBeLessThan(0.01);
    expect(median(scores.scores.subarray(moves + 80))).toBeLessThan(fitted.threshold.threshold / 2);
  });
});
