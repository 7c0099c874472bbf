import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { catalogue } from "../../src/features/catalogue.ts";
import type { Anomaly, LabelSet, SeriesItem } from "../../src/web/api-types.ts";
import { coveringTraces } from "../../src/web/covering.ts";
import { groupSeries, matchesQuery, seriesId, seriesTitle, standingOut } from "../../src/web/group.ts";

const item = (labels: LabelSet): SeriesItem => ({ name: JSON.stringify(labels), labels, unit: "", help: "", last: null });

test.each([
  [{ __name__: "go_trace_sched_latency_seconds", quantile: "0.99", target: "a" }, "Sched latency · p99"],
  [{ __name__: "go_trace_sched_latency_seconds", quantile: "1" }, "Sched latency · max"],
  [{ __name__: "go_trace_gc_assist_seconds" }, "GC assist"],
  [{ __name__: "go_trace_block_seconds", reason: "" }, "Block · no reason"],
  [{ __name__: "http_requests_total", code: "200", job: "web" }, "HTTP requests · 200"],
])("title of %j", (labels, title) => expect(seriesTitle(labels as never)).toBe(title));

describe("groups", () => {
  test("every series of the catalogue has a group of its own kind, none falls through to the rest", () => {
    const groups = groupSeries(catalogue.map((entry) => item({ __name__: entry.name })));
    const rest = groups.find((group) => group.id === "trace");
    expect(rest?.series.map((one) => one.labels["__name__"]) ?? []).toEqual(["go_trace_events"]);
  });

  test("hold every series once", () => {
    const names = fc.stringMatching(/^(go_trace_|go_|process_|x)?[a-z_]{1,12}$/);
    fc.assert(
      fc.property(fc.uniqueArray(names, { maxLength: 30 }), (given) => {
        const found = groupSeries(given.map((__name__) => item({ __name__ }))).flatMap((group) =>
          group.series.map((one) => one.labels["__name__"]),
        );
        expect(found.sort()).toEqual(given.sort());
      }),
    );
  });

  test("sort numbers as numbers", () => {
    const [group] = groupSeries(["m_10", "m_2", "m_1"].map((__name__) => item({ __name__ })));
    expect(group!.series.map((one) => one.labels["__name__"])).toEqual(["m_1", "m_2", "m_10"]);
  });
});

test("the same series with and without its target is one, in any order of labels", () => {
  expect(seriesId({ b: "1", __name__: "m", target: "x" })).toBe(seriesId({ __name__: "m", b: "1" }));
  expect(seriesId({ __name__: "m", b: "1" })).not.toBe(seriesId({ __name__: "m", b: "2" }));
});

test("what stands out: open windows first, then the newest, by share, each series once", () => {
  const series = ["a", "b", "c", "d", "e"].map((__name__) => item({ __name__, target: "t" }));
  const window = (from: number, open: boolean, parts: [string, number][]): Anomaly =>
    ({ from, open, contributions: parts.map(([__name__, share]) => ({ labels: { __name__ }, share, observed: 1, expected: 1 })) }) as never;
  const found = standingOut(series, [
    window(1, true, [
      ["a", 0.2],
      ["b", 0.7],
      ["c", 0.01],
    ]),
    window(9, false, [
      ["d", 0.9],
      ["b", 0.1],
    ]),
    window(5, false, [
      ["e", 0.9],
      ["gone", 0.1],
    ]),
  ]);
  expect(found.map((one) => one.labels["__name__"])).toEqual(["b", "a", "d", "e"]);
  expect(standingOut(series, [])).toEqual([]);
});

test("search wants every word, in name or title", () => {
  const one = item({ __name__: "go_trace_sched_latency_seconds", quantile: "0.99" });
  expect(matchesQuery(one, "")).toBe(true);
  expect(matchesQuery(one, "LATENCY p99")).toBe(true);
  expect(matchesQuery(one, "latency p50")).toBe(false);
});

test("the traces of a window: those it names, then those that overlap it, each once; a trace without a clock covers nothing", () => {
  const window = { from: 100, to: 200, traces: [{ id: "named", url: "" }] };
  const traces = [
    { id: "late", start: 190, end: 300 },
    { id: "named", start: 120, end: 130 },
    { id: "early", start: 50, end: 100 },
    { id: "before", start: 10, end: 99 },
    { id: "unread" },
  ];
  expect(coveringTraces(window, traces)).toEqual(["named", "early", "late"]);
});
