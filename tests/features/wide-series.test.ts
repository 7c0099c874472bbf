/**
 * The wide series against what others counted: the reference's core series of the same windows, and its counts of the whole trace.
 * What a series splits by scope, cause or purpose must add up to what the reference has as one.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SeriesNames } from "../../src/features/core/names.ts";
import { createRow } from "../../src/features/core/rows.ts";
import { Mutator } from "../../src/features/families/mutator.ts";
import { createWideSeries } from "../../src/features/wide-series.ts";
import type { FeatureWindow } from "../../src/features/window.ts";
import { parseSeriesName } from "../../src/lib/series.ts";
import { readSeriesCsv } from "../helpers/series-csv.ts";
import { feed, formatVersion, goldenSeries, hasTraces, readReferenceSummary, sourcesOf, traceNames } from "./traces.ts";

async function wideWindows(trace: string, windowNanos: number, core: boolean): Promise<FeatureWindow[]> {
  const windows: FeatureWindow[] = [];
  const series = createWideSeries({ windowNanos, onWindow: (window) => windows.push(window) });
  await feed(trace, core ? "core" : "reader", series);
  series.finish();
  return windows;
}

/** Sum over all series of a window whose name and labels fit; `labels` must all be there with these values, "*" = any. */
function sum(window: FeatureWindow, name: string, labels: Readonly<Record<string, string>>): number {
  let total = 0;
  for (const [text, value] of window.values) {
    const found = parseSeriesName(text);
    if (found["__name__"] !== name) continue;
    const keys = Object.keys(found).filter((key) => key !== "__name__");
    if (keys.length !== Object.keys(labels).length) continue;
    if (keys.every((key) => labels[key] === "*" || labels[key] === found[key])) total += value;
  }
  return total;
}

const gcKinds = ["GC sweep termination", "GC mark termination"];
const near = (expected: number): number => 1e-9 + 1e-6 * Math.abs(expected);

describe.skipIf(!hasTraces).each(goldenSeries)("$trace in windows of $millis ms", ({ trace, millis, path }) => {
  it("splits what the reference's core series have as one", async () => {
    const golden = readSeriesCsv(path);
    const windows = await wideWindows(trace, millis * 1e6, formatVersion(trace) >= 22);
    const stops = new Map<number, { gc: number; other: number }>();
    for (const [key, value] of golden) {
      const kind = /^(\d+) go_trace_stw_count\{kind="(.*)"\}$/.exec(key);
      if (kind === null) continue;
      const at = Number(kind[1]);
      const known = stops.get(at) ?? { gc: 0, other: 0 };
      known[gcKinds.includes(kind[2]!) ? "gc" : "other"] += value;
      stops.set(at, known);
    }
    for (const window of windows) {
      const expected = (name: string): number => golden.get(`${window.start} ${name}`) ?? 0;
      const equal = (found: number, name: string): void => {
        const value = expected(name);
        if (!(Math.abs(found - value) <= near(value))) expect.fail(`window ${window.start}: ${found}, ${name} is ${value}`);
      };
      if (window.length > 0) {
        for (const state of ["runnable", "running", "waiting", "syscall"])
          equal(sum(window, "go_trace_goroutines", { scope: "*", state }), `go_trace_goroutines{state="${state}"}`);
      }
      for (const end of ["created", "ended"])
        equal(sum(window, `go_trace_goroutines_${end}`, { scope: "*" }), `go_trace_goroutines_${end}`);
      const coroutines = sum(window, "go_trace_coroutine_switches", {});
      equal(sum(window, "go_trace_sched_latency_seconds_count", { cause: "*" }) + coroutines, "go_trace_sched_latency_seconds_count");
      equal(sum(window, "go_trace_sched_latency_seconds_count", { scope: "*" }) + coroutines, "go_trace_sched_latency_seconds_count");
      if (coroutines === 0) {
        equal(sum(window, "go_trace_sched_latency_seconds_sum", { cause: "*" }), "go_trace_sched_latency_seconds_sum");
        const most = Math.max(
          ...["user", "system"].map((scope) => sum(window, "go_trace_sched_latency_seconds", { quantile: "1", scope })),
        );
        equal(most, 'go_trace_sched_latency_seconds{quantile="1"}');
      }
      equal(sum(window, "go_trace_syscalls", { purpose: "*" }), "go_trace_syscalls");
      const { gc, other } = stops.get(window.start) ?? { gc: 0, other: 0 };
      expect(sum(window, "go_trace_gc_pause_seconds_bucket", { le: "+Inf" })).toBe(gc);
      expect(sum(window, "go_trace_other_pause_seconds_bucket", { le: "+Inf" })).toBe(other);
      const gomaxprocs = expected("go_trace_gomaxprocs");
      if (gomaxprocs > 0 && window.length > 0 && formatVersion(trace) >= 22)
        equal(sum(window, "go_trace_proc_utilization", {}) * gomaxprocs, 'go_trace_procs{state="running"}');
    }
    expect(windows.length).toBeGreaterThan(0);
  });
});

describe.skipIf(!hasTraces).each(traceNames.map((trace) => ({ trace })))("$trace as a whole", ({ trace }) => {
  it("counts what the reference counted", async () => {
    const windows = await wideWindows(trace, 1e9, sourcesOf(trace).includes("core"));
    const { kinds } = readReferenceSummary(trace);
    const total = (name: string, labels = {}): number => windows.reduce((all, window) => all + sum(window, name, labels), 0);
    const events = (pattern: RegExp): number =>
      Object.entries(kinds).reduce((all, [kind, count]) => all + (pattern.test(kind) ? count : 0), 0);
    expect(total("go_trace_starts")).toBe(events(/^G Runnable->Running/));
    expect(total("go_trace_yields")).toBe(events(/^G Running->Runnable runtime\.Go[sS]ched/));
    expect(total("go_trace_preemptions")).toBe(events(/^G Running->Runnable preempted/));
    expect(total("go_trace_suspensions")).toBe(events(/^G Running->Waiting preempted/));
    expect(total("go_trace_proc_starts")).toBe(events(/^P Idle->Running/));
    expect(total("go_trace_proc_stops")).toBe(events(/^P Running->Idle/));
    expect(total("go_trace_gc_sweeps")).toBe(events(/RangeBegin GC incremental sweep/));
    expect(total("go_trace_gc_assists")).toBe(events(/RangeBegin GC mark assist/));
  });
});

describe("mutator utilisation", () => {
  const stretch = 1e6;
  const steps = fc.array(fc.record({ after: fc.integer({ min: 1, max: 900_000 }), share: fc.constantFrom(0, 0.25, 0.5, 1) }), {
    minLength: 1,
    maxLength: 60,
  });

  it("is the least mean over all stretches, as a search over all of them finds it", () => {
    fc.assert(
      fc.property(steps, (list) => {
        const names = new SeriesNames();
        const mutator = new Mutator(names);
        const times = [0];
        const shares = [1];
        for (const { after, share } of list) {
          const time = times.at(-1)! + after;
          mutator.set(share, time);
          times.push(time);
          shares.push(share);
        }
        const end = times.at(-1)! + 10;
        const row = createRow(0, 0, end);
        mutator.close(row);
        const at = names.texts.indexOf('go_trace_mutator_utilization_min{over="1ms"}');
        const place = row.values.findIndex((value, i) => i % 2 === 0 && value === at);
        const found = place < 0 ? undefined : row.values[place + 1];
        const integral = (from: number, to: number): number =>
          times.reduce((all, time, i) => {
            const next = times[i + 1] ?? end;
            return all + Math.max(0, Math.min(to, next) - Math.max(from, time)) * shares[i]!;
          }, 0);
        const begins = [...times, ...times.map((time) => time - stretch), end - stretch].filter(
          (begin) => begin >= 0 && begin + stretch <= end,
        );
        if (begins.length === 0) expect(found).toBeUndefined();
        else expect(found).toBeCloseTo(Math.min(...begins.map((begin) => integral(begin, begin + stretch) / stretch)), 9);
      }),
    );
  });
});
