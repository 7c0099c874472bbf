/** What a summary finds in programs with one known fault each (tests/fixtures/scenarios), and time lost to idle processors, the plain way. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findingRules, type FindingKind } from "../../src/features/findings.ts";
import { createSummary, type Summary } from "../../src/features/summary.ts";
import { EventKind, GoState, ProcState, RangeName, type TraceVisitor } from "../../src/trace/model.ts";
import { findingCases } from "./finding-cases.ts";
import { above, expectedAbove, judge, readScenario, truthPage } from "./finding-truth.ts";
import { feed, hasTraces, tee } from "./traces.ts";

const finding = (summary: Summary, kind: FindingKind): Summary["findings"][number] =>
  summary.findings.find((found) => found.kind === kind)!;
const functionOf = (summary: Summary, name: string): Summary["functions"][number] =>
  summary.functions.find((found) => found.name === name)!;

describe("programs with a known fault", () => {
  it("a leak: its function and both places, and not the goroutines that end", async () => {
    const summary = await readScenario("leak");
    expect(above(summary)).toEqual(["goroutine-leak"]);
    const leak = finding(summary, "goroutine-leak");
    expect(leak).toMatchObject({ id: "goroutine-leak:main.leaked", severity: "critical", confidence: 0.9 });
    expect(leak.evidence).toMatchObject({ created: 200, ended: 0, alive: 200, waiting: 200, woken_there: 0, reason: "chan receive" });
    expect(leak.sites).toEqual([
      { role: "created at", site: "main.main (scenarios.go:87)" },
      { role: "waits at", site: "main.leaked (scenarios.go:22)" },
    ]);
    expect(functionOf(summary, "main.finishes")).toMatchObject({ goroutines: 50, created: 50, ended: 50 });
  });

  it("8 goroutines on one mutex: nearly 7 wait at its Lock, a convoy, let in by its Unlock every 2 ms", async () => {
    const summary = await readScenario("mutex");
    expect(above(summary)).toEqual(["lock-contention"]);
    const { evidence, sites } = finding(summary, "lock-contention");
    expect(sites).toEqual([
      { role: "waits at", site: "main.locker (scenarios.go:29)" },
      { role: "released at", site: "main.locker (scenarios.go:31)" },
    ]);
    expect(evidence).toMatchObject({ waiters_most: 7, convoy: "yes" });
    expect(evidence["waiters_mean"]).toBeGreaterThan(6);
    expect(evidence["waiters_mean"]).toBeLessThan(7);
    expect(evidence["served_every_seconds"]).toBeGreaterThan(0.002);
    expect(evidence["served_every_seconds"]).toBeLessThan(0.003);
  });

  it("4 senders on a slow receiver: the receiver is what they wait for", async () => {
    const summary = await readScenario("send");
    expect(above(summary)).toEqual(["pipeline-bottleneck"]);
    expect(finding(summary, "pipeline-bottleneck").evidence).toMatchObject({ function: "main.main.func2", goroutines: 1 });
  });

  it("40 goroutines that each want a processor: the run queue, who waited longest, who kept on", async () => {
    const summary = await readScenario("spin");
    expect(summary.findings.map(({ kind }) => kind)).toEqual(["long-slice", "run-queue", "sched-latency"]);
    expect(summary.processors).toMatchObject({ gomaxprocs: 2 });
    expect(finding(summary, "sched-latency").evidence).toMatchObject({ function: "main.spinner" });
    expect(finding(summary, "long-slice").id).toBe("long-slice:main.spinner");
  });

  it("allocations: the share of the collector, and assists", async () => {
    const summary = await readScenario("gc");
    const { evidence } = finding(summary, "gc-pressure");
    expect(evidence["share"]).toBeGreaterThan(0.25);
    expect(evidence["assist_share"]).toBeGreaterThan(0.05);
    expect(summary.gc.assistRunningNanos).toBeLessThanOrEqual(summary.gc.assistNanos);
    const { workerNanos, sweepNanos, assistRunningNanos } = summary.gc;
    expect(workerNanos + sweepNanos + assistRunningNanos).toBeLessThanOrEqual(summary.processors.busyNanos);
    // 12,000 allocations of 4 KiB, of which about 3 MB stay.
    expect(summary.heap!.most).toBeLessThan(12_000 * 4096);
  });

  it("tasks and regions with their durations", async () => {
    const { tasks, regions } = await readScenario("tasks");
    expect(tasks).toMatchObject([{ type: "request", begun: 20, ended: 20, measured: 20 }]);
    expect(regions).toMatchObject([
      { type: "parse", begun: 20, measured: 20 },
      { type: "render", begun: 20, measured: 20 },
    ]);
    for (const [kind, millis] of [...tasks, ...regions].map((kind, i) => [kind, [3, 1, 2][i]!] as const)) {
      expect(kind.totalNanos / kind.measured).toBeGreaterThanOrEqual(millis * 1e6);
      expect(kind.longestNanos).toBeGreaterThanOrEqual(kind.totalNanos / kind.measured);
    }
  });

  it("a program that sleeps is idle, and nothing else", async () => {
    const { findings } = await readScenario("idle");
    expect(findings.map(({ kind, severity }) => [kind, severity])).toEqual([["mostly-idle", "info"]]);
  });
});

describe("programs written by hand", () => {
  it.each(findingCases.map((one) => [one.kind, one.name, one] as const))("%s: %s", async (_kind, _name, one) => {
    const { got, found } = await judge(one);
    expect(got).toBe(one.expected);
    expect(found.toSorted()).toEqual(expectedAbove(one).toSorted());
  });

  it("every kind has one that is it and one that comes near", () => {
    const all = findingRules.flatMap(({ kinds }) => kinds);
    const of = (kind: FindingKind): string[] => findingCases.filter((one) => one.kind === kind).map(({ expected }) => expected);
    const lacking = all.filter((kind) => new Set(of(kind)).size < 2 || of(kind).every((expected) => expected === "none"));
    expect(lacking).toEqual([]);
  });
});

it.skipIf(!hasTraces)("docs/findings-truth.md is what this run gives: nothing is missed, nothing is a false alarm", async () => {
  const page = await truthPage();
  expect(readFileSync(join(import.meta.dirname, "..", "..", "docs", "findings-truth.md"), "utf8")).toBe(page);
  for (const [, faults, found, alarms] of page.matchAll(/^\| (?:written by hand|recordings) \| (\d+) \| (\d+) \| (\d+) \|/gm))
    expect([found, alarms]).toEqual([faults, "0"]);
});

/** Intervals of runnable goroutines, idle processors and stops of the world, each since the beginning where it was so already. */
class Intervals implements TraceVisitor {
  end = 0;
  readonly edges: { time: number; what: "runnable" | "idle" | "stopped"; change: 1 | -1 }[] = [];
  private syncs = 0;
  private readonly version: number;

  constructor(version: number) {
    this.version = version;
  }

  event(kind: EventKind, time: number, _t: number, _p: number, _g: number, _s: number, a: number, b: number, c: number): void {
    this.end = time;
    const since = (from: number): number => (from === 0 && this.syncs === 1 ? 0 : time);
    if (kind === EventKind.Sync) this.syncs = a;
    if (kind === EventKind.GoTransition && b !== c) {
      if (b === GoState.Runnable) this.edges.push({ time, what: "runnable", change: -1 });
      if (c === GoState.Runnable) this.edges.push({ time: since(b), what: "runnable", change: 1 });
    }
    if (kind === EventKind.ProcTransition && b !== c) {
      if (b === ProcState.Idle) this.edges.push({ time, what: "idle", change: -1 });
      if (c === ProcState.Idle) this.edges.push({ time: since(b), what: "idle", change: 1 });
      // Formats up to Go 1.21: idle until it first starts.
      if (b === ProcState.Undetermined && c === ProcState.Running && this.version < 22) {
        this.edges.push({ time: 0, what: "idle", change: 1 }, { time, what: "idle", change: -1 });
      }
    }
    if (a === RangeName.StopTheWorld && kind === EventKind.RangeBegin) this.edges.push({ time, what: "stopped", change: 1 });
    if (a === RangeName.StopTheWorld && kind === EventKind.RangeEnd) this.edges.push({ time, what: "stopped", change: -1 });
  }

  /** Wall time with a runnable goroutine and an idle processor while the world goes on: in all, and in stretches of at least 1 ms. */
  lost(): { all: number; long: number } {
    const now = { runnable: 0, idle: 0, stopped: 0 };
    const edges = this.edges.toSorted((one, two) => one.time - two.time);
    let all = 0;
    let long = 0;
    let begin = -1;
    for (let i = 0; i <= edges.length; i++) {
      const time = edges[i]?.time ?? this.end;
      if (i > 0 && edges[i - 1]!.time < time) {
        const holds = now.runnable > 0 && now.idle > 0 && now.stopped === 0;
        const from = edges[i - 1]!.time;
        if (holds) all += time - from;
        if (holds && begin < 0) begin = from;
        if (!holds && begin >= 0) {
          if (from - begin >= 1e6) long += from - begin;
          begin = -1;
        }
      }
      if (i < edges.length) now[edges[i]!.what] += edges[i]!.change;
    }
    if (begin >= 0 && this.end - begin >= 1e6) long += this.end - begin;
    return { all, long };
  }
}

describe.skipIf(!hasTraces)("runnable while a processor is idle", () => {
  it.each([
    ["tsgolint-7.0.2007-go1.26.10-tiny", 26],
    ["esbuild-0.27.7-go1.25.7-small", 25],
    ["go119-scenario-pipeline", 19],
    ["nats-server-2.9.10-go1.19.8-load3s", 19],
  ])("%s", async (trace, version) => {
    const plain = new Intervals(version);
    const summary = createSummary({ windowNanos: 1e8 });
    await feed(trace, "list", tee([plain, summary]));
    const { processors } = summary.finish();
    const { all, long } = plain.lost();
    expect(all).toBeGreaterThan(0);
    expect(processors).toMatchObject({ idleWhileRunnableNanos: all, longIdleWhileRunnableNanos: long });
  });
});
