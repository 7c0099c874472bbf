/** The whole way on a real metric history, through the real queue and store. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JobRecord } from "../../src/jobs/queue.ts";
import { forecast } from "../../src/jobs/steps/forecast.ts";
import { ingest } from "../../src/jobs/steps/ingest.ts";
import { report } from "../../src/jobs/steps/report.ts";
import { score } from "../../src/jobs/steps/score.ts";
import { train } from "../../src/jobs/steps/train.ts";
import { enqueueJob } from "../../src/jobs/enqueue.ts";
import { silentLogger } from "../../src/lib/log.ts";
import { type Sample, seriesKey } from "../../src/lib/series.ts";
import { type EpochMillis, epochMillis } from "../../src/lib/units.ts";
import type { AnomalyRecord, Store } from "../../src/store/ports.ts";
import { allTime, contents, type Harness, openHarness } from "./harness.ts";
import { hasHistory, type History, historyStep, writeHistory } from "./real-history.ts";

describe.skipIf(!hasHistory)("a real server's history (ASD)", () => {
  const target = "server";
  let jobs: Harness;
  let history: History;
  let ended: JobRecord[];
  let trainedAgain: unknown;
  beforeAll(async () => {
    jobs = await openHarness({ yaml: "models: { horizon: 12, scoreOn: 7d }" });
    const end = jobs.now;
    history = writeHistory(jobs.folder, end, { server: "omi-5", calm: 900, tested: 840 });
    jobs.now = history.calmEnd;
    await enqueueJob(jobs.queue, "ingest", { target, file: history.file });
    ended = await jobs.drain();
    trainedAgain = await train({ target }, jobs.context());
    // Time goes on, a fault comes.
    jobs.now = end;
    await jobs.store.series.append(history.later.map(({ labels, samples }) => ({ labels: { ...labels, target }, samples })));
    for (const name of ["score", "forecast"] as const) await enqueueJob(jobs.queue, name, { target }, { again: true });
    await jobs.drain();
  }, 180_000);
  afterAll(() => jobs?.close());

  test("one ingest ends in training, scoring and forecasting, every job completed", () => {
    expect(ended.map(({ state, error }) => error ?? state)).toEqual(ended.map(() => "completed"));
    const names = new Set(ended.map(({ name }) => name));
    expect([...names].sort()).toEqual(["forecast", "ingest", "score", "train"]);
    expect(ended.find(({ name }) => name === "ingest")!.result).toEqual({ samples: history.rows * history.series, series: history.series });
  });

  test("the labelled fault is among the windows, with what was observed in it", async () => {
    const found = await jobs.store.outcomes.anomalies({ target });
    const [fault] = history.labelled;
    const hits = found.filter(({ from, to }) => from <= fault!.to && to >= fault!.from);
    expect(hits.length).toBeGreaterThan(0);
    const [hit] = hits.toSorted((a, b) => b.peakScore - a.peakScore);
    expect(hit!.peakScore).toBeGreaterThan(1);
    expect(hit!.contributions.length).toBeGreaterThan(0);
    // Observed values are the file's own; shares are ordered and no more than the whole.
    const stored = new Map((await jobs.store.series.select([], allTime)).map((batch) => [seriesKey(batch.labels), batch.samples]));
    for (const { labels, observed } of hit!.contributions) {
      expect(stored.get(seriesKey(labels))!.find(({ t }) => t === hit!.peakAt)!.v).toBe(observed);
    }
    const shares = hit!.contributions.map(({ share }) => share);
    expect(shares).toEqual(shares.toSorted((a, b) => b - a));
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeLessThanOrEqual(1 + 1e-9);
  });

  test("the score series stands above 1 where a window is, and has a value for each scored row", async () => {
    const [scores] = await jobs.store.series.select([{ name: "__name__", op: "=", value: "foretrace_anomaly_score" }], allTime);
    expect(scores!.labels).toEqual({ __name__: "foretrace_anomaly_score", target });
    const windows = await jobs.store.outcomes.anomalies({ target });
    const inside = (t: number) => windows.some(({ from, to }) => t > from && t <= to);
    expect(scores!.samples.filter(({ t, v }) => v > 1 && !inside(t))).toEqual([]);
    for (const { peakAt, peakScore } of windows) expect(scores!.samples.find(({ t }) => t === peakAt)!.v).toBeCloseTo(peakScore, 9);
    expect(scores!.samples.at(-1)!.t).toBe(jobs.now);
  });

  test("a forecast of every series, issued now for the twelve steps that follow the newest row", async () => {
    const forecasts = await jobs.store.outcomes.latestForecasts({ target });
    expect(forecasts.length).toBe(history.series);
    for (const record of forecasts) {
      expect(record).toMatchObject({ issuedAt: jobs.now, start: jobs.now + historyStep, step: historyStep });
      expect(["lstm", "seasonal-naive"]).toContain(record.model);
      expect(record.quantiles.map((level) => level.length)).toEqual(record.levels.map(() => 12));
      for (let h = 0; h < 12; h++) {
        const values = record.quantiles.map((level) => level[h]!);
        expect(values).toEqual(values.toSorted((a, b) => a - b));
      }
    }
  });

  test("every step again changes nothing", async () => {
    await report({ from: jobs.now - 7 * 86_400_000, to: jobs.now }, jobs.context());
    const before = await contents(jobs);
    await ingest({ target, file: history.file }, jobs.context());
    expect(trainedAgain).toEqual({ skipped: "the stored models were trained on the same data" });
    await score({ target, renew: true }, jobs.context());
    expect(await score({ target }, jobs.context())).toEqual({ skipped: "no row is newer than the newest score" });
    jobs.now += 60_000;
    await forecast({ target }, jobs.context());
    jobs.now -= 60_000;
    await report({ from: jobs.now - 7 * 86_400_000, to: jobs.now }, jobs.context());
    expect(await contents(jobs)).toEqual(before);
  });

  test("later rows move neither the id nor the beginning of a window that slides out of what is scored", async () => {
    const before = await jobs.store.outcomes.anomalies({ target });
    const fault = before.find(({ from, to }) => from <= history.labelled[0]!.to && to >= history.labelled[0]!.from)!;
    // Scored from the middle of the window on.
    const scoreOnMillis = jobs.now - (fault.from + fault.to) / 2;
    const config = { ...jobs.config, models: { ...jobs.config.models, scoreOnMillis } };
    await score({ target, renew: true }, jobs.context({ config }));
    const after = await jobs.store.outcomes.anomaly(fault.id);
    expect(after).toMatchObject({ from: fault.from, peakAt: fault.peakAt, peakScore: fault.peakScore });
  });

  test("scoring row by row, as they come in, ends in the scores and windows of scoring them all at once", async () => {
    const scores = async () =>
      (await jobs.store.series.select([{ name: "__name__", op: "=", value: "foretrace_anomaly_score" }], allTime))[0]!.samples;
    await score({ target, renew: true }, jobs.context());
    const [whole, windows] = [await scores(), await jobs.store.outcomes.anomalies({ target })];
    const end = jobs.now;
    // The same store, but that no score has been written to it yet.
    const { series } = jobs.store;
    const written = new Map<EpochMillis, Sample>();
    const unscored: Store = {
      ...jobs.store,
      series: {
        append: async ([batch]) => {
          for (const sample of batch!.samples) written.set(sample.t, sample);
        },
        select: async (matchers, range) => {
          if (!matchers.some(({ op, value }) => op === "=" && value === "foretrace_anomaly_score")) return series.select(matchers, range);
          const samples = [...written.values()].filter(({ t }) => t >= range.from && t <= range.to).sort((x, y) => x.t - y.t);
          return samples.length === 0 ? [] : [{ labels: {}, samples }];
        },
        series: (matchers, range) => series.series(matchers, range),
        labelNames: (matchers, range) => series.labelNames(matchers, range),
        labelValues: (name, matchers, range) => series.labelValues(name, matchers, range),
      },
    };
    await jobs.store.outcomes.putAnomalies(target, allTime, []);
    // From before the fault on, in steps of different length; samples of the future are not seen.
    for (const back of [130, 101, 100, 60, 37, 1, 0]) {
      jobs.now = end - back * historyStep;
      expect(await score({ target }, jobs.context({ store: unscored }))).toHaveProperty("rows");
    }
    const again = [...written.values()].sort((x, y) => x.t - y.t);
    expect(again.map(({ t }) => t)).toEqual(whole.map(({ t }) => t));
    const wrong = again.filter(({ v }, i) => !(Math.abs(v - whole[i]!.v) <= 1e-9));
    expect(wrong).toEqual([]);
    const shown = (records: readonly AnomalyRecord[]) => records.map(({ from, peakAt, to, open }) => ({ from, peakAt, to, open }));
    expect(shown(await jobs.store.outcomes.anomalies({ target }))).toEqual(shown(windows));
  });

  test("a detector that has seen less than half of what is there by now is trained again, on the next scoring", async () => {
    const found = (await jobs.store.models.latest(target, "anomaly"))!;
    const asks = async (from: number, to: number): Promise<boolean> => {
      jobs.asked.length = 0;
      const record = { ...found.record, summary: { ...found.record.summary, from, to } };
      const models = { latest: async () => ({ ...found, record }), list: async () => [record] } as unknown as Store["models"];
      await score({ target }, jobs.context({ store: { ...jobs.store, models } }));
      return jobs.asked.some(({ name }) => name === "train");
    };
    const day = 86_400_000;
    expect(await asks(jobs.now - 3 * day, jobs.now - 2 * day)).toBe(true);
    expect(await asks(jobs.now - 3 * day, jobs.now - day)).toBe(false);
    // More than half of all that training ever looks at.
    expect(await asks(jobs.now - 60 * day, jobs.now - 40 * day)).toBe(false);
  });

  test("series that the detector was not trained on have it trained again, but not every time one appears", async () => {
    const found = (await jobs.store.models.latest(target, "anomaly"))!;
    const modelled = found.record.summary["modelled"] as string[];
    expect(modelled).toHaveLength(history.series);
    const minute = 60_000;
    const asks = async (known: readonly string[] | undefined, age: number, maxSeries = 300): Promise<boolean> => {
      jobs.asked.length = 0;
      const summary = { ...found.record.summary, from: jobs.now - 60 * 1440 * minute, to: jobs.now, modelled: known };
      const record = { ...found.record, createdAt: jobs.now - age, summary };
      const models = { latest: async () => ({ ...found, record }), list: async () => [record] } as unknown as Store["models"];
      const config = { ...jobs.config, models: { ...jobs.config.models, maxSeries } };
      await score({ target, renew: true }, jobs.context({ config, store: { ...jobs.store, models } }));
      return jobs.asked.some(({ name }) => name === "train");
    };
    expect(await asks(modelled, 1440 * minute)).toBe(false);
    expect(await asks(undefined, 1440 * minute)).toBe(false);
    // One of nineteen, then four of them.
    expect(await asks(modelled.slice(1), 59 * minute)).toBe(false);
    expect(await asks(modelled.slice(1), 60 * minute)).toBe(true);
    expect(await asks(modelled.slice(4), 9 * minute)).toBe(false);
    expect(await asks(modelled.slice(4), 10 * minute)).toBe(true);
    // As many as are modelled at most.
    expect(await asks(modelled.slice(4), 1440 * minute, history.series - 4)).toBe(false);
    // A label set that has just appeared has too little to be trained on.
    const appeared = { __name__: "just_appeared", target };
    const samples = Array.from({ length: 10 }, (_, i) => ({ t: epochMillis(jobs.now - i * historyStep), v: i })).reverse();
    await jobs.store.series.append([{ labels: appeared, samples }]);
    expect(await asks(modelled, 1440 * minute)).toBe(false);
    const longer = Array.from({ length: 60 }, (_, i) => ({ t: epochMillis(jobs.now - i * historyStep), v: i })).reverse();
    await jobs.store.series.append([{ labels: appeared, samples: longer }]);
    expect(await asks(modelled, 1440 * minute)).toBe(true);
  });

  test("models whose files are lost are trained again, and everything goes on; a warning names each", async () => {
    rmSync(join(jobs.folder, "data", "models"), { recursive: true });
    const lost = await jobs.store.models.list(target);
    const warned: string[] = [];
    const log = { ...silentLogger, warn: (fields: object) => void warned.push(JSON.stringify(fields)) };
    jobs.asked.length = 0;
    expect(await forecast({ target }, jobs.context({ log }))).toHaveProperty("skipped");
    expect(await score({ target }, jobs.context({ log }))).toHaveProperty("skipped");
    expect(jobs.asked.map(({ name }) => name)).toEqual(["train", "train"]);
    for (const kind of ["forecast", "anomaly"]) {
      const { id } = lost.find((record) => record.kind === kind)!;
      expect(warned.some((line) => line.includes(id))).toBe(true);
    }
    expect(await train({ target }, jobs.context({ log }))).toHaveProperty("anomaly");
    expect(await score({ target, renew: true }, jobs.context())).toHaveProperty("rows");
    expect(await forecast({ target }, jobs.context())).toHaveProperty("series");
    // Lost again with nothing new to train on: the same models under the same ids.
    const made = await jobs.store.models.list(target);
    rmSync(join(jobs.folder, "data", "models"), { recursive: true });
    expect(await train({ target }, jobs.context())).toHaveProperty("anomaly");
    expect(await jobs.store.models.list(target)).toEqual(made);
    expect(await jobs.store.models.latest(target, "anomaly")).toBeDefined();
  }, 60_000);

  test("an unknown target: nothing to train on, nothing to forecast, and it is said", async () => {
    expect(await train({ target: "nobody" }, jobs.context())).toEqual({ skipped: 'target "nobody" has no samples yet' });
    expect(await forecast({ target: "nobody" }, jobs.context())).toEqual({ skipped: 'target "nobody" has no forecaster yet' });
    expect(await score({ target: "nobody" }, jobs.context())).toEqual({ skipped: 'target "nobody" has no samples' });
  });
});
