/**
 * The core series against their reference values, and the identities that must hold between them.
 * The events come from our reader, and for small traces from the reference reader's own list as well.
 */
import { describe, expect, it } from "vitest";
import { createCoreSeries } from "../../src/features/core-series.ts";
import type { FeatureWindow } from "../../src/features/window.ts";
import { EventKind, GoState, type TraceVisitor } from "../../src/trace/model.ts";
import { readSeriesCsv, seriesDifferences } from "../helpers/series-csv.ts";
import {
  type EventSource,
  feed,
  formatVersion,
  goldenSeries,
  hasTraces,
  readReferenceSummary,
  sourcesOf,
  tee,
  traceNames,
} from "./traces.ts";

type Pass = { readonly windows: ReadonlyMap<number, readonly FeatureWindow[]>; readonly lives: Lives };

/** One reading of a trace gives all that the tests ask of it: the windows of each golden length, and the lives of its goroutines. */
async function readOnce(trace: string, source: EventSource): Promise<Pass> {
  const lengths = goldenSeries.filter((golden) => golden.trace === trace).map(({ millis }) => millis);
  const windows = new Map(lengths.map((millis): [number, FeatureWindow[]] => [millis, []]));
  const series = [...windows].map(([millis, list]) =>
    createCoreSeries({ windowNanos: millis * 1e6, onWindow: (window) => list.push(window) }),
  );
  const lives = new Lives();
  await feed(trace, source, tee([...series, lives]));
  for (const one of series) one.finish();
  return { windows, lives };
}

const passes = new Map<string, Promise<Pass>>();
function passOf(trace: string, source: EventSource): Promise<Pass> {
  const key = `${trace} ${source}`;
  const pass = passes.get(key) ?? readOnce(trace, source);
  passes.set(key, pass);
  return pass;
}
const windowsOf = async (trace: string, source: EventSource, millis: number): Promise<readonly FeatureWindow[]> =>
  (await passOf(trace, source)).windows.get(millis)!;

/** Lifetimes of goroutines, the plain way. */
class Lives implements TraceVisitor {
  readonly born = new Map<number, number>();
  private ended = 0;
  private last = 0;

  event(
    kind: EventKind,
    time: number,
    _thread: number,
    _proc: number,
    _goroutine: number,
    _stack: number,
    id: number,
    from: number,
    to: number,
  ): void {
    this.last = time;
    if (kind !== EventKind.GoTransition || from === to) return;
    if (from === GoState.Undetermined) this.born.set(id, 0);
    else if (from === GoState.NotExist) this.born.set(id, time);
    if (to !== GoState.NotExist) return;
    this.ended += time - this.born.get(id)!;
    this.born.delete(id);
  }

  /** Nanoseconds of all goroutines up to the last event. */
  total(): number {
    let sum = this.ended;
    for (const born of this.born.values()) sum += this.last - born;
    return sum;
  }
}

const tableOf = (windows: readonly FeatureWindow[]): Map<string, number> =>
  new Map(windows.flatMap(({ start, values }) => [...values].map(([name, value]) => [`${start} ${name}`, value] as const)));

describe.skipIf(!hasTraces)("reference values", () => {
  const cases = goldenSeries.flatMap(({ trace, millis, path }) => sourcesOf(trace).map((source) => ({ trace, millis, path, source })));
  it.each(cases)("$trace in windows of $millis ms, events from the $source", async ({ trace, millis, path, source }) => {
    expect(seriesDifferences(tableOf(await windowsOf(trace, source, millis)), readSeriesCsv(path))).toEqual([]);
  });
});

/** Nanoseconds of the states of goroutines or processors in a window: mean × length, whole. */
const nanosOf = ({ values, length }: FeatureWindow, name: string): number => Math.round((values.get(name) ?? 0) * length);
const states = ["runnable", "running", "waiting", "syscall"];
const sumByPrefix = (window: FeatureWindow, prefix: string): number =>
  [...window.values].reduce((sum, [name, value]) => sum + (name.startsWith(prefix) ? value : 0), 0);
const total = (windows: readonly FeatureWindow[], name: string): number =>
  windows.reduce((sum, { values }) => sum + (values.get(name) ?? 0), 0);

/** Nanoseconds within rounding: the sums come back from seconds or means as doubles. */
const sameNanos = (one: number, two: number): void => expect(Math.abs(one - two)).toBeLessThanOrEqual(1 + 1e-9 * Math.abs(two));

const known = traceNames.flatMap((trace) =>
  sourcesOf(trace)
    .slice(-1)
    .map((source) => ({ trace, source })),
);

describe.skipIf(!hasTraces).each(known)("identities: $trace", ({ trace, source }) => {
  let windows: readonly FeatureWindow[];
  it("per window", async () => {
    windows = await windowsOf(trace, source, 100);
    const version = formatVersion(trace);
    for (const window of windows) {
      const { values, length, index } = window;
      const value = (name: string): number => values.get(name) ?? 0;
      sameNanos(sumByPrefix(window, "go_trace_block_seconds{") * 1e9, nanosOf(window, 'go_trace_goroutines{state="waiting"}'));
      sameNanos(value("go_trace_syscall_seconds") * 1e9, nanosOf(window, 'go_trace_goroutines{state="syscall"}'));
      const gc = ["GC sweep termination", "GC mark termination"];
      sameNanos(
        value("go_trace_gc_pause_seconds") * 1e9,
        gc.reduce((sum, kind) => sum + value(`go_trace_stw_seconds{kind="${kind}"}`) * 1e9, 0),
      );
      expect(value("go_trace_gc_pause_max_seconds")).toBe(Math.max(...gc.map((kind) => value(`go_trace_stw_max_seconds{kind="${kind}"}`))));
      if (length === 0) continue;
      for (const state of states) {
        expect(value(`go_trace_goroutines{state="${state}"}`)).toBeLessThanOrEqual(value(`go_trace_goroutines_max{state="${state}"}`));
      }
      if (version < 22) continue;
      // Processors are known when GOMAXPROCS is; in the first window it is carried back to its beginning.
      sameNanos(
        nanosOf(window, 'go_trace_procs{state="running"}') + nanosOf(window, 'go_trace_procs{state="idle"}'),
        value("go_trace_gomaxprocs") * length,
      );
      expect(nanosOf(window, 'go_trace_goroutines{state="running"}')).toBeLessThanOrEqual(
        nanosOf(window, 'go_trace_procs{state="running"}') + (index === 0 ? 1 : 0),
      );
    }
  });

  it("over the trace, against the reference summary", () => {
    const { kinds, events } = readReferenceSummary(trace);
    const count = (pattern: RegExp): number => Object.entries(kinds).reduce((sum, [kind, n]) => sum + (pattern.test(kind) ? n : 0), 0);
    expect(total(windows, "go_trace_events")).toBe(events);
    expect(total(windows, "go_trace_goroutines_created")).toBe(count(/^G NotExist->/));
    expect(total(windows, "go_trace_goroutines_ended")).toBe(count(/^G (?!Undetermined).*->NotExist/));
    expect(total(windows, "go_trace_syscalls")).toBe(count(/^G Running->Syscall/));
    expect(total(windows, "go_trace_syscalls_blocked")).toBe(count(/^G Syscall->Runnable/));
    expect(windows.reduce((sum, window) => sum + sumByPrefix(window, "go_trace_unblocks{"), 0)).toBe(count(/^G Waiting->Runnable/));
    expect(total(windows, "go_trace_gc_cycles")).toBe(count(/^RangeBegin GC concurrent mark phase/));
    expect(total(windows, "go_trace_tasks_started")).toBe(count(/^TaskBegin/));
    expect(total(windows, "go_trace_tasks_ended")).toBe(count(/^TaskEnd/));
    expect(windows.reduce((sum, window) => sum + sumByPrefix(window, "go_trace_regions{"), 0)).toBe(count(/^RegionBegin/));
    expect(windows.reduce((sum, window) => sum + sumByPrefix(window, "go_trace_logs{"), 0)).toBe(count(/^Log/));
    const counted = (pattern: RegExp): [string, number][] =>
      Object.entries(kinds).flatMap(([kind, n]) => (pattern.test(kind) ? [[pattern.exec(kind)![1]!, n]] : []));
    for (const [kind, n] of counted(/^RangeEnd stop-the-world \((.*)\)$/))
      expect(total(windows, `go_trace_stw_count{kind="${kind}"}`)).toBe(n);
    for (const [reason, n] of counted(/^G Running->Waiting ?(.*)$/)) expect(total(windows, `go_trace_blocks{reason="${reason}"}`)).toBe(n);
  });

  it("goroutines: their times in all states are their lifetimes", async () => {
    const { lives } = await passOf(trace, source);
    const alive = lives.total();
    const inStates = windows.reduce(
      (sum, window) => sum + states.reduce((all, state) => all + nanosOf(window, `go_trace_goroutines{state="${state}"}`), 0),
      0,
    );
    expect(Math.abs(inStates - alive)).toBeLessThanOrEqual(4 * windows.length + 1e-9 * alive);
    expect(total(windows, "go_trace_goroutines_created") - total(windows, "go_trace_goroutines_ended")).toBe(
      lives.born.size - startedWith(trace),
    );
  });
});

const startedWith = (trace: string): number =>
  Object.entries(readReferenceSummary(trace).kinds).reduce((sum, [kind, n]) => sum + (kind.startsWith("G Undetermined->") ? n : 0), 0);

describe.skipIf(!hasTraces)("known truths", () => {
  it("8 goroutines on one mutex: 7 wait for it and main waits for them", async () => {
    const windows = await windowsOf("go119-scenario-mutex", "list", 100);
    const length = windows.reduce((sum, window) => sum + window.length, 0);
    const waiters = total(windows, 'go_trace_block_seconds{reason="sync"}') / (length / 1e9);
    expect(waiters).toBeGreaterThan(7.5);
    expect(waiters).toBeLessThan(8.05);
  });
  it("a leak: about 100 more waiting goroutines a second, to 205 at the end", async () => {
    const windows = await windowsOf("go119-scenario-leak", "list", 100);
    const waiting = windows.map(({ values }) => values.get('go_trace_goroutines_max{state="waiting"}')!);
    expect(Math.round(windows.at(-1)!.values.get('go_trace_goroutines{state="waiting"}')!)).toBe(205);
    expect(waiting[15]! - waiting[5]!).toBeGreaterThan(90);
    expect(waiting[15]! - waiting[5]!).toBeLessThan(110);
    expect([total(windows, "go_trace_goroutines_created"), total(windows, "go_trace_goroutines_ended")]).toEqual([251, 49]);
  });
  it("20 requests, each a task with a child task and three regions", async () => {
    const windows = await windowsOf("go119-scenario-tasks", "list", 100);
    expect([total(windows, "go_trace_tasks_started"), total(windows, "go_trace_tasks_ended")]).toEqual([40, 40]);
    for (const type of ["parse", "render", "query"]) expect(total(windows, `go_trace_regions{type="${type}"}`)).toBe(20);
  });
});
