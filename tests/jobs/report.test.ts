/** Reports: what is in the store, in words; nothing else. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { composeReport } from "../../src/jobs/report/compose.ts";
import type { TargetFacts } from "../../src/jobs/report/gather.ts";
import { toHtml } from "../../src/jobs/report/html.ts";
import { toMarkdown } from "../../src/jobs/report/markdown.ts";
import { timesIn, valueText } from "../../src/jobs/report/words.ts";
import { report } from "../../src/jobs/steps/report.ts";
import { loadFrames } from "../../src/jobs/target-frames.ts";
import { isForetraceError } from "../../src/lib/errors.ts";
import { epochMillis } from "../../src/lib/units.ts";
import { naiveForecast } from "../../src/models/forecast/seasonal-naive.ts";
import { quantileLevels } from "../../src/models/model.ts";
import type { ForecastRecord, Store } from "../../src/store/ports.ts";
import { type Harness, openHarness } from "./harness.ts";

const moment = (text: string) => epochMillis(Date.parse(text));
const range = { from: moment("2026-11-16T23:00:00Z"), to: moment("2026-11-23T23:00:00Z") };
const traceId = "ab12".repeat(16);
const facts: TargetFacts = {
  target: "checkout",
  series: 42,
  anomalies: [
    {
      id: "a1",
      target: "checkout",
      from: moment("2026-11-18T09:00:00Z"),
      peakAt: moment("2026-11-18T09:01:10Z"),
      to: moment("2026-11-18T09:02:30Z"),
      open: false,
      peakScore: 2.5,
      threshold: 1.9,
      modelId: "m",
      contributions: [
        { labels: { __name__: "go_trace_gc_pause_max_seconds", target: "checkout" }, share: 0.5, observed: 0.0125, expected: 0.0002 },
        { labels: { __name__: "go_trace_heap_live_bytes", target: "checkout" }, share: 0.3, observed: 3 * 2 ** 20, expected: null },
        { labels: { __name__: "queue", kind: "a|b", target: "checkout" }, share: 0.1, observed: null, expected: 1234567 },
        { labels: { __name__: "fourth", target: "checkout" }, share: 0.05, observed: 1, expected: 1 },
      ],
      traces: [{ id: traceId, url: `/traces/${traceId}?from=1&to=2` }],
    },
  ],
  skill: {
    series: [{ labels: { __name__: "queue", target: "checkout" }, model: "lstm", skill: 0.21, coverage: 0.94, points: 480 }],
    median: 0.21,
    coverage: 0.94,
    points: 480,
  },
  trained: {
    at: moment("2026-11-18T02:00:00Z"),
    parts: [
      { step: 10_000, skill: 0.12, coverage95: 0.94, lstmServed: 14, series: Array.from({ length: 19 }) },
      { step: 60_000, skill: null, coverage95: null, lstmServed: 0, series: [{}] },
    ],
  },
  traces: [
    {
      id: traceId,
      target: "checkout",
      bytes: 10,
      uploadedAt: moment("2026-11-18T10:00:00Z"),
      status: "partial",
      events: 12345,
      start: moment("2026-11-18T09:00:00Z"),
      end: moment("2026-11-18T09:05:00Z"),
      error: "cut at byte 9",
    },
  ],
  pauses: {
    longestGcPause: { labels: { __name__: "go_trace_gc_pause_max_seconds" }, value: 0.0125, at: moment("2026-11-18T09:01:10Z") },
    gcPauseSeconds: 1.5,
    longestStop: {
      labels: { __name__: "go_trace_stw_max_seconds", kind: "GC mark termination" },
      value: 0.0125,
      at: moment("2026-11-18T09:01:10Z"),
    },
    longestSchedLatency: undefined,
    coveredMillis: 300_000,
  },
};

describe("the document", () => {
  test("Markdown of one target, whole, in the configured zone", () => {
    expect(toMarkdown(composeReport({ range, targets: [facts] }, timesIn("Europe/Berlin")))).toBe(`\
# Foretrace report, 2026-11-17 00:00:00 – 2026-11-24 00:00:00 (Europe/Berlin)

**1 anomalous window** in 1 target. All times are in Europe/Berlin. The range is 7 days long.

## checkout

Series with samples: 42. Traces: 1.

### Anomalous windows

| When | Length | Peak | What stood out (observed, expected) | Trace |
| --- | --- | --- | --- | --- |
| [2026-11-18 10:00:00 – 10:02:30](</anomalies/a1>) | 2 min 30 s | 2.5 × the threshold, 2026-11-18 10:01:10 | \`go_trace_gc_pause_max_seconds\` 12.5 ms, 200 µs (50 %); \`go_trace_heap_live_bytes\` 3 MiB, no expectation (30 %); \`queue{kind="a\\|b"}\` missing, 1,234,567 (10 %) | [ab12ab12](</traces/${traceId}?from=1&to=2>) |

### Forecasts

Trained 2026-11-18 03:00:00 on series of every 10 s: the lstm serves 14 of 19, the seasonal naive forecast the rest; on held-out history (which also chose between them, and so flatters a little) skill against the seasonal naive forecast was 12 %, and 94 % of the values lay within the 95 % interval.

Trained 2026-11-18 03:00:00 on series of every 1 min 00 s: the lstm serves 0 of 1, the seasonal naive forecast the rest; there was too little history to hold any out.

Forecasts of 1 series met 480 values. Median skill against the seasonal naive forecast: **21 %** less quantile loss (below 0 % the naive forecast was better). 94 % of the values lay within the 95 % interval.

| Series, least skill first | Model | Skill against naive | Within 95 % interval | Values |
| --- | --- | --- | --- | --- |
| \`queue\` | lstm | 21 % | 94 % | 480 |

### Pauses and waits

Traces cover 5 min 00 s of the range.

- Longest pause by the garbage collector: **12.5 ms**, in the cell that ends at 2026-11-18 10:01:10
- Paused by the garbage collector in all: 1.5 s
- Longest stop of the world: **12.5 ms**, in the cell that ends at 2026-11-18 10:01:10 (\`GC mark termination\`)
- Longest wait of a runnable goroutine for a processor: none seen

### Traces

| Trace | When | Length | Events | State |
| --- | --- | --- | --- | --- |
| [ab12ab12](</traces/${traceId}>) | 2026-11-18 10:00:00 – 10:05:00 | 5 min 00 s | 12,345 | read up to a break: cut at byte 9 |
`);
  });

  test("HTML says the same and needs nothing from elsewhere", () => {
    const html = toHtml(composeReport({ range, targets: [facts] }, timesIn("Europe/Berlin")));
    expect(html).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(html).toContain('<a href="/anomalies/a1">2026-11-18 10:00:00 – 10:02:30</a>');
    expect(html).toContain("<code>go_trace_gc_pause_max_seconds</code> 12.5 ms, 200 µs (50 %)");
    expect(html).toContain(`href="/traces/${traceId}?from=1&amp;to=2"`);
    expect(html).toContain("color-scheme: light dark");
    expect(html).not.toMatch(/<script|<link|<img|\bsrc=|url\(|@import|https?:/i);
    expect(unbalanced(html)).toEqual([]);
  });

  test("nothing known, nothing invented", () => {
    const empty = { target: "quiet", series: 0, anomalies: [], skill: undefined, trained: undefined, traces: [], pauses: undefined };
    expect(toMarkdown(composeReport({ range, targets: [] }, timesIn("UTC")))).toContain("No target is known: nothing has been uploaded");
    const markdown = toMarkdown(composeReport({ range, targets: [empty] }, timesIn("UTC")));
    expect(markdown).toContain("**No anomalous window** in 1 target.");
    expect(markdown).toContain("## quiet\n\nNo sample, no trace and no forecast of this target lies in the range.");
    const calm = toMarkdown(composeReport({ range, targets: [{ ...empty, series: 3 }] }, timesIn("UTC")));
    expect(calm).toContain("### Anomalous windows\n\nNone.");
    expect(calm).toContain("No forecaster had been trained by the end of the range.");
    expect(calm).toContain("No forecast issued in the range has met a value yet.");
    expect(calm).not.toContain("Pauses");
  });

  test("no name from outside becomes markup: tags of the HTML are those of a harmless report", () => {
    const tags = (html: string): string[] => html.match(/<[^>]*>/g)!.map((tag) => tag.replaceAll(/"[^"]*"/g, '""'));
    const named = (name: string) => {
      const [anomaly] = facts.anomalies;
      const [trace] = facts.traces;
      const contributions = [{ labels: { __name__: "x", label: name }, share: 1, observed: 1, expected: 1 }];
      const changed: TargetFacts = {
        ...facts,
        target: name,
        anomalies: [{ ...anomaly!, contributions }],
        traces: [{ ...trace!, error: name }],
      };
      return composeReport({ range, targets: [changed] }, timesIn("UTC"));
    };
    const harmless = tags(toHtml(named("name")));
    const nasty = fc.oneof(
      fc.string({ unit: "binary", minLength: 1 }),
      fc.constantFrom('"><script>alert(1)</script>', "</td></table>", "'\" onload=x", "&lt;", "<!--", "`|*_[]()\n# x"),
    );
    fc.assert(
      fc.property(nasty, (name) => {
        expect(tags(toHtml(named(name)))).toEqual(harmless);
        // One line for each row and heading, also where a name holds line breaks or bars.
        const lines = toMarkdown(named(name)).split("\n");
        expect(lines.length).toBe(toMarkdown(named("name")).split("\n").length);
        const bars = (line: string): number => line.replaceAll(/\\./g, "").split("|").length;
        for (const line of lines.filter((text) => text.startsWith("| "))) expect([6, 7]).toContain(bars(line));
      }),
    );
  });
});

describe("moments and values", () => {
  test("the hour that comes twice is told apart; days are named once", () => {
    const berlin = timesIn("Europe/Berlin");
    expect(berlin.moment(Date.parse("2026-10-25T00:30:00Z"))).toBe("2026-10-25 02:30:00 GMT+2");
    expect(berlin.moment(Date.parse("2026-10-25T01:30:00Z"))).toBe("2026-10-25 02:30:00 GMT+1");
    expect(timesIn("UTC").span(Date.parse("2026-01-01T23:59:00Z"), Date.parse("2026-01-02T00:01:00Z"))).toBe(
      "2026-01-01 23:59:00 – 2026-01-02 00:01:00",
    );
  });

  test("units come from the catalogue or the name's ending", () => {
    expect(valueText({ __name__: "go_trace_sched_latency_seconds", quantile: "1" }, 0.0000125)).toBe("12.5 µs");
    expect(valueText({ __name__: "http_request_duration_seconds" }, 2)).toBe("2 s");
    expect(valueText({ __name__: "process_resident_memory_bytes" }, 2 ** 30)).toBe("1 GiB");
    expect(valueText({ __name__: "go_goroutines" }, 17)).toBe("17");
    expect(valueText({ __name__: "go_goroutines" }, null)).toBe("missing");
  });
});

describe("the step, on the real store", () => {
  let jobs: Harness;
  beforeAll(async () => {
    jobs = await openHarness({
      now: range.to,
      yaml: "report: { cron: '0 7 * * 1', range: 7d, timezone: Europe/Berlin }\ntargets: [{ name: flat }]",
    });
  });
  afterAll(() => jobs?.close());

  test("skill is that of the issued forecasts against the naive forecast of the same moments", async () => {
    const step = 60_000;
    const rows = 400;
    const first = range.to - rows * step;
    const value = (i: number): number => [10, 20, 40, 30][i % 4]! + Math.floor(i / 4);
    const values = Float64Array.from({ length: rows + 1 }, (_, i) => value(i));
    const issue = (name: string, at: number, quantiles: number[][]): ForecastRecord => ({
      id: `${name} ${at}`,
      target: "flat",
      labels: { __name__: name, target: "flat" },
      modelId: "m",
      model: name,
      issuedAt: epochMillis(first + at * step),
      start: epochMillis(first + (at + 1) * step),
      step,
      levels: quantileLevels,
      quantiles,
    });
    // One knows the future, with an interval of a tenth; one says what the naive forecast says.
    const seer = (at: number) => quantileLevels.map((_, k) => Array.from({ length: 8 }, (__, h) => value(at + 1 + h) + (k - 5) / 100));
    const naive = (at: number) => naiveForecast(values.subarray(0, at + 1), 1, 8).quantiles.map((level) => [...level]);
    for (const name of ["seer", "naive"]) {
      const samples = Array.from(values, (v, i) => ({ t: epochMillis(first + i * step), v }));
      await jobs.store.series.append([{ labels: { __name__: name, target: "flat" }, samples }]);
    }
    await jobs.store.targets.ensure("flat", range.from);
    // The last one reaches beyond the range: four of its eight values have not come.
    for (const at of [100, 300, rows - 4]) {
      await jobs.store.outcomes.putForecasts([issue("seer", at, seer(at)), issue("naive", at, naive(at))]);
    }
    const { report: id } = await report({ from: first, to: range.to }, jobs.context());
    const { markdown, html, record } = (await jobs.store.outcomes.report(id))!;
    expect(record.title).toContain("(Europe/Berlin)");
    expect(html).toContain("<h2>flat</h2>");
    expect(markdown).toContain("Forecasts of 2 series met 40 values.");
    expect(markdown).toMatch(/`naive` \| naive \| 0 % \| \d+ % \| 20 \|\n\| `seer` \| seer \| (99|100) % \| 100 % \| 20 \|/);
  });

  test("a range that ends before it begins, or lies beyond the calendar, is refused", async () => {
    const wrong = [
      { from: 2, to: 1 },
      { to: 1e300 },
      { from: 0, to: 8.64e15 + 1 },
      { from: -Infinity },
      { from: 0, to: Number.NaN },
      { to: -8.64e15 },
    ];
    for (const input of wrong) {
      const error: unknown = await report(input, jobs.context()).catch((reason: unknown) => reason);
      expect([input, isForetraceError(error) && error.code]).toEqual([input, "bad_usage"]);
    }
  });

  test("a range of all time is read where there is something, and says what the range of the samples says", async () => {
    const whole = (id: string) => jobs.store.outcomes.report(id);
    const step = 60_000;
    let reads = 0;
    const { series } = jobs.store;
    const counted: Store = {
      ...jobs.store,
      series: {
        append: (batches) => series.append(batches),
        select: (matchers, part) => {
          reads++;
          return series.select(matchers, part);
        },
        series: (matchers, part) => series.series(matchers, part),
        extent: (matchers, part) => series.extent!(matchers, part),
        labelNames: (matchers, part) => series.labelNames(matchers, part),
        labelValues: (name, matchers, part) => series.labelValues(name, matchers, part),
      },
    };
    // A series of one sample here and one there: its step is unknown, and between the two lie fifty years.
    const sparse = [1000, range.to - 1000].map((t) => ({ t: epochMillis(t), v: 1 }));
    await jobs.store.series.append([{ labels: { __name__: "sparse", target: "flat" }, samples: sparse }]);
    const { report: id } = await report({ from: 0, to: 8e15 }, jobs.context({ store: counted }));
    expect(reads).toBeLessThan(50);
    expect((await whole(id))!.markdown).toContain("Series with samples: 3.");
    const frames = await loadFrames(jobs.context({ store: counted }), "flat", { from: epochMillis(0), to: epochMillis(8e15) });
    expect(frames.flatMap(({ columns }) => columns.map(({ labels }) => labels["__name__"])).sort()).toEqual(["naive", "seer", "sparse"]);
    expect(frames.find((frame) => frame.step === step)!.columns).toHaveLength(2);
  });

  test("a reading that is cancelled ends before the next piece", async () => {
    const controller = new AbortController();
    const { series } = jobs.store;
    let reads = 0;
    const stopping: Store = {
      ...jobs.store,
      series: {
        ...jobs.store.series,
        select: (matchers, part) => {
          if (++reads === 3) controller.abort();
          return series.select(matchers, part);
        },
        series: (matchers, part) => series.series(matchers, part),
      } as Store["series"],
    };
    const context = jobs.context({ store: stopping, signal: controller.signal });
    const all = { from: epochMillis(0), to: range.to };
    const reading = loadFrames(context, "flat", all, { mostSamples: 1e6, samplesAtOnce: 20 });
    await expect(reading).rejects.toMatchObject({ code: "canceled" });
    expect(reads).toBe(3);
  });
});

/** Tags that are not closed, or close what is not open. */
function unbalanced(html: string): string[] {
  const open: string[] = [];
  const wrong: string[] = [];
  for (const [, slash, name, self] of html.replace(/<!doctype html>/, "").matchAll(/<(\/?)([a-z0-9]+)[^>]*?(\/?)>/g)) {
    if (self === "/" || name === "meta") continue;
    if (slash === "") open.push(name!);
    else if (open.pop() !== name) wrong.push(name!);
  }
  return [...wrong, ...open];
}
