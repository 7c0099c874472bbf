import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isForetraceError } from "../../src/lib/errors.ts";
import { formatSeriesName } from "../../src/lib/series.ts";
import { epochMillis } from "../../src/lib/units.ts";
import { type MetricMetadata, type OpenMetricsSample, readOpenMetrics } from "../../src/sources/openmetrics.ts";
import { openMetricsText } from "../helpers/openmetrics-text.ts";

async function read(text: string | Uint8Array, pieces = 7, more: { defaultTime?: number; metadata?: Map<string, MetricMetadata> } = {}) {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  const cut: Uint8Array[] = [];
  for (let i = 0; i < bytes.length; i += pieces) cut.push(bytes.subarray(i, i + pieces));
  const samples: OpenMetricsSample[] = [];
  const { defaultTime, metadata } = more;
  const options = {
    input: "history.txt",
    ...(defaultTime !== undefined && { defaultTime: epochMillis(defaultTime) }),
    ...(metadata && { metadata }),
  };
  for await (const part of readOpenMetrics(cut, options)) samples.push(...part);
  return samples;
}

async function failure(text: string | Uint8Array): Promise<string> {
  const error: unknown = await read(text).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isForetraceError(error)) throw error ?? new Error("it was read without an error");
  return `${error.code} ${error.message}`;
}

describe("OpenMetrics reader", () => {
  test("reads the example of the OpenMetrics specification", async () => {
    // From the specification of OpenMetrics 1.0, "Overall Structure" and its examples, with an exemplar and escaped text.
    const text = `# TYPE acme_http_router_request_seconds summary
# UNIT acme_http_router_request_seconds seconds
# HELP acme_http_router_request_seconds Latency though all of ACME's HTTP request router.
acme_http_router_request_seconds_sum{path="/api/v1",method="GET"} 9036.32 1604.5
acme_http_router_request_seconds_count{path="/api/v1",method="GET"} 807283.0 1604.5
# TYPE foo histogram
foo_bucket{le="0.01"} 0 1520879607.789
foo_bucket{le="+Inf"} 17 1520879607.789 # {trace_id="oHg5SJYRHA0"} 9.8 1520879607.789
foo2_total{q="a\\"b\\\\c\\nd{}#"} +Inf 1520879607
# EOF
`;
    const metadata = new Map<string, MetricMetadata>();
    const samples = await read(text, 5, { metadata });
    expect(samples.map(({ labels, t, v }) => [formatSeriesName(labels), t, v])).toEqual([
      [`acme_http_router_request_seconds_sum{method="GET",path="/api/v1"}`, 1_604_500, 9036.32],
      [`acme_http_router_request_seconds_count{method="GET",path="/api/v1"}`, 1_604_500, 807_283],
      [`foo_bucket{le="0.01"}`, 1_520_879_607_789, 0],
      [`foo_bucket{le="+Inf"}`, 1_520_879_607_789, 17],
      [`foo2_total{q="a\\"b\\\\c\\nd{}#"}`, 1_520_879_607_000, Infinity],
    ]);
    expect(samples[4]!.labels["q"]).toBe('a"b\\c\nd{}#');
    expect(metadata.get("acme_http_router_request_seconds")).toEqual({
      type: "summary",
      unit: "seconds",
      help: "Latency though all of ACME's HTTP request router.",
    });
  });

  test("reads the example of Prometheus' text format: milliseconds, NaN, no time, minimal lines", async () => {
    const text = `# HELP http_requests_total The total number of HTTP requests.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{method="post",code="400",}    3 1395066363000

# Escaping in label values:
msdos_file_access_time_seconds{path="C:\\\\DIR\\\\FILE.TXT",error="Cannot find file:\\n\\"FILE.TXT\\""} 1.458255915e9
metric_without_timestamp_and_labels 12.47
something_weird{problem="division by zero"} NaN -3982045
`;
    const samples = await read(text, 11, { defaultTime: 5 });
    expect(samples.map(({ t }) => t)).toEqual([1_395_066_363_000, 1_395_066_363_000, 5, 5, -3_982_045_000]);
    expect(samples[2]!.labels["error"]).toBe('Cannot find file:\n"FILE.TXT"');
    expect(samples[4]!.v).toBeNaN();
  });

  test("round trip of any label sets and values, in pieces of any size", async () => {
    const name = fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,8}$/);
    const label = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,6}$/).filter((key) => key !== "__name__" && key !== "__proto__");
    const samples = fc.array(fc.record({ t: fc.integer({ min: -1e10, max: 4e12 }).map(epochMillis), v: fc.double() }), { maxLength: 4 });
    const series = fc.record({ metric: name, rest: fc.dictionary(label, fc.string({ unit: "binary" })), samples });
    await fc.assert(
      fc.asyncProperty(fc.array(series, { minLength: 1, maxLength: 4 }), fc.integer({ min: 1, max: 40 }), async (given, pieces) => {
        const all = given.map(({ metric, rest, samples }) => ({ labels: { ...rest, __name__: metric }, samples }));
        const back = await read(openMetricsText(all), pieces);
        expect(back).toEqual(all.flatMap(({ labels, samples }) => samples.map(({ t, v }) => ({ labels, t, v }))));
      }),
      { numRuns: 150 },
    );
  });

  test("any text either reads or names a line; nothing else is thrown", async () => {
    const piece = fc.constantFrom(
      "a",
      "{",
      "}",
      '"',
      "=",
      ",",
      " ",
      "1",
      ".",
      "#",
      "\n",
      "\\",
      "EOF",
      "NaN",
      "x_total",
      '{l="v"}',
      " 1 2\n",
      "é",
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 30 }), async (parts) => {
        const code = await failure(parts.join("")).catch((error: unknown) => {
          if ((error as Error).message === "it was read without an error") return "read";
          throw error;
        });
        expect(code).toMatch(/^(read$|bad_metrics history.txt:\d+: )/);
      }),
      { numRuns: 400 },
    );
  });

  test("errors name input, line and fault", async () => {
    const head = "# TYPE a gauge\na 1 2\n";
    expect(await failure(`${head}a one 2\n`)).toBe('bad_metrics history.txt:3: "one" is not a number');
    expect(await failure(`${head}a 1\n`)).toMatch(/^bad_metrics history.txt:3: the sample has no time/);
    expect(await failure(`${head}a{b="c" 1 2\n`)).toMatch(/:3: .*(brace|form)/);
    expect(await failure(`${head}a{b="c",b="d"} 1 2\n`)).toMatch(/:3: label "b" is there twice/);
    expect(await failure(`${head}a{b=c} 1 2\n`)).toMatch(/:3: labels "b=c"/);
    expect(await failure(`${head}# EOF\na 1 2\n`)).toMatch(/:4: text after "# EOF"/);
    expect(await failure(`${head}{a="b"} 1 2\n`)).toMatch(/:3: .*metric name/);
    expect(await failure(`${head}a 1 now\n`)).toMatch(/:3: "now" is not a time/);
    expect(await failure(new Uint8Array([97, 32, 49, 32, 50, 10, 0xff, 0xfe, 10]))).toMatch(/^bad_metrics .*UTF-8/);
    expect(await failure(new Uint8Array([97, 32, 49, 32, 50, 10, 0xc3]))).toMatch(/UTF-8/);
    expect(await failure("")).toMatch(/^empty_input history.txt is empty/);
    expect(await failure(`a{b="${"x".repeat((1 << 20) + 5)}`)).toMatch(/:1: a line longer/);
  });
});
