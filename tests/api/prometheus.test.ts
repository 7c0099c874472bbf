/** The same requests to this service and to a Prometheus server that holds the same samples: the same answers. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createRandom } from "../../src/lib/random.ts";
import type { Labels, Sample } from "../../src/lib/series.ts";
import { epochMillis } from "../../src/lib/units.ts";
import { staleMarker } from "../../src/store/series/stale.ts";
import { openMetricsText } from "../helpers/openmetrics-text.ts";
import { hasService, type Service, startPrometheus } from "../helpers/services.ts";
import { remoteWrite } from "./remote-write.ts";
import { startService, type TestService } from "./service.ts";

const start = 1_700_000_100_000;
const at = (i: number) => epochMillis(start + i * 15_000);
/** Off the samples: at exactly the lookback's length Prometheus 2 still takes a sample and 3 (and Foretrace) does not. */
const off = start + 7;
/** Written after the blocks' time, which a head refuses to go behind. */
const late = start + 86_400_000;
const random = createRandom("prometheus api");
const wave = (from: number, to: number): Sample[] =>
  Array.from({ length: to - from }, (_, i) => ({ t: at(from + i), v: Math.round(random.normal() * 1e4) / 64 }));

const inBlocks: { labels: Labels; samples: Sample[] }[] = [
  { labels: { __name__: "load", job: "shop", instance: "a:9100" }, samples: wave(0, 240) },
  { labels: { __name__: "load", job: "shop", instance: "b:9100" }, samples: wave(0, 240) },
  { labels: { __name__: "load", job: "bank", instance: "c:9100", zone: "ü/ö" }, samples: wave(20, 160) },
  { labels: { __name__: "gappy", job: "shop" }, samples: [...wave(0, 40), ...wave(100, 140)] },
  {
    labels: { __name__: "odd", kind: 'quote" back\\slash' },
    samples: [NaN, Infinity, -Infinity, 1e-300, 1e22, -0, 123456789.125, 1e-7, 0.000001, 1e21, 5e-324].map((v, i) => ({ t: at(i * 4), v })),
  },
  { labels: { __name__: "millis" }, samples: [{ t: epochMillis(start + 1), v: 1 }, { t: epochMillis(start + 30_020), v: 2 }] },
];
const written: { labels: Labels; samples: Sample[] }[] = [
  {
    labels: { __name__: "ended", job: "shop" },
    samples: [
      { t: epochMillis(late), v: 1 },
      { t: epochMillis(late + 15_000), v: 2 },
      { t: epochMillis(late + 30_000), v: staleMarker() },
      { t: epochMillis(late + 120_000), v: 3 },
      { t: epochMillis(late + 135_000), v: NaN },
    ],
  },
];

type Reply = { status: number; type: string | null; body: { status: string; data?: unknown; errorType?: string; error?: string } };

describe.skipIf(!hasService("prometheus"))("as a real Prometheus", () => {
  let prometheus: Service;
  let service: TestService;
  beforeAll(async () => {
    prometheus = await startPrometheus({ blocks: openMetricsText(inBlocks), flags: ["--web.enable-remote-write-receiver"] });
    await remoteWrite(prometheus.url, written);
    service = await startService({ clock: () => epochMillis(start + 3_600_000) });
    await service.store.series.append([...inBlocks, ...written]);
  });
  afterAll(async () => {
    await service?.stop();
    await prometheus?.stop();
  });

  async function ask(base: string, path: string, params: [string, string][], method: "GET" | "POST"): Promise<Reply> {
    const form = new URLSearchParams(params);
    const response =
      method === "GET" ? await fetch(`${base}/api/v1/${path}?${form}`) : await fetch(`${base}/api/v1/${path}`, { method, body: form });
    const body = (await response.json()) as Reply["body"];
    if (body.error !== undefined) body.error = inWordsOf3(path, body.error);
    return { status: response.status, type: response.headers.get("content-type")?.split(";")[0] ?? null, body };
  }
  /** Debian's server is a 2.42, whose messages differ in two places from those of 3. */
  function inWordsOf3(path: string, message: string): string {
    if (path === "query_range" && /^(1:1: parse error|invalid expression type)/.test(message)) return `invalid parameter "query": ${message}`;
    return message.replace("Invalid time value", "invalid time value");
  }
  /** The order of a vector and of a list of series is not defined. */
  function unordered({ body, ...rest }: Reply): unknown {
    const data = body.data as { resultType?: string; result?: unknown[] } | unknown[] | undefined;
    const sort = (list: unknown[]): unknown[] => [...list].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
    if (Array.isArray(data)) return { ...rest, body: { ...body, data: sort(data) } };
    if (data?.resultType === "vector") return { ...rest, body: { ...body, data: { ...data, result: sort(data.result!) } } };
    return { ...rest, body };
  }
  async function same(path: string, params: [string, string][], methods: ("GET" | "POST")[] = ["GET", "POST"]): Promise<Reply> {
    let last: Reply | undefined;
    for (const method of methods) {
      const [theirs, ours] = await Promise.all([ask(prometheus.url, path, params, method), ask(service.url, path, params, method)]);
      expect(unordered(ours), `${method} ${path}?${new URLSearchParams(params)}`).toEqual(unordered(theirs));
      last = theirs;
    }
    return last!;
  }
  /** Where the words of a message are the server's own: same status and kind. */
  async function sameKind(path: string, params: [string, string][]): Promise<void> {
    const [theirs, ours] = await Promise.all([ask(prometheus.url, path, params, "GET"), ask(service.url, path, params, "GET")]);
    const kind = ({ status, type, body }: Reply) => ({ status, type, state: body.status, errorType: body.errorType });
    expect(kind(ours), `${path}?${new URLSearchParams(params)}`).toEqual(kind(theirs));
    expect(ours.body.error).toMatch(/^invalid parameter "(query|match\[\])": \d+:\d+: parse error: /);
  }
  const seconds = (millis: number): string => String(millis / 1000);

  test("instant queries of selectors", async () => {
    const moments = [at(30), at(100) + 7, at(43) + 299_999, at(239), at(239) + 299_999, at(239) + 300_001, start - 1, at(140) + 1];
    for (const query of [
      "load",
      'load{job="shop"}',
      'load{job!="shop"}',
      'load{instance=~"a.*|c:9100"}',
      'load{instance=~"a"}',
      'load{instance!~".*:9100"}',
      'load{zone=""}',
      'load{zone!=""}',
      'load{zone="ü/ö"}',
      'load{zone="\\u00fc/\\xc3\\xb6"}',
      '{__name__=~"lo.d|gappy",job=`shop`}',
      "{job='bank'} # a comment",
      "(load)",
      "load offset 1m",
      "load offset -90s",
      'load{job="shop",} offset 1h2m',
      "gappy",
      "nothing",
      'odd{kind="quote\\" back\\\\slash"}',
    ]) {
      for (const t of moments) await same("query", [["query", query], ["time", seconds(t)]], ["GET"]);
    }
  });

  test("special values, to the last digit", async () => {
    for (let i = 0; i < 11; i++) await same("query", [["query", "odd"], ["time", seconds(at(i * 4))]]);
    await same("query_range", [["query", "odd"], ["start", seconds(start)], ["end", seconds(at(44))], ["step", "15"]]);
  });

  test("a stale marker ends a series at once, an ordinary NaN is a value", async () => {
    for (let t = late - 15_000; t <= late + 150_000; t += 7_500) await same("query", [["query", "ended"], ["time", seconds(t)]], ["GET"]);
    const range: [string, string][] = [["query", "ended"], ["start", seconds(late - 60_000)], ["end", seconds(late + 200_000)], ["step", "5s"]];
    const reply = await same("query_range", range);
    expect(JSON.stringify(reply.body.data)).toContain('"NaN"');
  });

  test("numbers and strings", async () => {
    for (const query of [
      "1+1",
      "1",
      "-1",
      "+1.5e3",
      "0x1F",
      "017",
      ".5",
      "2^3^2",
      "-2^2",
      "2*(3+4)",
      "7%3",
      "-7%3",
      "1/0",
      "-1/0",
      "0/0",
      "1e400",
      "Inf - inf",
      "NaN",
      "1e-10",
      "1e25",
      "1/3",
      "2 > bool 1",
      "2 == bool 1",
      "1 atan2 2",
      "10 - 4 - 3",
      "1 + 2 * 3 ^ 2 / 4",
      '"text"',
      "'it\\'s'",
      "`raw\\n`",
      '"\\u00e9\\x41\\101\\t"',
    ]) {
      await same("query", [["query", query], ["time", "4"]], ["GET"]);
    }
    for (const query of ["1+1", "NaN", "1e-10", "1e25"]) {
      await same("query_range", [["query", query], ["start", "0"], ["end", "10"], ["step", "3"]], ["GET"]);
    }
  });

  test("moments and lengths as numbers, RFC 3339 and durations", async () => {
    for (const time of ["1700000500", "1700000500.4567", "1.7000005e9", "2023-11-14T22:21:40Z", "2023-11-14T23:21:40.123456789+01:00", "-5"]) {
      await same("query", [["query", 'load{job="shop"}'], ["time", time]]);
    }
    for (const step of ["15", "15.5", "1m", "1h30m", "90000ms", "0.5", "1w"]) {
      await same("query_range", [["query", "gappy"], ["start", seconds(off)], ["end", seconds(at(150))], ["step", step]], ["GET"]);
    }
  });

  test("range queries", async () => {
    for (const query of ["load", "gappy", 'load{job="shop"} offset 3m', "nothing", "millis"]) {
      for (const [from, to, step] of [
        [off, at(240), "60"],
        [start - 600_000, at(260) + 300_000, "17"],
        [at(10), at(10), "15"],
        [at(10) + 3, at(10) + 100_003, "33.001"],
        [start + 1, start + 31_000, "0.01"],
      ] as const) {
        await same("query_range", [["query", query], ["start", seconds(from)], ["end", seconds(to)], ["step", step]], ["GET"]);
      }
    }
    const lookback: [string, string][] = [["query", "gappy"], ["start", seconds(off)], ["end", seconds(at(150))], ["step", "7"]];
    await same("query_range", [...lookback, ["timeout", "30s"]]);
  });

  test("the limit of 11,000 points", async () => {
    const of = (count: number): [string, string][] => [["query", "millis"], ["start", "0"], ["end", String(count)], ["step", "1"]];
    expect((await same("query_range", of(11_000))).status).toBe(200);
    expect((await same("query_range", of(11_001))).status).toBe(400);
  });

  test("wrong parameters get the same words", async () => {
    const range = { query: "load", start: "0", end: "100", step: "10" };
    for (const change of [
      { start: "" },
      { start: "yesterday" },
      { end: "2023-11-31T00:00:00Z" },
      { end: "-1" },
      { step: "" },
      { step: "0" },
      { step: "-5" },
      { step: "5 minutes" },
      { step: "1e300" },
      { timeout: "soon" },
      { query: "" },
      { query: "'text'" },
    ]) {
      const reply = await same("query_range", Object.entries({ ...range, ...change }));
      expect(reply.status).toBe(400);
    }
    for (const params of [{ query: "load", time: "noon" }, { query: "load", timeout: "x" }, {}]) {
      expect((await same("query", Object.entries(params))).status).toBe(400);
    }
  });

  test("wrong PromQL is bad_data at a place", async () => {
    for (const query of [
      "load{",
      "load}",
      'load{job="shop"',
      'load{job=shop}',
      'load{job~"x"}',
      'load{job=~"("}',
      '{job=~".*"}',
      "{}",
      'load{__name__="x"}',
      "1 +",
      "1 == 2",
      "1 and 2",
      "1 + 'a'",
      "-'a'",
      "1 offset 5m",
      "load offset",
      '"open',
      '"\\q"',
      "5m5m5m",
      "@",
      "load load",
    ]) {
      await sameKind("query", [["query", query]]);
    }
    for (const match of ["load{", "1", "load[5m]", "load offset 5m"]) await sameKind("series", [["match[]", match]]);
  });

  test("series, labels and values", async () => {
    await same("series", [["match[]", "load"]]);
    await same("series", [["match[]", "load"], ["match[]", 'gappy{job="shop"}'], ["match[]", 'load{job="bank"}']]);
    await same("series", [["match[]", '{__name__=~".+"}']]);
    await same("series", [["match[]", "nothing"]]);
    await same("series", [["match[]", "load"], ["start", seconds(start)], ["end", seconds(at(10))]]);
    await same("labels", []);
    await same("labels", [["match[]", "gappy"]]);
    await same("labels", [["match[]", "gappy"], ["match[]", "odd"]]);
    await same("labels", [["match[]", "nothing"]]);
    for (const name of ["__name__", "job", "zone", "kind", "nowhere"]) {
      await same(`label/${name}/values`, [], ["GET"]);
      await same(`label/${name}/values`, [["match[]", "load"]], ["GET"]);
      await same(`label/${name}/values`, [["match[]", "load"], ["match[]", "odd"]], ["GET"]);
    }
    await same("labels", [["start", "-292273086-05-16T16:47:06Z"], ["end", "292277025-08-18T07:12:54.999999999Z"]]);
  });

  test("wrong searches get the same words", async () => {
    for (const [path, params] of [
      ["series", []],
      ["series", [["match[]", "load"], ["start", "x"]]],
      ["labels", [["end", "x"]]],
      ["label/job/values", [["start", "x"]]],
      ["label/job/values", [["match[]", '{job=~".*"}']]],
      ["labels", [["match[]", "{}"]]],
      ["series", [["match[]", '{job=""}']]],
      ["metadata", [["limit", "x"]]],
    ] as [string, [string, string][]][]) {
      const reply = await same(path, params, ["GET"]);
      expect(reply.status).toBe(400);
    }
  });
});
