/** What every SeriesStore does. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Labels, type Sample, seriesKey, staleNaNBits } from "../../src/lib/series.ts";
import { epochMillis } from "../../src/lib/units.ts";
import type { Matcher, SampleBatch, Store, TimeRange } from "../../src/store/ports.ts";
import { isStale, staleMarker } from "../../src/store/series/stale.ts";

let counter = 0;
/** A target of its own for each test: the suites share one database. */
const newTarget = (): string => `series-${++counter}`;

const at = (t: number, v: number): Sample => ({ t: epochMillis(t), v });
const range = (from: number, to: number): TimeRange => ({ from: epochMillis(from), to: epochMillis(to) });
const of = (target: string): Matcher => ({ name: "target", op: "=", value: target });
const everything = range(-1e15, 1e15);
const words = (value: number): string => new BigUint64Array(new Float64Array([value]).buffer)[0]!.toString(16);
const plain = (batches: readonly SampleBatch[]): Record<string, [number, string][]> =>
  Object.fromEntries(batches.map(({ labels, samples }) => [seriesKey(labels), samples.map(({ t, v }) => [t, words(v)])]));

export function seriesContract(store: () => Store): void {
  describe("SeriesStore", () => {
    it("gives back what was appended, whole range and inclusive ends", async () => {
      const target = newTarget();
      const labels: Labels = { __name__: "up", target, instance: "a:80", text: 'quoted " \\ ünï 🙂' };
      await store().series.append([{ labels, samples: [at(1000, 1), at(2000, 2.5), at(3000, -3)] }]);
      expect(plain(await store().series.select([of(target)], range(1000, 3000)))).toEqual({
        [seriesKey(labels)]: [
          [1000, words(1)],
          [2000, words(2.5)],
          [3000, words(-3)],
        ],
      });
      const [middle] = await store().series.select([of(target)], range(1500, 2000));
      expect(middle!.samples).toEqual([at(2000, 2.5)]);
      expect(await store().series.select([of(target)], range(2001, 2999))).toEqual([]);
      expect(await store().series.select([of(target)], range(3001, 9000))).toEqual([]);
    });

    it("replaces the sample at the same time, in one call and in two", async () => {
      const target = newTarget();
      const labels = { __name__: "up", target };
      await store().series.append([{ labels, samples: [at(1000, 1), at(2000, 2)] }]);
      await store().series.append([
        { labels, samples: [at(2000, 20), at(2000, 21)] },
        { labels, samples: [at(2000, 22)] },
      ]);
      expect((await store().series.select([of(target)], everything))[0]!.samples).toEqual([at(1000, 1), at(2000, 22)]);
    });

    it("keeps values bit by bit: stale marker, NaN, −0, infinities, subnormals", async () => {
      const target = newTarget();
      const values = [staleMarker(), Number.NaN, -0, 0, Infinity, -Infinity, 5e-324, Number.MAX_VALUE, 0.1 + 0.2];
      await store().series.append([{ labels: { __name__: "v", target }, samples: values.map((v, i) => at(i, v)) }]);
      const [batch] = await store().series.select([of(target)], everything);
      const got = batch!.samples.map(({ v }) => v);
      expect(isStale(got[0]!)).toBe(true);
      expect(isStale(got[1]!)).toBe(false);
      expect(got[1]).toBeNaN();
      for (let i = 2; i < values.length; i++) expect(Object.is(got[i], values[i])).toBe(true);
      expect(staleNaNBits).toBe(0x7ff0000000000002n);
    });

    it("appends in any order, with overlaps, across chunk ends: equal to a map (property)", async () => {
      const sample = fc.record({ t: fc.integer({ min: -3000, max: 3000 }), v: fc.double({ noNaN: true }) });
      const call = fc.oneof(
        fc.array(sample, { maxLength: 30 }),
        // Runs that fill and cross chunks, upwards and downwards.
        fc
          .record({
            from: fc.integer({ min: -3000, max: 3000 }),
            count: fc.integer({ min: 0, max: 1500 }),
            step: fc.constantFrom(1, 2, -1),
          })
          .map(({ from, count, step }) => Array.from({ length: count }, (_, i) => ({ t: from + i * step, v: i + from / 7 }))),
      );
      await fc.assert(
        fc.asyncProperty(
          fc.array(call, { minLength: 1, maxLength: 8 }),
          fc.integer({ min: -4000, max: 4000 }),
          fc.nat(5000),
          async (calls, from, length) => {
            const target = newTarget();
            const model = new Map<number, number>();
            for (const samples of calls) {
              await store().series.append([{ labels: { __name__: "m", target }, samples: samples.map(({ t, v }) => at(t, v)) }]);
              for (const { t, v } of samples) model.set(t, v);
            }
            const wanted = [...model].filter(([t]) => t >= from && t <= from + length).sort(([a], [b]) => a - b);
            const got = await store().series.select([of(target)], range(from, from + length));
            expect(got.flatMap(({ samples }) => samples.map(({ t, v }) => [t, v]))).toEqual(wanted);
            expect(await store().series.series([of(target)], range(from, from + length))).toHaveLength(wanted.length > 0 ? 1 : 0);
            const extent = await store().series.extent!([of(target)], range(from, from + length));
            expect(extent).toEqual(wanted.length === 0 ? undefined : range(wanted[0]![0], wanted.at(-1)![0]));
            const newest = [...model].sort(([a], [b]) => b - a)[0];
            expect((await store().series.latest!([of(target)])).map(({ sample }) => [sample.t, sample.v])).toEqual(
              newest === undefined ? [] : [newest],
            );
          },
        ),
        { numRuns: 25 },
      );
    });

    it("a range where no sample can lie, or of what is no number, is empty; one that reaches beyond all time is whole", async () => {
      const target = newTarget();
      const far = 2 ** 51;
      const samples = [at(-far, 1), at(0, 2), at(far, 3)];
      await store().series.append([{ labels: { __name__: "m", target }, samples }]);
      const { series } = store();
      const empty = [
        range(1e300, 2e300),
        range(-2e300, -1e300),
        range(0, Number.NaN),
        range(Number.NaN, 1e300),
        range(Infinity, Infinity),
        range(1, -1),
      ];
      for (const each of empty) {
        expect(await series.select([of(target)], each)).toEqual([]);
        expect(await series.series([of(target)], each)).toEqual([]);
        expect(await series.labelNames([of(target)], each)).toEqual([]);
        expect(await series.extent!([of(target)], each)).toBeUndefined();
      }
      for (const each of [range(-1e300, 1e300), range(-Infinity, Infinity)]) {
        expect((await series.select([of(target)], each)).map((batch) => batch.samples)).toEqual([samples]);
        expect(await series.extent!([of(target)], each)).toEqual(range(-far, far));
      }
    });

    it("the extent is that of all series that match, inside the range only", async () => {
      const target = newTarget();
      const name = (value: string): Matcher => ({ name: "__name__", op: "=", value });
      await store().series.append([
        { labels: { __name__: "a", target }, samples: [at(1000, 1), at(9000, 1)] },
        { labels: { __name__: "b", target }, samples: [at(5000, 1)] },
      ]);
      const { series } = store();
      expect(await series.extent!([of(target)], everything)).toEqual(range(1000, 9000));
      // A chunk of `a` lies over the range with nothing in it.
      expect(await series.extent!([of(target)], range(2000, 8000))).toEqual(range(5000, 5000));
      expect(await series.extent!([of(target), name("a")], range(2000, 8000))).toBeUndefined();
      expect(await series.extent!([of(target), name("c")], everything)).toBeUndefined();
    });

    it("appends from many callers at once lose nothing", async () => {
      const target = newTarget();
      const calls = Array.from({ length: 24 }, (_, call) =>
        store().series.append(
          Array.from({ length: 5 }, (_, s) => ({
            labels: { __name__: "c", target, s: String((s + call) % 5) },
            samples: Array.from({ length: 60 }, (_, i) => at(call + 24 * i, call)),
          })),
        ),
      );
      await Promise.all(calls);
      const batches = await store().series.select([of(target)], everything);
      expect(batches).toHaveLength(5);
      for (const { samples } of batches) {
        expect(samples.map(({ t }) => t)).toEqual(Array.from({ length: 24 * 60 }, (_, t) => t));
        expect(samples.every(({ t, v }) => t % 24 === v)).toBe(true);
      }
    });

    it("matches labels as Prometheus does", async () => {
      const target = newTarget();
      const series = [{ job: "api" }, { job: "api", zone: "eu" }, { job: "web", zone: "us" }, { zone: "" }];
      await store().series.append(series.map((labels, i) => ({ labels: { __name__: `m${i}`, target, ...labels }, samples: [at(i, i)] })));
      const names = async (...matchers: Matcher[]): Promise<string[]> =>
        (await store().series.series([of(target), ...matchers], everything)).map((labels) => labels["__name__"]!).sort();
      expect(await names()).toEqual(["m0", "m1", "m2", "m3"]);
      expect(await names({ name: "job", op: "=", value: "api" })).toEqual(["m0", "m1"]);
      expect(await names({ name: "zone", op: "=", value: "" })).toEqual(["m0", "m3"]);
      expect(await names({ name: "zone", op: "!=", value: "" })).toEqual(["m1", "m2"]);
      expect(await names({ name: "job", op: "=~", value: "a.*|w" })).toEqual(["m0", "m1"]);
      expect(await names({ name: "job", op: "!~", value: "api" })).toEqual(["m2", "m3"]);
      expect(await names({ name: "job", op: "=", value: "a\0b" })).toEqual([]);
      await expect(names({ name: "job", op: "=~", value: "(" })).rejects.toMatchObject({ code: "bad_query" });
    });

    it("names labels and their values, only of series with samples in the range", async () => {
      const target = newTarget();
      await store().series.append([
        { labels: { __name__: "a", target, x: "2" }, samples: [at(1000, 1), at(5000, 1)] },
        { labels: { __name__: "b", target, y: "1", x: "1" }, samples: [at(9000, 1)] },
      ]);
      expect(await store().series.labelNames([of(target)], everything)).toEqual(["__name__", "target", "x", "y"]);
      expect(await store().series.labelNames([of(target)], range(0, 6000))).toEqual(["__name__", "target", "x"]);
      expect(await store().series.labelValues("x", [of(target)], everything)).toEqual(["1", "2"]);
      // A chunk covers this range, but none of its samples lies in it.
      expect(await store().series.series([of(target)], range(2000, 4000))).toEqual([]);
      expect(await store().series.labelValues("nothing", [of(target)], everything)).toEqual([]);
    });

    it("takes an empty label as a missing one", async () => {
      const target = newTarget();
      await store().series.append([{ labels: { __name__: "e", target, gone: "" }, samples: [at(1, 1)] }]);
      await store().series.append([{ labels: { target, __name__: "e" }, samples: [at(2, 2)] }]);
      expect(await store().series.select([of(target)], everything)).toEqual([
        { labels: { __name__: "e", target }, samples: [at(1, 1), at(2, 2)] },
      ]);
    });

    it("refuses what cannot be stored, and stores nothing of the call", async () => {
      const target = newTarget();
      const good = { labels: { __name__: "g", target }, samples: [at(1, 1)] };
      const bad = [
        { labels: { __name__: "b", target }, samples: [at(Number.NaN, 1)] },
        { labels: { __name__: "b", target }, samples: [at(1e300, 1)] },
        { labels: { __name__: "b\0", target }, samples: [at(1, 1)] },
        { labels: { __name__: "b", target, half: "\ud800" }, samples: [at(1, 1)] },
        { labels: {}, samples: [at(1, 1)] },
      ];
      for (const batch of bad) await expect(store().series.append([good, batch])).rejects.toMatchObject({ code: "bad_metrics" });
      expect(await store().series.select([of(target)], everything)).toEqual([]);
    });

    it("takes thousands of series in one call", async () => {
      const target = newTarget();
      await store().series.append(
        Array.from({ length: 2000 }, (_, i) => ({
          labels: { __name__: "many", target, i: String(i) },
          samples: [at(1000, i), at(2000, i + 1)],
        })),
      );
      expect(await store().series.labelValues("i", [of(target)], everything)).toHaveLength(2000);
      const latest = await store().series.latest!([of(target)]);
      expect(latest.every(({ labels, sample }) => sample.t === 2000 && sample.v === Number(labels["i"]) + 1)).toBe(true);
      expect(latest).toHaveLength(2000);
    });
  });
}
