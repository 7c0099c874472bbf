/** What every TraceStore, ModelStore, OutcomeStore and TargetStore does. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type EpochMillis, epochMillis } from "../../src/lib/units.ts";
import type { AnomalyRecord, ForecastRecord, Store, TimeRange } from "../../src/store/ports.ts";

let counter = 0;
const newTarget = (): string => `catalogue-${++counter}`;
const ms = epochMillis;
const range = (from: number, to: number): TimeRange => ({ from: ms(from), to: ms(to) });
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

async function* pieces(...parts: (Uint8Array | string)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Buffer.from(part as string);
}
async function collect(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of bytes) parts.push(part);
  return Buffer.concat(parts);
}

export function traceContract(store: () => Store): void {
  describe("TraceStore", () => {
    it("keeps the bytes under their SHA-256, and the same upload twice as one trace", async () => {
      const target = newTarget();
      const bytes = Buffer.from(`${target} ${"x".repeat(300_000)}`);
      const meta = { target, uploadedAt: ms(1000), recordedAt: ms(500) };
      const first = await store().traces.put(pieces(bytes.subarray(0, 7), bytes.subarray(7)), meta);
      expect(first).toEqual({ created: true, record: { id: sha256(bytes), bytes: bytes.length, status: "stored", ...meta } });
      const again = await store().traces.put(pieces(bytes), { target, uploadedAt: ms(2000) });
      expect(again).toEqual({ created: false, record: first.record });
      expect(await collect(await store().traces.open(first.record.id))).toEqual(bytes);
      expect(readFileSync((await store().traces.path!(first.record.id))!)).toEqual(bytes);
      expect(await store().traces.list({ target })).toEqual([first.record]);
    });

    it("the same bytes from many callers at once are one trace", async () => {
      const target = newTarget();
      const answers = await Promise.all(
        Array.from({ length: 8 }, () => store().traces.put(pieces(target, "same"), { target, uploadedAt: ms(1) })),
      );
      expect(answers.filter(({ created }) => created)).toHaveLength(1);
      expect(new Set(answers.map(({ record }) => record.id)).size).toBe(1);
      expect(await store().traces.list({ target })).toHaveLength(1);
    });

    it("refuses too much, nothing, and a source that breaks; keeps nothing of them", async () => {
      const target = newTarget();
      const put = (bytes: AsyncIterable<Uint8Array>): Promise<unknown> =>
        store().traces.put(bytes, { target, uploadedAt: ms(1), limitBytes: 10 });
      await expect(put(pieces("0123456789", "!"))).rejects.toMatchObject({ code: "too_large" });
      await expect(put(pieces())).rejects.toMatchObject({ code: "empty_input" });
      const broken = (async function* () {
        yield Buffer.from("half");
        throw new Error("the client went away");
      })();
      await expect(put(broken)).rejects.toThrow("the client went away");
      expect(await store().traces.list({ target })).toEqual([]);
      expect(await store().traces.get(sha256(Buffer.from("half")))).toBeUndefined();
      await expect(put(pieces(target.slice(0, 10)))).resolves.toMatchObject({ created: true });
    });

    it("updates a record and finds it by time", async () => {
      const target = newTarget();
      const ids: string[] = [];
      for (let i = 0; i < 3; i++) {
        ids.push((await store().traces.put(pieces(target, String(i)), { target, uploadedAt: ms(10_000 + i) })).record.id);
      }
      await store().traces.update(ids[0]!, { status: "extracted", start: ms(100), end: ms(200), events: 7 });
      await store().traces.update(ids[0]!, { clockErrorMillis: 1.5 });
      expect(await store().traces.get(ids[0]!)).toMatchObject({
        status: "extracted",
        start: 100,
        end: 200,
        events: 7,
        clockErrorMillis: 1.5,
        target,
      });
      const found = async (filter: { range?: TimeRange; limit?: number }): Promise<string[]> =>
        (await store().traces.list({ target, ...filter })).map(({ id }) => id);
      expect(await found({})).toEqual([ids[2], ids[1], ids[0]]);
      expect(await found({ limit: 1 })).toEqual([ids[2]]);
      expect(await found({ range: range(200, 300) })).toEqual([ids[0]]);
      expect(await found({ range: range(201, 300) })).toEqual([]);
      expect(await found({ range: range(10_001, 10_001) })).toEqual([ids[1]]);
    });

    it("says that an unknown trace is unknown", async () => {
      const id = "0".repeat(64);
      expect(await store().traces.get(id)).toBeUndefined();
      expect(await store().traces.get("../../etc/passwd\0")).toBeUndefined();
      const { traces } = store();
      for (const call of [() => traces.open(id), () => traces.update(id, { events: 1 }), () => traces.path!(id)]) {
        await expect(call()).rejects.toMatchObject({ code: "not_found" });
      }
    });
  });
}

export function modelContract(store: () => Store): void {
  describe("ModelStore", () => {
    const manifest = { model: "seasonal-naive", format: 1, season: 30, text: "ü" };

    it("keeps manifest and weights, the newest first", async () => {
      const target = newTarget();
      const put = (createdAt: number, weights: Uint8Array, kind: "forecast" | "anomaly" = "forecast") =>
        store().models.put({ target, kind, createdAt: ms(createdAt), summary: { skill: 0.25 } }, { manifest, weights });
      const old = await put(1000, new Uint8Array([1, 2, 3]));
      const weights = new Uint8Array(new Float64Array([1.5, -0, 1e-300, Infinity]).buffer);
      const newer = await put(2000, weights);
      const other = await put(3000, new Uint8Array(0), "anomaly");
      expect(await store().models.latest(target, "forecast")).toEqual({ record: newer, model: { manifest, weights } });
      const loaded = (await store().models.latest(target, "forecast"))!.model.weights;
      expect([...new Float64Array(loaded.buffer, loaded.byteOffset, 4)]).toEqual([1.5, -0, 1e-300, Infinity]);
      expect((await store().models.latest(target, "anomaly"))!.model.weights).toEqual(new Uint8Array(0));
      expect((await store().models.list(target)).map(({ id }) => id)).toEqual([other.id, newer.id, old.id]);
      expect(await store().models.latest("nobody", "forecast")).toBeUndefined();
    });

    it("the same twice is one model", async () => {
      const target = newTarget();
      const record = { target, kind: "anomaly", createdAt: ms(1), summary: {} } as const;
      const model = { manifest, weights: new Uint8Array([9]) };
      expect(await store().models.put(record, model)).toEqual(await store().models.put(record, model));
      expect(await store().models.list(target)).toHaveLength(1);
    });
  });
}

const forecast = (target: string, series: string, issuedAt: number, value: number | null = 1): ForecastRecord => ({
  id: sha256(Buffer.from(`${target} ${series} ${issuedAt}`)),
  target,
  labels: { __name__: series, target },
  modelId: "m",
  model: "seasonal-naive",
  issuedAt: ms(issuedAt),
  start: ms(issuedAt + 10),
  step: 10,
  levels: [0.1, 0.5, 0.9],
  quantiles: [[value], [value], [value]],
});
const issues = (records: readonly ForecastRecord[]): [string, number][] =>
  records.map(({ labels, issuedAt }) => [labels["__name__"]!, issuedAt]);

const window = (target: string, from: number, to: number, peakScore = 2): AnomalyRecord => ({
  id: sha256(Buffer.from(`${target} ${from}`)),
  target,
  from: ms(from),
  peakAt: ms(from),
  to: ms(to),
  open: false,
  peakScore,
  threshold: 0.7,
  modelId: "m",
  contributions: [{ labels: { __name__: "a" }, share: 1, observed: null, expected: 2 }],
  traces: [],
});

export function outcomeContract(store: () => Store): void {
  describe("OutcomeStore", () => {
    it("gives the newest forecast of each series, also as of an earlier time", async () => {
      const target = newTarget();
      const records = [
        forecast(target, "a", 100),
        forecast(target, "b", 100),
        forecast(target, "a", 200),
        forecast(target, "a", 300, null),
      ];
      await store().outcomes.putForecasts(records);
      await store().outcomes.putForecasts(records);
      const latest = async (issuedBefore?: EpochMillis): Promise<[string, number][]> =>
        issues(await store().outcomes.latestForecasts({ target, ...(issuedBefore === undefined ? {} : { issuedBefore }) }));
      expect(await latest()).toEqual([
        ["a", 300],
        ["b", 100],
      ]);
      expect(await latest(ms(299))).toEqual([
        ["a", 200],
        ["b", 100],
      ]);
      expect(await latest(ms(99))).toEqual([]);
      expect((await store().outcomes.latestForecasts({ target }))[0]).toEqual(records[3]);
    });

    it("gives the forecasts issued in a range, oldest first, of all series or of one", async () => {
      const target = newTarget();
      await store().outcomes.putForecasts([100, 200, 300].flatMap((t) => [forecast(target, "a", t), forecast(target, "b", t)]));
      expect(issues(await store().outcomes.forecasts({ target, range: range(200, 300) }))).toEqual([
        ["a", 200],
        ["b", 200],
        ["a", 300],
        ["b", 300],
      ]);
      expect(issues(await store().outcomes.forecasts({ target, labels: { target, __name__: "b" }, range: range(0, 200) }))).toEqual([
        ["b", 100],
        ["b", 200],
      ]);
    });

    it("a second issue under one id replaces the first", async () => {
      const target = newTarget();
      await store().outcomes.putForecasts([forecast(target, "a", 100, 1)]);
      await store().outcomes.putForecasts([forecast(target, "a", 100, 2)]);
      expect(await store().outcomes.forecasts({ target, range: range(0, 1000) })).toEqual([forecast(target, "a", 100, 2)]);
    });

    it("takes a thousand forecasts in one call", async () => {
      const target = newTarget();
      await store().outcomes.putForecasts(Array.from({ length: 1000 }, (_, i) => forecast(target, `s${i}`, 100)));
      expect(await store().outcomes.latestForecasts({ target })).toHaveLength(1000);
    });

    it("replaces the windows that touch the range, and no others", async () => {
      const target = newTarget();
      const other = newTarget();
      await store().outcomes.putAnomalies(other, range(0, 1000), [window(other, 100, 200)]);
      await store().outcomes.putAnomalies(target, range(0, 1000), [
        window(target, 100, 200),
        window(target, 300, 400),
        window(target, 500, 600),
      ]);
      await store().outcomes.putAnomalies(target, range(350, 450), [window(target, 310, 420, 9)]);
      const found = async (filter: { range?: TimeRange; limit?: number }): Promise<[number, number][]> =>
        (await store().outcomes.anomalies({ target, ...filter })).map(({ from, to }) => [from, to]);
      expect(await found({})).toEqual([
        [500, 600],
        [310, 420],
        [100, 200],
      ]);
      expect(await found({ range: range(200, 310) })).toEqual([
        [310, 420],
        [100, 200],
      ]);
      expect(await found({ limit: 1 })).toEqual([[500, 600]]);
      expect(await store().outcomes.anomalies({ target: other })).toEqual([window(other, 100, 200)]);
      expect(await store().outcomes.anomaly(window(target, 310, 0).id)).toEqual(window(target, 310, 420, 9));
      await store().outcomes.putAnomalies(target, range(310, 310), []);
      expect(await found({})).toEqual([
        [500, 600],
        [100, 200],
      ]);
      expect(await store().outcomes.anomaly("nothing")).toBeUndefined();
    });

    it("keeps reports, newest first", async () => {
      const report = { id: newTarget(), createdAt: ms(1e15), from: ms(0), to: ms(1), title: "Monday" };
      await store().outcomes.putReport(report, { markdown: "# old", html: "<p>" });
      await store().outcomes.putReport(report, { markdown: "# Monday", html: "<h1>Monday</h1>" });
      expect((await store().outcomes.reports())[0]).toEqual(report);
      expect(await store().outcomes.report(report.id)).toEqual({ record: report, markdown: "# Monday", html: "<h1>Monday</h1>" });
      expect(await store().outcomes.report("nothing")).toBeUndefined();
    });
  });
}

export function targetContract(store: () => Store): void {
  describe("TargetStore", () => {
    it("keeps each name once, with its first time, sorted", async () => {
      const names = [newTarget(), newTarget()];
      for (const at of [5, 6]) for (const name of names.toReversed()) await store().targets.ensure(name, ms(at));
      const mine = (await store().targets.list()).filter(({ name }) => names.includes(name));
      expect(mine).toEqual(names.map((name) => ({ name, createdAt: 5 })));
    });
  });
}
