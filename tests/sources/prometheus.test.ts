import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { isForetraceError } from "../../src/lib/errors.ts";
import { createRandom } from "../../src/lib/random.ts";
import type { Sample } from "../../src/lib/series.ts";
import { epochMillis } from "../../src/lib/units.ts";
import { counterToRate } from "../../src/sources/counter.ts";
import { createPrometheusClient } from "../../src/sources/prometheus/client.ts";
import { openMetricsText } from "../helpers/openmetrics-text.ts";
import { hasService, type Service, startPrometheus } from "../helpers/services.ts";

const start = 1_700_000_100_000 - (1_700_000_100_000 % 60_000);
const step = 15_000;
const at = (i: number) => epochMillis(start + i * step);

describe.skipIf(!hasService("prometheus"))("against a real Prometheus", () => {
  let service: Service;
  const random = createRandom("prometheus test");
  const long: Sample[] = Array.from({ length: 30_000 }, (_, i) => ({ t: at(i), v: Math.round(random.normal() * 1000) / 8 }));
  const counter: Sample[] = [];
  beforeAll(async () => {
    let value = 100;
    for (let i = 0; i < 900; i++) {
      value = random.uniform() < 0.02 ? random.below(5) : value + random.below(20);
      counter.push({ t: at(i), v: value });
    }
    const series = [
      { labels: { __name__: "long", job: "a" }, samples: long },
      {
        labels: { __name__: "odd", kind: "plain" },
        samples: [10, 11, 12, 13].map((i) => ({ t: at(i), v: [NaN, Infinity, -Infinity, 1e-300][i - 10]! })),
      },
      { labels: { __name__: "requests_total" }, samples: counter, type: "counter" as const },
      { labels: { __name__: "pods", pod: "old" }, samples: long.slice(0, 400) },
      { labels: { __name__: "pods", pod: "new" }, samples: long.slice(700, 900) },
    ];
    service = await startPrometheus({ blocks: openMetricsText(series) });
  }, 60_000);
  afterAll(() => service?.stop());

  const client = () => createPrometheusClient({ url: service.url });

  test("30,000 points in pieces are the server's own samples, bit for bit", async () => {
    const [series, ...others] = await client().rangeQuery("long", at(0), at(29_999), step);
    expect(others).toEqual([]);
    expect(series!.labels).toEqual({ __name__: "long", job: "a" });
    expect(series!.samples).toEqual(long);
  });

  test("the server refuses what one piece holds when the limit is set too high, and the client halves until it answers", async () => {
    const greedy = createPrometheusClient({ url: service.url, maxPoints: 25_000 });
    const [series] = await greedy.rangeQuery("long", at(0), at(29_999), step);
    expect(series!.samples).toEqual(long);
  });

  test("borders that lie off the step are aligned inwards", async () => {
    const [series] = await client().rangeQuery("long", epochMillis(at(3) + 1), epochMillis(at(7) + 14_999), step);
    expect(series!.samples.map(({ t }) => t)).toEqual([4, 5, 6, 7].map(at));
  });

  test("NaN, infinities and tiny numbers keep their value", async () => {
    const [series] = await client().rangeQuery("odd", at(10), at(13), step);
    expect(series!.samples).toEqual([
      { t: at(10), v: NaN },
      { t: at(11), v: Infinity },
      { t: at(12), v: -Infinity },
      { t: at(13), v: 1e-300 },
    ]);
  });

  test("label sets that appear and vanish: their own samples, nothing between", async () => {
    const series = await client().rangeQuery("last_over_time(pods[15s])", at(0), at(1200), step);
    const byPod = new Map(series.map(({ labels, samples }) => [labels["pod"], samples]));
    expect(byPod.get("old")!.at(-1)!.t).toBeLessThanOrEqual(at(400));
    expect(byPod.get("new")![0]!.t).toBe(at(700));
    expect(byPod.get("new")!.at(-1)!.t).toBeLessThanOrEqual(at(900));
  });

  test("counterToRate equals the server's rate() on the step, and its resets() are the drops we count", async () => {
    const [raw] = await client().rangeQuery("requests_total", at(0), at(899), step);
    const ours = counterToRate(raw!.samples);
    // One millisecond more than the step, so that both border samples are inside whether the window is closed (2.x) or left-open (3.x);
    // the server then extrapolates by at most that millisecond.
    const [theirs] = await client().rangeQuery("rate(requests_total[15001ms])", at(1), at(899), step);
    expect(ours.map(({ t }) => t)).toEqual(theirs!.samples.map(({ t }) => t));
    for (const [i, { v }] of ours.entries()) expect(v / (theirs!.samples[i]!.v || 1)).toBeCloseTo(theirs!.samples[i]!.v === 0 ? 0 : 1, 3);
    const [resets] = await client().rangeQuery("resets(requests_total[4h])", at(899), at(899), step);
    const drops = counter.filter(({ v }, i) => i > 0 && v < counter[i - 1]!.v).length;
    expect(drops).toBeGreaterThan(5);
    expect(resets!.samples[0]!.v).toBe(drops);
  });

  test("a wrong expression gets the server's words as source_rejected", async () => {
    const error: unknown = await client()
      .rangeQuery("sum(", at(0), at(5), step)
      .catch((reason: unknown) => reason);
    expect(isForetraceError(error) && error.code).toBe("source_rejected");
    expect((error as Error).message).toMatch(/parse error: unclosed left parenthesis/);
  });
});

describe("failures", () => {
  let server: Server | undefined;
  const serve = async (handler: (request: IncomingMessage, response: ServerResponse, call: number) => void): Promise<string> => {
    let calls = 0;
    server = createServer((request, response) => handler(request, response, ++calls));
    await new Promise<void>((resolve) => server!.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  afterEach(async () => {
    server?.closeAllConnections();
    await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
    server = undefined;
  });
  const good = JSON.stringify({ status: "success", data: { resultType: "matrix", result: [{ metric: { a: "b" }, values: [[1, "2"]] }] } });
  const ask = (url: string, more: object = {}, signal?: AbortSignal) =>
    createPrometheusClient({ url, backoffMillis: 1, ...more }).rangeQuery(
      "up",
      epochMillis(1000),
      epochMillis(1000),
      1000,
      signal ? { signal } : {},
    );
  const codeOf = async (work: Promise<unknown>) => {
    const error: unknown = await work.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    return isForetraceError(error) ? [error.code, error.message] : ["none", String(error)];
  };

  test("503 and 429 are tried again, then answered", async () => {
    const url = await serve((_, response, call) => {
      response.writeHead(call === 1 ? 503 : call === 2 ? 429 : 200, call === 2 ? { "retry-after": "0" } : {});
      response.end(call > 2 ? good : "busy");
    });
    expect(await ask(url)).toEqual([{ labels: { a: "b" }, samples: [{ t: 1000, v: 2 }] }]);
  });

  test("a server that stays down is source_unreachable, with its address", async () => {
    const url = await serve((_, response) => response.writeHead(502).end("<html>bad gateway"));
    expect(await codeOf(ask(url, { attempts: 3 }))).toEqual([
      "source_unreachable",
      `${url}/api/v1/query_range: HTTP 502 <html>bad gateway`,
    ]);
    expect((await codeOf(ask("http://127.0.0.1:1", { attempts: 2 })))[0]).toBe("source_unreachable");
  });

  test("401 is not tried again; credentials travel in the header", async () => {
    const seen: (string | undefined)[] = [];
    const url = await serve((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(seen.length === 1 ? 401 : 200).end(seen.length === 1 ? "no" : good);
    });
    expect((await codeOf(ask(url)))[0]).toBe("source_rejected");
    await ask(url, { auth: { username: "u", password: "p:ä" } });
    await ask(url, { auth: { bearer: "tok" } });
    expect(seen).toEqual([undefined, `Basic ${Buffer.from("u:p:ä").toString("base64")}`, "Bearer tok"]);
  });

  test("an answer that is no Prometheus answer, and one that is too large", async () => {
    const url = await serve((_, response) => response.end("hello"));
    expect((await codeOf(ask(url)))[1]).toMatch(/not that of a Prometheus query API: hello/);
    expect((await codeOf(ask(url, { answerLimit: 3 })))[1]).toMatch(/larger than the limit/);
  });

  test("native histograms are refused with advice", async () => {
    const result = [{ metric: {}, histograms: [[1, { count: "1", sum: "1" }]] }];
    const url = await serve((_, response) => response.end(JSON.stringify({ status: "success", data: { resultType: "matrix", result } })));
    expect((await codeOf(ask(url)))[1]).toMatch(/histogram_quantile/);
  });

  test("a silent server runs into the timeout; a signal ends the wait", async () => {
    const url = await serve(() => {});
    expect((await codeOf(ask(url, { timeoutMillis: 30 })))[1]).toMatch(/did not answer within 0.03 s/);
    const controller = new AbortController();
    const asked = codeOf(ask(url, {}, controller.signal));
    controller.abort();
    expect((await asked)[0]).toBe("canceled");
  });
});

describe("counterToRate", () => {
  const samples = (...pairs: [number, number][]) => pairs.map(([t, v]) => ({ t: epochMillis(t * 1000), v }));
  test("reset, gap and NaN", () => {
    expect(counterToRate(samples([0, 10], [10, 30], [20, 5], [30, 5]))).toEqual(samples([10, 2], [20, 0.5], [30, 0]));
    expect(counterToRate(samples([0, 10], [10, 30], [100, 50], [110, 60]), 20_000)).toEqual(samples([10, 2], [110, 1]));
    expect(counterToRate(samples([0, 10], [10, NaN], [20, 20], [30, 30]))).toEqual(samples([30, 1]));
    expect(counterToRate(samples([0, 1]))).toEqual([]);
  });
});
