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
const oddValues = [NaN, Infinity, -Infinity, 1e-300, 1e22, -0, 123456789.125, 1e-7, 0.000001, 1e21, 5e-324];

const inBlocks: { labels: Labels; samples: Sample[] }[] = [
  { labels: { __name__: "load", job: "shop", instance: "a:9100" }, samples: wave(0, 240) },
  { labels: { __name__: "load", job: "shop", instance: "b:9100" }, samples: wave(0, 240) },
  { labels: { __name__: "load", job: "bank", instance: "c:9100", zone: "ü/ö" }, samples: wave(20, 160) },
  { labels: { __name__: "gappy", job: "shop" }, samples: [...wave(0, 40), ...wave(100, 140)] },
  { labels: { __name__: "odd", kind: 'quote" back\\slash' }, samples: oddValues.map((v, i) => ({ t: at(i * 4), v })) },
  {
    labels: { __name__: "millis" },
    samples: [
      { t: epochMillis(start + 1), v: 1 },
      { t: epochMillis(start + 30_020), v: 2 },
    ],
  },
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

/** Path below /api/v1 and parameters; a value that is a list repeats the parameter. */
type Request = readonly [path: string, params?: Readonly<Record<string, string | readonly string[]>>];
type Body = { status: string; data?: unknown; errorType?: string; error?: string };
type Reply = { status: number; type: string | null; body: Body };

const seconds = (millis: number): string => String(millis / 1000);
const toForm = (params: Request[1] = {}): URLSearchParams =>
  new URLSearchParams(Object.entries(params).flatMap(([name, value]) => [value].flat().map((one) => [name, one as string])));

async function ask(base: string, [path, params]: Request, method: string): Promise<Reply> {
  const url = `${base}/api/v1/${path}`;
  const response = await (method === "GET" ? fetch(`${url}?${toForm(params)}`) : fetch(url, { method: "POST", body: toForm(params) }));
  const body = (await response.json()) as Body;
  if (body.error !== undefined) body.error = inWordsOf3(path, body.error);
  return { status: response.status, type: response.headers.get("content-type")?.split(";")[0] ?? null, body: unordered(body) };
}

/** Debian's server is a 2.42, whose messages differ in two places from those of 3. */
function inWordsOf3(path: string, message: string): string {
  if (path === "query_range" && /^(1:1: parse error|invalid expression type)/.test(message)) return `invalid parameter "query": ${message}`;
  return message.replace("Invalid time value", "invalid time value");
}

const sorted = (list: unknown[]): unknown[] => [...list].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

/** The order of a vector and of a list of series is not defined. */
function unordered(body: Body): Body {
  const data = body.data as { resultType?: string; result?: unknown[] } | unknown[] | undefined;
  if (Array.isArray(data)) return { ...body, data: sorted(data) };
  if (data?.resultType === "vector") return { ...body, data: { ...data, result: sorted(data.result!) } };
  return body;
}

/** Replies by request, so that a difference names what was asked. */
async function replies(base: string, requests: readonly Request[], methods: readonly string[] = ["GET"]): Promise<Record<string, Reply>> {
  const all: Record<string, Reply> = {};
  for (const method of methods) {
    for (const request of requests) all[`${method} ${request[0]}?${toForm(request[1])}`] = await ask(base, request, method);
  }
  return all;
}

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
  const ours = (requests: readonly Request[], methods?: readonly string[]) => replies(service.url, requests, methods);
  const theirs = (requests: readonly Request[], methods?: readonly string[]) => replies(prometheus.url, requests, methods);
  const either = ["GET", "POST"];

  test("instant queries of selectors", async () => {
    const moments = [at(30), at(100) + 7, at(43) + 299_999, at(239), at(239) + 299_999, at(239) + 300_001, start - 1, at(140) + 1];
    const queries = [
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
    ];
    const requests = queries.flatMap((query) => moments.map((time): Request => ["query", { query, time: seconds(time) }]));
    expect(await ours(requests)).toEqual(await theirs(requests));
  });

  test("special values, to the last digit", async () => {
    const requests: Request[] = [
      ...oddValues.map((_, i): Request => ["query", { query: "odd", time: seconds(at(i * 4)) }]),
      ["query_range", { query: "odd", start: seconds(start), end: seconds(at(44)), step: "15" }],
    ];
    expect(await ours(requests, either)).toEqual(await theirs(requests, either));
  });

  test("a stale marker ends a series at once, an ordinary NaN is a value", async () => {
    const requests: Request[] = Array.from({ length: 22 }, (_, i) => [
      "query",
      { query: "ended", time: seconds(late - 15_000 + i * 7500) },
    ]);
    const range: Request = ["query_range", { query: "ended", start: seconds(late - 60_000), end: seconds(late + 200_000), step: "5s" }];
    const real = await theirs([...requests, range]);
    expect(await ours([...requests, range])).toEqual(real);
    expect(JSON.stringify(real)).toContain('"NaN"');
  });

  test("numbers and strings", async () => {
    const numbers = ["1+1", "1", "-1", "+1.5e3", "0x1F", "017", ".5", "2^3^2", "-2^2", "2*(3+4)", "7%3", "-7%3", "1/0", "-1/0", "0/0"];
    const more = ["1e400", "Inf - inf", "NaN", "1e-10", "1e25", "1/3", "2 > bool 1", "2 == bool 1", "1 atan2 2", "10 - 4 - 3"];
    const strings = ['"text"', "'it\\'s'", "`raw\\n`", '"\\u00e9\\x41\\101\\t"'];
    const requests: Request[] = [
      ...[...numbers, ...more, "1 + 2 * 3 ^ 2 / 4", ...strings].map((query): Request => ["query", { query, time: "4" }]),
      ...["1+1", "NaN", "1e-10", "1e25"].map((query): Request => ["query_range", { query, start: "0", end: "10", step: "3" }]),
    ];
    expect(await ours(requests)).toEqual(await theirs(requests));
  });

  test("moments and lengths as numbers, RFC 3339 and durations", async () => {
    const times = ["1700000500", "1700000500.4567", "1.7000005e9", "2023-11-14T22:21:40Z", "2023-11-14T23:21:40.123456789+01:00", "-5"];
    const steps = ["15", "15.5", "1m", "1h30m", "90000ms", "0.5", "1w"];
    const requests: Request[] = [
      ...times.map((time): Request => ["query", { query: 'load{job="shop"}', time }]),
      ...steps.map((step): Request => ["query_range", { query: "gappy", start: seconds(off), end: seconds(at(150)), step }]),
    ];
    expect(await ours(requests, either)).toEqual(await theirs(requests, either));
  });

  test("range queries", async () => {
    const grids = [
      [off, at(240), "60"],
      [start - 600_000, at(260) + 300_000, "17"],
      [at(10), at(10), "15"],
      [at(10) + 3, at(10) + 100_003, "33.001"],
      [start + 1, start + 31_000, "0.01"],
    ] as const;
    const queries = ["load", "gappy", 'load{job="shop"} offset 3m', "nothing", "millis"];
    const requests = queries.flatMap((query) =>
      grids.map(([from, to, step]): Request => ["query_range", { query, start: seconds(from), end: seconds(to), step, timeout: "30s" }]),
    );
    expect(await ours(requests)).toEqual(await theirs(requests));
  });

  test("the limit of 11,000 points", async () => {
    const requests = ["11000", "11001"].map((end): Request => ["query_range", { query: "millis", start: "0", end, step: "1" }]);
    const real = await theirs(requests, either);
    expect(await ours(requests, either)).toEqual(real);
    expect(Object.values(real).map(({ status }) => status)).toEqual([200, 400, 200, 400]);
  });

  test("wrong parameters get the same words", async () => {
    const range = { query: "load", start: "0", end: "100", step: "10" };
    const changes = [
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
    ];
    const requests: Request[] = [
      ...changes.map((change): Request => ["query_range", { ...range, ...change }]),
      ["query", { query: "load", time: "noon" }],
      ["query", { query: "load", timeout: "x" }],
      ["query"],
    ];
    const real = await theirs(requests, either);
    expect(await ours(requests, either)).toEqual(real);
    expect(new Set(Object.values(real).map(({ status }) => status))).toEqual(new Set([400]));
  });

  test("wrong PromQL is bad_data at a place, in words of its own", async () => {
    const selectors = ["load{", "load}", 'load{job="shop"', "load{job=shop}", 'load{job~"x"}', 'load{job=~"("}', '{job=~".*"}', "{}"];
    const others = [
      "1 +",
      "1 == 2",
      "1 and 2",
      "1 + 'a'",
      "-'a'",
      "1 offset 5m",
      "load offset",
      '"open',
      '"\\q"',
      "@",
      "load load",
      "1 +\n *",
    ];
    const queries = [...selectors, 'load{__name__="x"}', ...others, "5m5m5m"];
    const requests: Request[] = [
      ...queries.map((query): Request => ["query", { query }]),
      ...["load{", "1", "load[5m]", "load offset 5m"].map((match): Request => ["series", { "match[]": match }]),
    ];
    const kind = (all: Record<string, Reply>) =>
      Object.fromEntries(
        Object.entries(all).map(([name, { status, type, body }]) => [
          name,
          { status, type, state: body.status, errorType: body.errorType },
        ]),
      );
    const own = await ours(requests);
    expect(kind(own)).toEqual(kind(await theirs(requests)));
    for (const { body } of Object.values(own))
      expect(body.error).toMatch(/^invalid parameter "(query|match\[\])": \d+:\d+: parse error: ./);
  });

  test("series, labels and values", async () => {
    const requests: Request[] = [
      ["series", { "match[]": "load" }],
      ["series", { "match[]": ["load", 'gappy{job="shop"}', 'load{job="bank"}'] }],
      ["series", { "match[]": '{__name__=~".+"}' }],
      ["series", { "match[]": "nothing" }],
      ["series", { "match[]": "load", start: seconds(start), end: seconds(at(10)) }],
      ["labels"],
      ["labels", { "match[]": "gappy" }],
      ["labels", { "match[]": ["gappy", "odd"] }],
      ["labels", { "match[]": "nothing" }],
      ["labels", { start: "-292273086-05-16T16:47:06Z", end: "292277025-08-18T07:12:54.999999999Z" }],
    ];
    expect(await ours(requests, either)).toEqual(await theirs(requests, either));
    const values = ["__name__", "job", "zone", "kind", "nowhere"].flatMap((name): Request[] => [
      [`label/${name}/values`],
      [`label/${name}/values`, { "match[]": "load" }],
      [`label/${name}/values`, { "match[]": ["load", "odd"] }],
    ]);
    expect(await ours(values)).toEqual(await theirs(values));
  });

  test("wrong searches get the same words", async () => {
    const requests: Request[] = [
      ["series"],
      ["series", { "match[]": "load", start: "x" }],
      ["labels", { end: "x" }],
      ["label/job/values", { start: "x" }],
      ["label/job/values", { "match[]": '{job=~".*"}' }],
      ["labels", { "match[]": "{}" }],
      ["series", { "match[]": '{job=""}' }],
      ["metadata", { limit: "x" }],
    ];
    const real = await theirs(requests);
    expect(await ours(requests)).toEqual(real);
    expect(new Set(Object.values(real).map(({ status }) => status))).toEqual(new Set([400]));
  });
});
