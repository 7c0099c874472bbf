/** Pulls from a real Prometheus into the real store. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ingest } from "../../src/jobs/steps/ingest.ts";
import { score } from "../../src/jobs/steps/score.ts";
import { train } from "../../src/jobs/steps/train.ts";
import { ForetraceError, isForetraceError } from "../../src/lib/errors.ts";
import { createRandom } from "../../src/lib/random.ts";
import { type Labels, type Sample, seriesKey } from "../../src/lib/series.ts";
import { epochMillis } from "../../src/lib/units.ts";
import { createPrometheusClient } from "../../src/sources/prometheus/client.ts";
import { isStale } from "../../src/store/series/stale.ts";
import { openMetricsText } from "../helpers/openmetrics-text.ts";
import { freePort, hasService, type Service, startPrometheus } from "../helpers/services.ts";
import { allTime, contents, type Harness, openHarness } from "./harness.ts";

const step = 15_000;
const start = Math.ceil(1_700_000_000_000 / 60_000) * 60_000;
const at = (i: number) => epochMillis(start + i * step);
/** A little more than two days: more points than one answer of the server may hold. */
const rows = 12_000;
const lookback = 5 * 60_000;

describe.skipIf(!hasService("prometheus"))("a target's pull from a real Prometheus", () => {
  let service: Service;
  let jobs: Harness;
  const random = createRandom("ingest test");
  const counter: Sample[] = [];
  beforeAll(async () => {
    let value = 0;
    for (let i = 0; i < rows; i++) {
      value = random.uniform() < 0.005 ? random.below(5) : value + random.below(40);
      // The server saw nothing for 40 rows (ten minutes).
      if (i < 5000 || i >= 5040) counter.push({ t: at(i), v: value });
    }
    const gauge = (from: number, to: number): Sample[] =>
      Array.from({ length: to - from }, (_, i) => ({ t: at(from + i), v: Math.round(random.normal() * 100) / 8 }));
    const blocks = openMetricsText([
      { labels: { __name__: "requests_total", code: "200" }, samples: counter, type: "counter" },
      { labels: { __name__: "pod_memory", pod: "old", target: "theirs" }, samples: gauge(0, 4000) },
      { labels: { __name__: "pod_memory", pod: "new" }, samples: gauge(7000, rows) },
      { labels: { __name__: "left", side: "a" }, samples: gauge(rows - 100, rows) },
      { labels: { __name__: "right", side: "a" }, samples: gauge(rows - 100, rows) },
      { labels: { __name__: "wide", text: "x".repeat(65_536) }, samples: gauge(rows - 100, rows) },
      { labels: { __name__: "wide", text: "short" }, samples: gauge(rows - 100, rows) },
    ]);
    service = await startPrometheus({ blocks });
    jobs = await openHarness({
      now: at(rows - 1),
      yaml: `
targets:
  - name: shop
    prometheus:
      url: ${service.url}
      step: 15s
      lookback: 7d
      queries: { requests: { expr: requests_total, kind: counter }, memory: pod_memory }
  - name: short
    prometheus: { url: "${service.url}", step: 15s, lookback: 1h, queries: { memory: pod_memory } }
  - name: ambiguous
    prometheus: { url: "${service.url}", step: 15s, lookback: 1h, queries: { both: '{__name__=~"left|right"}' } }
  - name: wrong
    prometheus: { url: "${service.url}", step: 15s, lookback: 1h, queries: { broken: "sum(" } }
  - name: partly
    prometheus:
      url: ${service.url}
      step: 15s
      lookback: 1h
      queries: { broken: "sum(", good: left, worse: "avg(", both: '{__name__=~"left|right"}', better: right }
  - name: wide
    prometheus: { url: "${service.url}", step: 15s, lookback: 1h, queries: { wide: wide, left: left } }
  - name: away
    prometheus: { url: "http://127.0.0.1:${await freePort()}", step: 15s, lookback: 1h, timeout: 1s, queries: { a: up } }
  - name: none
`,
    });
  }, 120_000);
  afterAll(async () => {
    await jobs?.close();
    await service?.stop();
  });

  const stored = async (target: string, name: string): Promise<Map<string, { labels: Labels; samples: readonly Sample[] }>> => {
    const matchers = [
      { name: "target", op: "=", value: target },
      { name: "__name__", op: "=", value: name },
    ] as const;
    return new Map((await jobs.store.series.select(matchers, allTime)).map((batch) => [seriesKey(batch.labels), batch]));
  };
  const present = (samples: readonly Sample[]): Sample[] => samples.filter(({ v }) => !isStale(v));
  const codeOf = async (work: Promise<unknown>): Promise<string | undefined> => {
    const error: unknown = await work.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    return isForetraceError(error) ? error.code : String(error);
  };

  test("in two pulls with a kill's worth of overlap: the rates are the server's own, resets included, and the gap is missing", async () => {
    jobs.now = at(8000);
    await ingest({ target: "shop", source: "prometheus" }, jobs.context());
    jobs.now = at(rows - 1) + 7000;
    await ingest({ target: "shop", source: "prometheus" }, jobs.context());
    // There is no model yet.
    expect(jobs.asked).toEqual([
      { name: "train", input: { target: "shop" } },
      { name: "train", input: { target: "shop" } },
    ]);
    const [requests, ...others] = [...(await stored("shop", "requests")).values()];
    expect(others).toEqual([]);
    expect(requests!.labels).toEqual({ __name__: "requests", code: "200", target: "shop" });
    // One millisecond more than the step, so that both border samples are inside whether the window is closed (2.x) or left-open (3.x).
    const client = createPrometheusClient({ url: service.url });
    const [theirs] = await client.rangeQuery("rate(requests_total[15001ms])", at(1), at(rows - 1), step);
    const ours = new Map(present(requests!.samples).map(({ t, v }) => [t, v]));
    const wrong = theirs!.samples.filter(({ t, v }) => !(Math.abs(ours.get(t)! - v) <= 1e-3 * Math.abs(v)));
    expect(wrong).toEqual([]);
    // After the last scrape before the gap the server holds the value for its lookback: rates of 0, then nothing.
    const inGap = requests!.samples.filter(({ t }) => t >= at(5000) && t < at(5041));
    expect(present(inGap).every(({ t, v }) => v === 0 && t <= at(4999) + lookback)).toBe(true);
    expect(inGap.filter(({ v }) => isStale(v)).length).toBe(1);
    // The first value after the gap opens a stretch and is no rate over ten minutes.
    expect(ours.has(at(5040))).toBe(false);
    expect(ours.has(at(5041))).toBe(true);
  });

  test("label sets that vanish and appear are series of their own, and the end of one is marked", async () => {
    const memory = await stored("shop", "memory");
    expect([...memory.values()].map(({ labels }) => labels)).toEqual([
      { __name__: "memory", exported_target: "theirs", pod: "old", target: "shop" },
      { __name__: "memory", pod: "new", target: "shop" },
    ]);
    const [old, fresh] = [...memory.values()];
    expect(present(fresh!.samples)[0]!.t).toBe(at(7000));
    expect(fresh!.samples.at(-1)!.t).toBe(at(rows - 1));
    const last = old!.samples.at(-1)!;
    expect(isStale(last.v)).toBe(true);
    expect(last.t).toBeGreaterThan(at(3999));
    expect(last.t).toBeLessThanOrEqual(at(3999) + lookback + step);
  });

  test("the same pull again changes nothing", async () => {
    const before = await contents(jobs);
    await ingest({ target: "shop", source: "prometheus" }, jobs.context());
    expect(await contents(jobs)).toEqual(before);
    jobs.asked.length = 0;
    const model = { manifest: { model: "test", format: 1 }, weights: new Uint8Array() };
    await jobs.store.models.put({ target: "shop", kind: "anomaly", createdAt: epochMillis(jobs.now), summary: {} }, model);
    await ingest({ target: "shop", source: "prometheus" }, jobs.context());
    expect(jobs.asked).toEqual([{ name: "score", input: { target: "shop" } }]);
  });

  test("a pull that is cancelled keeps what it has stored, and the next one goes on to the same end", async () => {
    const whole = [...(await stored("shop", "memory")).values()].map(({ samples }) => samples.length);
    const target = { ...jobs.config.targets[0]!, name: "twin" };
    const config = { ...jobs.config, targets: [target] };
    const controller = new AbortController();
    const stopAfter = (done: number): void => {
      if (done > 0.42) controller.abort();
    };
    const first = ingest(
      { target: "twin", source: "prometheus" },
      jobs.context({ config, signal: controller.signal, progress: stopAfter }),
    );
    expect(await codeOf(first)).toBe("canceled");
    const kept = [...(await stored("twin", "requests")).values()].map(({ samples }) => samples.length);
    expect(kept[0]).toBeGreaterThan(100);
    // Half of the history is no history to train on, unless someone says so or the rest does not come.
    jobs.asked.length = 0;
    expect(await score({ target: "twin" }, jobs.context({ config }))).toHaveProperty("skipped");
    expect(await train({ target: "twin", scheduled: true }, jobs.context({ config }))).toMatchObject({
      skipped: expect.stringContaining("first pull") as string,
    });
    expect(jobs.asked).toEqual([]);
    const later = { config, clock: () => epochMillis(jobs.now + 3_600_000) };
    expect(await score({ target: "twin" }, jobs.context(later))).toHaveProperty("skipped");
    expect(jobs.asked).toEqual([{ name: "train", input: { target: "twin" } }]);
    jobs.asked.length = 0;
    await ingest({ target: "twin", source: "prometheus" }, jobs.context({ config }));
    expect(jobs.asked).toEqual([{ name: "train", input: { target: "twin" } }]);
    expect([...(await stored("twin", "memory")).values()].map(({ samples }) => samples.length)).toEqual(whole);
  });

  test("the first pull goes back as far as the lookback says", async () => {
    await ingest({ target: "short", source: "prometheus" }, jobs.context());
    const [memory] = [...(await stored("short", "memory")).values()];
    expect(memory!.samples[0]!.t).toBeGreaterThan(jobs.now - 3_600_000);
    expect(memory!.samples[0]!.t).toBeLessThan(jobs.now - 3_600_000 + 2 * step);
  });

  test("what is wrong is said with its code", async () => {
    expect(await codeOf(ingest({ target: "none", source: "prometheus" }, jobs.context()))).toBe("bad_config");
    expect(await codeOf(ingest({ target: "wrong", source: "prometheus" }, jobs.context()))).toBe("source_rejected");
    expect(await codeOf(ingest({ target: "away", source: "prometheus" }, jobs.context()))).toBe("source_unreachable");
  });

  test("queries that fail keep no other from being pulled, and all of them are named at the end", async () => {
    jobs.asked.length = 0;
    const error: unknown = await ingest({ target: "partly", source: "prometheus" }, jobs.context()).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "source_rejected", retryable: false });
    const { message } = error as Error;
    expect(message).toContain('3 of the queries of target "partly"');
    for (const name of ["broken", "worse", "both"]) expect(message).toContain(`${name}: `);
    for (const name of ["good", "better"]) expect([...(await stored("partly", name)).values()]).toHaveLength(1);
    expect(jobs.asked).toHaveLength(1);
  });

  test("one of them that is worth another attempt makes the pull worth one", async () => {
    const target = jobs.config.targets.find(({ name }) => name === "partly");
    const { series } = jobs.store;
    let appends = 0;
    const store = {
      ...jobs.store,
      series: {
        select: (...call: Parameters<typeof series.select>) => series.select(...call),
        append: async (batches: Parameters<typeof series.append>[0]) => {
          if (++appends === 1) throw new ForetraceError("store_failed", "the disk is full");
          await series.append(batches);
        },
      } as unknown as typeof series,
    };
    const config = { ...jobs.config, targets: [{ ...target!, name: "again" }] };
    const pull = ingest({ target: "again", source: "prometheus" }, jobs.context({ store, config }));
    await expect(pull).rejects.toMatchObject({ code: "store_failed", retryable: true, message: /broken: .*good: the disk is full/s });
    expect([...(await stored("again", "better")).values()]).toHaveLength(1);
  });

  test("a label set that cannot be stored is left out and said; the others of its answer are stored", async () => {
    const pull = ingest({ target: "wide", source: "prometheus" }, jobs.context());
    await expect(pull).rejects.toMatchObject({ code: "bad_metrics", retryable: false });
    expect([...(await stored("wide", "wide")).values()].map(({ labels }) => labels["text"])).toEqual(["short"]);
    expect([...(await stored("wide", "left")).values()]).toHaveLength(1);
  });

  test("two series that differ only in their metric name are refused, since one would hide the other", async () => {
    expect(await codeOf(ingest({ target: "ambiguous", source: "prometheus" }, jobs.context()))).toBe("source_rejected");
  });
});
