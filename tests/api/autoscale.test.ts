import { readFileSync } from "node:fs";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createApi } from "../../src/api/app.ts";
import { type AutoscaleInputs, autoscaleAnswer } from "../../src/api/autoscale.ts";
import type { AutoscaleConfig } from "../../src/api/context.ts";
import { loadConfig } from "../../src/jobs/config.ts";
import { silentLogger } from "../../src/lib/log.ts";
import type { Sample } from "../../src/lib/series.ts";
import { epochMillis } from "../../src/lib/units.ts";
import { quantileLevels } from "../../src/models/model.ts";
import type { ForecastRecord, Store } from "../../src/store/ports.ts";
import { startService, type TestService } from "./service.ts";

const now = epochMillis(1_800_000_000_000);
const minute = 60_000;
const scaling: AutoscaleConfig = { series: 'requests{job="web"}', perReplica: 100, min: 2, max: 20 };

/** medians[i] is said for i + 1 minutes ahead; level q lies 100 × (q − 0.5) beside it. */
function forecast(medians: readonly (number | null)[], issuedAt: number = now): ForecastRecord {
  return {
    id: `f${issuedAt}`,
    target: "shop",
    labels: { __name__: "requests", job: "web", target: "shop" },
    modelId: "m",
    model: "seasonal-naive",
    issuedAt: epochMillis(issuedAt),
    start: epochMillis(issuedAt + minute),
    step: minute,
    levels: [...quantileLevels],
    quantiles: quantileLevels.map((q) => medians.map((median) => (median === null ? null : median + Math.round(100 * (q - 0.5))))),
  };
}
type One = { sample: Sample | undefined; forecast: ForecastRecord | undefined };
const labels = { __name__: "requests", job: "web", target: "shop" };
/** With one label set. */
const answer = ({ sample: newest, forecast: said }: One, horizon = 5 * minute, config: AutoscaleConfig = scaling) =>
  answerOf(
    { samples: newest === undefined ? [] : [{ labels, sample: newest }], forecasts: said === undefined ? [] : [said] },
    horizon,
    config,
  );
const answerOf = (inputs: AutoscaleInputs, horizon = 5 * minute, config: AutoscaleConfig = scaling) =>
  autoscaleAnswer("shop", horizon, config, inputs, now, 5 * minute);
const sample = (v: number, age = 0) => ({ t: epochMillis(now - age), v });

describe("the numbers", () => {
  test("plan for the 0.9 quantile within the horizon, not beyond", () => {
    const result = answer({ sample: sample(310), forecast: forecast([320, 400, 380, null, 390, 900]) });
    expect(result).toMatchObject({
      target: "shop",
      horizon: "300s",
      current: 310,
      predicted: 400,
      demand: 440,
      replicas: 4,
      recommended: 5,
      stale: false,
      issued_at: now,
    });
    expect(result.reason).toEqual([
      "with 90 % probability the demand stays below 440 at each moment of the next 5 min 00 s",
      "440 at 100 a replica takes 5",
    ]);
    expect(answer({ sample: sample(310), forecast: forecast([320, 400, 380, null, 390, 900]) }, 6 * minute).recommended).toBe(10);
  });

  test("never less than what runs through now", () => {
    const result = answer({ sample: sample(1500), forecast: forecast([100, 100, 100, 100, 100]) });
    expect(result).toMatchObject({ current: 1500, predicted: 100, demand: 1500, replicas: 15, recommended: 15, stale: false });
  });

  test("bounds are kept and said", () => {
    const low = answer({ sample: sample(0), forecast: forecast([10, 10, 10, 10, 10]) });
    expect([low.replicas, low.recommended, low.reason.at(-1)]).toEqual([2, 2, "raised to the least allowed, 2"]);
    const high = answer({ sample: sample(9000), forecast: forecast([10, 10, 10, 10, 10]) });
    expect([high.recommended, high.reason.at(-1)]).toEqual([20, "cut to the most allowed, 20"]);
  });

  test("a horizon shorter than a step takes the next step", () => {
    expect(answer({ sample: sample(1), forecast: forecast([300, 900]) }, 1000).predicted).toBe(300);
  });

  test("without a capacity there are no replicas, but the demand is there", () => {
    const result = answer({ sample: sample(310), forecast: forecast([320, 320, 320, 320, 320]) }, 5 * minute, { series: "requests" });
    expect(result).toMatchObject({ demand: 360, replicas: null, recommended: null });
    expect(result.reason.join()).toContain("autoscale.perReplica");
  });
});

describe("what is old or missing", () => {
  test("is flagged, held for a while, then null", () => {
    const flat = forecast([100, 100, 100, 100, 100]);
    expect(answer({ sample: sample(500, 4 * minute), forecast: flat })).toMatchObject({ current: 500, stale: false });
    expect(answer({ sample: sample(500, 6 * minute), forecast: flat })).toMatchObject({ current: 500, recommended: 5, stale: true });
    expect(answer({ sample: sample(500, 61 * minute), forecast: flat })).toMatchObject({ current: null, recommended: 2, stale: true });
    expect(answer({ sample: undefined, forecast: undefined })).toMatchObject({
      current: null,
      predicted: null,
      demand: null,
      replicas: null,
      recommended: null,
      issued_at: null,
      stale: true,
    });
    expect(answer({ sample: sample(NaN), forecast: undefined })).toMatchObject({ current: null, stale: true });
  });

  test("a forecast that is old, over, or does not reach the horizon says so", () => {
    const old = answer({ sample: sample(200), forecast: forecast(Array(30).fill(300), now - 16 * minute) });
    expect([old.stale, old.predicted, old.reason[0]]).toEqual([true, 300, "the newest forecast was made 16 min 00 s ago"]);
    const over = answer({ sample: sample(200), forecast: forecast([900, 900], now - 5 * minute) });
    expect([over.stale, over.predicted, over.recommended]).toEqual([true, null, 2]);
    expect(over.reason[0]).toContain("ended 3 min 00 s ago");
    const short = answer({ sample: sample(200), forecast: forecast([300, 300]) });
    expect([short.stale, short.predicted, short.reason[0]]).toEqual([
      false,
      300,
      "the forecast reaches 2 min 00 s ahead, less than the horizon",
    ]);
  });
});

describe("several label sets", () => {
  const coded = (code: string) => ({ ...labels, code });
  const said = (code: string, medians: readonly (number | null)[], issuedAt: number = now): ForecastRecord => ({
    ...forecast(medians, issuedAt),
    labels: coded(code),
  });

  test("are added up: samples, medians, and 0.9 quantiles moment by moment", () => {
    const samples = [
      { labels: coded("200"), sample: sample(300) },
      { labels: coded("500"), sample: sample(20, minute) },
    ];
    const forecasts = [said("200", [310, 330, 320, 300, 300]), said("500", [10, 20, 90, 10, 10])];
    const result = answerOf({ samples, forecasts });
    // Not 330 + 90: these are of different minutes.
    expect(result).toMatchObject({ current: 320, predicted: 410, demand: 490, replicas: 4, recommended: 5, stale: false, issued_at: now });
    expect(result.reason.join()).toContain("2 label sets of");
    expect(result.reason.join()).toContain("the 0.9 quantiles of 2 forecasts add up to 490");
  });

  test("that have ended are left out, with their forecasts; one without a forecast counts with its newest sample", () => {
    const samples = [
      { labels: coded("200"), sample: sample(300) },
      { labels: coded("404"), sample: sample(50, 6 * minute) },
      { labels: coded("500"), sample: sample(NaN) },
      { labels: coded("503"), sample: sample(40) },
    ];
    const result = answerOf({ samples, forecasts: [said("200", Array(5).fill(310)), said("404", Array(5).fill(1000))] });
    expect(result).toMatchObject({ current: 340, predicted: 350, demand: 390, stale: false });
    expect(result.reason).toContain("2 label sets are not counted: ended, or more than 5 min 00 s behind the newest sample");
    expect(result.reason).toContain("1 label set is counted with the newest sample, for want of a forecast");
  });

  test("stop together when no news comes: all are held", () => {
    const samples = ["200", "500"].map((code) => ({ labels: coded(code), sample: sample(100, 20 * minute) }));
    expect(answerOf({ samples, forecasts: [] })).toMatchObject({ current: 200, recommended: 2, stale: true });
  });

  test("in any number and order give the same finite numbers; one label set split in two gives what it gives whole", () => {
    const value = fc.oneof(fc.integer({ min: -1000, max: 1000 }), fc.constantFrom(NaN, Infinity));
    const set = fc.record({
      v: value,
      age: fc.integer({ min: -5, max: 90 }),
      medians: fc.option(fc.array(fc.option(fc.integer({ min: 0, max: 1000 })), { maxLength: 6 })),
      issued: fc.integer({ min: 0, max: 40 }),
    });
    fc.assert(
      fc.property(fc.array(set, { maxLength: 5 }), (sets) => {
        const samples = sets.map(({ v, age }, i) => ({ labels: coded(`${i}`), sample: sample(v, age * minute) }));
        const forecasts = sets.flatMap(({ medians, issued }, i) =>
          medians === null ? [] : [said(`${i}`, medians, now - issued * minute)],
        );
        const result = answerOf({ samples, forecasts });
        for (const number of [result.current, result.predicted, result.demand, result.recommended]) {
          expect(number === null || Number.isFinite(number)).toBe(true);
        }
        expect(answerOf({ samples: samples.toReversed(), forecasts: forecasts.toReversed() })).toEqual(result);
      }),
    );
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 500 }),
        fc.array(fc.integer({ min: 100, max: 500 }), { minLength: 1, maxLength: 6 }),
        (v, medians) => {
          const halves = answerOf({
            samples: ["a", "b"].map((code) => ({ labels: coded(code), sample: sample(v) })),
            forecasts: ["a", "b"].map((code) => said(code, medians)),
          });
          const whole = forecast(medians);
          const doubled = { ...whole, quantiles: whole.quantiles.map((row) => row.map((each) => (each === null ? null : 2 * each))) };
          const { reason: _, ...numbers } = answer({ sample: sample(2 * v), forecast: doubled });
          expect(halves).toMatchObject(numbers);
        },
      ),
    );
  });
});

test("any inputs give numbers or null, within the bounds, never NaN", () => {
  const value = fc.oneof(fc.double({ min: -1e12, max: 1e12 }), fc.constantFrom(NaN, Infinity, -Infinity, null));
  const inputs = fc.record({
    sample: fc.option(
      fc.record({ t: fc.integer({ min: -1e7, max: 1e7 }).map((age) => epochMillis(now - age)), v: value.map((v) => v ?? NaN) }),
      {
        nil: undefined,
      },
    ),
    forecast: fc.option(
      fc.tuple(fc.array(value, { maxLength: 8 }), fc.integer({ min: -1e7, max: 1e7 })).map(([values, age]) => forecast(values, now - age)),
      { nil: undefined },
    ),
  });
  fc.assert(
    fc.property(inputs, fc.integer({ min: 1, max: 1e5 }), (given, seconds) => {
      const result = answer(given, seconds * 1000);
      const numbers = [result.current, result.predicted, result.demand, result.replicas, result.recommended, result.issued_at];
      expect(numbers.every((number) => number === null || Number.isFinite(number))).toBe(true);
      for (const key of ["replicas", "recommended"] as const) {
        const count = result[key];
        expect(count === null || (Number.isInteger(count) && count >= 2 && count <= 20)).toBe(true);
      }
      expect(result.reason.join()).not.toMatch(/NaN|undefined|null/);
    }),
  );
});

describe("the route", () => {
  let service: TestService;
  const series: AutoscaleConfig = { series: 'requests{job="web"}', perReplica: 100 };
  beforeAll(async () => {
    service = await startService({ clock: () => now, config: { autoscale: { shop: series } } });
    await service.store.series.append([
      { labels, samples: [sample(100, minute), sample(250)] },
      { labels: { ...labels, job: "batch" }, samples: [sample(9999)] },
    ]);
    await service.store.outcomes.putForecasts([forecast([260, 270, 300, 280, 280])]);
  });
  afterAll(() => service?.stop());
  const get = async (path: string): Promise<[number, Record<string, unknown>]> => {
    const response = await fetch(`${service.url}/autoscale/v1/${path}`);
    return [response.status, (await response.json()) as Record<string, unknown>];
  };

  test("answers from the store, horizons as seconds or minutes", async () => {
    const wanted = {
      target: "shop",
      horizon: "300s",
      current: 250,
      predicted: 300,
      demand: 340,
      replicas: 3,
      recommended: 4,
      stale: false,
    };
    for (const horizon of ["300s", "5m"]) expect(await get(`shop/${horizon}`)).toMatchObject([200, wanted]);
    expect(Object.keys((await get("shop/5m"))[1]).sort()).toEqual(
      ["current", "demand", "horizon", "issued_at", "predicted", "reason", "recommended", "replicas", "stale", "target"].sort(),
    );
  });

  test.each(["README.md", "deploy/foretrace.yaml"])("answers what the example of %s asks for", async (file) => {
    const text = readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
    const yaml = file.endsWith(".md") ? /```yaml\n([\s\S]*?)```/.exec(text)![1]! : text;
    const { name, autoscale } = loadConfig(yaml, file).targets[0]!;
    const { url } = await service.another({ autoscale: { [name]: autoscale! } });
    const byCode = (code: string) => ({ __name__: "http_requests", code, target: name });
    await service.store.series.append([
      { labels: byCode("200"), samples: [sample(700)] },
      { labels: byCode("500"), samples: [sample(50)] },
    ]);
    await service.store.outcomes.putForecasts(
      ["200", "500"].map((code) => ({
        ...forecast(Array(5).fill(code === "200" ? 800 : 60)),
        id: `f${code}`,
        target: name,
        labels: byCode(code),
      })),
    );
    const response = await fetch(`${url}/autoscale/v1/${name}/5m`);
    // 860 + 2 × 40 = 940 at 120 a replica.
    expect(await response.json()).toMatchObject({ current: 750, predicted: 860, demand: 940, replicas: 7, recommended: 8, stale: false });
  });

  test.each([
    ["bank/5m", 404, "not_found", "it is set for shop"],
    ["shop/soon", 400, "bad_usage", "soon"],
    ["shop/300", 400, "bad_usage", "write for example"],
    ["shop/-5m", 400, "bad_usage", "-5m"],
    ["shop/0s", 400, "bad_usage", "between 1s and 7d"],
    ["shop/8d", 400, "bad_usage", "between 1s and 7d"],
    ["__proto__/5m", 404, "not_found", "not configured"],
  ])("%s is %i %s", async (path, status, code, words) => {
    const [got, body] = await get(path);
    const { error } = body as { error: { code: string; message: string } };
    expect([got, error.code]).toEqual([status, code]);
    expect(error.message).toContain(words);
  });

  test("holds the last known values, flagged, while the store fails or hangs; without any it fails", async () => {
    let mode: "well" | "failing" | "hanging" = "failing";
    let time = now as number;
    const whenWell = <T extends object>(port: T): T =>
      new Proxy(port, {
        get(target, name) {
          const member = target[name as keyof T];
          if (typeof member !== "function" || mode === "well") return typeof member === "function" ? member.bind(target) : member;
          return () => (mode === "failing" ? Promise.reject(new Error("connection lost")) : new Promise(() => {}));
        },
      });
    const store: Store = { ...service.store, series: whenWell(service.store.series), outcomes: whenWell(service.store.outcomes) };
    const api = await createApi({
      store,
      queue: service.queue,
      log: silentLogger,
      clock: () => epochMillis(time),
      version: "0",
      config: { autoscale: { shop: series } },
    });
    const ask = async () => {
      const reply = await api.app.inject("/autoscale/v1/shop/5m");
      return [reply.statusCode, reply.json<Record<string, unknown>>()] as const;
    };
    expect((await ask())[0]).toBe(500);
    mode = "well";
    expect(await ask()).toMatchObject([200, { recommended: 4, stale: false }]);
    mode = "failing";
    expect((await ask())[1]).toMatchObject({ stale: false });
    time += 10_000;
    expect(await ask()).toMatchObject([
      200,
      { recommended: 4, stale: true, reason: expect.arrayContaining([expect.stringContaining("last known")]) },
    ]);
    mode = "hanging";
    time += 10_000;
    expect(await ask()).toMatchObject([200, { recommended: 4, stale: true }]);
    // The reading that hangs is given up, so that a store that has come back is seen.
    mode = "well";
    time += 11_000;
    expect(await ask()).toMatchObject([200, { recommended: 4, stale: false }]);
    await api.close();
  });
});
