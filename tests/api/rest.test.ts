/** The routes below /api/foretrace/v1 over a seeded store: what they answer, and how wrong requests are refused. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Labels } from "../../src/lib/series.ts";
import { epochMillis } from "../../src/lib/units.ts";
import type { AnomalyRecord, ForecastRecord } from "../../src/store/ports.ts";
import { startService, type TestService } from "./service.ts";

const now = 1_800_000_000_000;
const minute = 60_000;
const base = "/api/foretrace/v1";
const heap: Labels = { __name__: "go_trace_heap_live_bytes", target: "shop" };
const odd: Labels = { __name__: "odd", target: "shop", path: 'a"b\\c\nd' };

const forecast: ForecastRecord = {
  id: "f1",
  target: "shop",
  labels: heap,
  modelId: "m1",
  model: "seasonal-naive",
  issuedAt: epochMillis(now - 2 * minute),
  start: epochMillis(now - minute),
  step: minute,
  levels: [0.025, 0.5, 0.9, 0.975],
  quantiles: [
    [1, null, 1],
    [2, 3, 2],
    [5, 6, 7],
    [8, 9, 9],
  ],
};
const anomaly = (id: string, from: number, open: boolean): AnomalyRecord => ({
  id,
  target: "shop",
  from: epochMillis(from),
  peakAt: epochMillis(from + minute),
  to: epochMillis(from + 2 * minute),
  open,
  peakScore: 2.5,
  threshold: 0.61,
  modelId: "m1",
  contributions: [
    { labels: odd, share: 0.2, observed: null, expected: 1 },
    { labels: heap, share: 0.8, observed: 9, expected: 2 },
  ],
  traces: [{ id: "t", url: "/traces/t?from=1&to=2" }],
});

let service: TestService;
beforeAll(async () => {
  service = await startService({ clock: () => epochMillis(now) });
  const { store } = service;
  await store.targets.ensure("shop", epochMillis(now - 60 * minute));
  await store.targets.ensure("empty", epochMillis(now));
  await store.series.append([
    { labels: heap, samples: [0, 1, 2, 3].map((i) => ({ t: epochMillis(now - i * minute), v: i === 2 ? NaN : i })) },
    { labels: odd, samples: [{ t: epochMillis(now - 90 * minute), v: Infinity }] },
  ]);
  await store.outcomes.putForecasts([forecast]);
  await store.outcomes.putAnomalies("shop", { from: epochMillis(0), to: epochMillis(now) }, [
    anomaly("old", now - 60 * minute, false),
    anomaly("new", now - 2 * minute, true),
  ]);
  await store.models.put(
    { target: "shop", kind: "forecast", createdAt: epochMillis(now), summary: { series: 2, wape: 0.1 } },
    { manifest: { model: "seasonal-naive", format: 1 }, weights: new Uint8Array(8) },
  );
  await store.outcomes.putReport(
    { id: "r1", createdAt: epochMillis(now), from: epochMillis(0), to: epochMillis(now), title: "Week" },
    { markdown: "# Week\n", html: "<!doctype html><title>Week</title><script>alert(1)</script>" },
  );
});
afterAll(() => service?.stop());

type Json = { items?: Record<string, unknown>[]; error?: { code: string; message: string; place?: object } } & Record<string, unknown>;
async function call(path: string, init: RequestInit = {}): Promise<[number, Json]> {
  const response = await fetch(service.url + (path.startsWith("/") ? path : `${base}/${path}`), init);
  return [response.status, (await response.json()) as Json];
}
const post = (path: string, body: string, type = "application/json") =>
  call(path, { method: "POST", headers: { "content-type": type }, body });

describe("what is read", () => {
  test("targets with what they hold", async () => {
    const [status, { items }] = await call("targets");
    expect(status).toBe(200);
    expect(items).toEqual(
      expect.arrayContaining([
        { name: "shop", createdAt: now - 60 * minute, series: 2, traces: 0, openAnomalies: 1, lastSampleAt: now },
        { name: "empty", createdAt: now, series: 0, traces: 0, openAnomalies: 0, lastSampleAt: null },
      ]),
    );
  });

  test("series with unit, help and newest sample; what is not finite is null", async () => {
    const [, { items }] = await call("series?target=shop");
    expect(items).toEqual([
      {
        name: 'go_trace_heap_live_bytes{target="shop"}',
        labels: heap,
        unit: "bytes",
        help: "Heap in use at the end of the window",
        last: { t: now, v: 0 },
      },
      { name: 'odd{path="a\\"b\\\\c\\nd",target="shop"}', labels: odd, unit: "", help: "", last: { t: now - 90 * minute, v: null } },
    ]);
    expect(await call("series?target=nobody")).toEqual([200, { items: [] }]);
  });

  test("one series with its forecast, what was said before, and anomalies", async () => {
    const name = encodeURIComponent('go_trace_heap_live_bytes{target="shop"}');
    const [status, data] = await call(`series/data?target=shop&name=${name}`);
    expect(status).toBe(200);
    expect(data).toMatchObject({ unit: "bytes", forecast: { id: "f1" } });
    expect(data["samples"]).toEqual([3, 2, 1, 0].map((i) => [now - i * minute, i === 2 ? null : i]));
    expect(data["past"]).toEqual([
      [now - minute, 2, 1, 8],
      [now, 3, null, 9],
    ]);
    expect((data["anomalies"] as { id: string }[]).map(({ id }) => id).sort()).toEqual(["new", "old"]);
    const early = await call(`series/data?target=shop&name=${name}&from=${now - 200 * minute}&to=${now - 100 * minute}`);
    expect(early).toMatchObject([200, { samples: [], anomalies: [] }]);
    expect(await call(`series/data?target=shop&name=${encodeURIComponent('odd{path="a\\"b\\\\c\\nd"}')}&from=0`)).toMatchObject([
      400,
      { error: { code: "bad_usage", place: { input: "from" } } },
    ]);
    expect(await call("series/data?target=shop&name=nothing")).toMatchObject([
      404,
      { error: { code: "not_found", place: { input: "name" } } },
    ]);
    expect(await call("series/data?target=shop&name=load[5m]")).toMatchObject([400, { error: { code: "bad_usage" } }]);
  });

  test("forecasts, models and anomalies", async () => {
    const [, forecasts] = await call("forecasts?target=shop");
    expect(forecasts.items).toEqual([JSON.parse(JSON.stringify(forecast))]);
    const [, models] = await call("models?target=shop");
    expect(models.items).toMatchObject([{ target: "shop", kind: "forecast", summary: { series: 2, wape: 0.1 } }]);
    const [, all] = await call("anomalies");
    expect(all.items!.map(({ id }) => id)).toEqual(["new", "old"]);
    const [, some] = await call(`anomalies?target=shop&to=${now - 30 * minute}&limit=5`);
    expect(some.items!.map(({ id }) => id)).toEqual(["old"]);
    const [, one] = await call("anomalies/new");
    expect((one["contributions"] as { share: number }[]).map(({ share }) => share)).toEqual([0.8, 0.2]);
    expect(await call("anomalies/none")).toMatchObject([404, { error: { code: "not_found" } }]);
  });

  test("reports as a page that may run nothing, and as Markdown", async () => {
    const [, { items }] = await call("reports");
    expect(items).toMatchObject([{ id: "r1", title: "Week" }]);
    const html = await fetch(`${service.url}${base}/reports/r1`);
    expect(html.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(html.headers.get("content-security-policy")).toContain("sandbox");
    expect(await html.text()).toContain("<title>Week</title>");
    const markdown = await fetch(`${service.url}${base}/reports/r1?format=md`);
    expect([markdown.headers.get("content-type"), await markdown.text()]).toEqual(["text/markdown; charset=utf-8", "# Week\n"]);
    expect(await call("reports/none")).toMatchObject([404, { error: { code: "not_found" } }]);
    expect(await call("reports/r1?format=pdf")).toMatchObject([
      400,
      { error: { message: 'query parameter "format" must be one of html, md' } },
    ]);
  });
});

describe("jobs", () => {
  test("are started, found, listed and cancelled; the same twice is one", async () => {
    const train = JSON.stringify({ name: "train", input: { target: "shop" } });
    const [status, job] = await post("jobs", train);
    expect([status, job["name"], job["state"], job["progress"]]).toEqual([202, "train", "waiting", 0]);
    const [, again] = await post("jobs", train);
    expect(again["id"]).toBe(job["id"]);
    const id = encodeURIComponent(job["id"] as string);
    expect(await call(`jobs/${id}`)).toMatchObject([200, { id: job["id"], input: { target: "shop" } }]);
    expect((await call("jobs?name=train&state=waiting"))[1].items).toHaveLength(1);
    expect(await call(`jobs/${id}`, { method: "DELETE" })).toMatchObject([202, { state: "canceled" }]);
    expect(await call(`jobs/${id}`, { method: "DELETE" })).toMatchObject([409, { error: { code: "conflict" } }]);
    expect(await call("jobs/none", { method: "DELETE" })).toMatchObject([404, { error: { code: "not_found" } }]);
    const [, revived] = await post("jobs", train);
    expect([revived["id"], revived["state"]]).toEqual([job["id"], "waiting"]);
  });

  test("a report is asked for with its range", async () => {
    expect(await post("reports", JSON.stringify({ from: 1, to: 2 }))).toMatchObject([202, { name: "report", input: { from: 1, to: 2 } }]);
    expect(await post("reports", JSON.stringify({ from: 3, to: 2 }))).toMatchObject([
      400,
      { error: { code: "bad_json", place: { input: "to" } } },
    ]);
  });

  test.each([
    [{ from: 1e300, to: 1e300 }, "8640000000000000"],
    [{ from: 8.64e15, to: 8.65e15 }, "to"],
    [{ from: -8.64e15, to: 8.64e15 }, "ten years"],
    [{ from: 0, to: Date.UTC(1980, 0, 3) }, "ten years"],
  ])("a report of %j is refused before it is queued, as a job too", async (range, words) => {
    for (const [path, body] of [
      ["reports", range],
      ["jobs", { name: "report", input: range }],
    ] as const) {
      const [status, { error }] = await post(path, JSON.stringify(body));
      expect([path, status, error?.code]).toEqual([path, 400, "bad_json"]);
      expect(error!.message).toContain(words);
    }
  });

  test("a report job of all time until now is refused", async () => {
    expect(await post("jobs", JSON.stringify({ name: "report", input: { from: -8.64e15 } }))).toMatchObject([
      400,
      { error: { code: "bad_json" } },
    ]);
  });

  test.each([
    ["{", "the body is not valid JSON"],
    ["", "the body is empty"],
    ["[]", "body"],
    ['"train"', "body"],
    ['{"name":"train"}', "input"],
    ['{"name":"train","input":{}}', "target"],
    ['{"name":"rm","input":{"target":"x"}}', "name"],
    ['{"name":"train","input":{"target":"x","file":"/etc/passwd"}}', "file"],
    ['{"name":"ingest","input":{"target":"x","path":"/etc/passwd"}}', ""],
    ['{"name":"train","input":{"target":5}}', "target"],
    ['{"name":"train","input":{"target":"a\\u0000b"}}', "target"],
    ['{"__proto__":{"name":"train"},"input":{}}', ""],
  ])("the body %j is bad_json that names the field", async (body, words) => {
    const [status, { error }] = await post("jobs", body);
    expect([status, error?.code]).toEqual([400, "bad_json"]);
    expect(error!.message).toContain(words);
  });

  test("another kind of body, or too much of it", async () => {
    expect(await post("jobs", "name=train", "application/x-www-form-urlencoded")).toMatchObject([400, { error: { code: "bad_json" } }]);
    expect(await post("jobs", JSON.stringify({ name: "x".repeat(2 ** 20) }))).toMatchObject([413, { error: { code: "too_large" } }]);
  });
});

describe("wrong requests", () => {
  test.each([
    ["targets?x=1", 400, "bad_usage"],
    ["series", 400, "bad_usage"],
    ["series?target=shop&from=noon", 400, "bad_usage"],
    ["anomalies?limit=many", 400, "bad_usage"],
    ["anomalies?limit=0", 400, "bad_usage"],
    ["anomalies?limit=1.5", 400, "bad_usage"],
    ["anomalies?target=a&target=b", 400, "bad_usage"],
    ["jobs?state=lost", 400, "bad_usage"],
    ["models?kind=forecast", 400, "bad_usage"],
    ["nothing", 404, "not_found"],
    ["/favicon.ico", 404, "not_found"],
    ["/../../etc/passwd", 404, "not_found"],
    ["/%2e%2e/%2e%2e/etc/passwd", 404, "not_found"],
    ["/%zz", 400, "bad_usage"],
  ])("%s is %i %s", async (path, status, code) => {
    expect(await call(path)).toMatchObject([status, { error: { code } }]);
  });

  test("a known address with another method says which are possible", async () => {
    for (const [path, method, allow] of [
      ["targets", "DELETE", "GET, HEAD"],
      ["traces", "PUT", "GET, HEAD, POST"],
      ["jobs/x", "POST", "DELETE, GET, HEAD"],
      ["/api/v1/query", "DELETE", "GET, HEAD, POST"],
      ["/metrics", "POST", "GET, HEAD"],
      ["/healthz", "PATCH", "GET, HEAD"],
      ["/", "POST", "GET, HEAD"],
    ] as const) {
      const response = await fetch(service.url + (path.startsWith("/") ? path : `${base}/${path}`), { method });
      expect([path, response.status, response.headers.get("allow")]).toEqual([path, 405, allow]);
      expect(((await response.json()) as Json).error?.code).toBe("method_not_allowed");
    }
  });
});

test("no address and no parameter is answered as a defect", async () => {
  const spec = (await service.api.app.inject("/docs/json")).json<{
    paths: Record<string, Record<string, { parameters?: { name: string; in: string }[] }>>;
  }>();
  const routes = Object.entries(spec.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, { parameters = [] }]) => ({ path, method, parameters })),
  );
  const odd = fc.oneof(
    fc.constantFrom(
      "shop",
      "load",
      "1",
      "-1",
      "1e400",
      "NaN",
      "",
      "0",
      "5m",
      "\u0000",
      "%",
      "..",
      "/",
      "2026-03-01T10:00:00Z",
      "9".repeat(30),
      "up{",
    ),
    fc.string({ unit: "grapheme", maxLength: 12 }),
  );
  const requests = fc.constantFrom(...routes).chain(({ path, method, parameters }) =>
    fc.record({
      method: fc.constant(method as "get" | "post"),
      path: fc
        .array(odd, { minLength: 3, maxLength: 3 })
        .map((values) => path.replaceAll(/\{\w+\}/g, () => encodeURIComponent(values.pop() ?? "x") || "x")),
      query: fc.dictionary(fc.constantFrom(...parameters.filter((one) => one.in === "query").map(({ name }) => name), "other"), odd),
      body: fc.oneof(odd, fc.json()),
    }),
  );
  await fc.assert(
    fc.asyncProperty(requests, async ({ method, path, query, body }) => {
      const payload = method === "post" ? { payload: body, headers: { "content-type": "application/json" } } : {};
      const reply = await service.api.app.inject({ method, url: `${path}?${new URLSearchParams(query)}`, ...payload });
      expect([200, 202, 400, 404, 409, 413]).toContain(reply.statusCode);
    }),
    { numRuns: 400 },
  );
});
