/**
 * The wide series against what others counted: the reference's core series of the same windows, and its counts of the whole trace.
 * What a series splits by scope, cause or purpose must add up to what the reference has as one.
 */
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { SeriesNames } from "../../src/features/core/names.ts";
import { createRow } from "../../src/features/core/rows.ts";
import { Mutator } from "../../src/features/families/mutator.ts";
import { createAllSeries } from "../../src/features/all-series.ts";
import { catalogue } from "../../src/features/catalogue.ts";
import type { FeatureWindow } from "../../src/features/window.ts";
import { parseSeriesName } from "../../src/lib/series.ts";
import { readSeriesCsv, type SeriesTable } from "../helpers/series-csv.ts";
import { feed, formatVersion, goldenSeries, hasTraces, readReferenceSummary } from "./traces.ts";

/** Names of all series that some trace had. */
const seen = new Set<string>();

async function allWindows(trace: string, windowNanos: number, core: boolean): Promise<FeatureWindow[]> {
  const windows: FeatureWindow[] = [];
  const series = createAllSeries({ windowNanos, onWindow: (window) => windows.push(window) });
  await feed(trace, core ? "core" : "reader", series);
  series.finish();
  for (const { values } of windows) for (const name of values.keys()) seen.add(name.split("{", 1)[0]!);
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

const gcKinds: ReadonlySet<string> = new Set(["GC sweep termination", "GC mark termination"]);
/** Stops of the world that end in the window, by the reference. */
function stopsIn(golden: SeriesTable, start: number): { gc: number; other: number } {
  const stops = { gc: 0, other: 0 };
  const key = `${start} go_trace_stw_count{kind="`;
  for (const [name, count] of golden) {
    if (name.startsWith(key)) stops[gcKinds.has(name.slice(key.length, -2)) ? "gc" : "other"] += count;
  }
  return stops;
}

describe.skipIf(!hasTraces).each(goldenSeries.filter(({ millis }) => millis === 100))(
  "$trace in windows of $millis ms",
  ({ trace, millis, path }) => {
    let windows: FeatureWindow[];
    beforeAll(async () => {
      windows = await allWindows(trace, millis * 1e6, formatVersion(trace) >= 22);
    });

    it("splits what the reference's core series have as one", () => {
      const golden = readSeriesCsv(path);
      const differences: string[] = [];
      for (const window of windows) {
        const expected = (name: string): number => golden.get(`${window.start} ${name}`) ?? 0;
        const equal = (found: number, name: string, value = expected(name)): void => {
          if (!(Math.abs(found - value) <= 1e-9 + 1e-6 * Math.abs(value)))
            differences.push(`window ${window.start}: ${found}, ${name} is ${value}`);
        };
        if (window.length > 0) {
          for (const state of ["runnable", "running", "waiting", "syscall"])
            equal(sum(window, "go_trace_goroutines", { scope: "*", state }), `go_trace_goroutines{state="${state}"}`);
        }
        for (const end of ["created", "ended"])
          equal(sum(window, `go_trace_goroutines_${end}`, { scope: "*" }), `go_trace_goroutines_${end}`);
        const coroutines = sum(window, "go_trace_coroutine_switches", {});
        for (const label of ["cause", "scope"]) {
          const count = sum(window, "go_trace_sched_latency_seconds_count", { [label]: "*" });
          equal(count + coroutines, "go_trace_sched_latency_seconds_count");
        }
        if (coroutines === 0) {
          equal(sum(window, "go_trace_sched_latency_seconds_sum", { cause: "*" }), "go_trace_sched_latency_seconds_sum");
          const most = ["user", "system"].map((scope) => sum(window, "go_trace_sched_latency_seconds", { quantile: "1", scope }));
          equal(Math.max(...most), 'go_trace_sched_latency_seconds{quantile="1"}');
        }
        equal(sum(window, "go_trace_syscalls", { purpose: "*" }), "go_trace_syscalls");
        const stops = stopsIn(golden, window.start);
        equal(sum(window, "go_trace_gc_pause_seconds_bucket", { le: "+Inf" }), "stops by the collector", stops.gc);
        equal(sum(window, "go_trace_other_pause_seconds_bucket", { le: "+Inf" }), "other stops", stops.other);
        const gomaxprocs = expected("go_trace_gomaxprocs");
        if (gomaxprocs > 0 && window.length > 0 && formatVersion(trace) >= 22)
          equal(sum(window, "go_trace_proc_utilization", {}) * gomaxprocs, 'go_trace_procs{state="running"}');
      }
      expect(differences).toEqual([]);
      expect(windows.length).toBeGreaterThan(0);
    });

    it("counts what the reference counted in the whole trace", () => {
      const { kinds } = readReferenceSummary(trace);
      const total = (name: string): number => windows.reduce((all, window) => all + sum(window, name, {}), 0);
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
  },
);

describe.skipIf(!hasTraces)("the series of all these traces", () => {
  it("are each in the catalogue, and each of the catalogue is among them", () => {
    const names = new Set(catalogue.map(({ name }) => name));
    expect([...seen].filter((name) => !names.has(name))).toEqual([]);
    // No trace at hand changes GOMAXPROCS, switches coroutines, or ends a goroutine that never ran.
    const unseen = ["go_trace_coroutine_switches", "go_trace_gomaxprocs_changes", "go_trace_goroutines_ended_unrun"];
    expect([...names].filter((name) => !seen.has(name)).sort()).toEqual(unseen);
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
        const least = Math.min(...begins.map((begin) => integral(begin, begin + stretch) / stretch));
        // Without a stretch as long as this there is no series.
        expect(found ?? Number.POSITIVE_INFINITY).toBeCloseTo(least, 9);
      }),
    );
  });
});
