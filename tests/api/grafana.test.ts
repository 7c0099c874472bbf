/** The requests that Grafana's Prometheus data source sends (pkg/promlib), word for word, and what a panel draws from the answers. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createApi } from "../../src/api/app.ts";
import { silentLogger } from "../../src/lib/log.ts";
import { quantileLevels } from "../../src/models/model.ts";
import { catalogue } from "../../src/features/catalogue.ts";
import type { Labels } from "../../src/lib/series.ts";
import { epochMillis } from "../../src/lib/units.ts";
import type { ForecastRecord, Store } from "../../src/store/ports.ts";
import { startService, type TestService } from "./service.ts";

const now = 1_800_000_000_000;
const step = 60_000;
const load: Labels = { __name__: "load", target: "shop", instance: "a" };
const form = { "content-type": "application/x-www-form-urlencoded" };

/** Says `base + level` for every step: each record can be told by its values. */
function forecast(issuedAt: number, base: number, steps: number, labels: Labels = load): ForecastRecord {
  return {
    id: `forecast-${issuedAt}-${base}`,
    target: "shop",
    labels,
    modelId: "m",
    model: "seasonal-naive",
    issuedAt: epochMillis(issuedAt),
    start: epochMillis(issuedAt + step),
    step,
    levels: [...quantileLevels],
    quantiles: quantileLevels.map((level) => Array.from({ length: steps }, () => base + level)),
  };
}

let service: TestService;
beforeAll(async () => {
  service = await startService({ clock: () => epochMillis(now) });
  const samples = Array.from({ length: 61 }, (_, i) => ({ t: epochMillis(now - (60 - i) * step), v: i }));
  await service.store.series.append([
    { labels: load, samples },
    { labels: { __name__: "foretrace_anomaly_score", target: "shop" }, samples },
  ]);
  const holed = forecast(now - 10 * step, 200, 30);
  const quantiles = holed.quantiles.map((values) => values.map((v, i) => (i === 4 ? null : v)));
  await service.store.outcomes.putForecasts([forecast(now - 20 * step, 100, 30), { ...holed, quantiles }, forecast(now, 300, 15)]);
  await service.store.outcomes.putAnomalies("shop", { from: epochMillis(0), to: epochMillis(now) }, [
    {
      id: "w1",
      target: "shop",
      from: epochMillis(now - 40 * step),
      peakAt: epochMillis(now - 35 * step),
      to: epochMillis(now - 30 * step),
      open: false,
      peakScore: 2,
      threshold: 0.6,
      modelId: "m",
      contributions: [],
      traces: [],
    },
  ]);
});
afterAll(() => service?.stop());

type Matrix = { data: { result: { metric: Record<string, string>; values: [number, string][] }[] } };
async function post<T>(path: string, params: Record<string, string>): Promise<T> {
  const response = await fetch(`${service.url}/api/v1/${path}`, { method: "POST", headers: form, body: new URLSearchParams(params) });
  expect(response.status).toBe(200);
  return (await response.json()) as T;
}
const range = (query: string, from: number, to: number) =>
  post<Matrix>("query_range", { query, start: String((now + from * step) / 1000), end: String((now + to * step) / 1000), step: "60" });
const byMinute = (values: [number, string][]): Record<string, string> =>
  Object.fromEntries(values.map(([t, v]) => [String((t * 1000 - now) / step), v]));

describe("Save & test", () => {
  test("the instant query 1+1 at 4 and the build information, by POST and by GET", async () => {
    const expected = { status: "success", data: { resultType: "scalar", result: [4, "2"] } };
    expect(await post("query", { query: "1+1", time: "4" })).toEqual(expected);
    const got = await fetch(`${service.url}/api/v1/query?query=1%2B1&time=4`);
    expect(await got.json()).toEqual(expected);
    const build = await fetch(`${service.url}/api/v1/status/buildinfo`);
    const { data } = (await build.json()) as { data: Record<string, string> };
    expect(data["version"]).toMatch(/^3\.\d+\.\d+$/);
    // A non-empty `features` makes Grafana take the service for a Mimir.
    expect(Object.keys(data).sort()).toEqual(["branch", "buildDate", "buildUser", "goVersion", "revision", "version"]);
  });

  test("what it loads beside: rules, alerts, exemplars, metadata", async () => {
    const get = async (path: string) => (await (await fetch(`${service.url}/api/v1/${path}`)).json()) as { data: unknown };
    expect((await get("rules")).data).toEqual({ groups: [] });
    expect((await get("alerts")).data).toEqual({ alerts: [] });
    expect(await post("query_exemplars", { query: "load", start: "1", end: "2" })).toEqual({ status: "success", data: [] });
    const metadata = (await get("metadata")).data as Record<string, { type: string; help: string; unit: string }[]>;
    for (const { name, help } of catalogue) expect(metadata[name]).toMatchObject([{ type: "gauge", help }]);
    expect(metadata["go_trace_heap_live_bytes"]![0]!.unit).toBe("bytes");
    expect(metadata["foretrace_forecast"]).toHaveLength(1);
    expect((await get("metadata?metric=foretrace_forecast")).data).toEqual({ foretrace_forecast: metadata["foretrace_forecast"] });
    expect(Object.keys((await get("metadata?limit=2")).data as object)).toHaveLength(2);
  });
});

describe("the metric browser", () => {
  const span = `start=${now / 1000 - 3600}&end=${now / 1000 + 21_600}`;

  test("names of metrics, stored and derived, with a limit", async () => {
    const url = `${service.url}/api/v1/label/__name__/values?${span}`;
    const all = (await (await fetch(`${url}&limit=40000`)).json()) as { data: string[]; warnings?: string[] };
    expect(all.data).toEqual([
      "foretrace_anomaly_active",
      "foretrace_anomaly_score",
      "foretrace_expected",
      "foretrace_expected_lower",
      "foretrace_expected_upper",
      "foretrace_forecast",
      "load",
    ]);
    expect(all.warnings).toBeUndefined();
    const some = (await (await fetch(`${url}&limit=2`)).json()) as { data: string[]; warnings?: string[] };
    expect(some.data).toEqual(all.data.slice(0, 2));
    expect(some.warnings).toEqual(["results truncated due to limit"]);
  });

  test("labels by POST with the parameters in the address and no body, as the resource calls come", async () => {
    const response = await fetch(`${service.url}/api/v1/labels?${span}&match[]=foretrace_forecast`, { method: "POST", headers: form });
    expect(await response.json()).toEqual({
      status: "success",
      data: ["__name__", "forecast_quantile", "instance", "source_name", "target"],
    });
    const values = await fetch(`${service.url}/api/v1/label/forecast_quantile/values?${span}&match[]=foretrace_forecast{target="shop"}`);
    expect(((await values.json()) as { data: string[] }).data).toEqual(quantileLevels.map(String).sort());
    const escaped = await fetch(`${service.url}/api/v1/label/U__source__name/values`);
    expect(((await escaped.json()) as { data: string[] }).data).toEqual(["load"]);
  });
});

describe("a panel that ends in the future", () => {
  test("observed values end with the lookback, forecasts begin after now and end with their last step", async () => {
    const observed = byMinute((await range("load", -3, 30)).data.result[0]!.values);
    expect(observed).toMatchObject({ "-3": "57", "0": "60", "4": "60" });
    expect(observed["5"]).toBeUndefined();
    const future = await range('foretrace_forecast{forecast_quantile="0.5",source_name="load"}', 0, 30);
    expect(future.data.result).toHaveLength(1);
    expect(future.data.result[0]!.metric).toEqual({
      __name__: "foretrace_forecast",
      forecast_quantile: "0.5",
      instance: "a",
      source_name: "load",
      target: "shop",
    });
    const drawn = byMinute(future.data.result[0]!.values);
    expect(Object.keys(drawn)).toEqual(Array.from({ length: 21 }, (_, i) => String(i)));
    // 1 to 15 is the newest; what the one before it said goes on to its own last step, 20, and not a lookback further.
    expect([drawn["0"], drawn["1"], drawn["15"], drawn["16"], drawn["20"]]).toEqual(["200.5", "300.5", "300.5", "200.5", "200.5"]);
  });

  test("the past is what was last said before each moment; a hole in a forecast is a hole", async () => {
    const drawn = byMinute((await range('foretrace_expected{target="shop"}', -25, 0)).data.result[0]!.values);
    expect(drawn["-20"]).toBeUndefined();
    expect([drawn["-19"], drawn["-10"], drawn["-9"], drawn["0"]]).toEqual(["100.5", "100.5", "200.5", "200.5"]);
    // Step 5 of the second forecast is not known: the value before it is not drawn on.
    expect(drawn["-6"]).toBe("200.5");
    expect(drawn["-5"]).toBeUndefined();
    const [lower, upper] = await Promise.all(["lower", "upper"].map((end) => range(`foretrace_expected_${end}`, -1, -1)));
    expect([lower!, upper!].map(({ data }) => data.result[0]!.values[0]![1])).toEqual(["200.025", "200.975"]);
  });

  test("what was said five minutes ahead", async () => {
    const { result } = (await range('foretrace_forecast_issued{lead="300",forecast_quantile="0.5"}', -20, 10)).data;
    expect(result.map(({ metric }) => [metric["lead"], metric["source_name"]])).toEqual([["300", "load"]]);
    const drawn = byMinute(result[0]!.values);
    // At t the newest forecast that was issued five minutes before t or earlier: -20, -10 and 0 are the issues.
    expect([drawn["-16"], drawn["-15"], drawn["-6"], drawn["-4"], drawn["4"], drawn["5"]]).toEqual([
      undefined,
      "100.5",
      "100.5",
      "200.5",
      "200.5",
      "300.5",
    ]);
    for (const other of ['foretrace_forecast_issued{lead="soon"}', "foretrace_forecast_issued", 'foretrace_expected{lead="300"}']) {
      expect((await range(other, -20, 10)).data.result).toEqual([]);
    }
  });

  test("anomalous windows are 1 inside and absent outside", async () => {
    const active = await range("foretrace_anomaly_active", -45, 0);
    expect(active.data.result[0]!.metric).toEqual({ __name__: "foretrace_anomaly_active", target: "shop" });
    expect(byMinute(active.data.result[0]!.values)).toEqual(
      Object.fromEntries(Array.from({ length: 11 }, (_, i) => [String(i - 40), "1"])),
    );
    expect((await range('foretrace_anomaly_active{target="other"}', -45, 0)).data.result).toEqual([]);
  });
});

test("requests beside Prometheus' own form", async () => {
  const ask = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`${service.url}/api/v1/${path}`, init);
    return [response.status, await response.json()];
  };
  expect(await ask("query?query=load&lookback_delta=far")).toEqual([
    400,
    { status: "error", errorType: "bad_data", error: 'error parsing lookback delta duration: cannot parse "far" to a valid duration' },
  ]);
  expect(await ask("query?query=load&limit=-1")).toMatchObject([400, { error: 'invalid parameter "limit": limit must be non-negative' }]);
  expect(await ask("query?query=rate(load[5m])")).toEqual([
    400,
    { status: "error", errorType: "bad_data", error: 'invalid parameter "query": 1:1: function "rate" is not supported yet' },
  ]);
  expect(await ask(`query?query={target="shop"}&limit=1`)).toMatchObject([200, { warnings: ["results truncated due to limit"] }]);
  expect(await ask("query?query=load&timeout=0")).toMatchObject([503, { status: "error", errorType: "timeout" }]);
  expect(await ask("query?query=1&a=b&query=2", { method: "POST", headers: form, body: "query=3" })).toMatchObject([
    200,
    { data: { result: [now / 1000, "3"] } },
  ]);
  expect(await ask("query", { method: "POST", headers: { "content-type": "application/json" }, body: '{"query":"1"}' })).toMatchObject([
    400,
    { errorType: "bad_data", error: 'invalid parameter "query": 1:1: parse error: no expression found in input' },
  ]);
  expect(await ask("query", { method: "POST", headers: form, body: `query=${"1".repeat(2 ** 20)}` })).toMatchObject([
    413,
    { status: "error" },
  ]);
});

test("a query whose store does not answer ends at its timeout", async () => {
  const hanging: Store = { ...service.store, series: { ...service.store.series, select: () => new Promise(() => {}) } };
  const api = await createApi({ store: hanging, queue: service.queue, log: silentLogger, clock: service.clock, version: "0", config: {} });
  const reply = await api.app.inject("/api/v1/query?query=load&timeout=50ms");
  expect([reply.statusCode, reply.json()]).toEqual([
    503,
    { status: "error", errorType: "timeout", error: "query timed out in expression evaluation" },
  ]);
  await api.close();
});
