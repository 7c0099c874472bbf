/** What a summary finds in programs with one known fault each (tests/fixtures/scenarios), and time lost to idle processors, the plain way. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { FindingId } from "../../src/features/findings.ts";
import { createSummary, type Summary } from "../../src/features/summary.ts";
import { EventKind, GoState, ProcState, RangeName, type TraceVisitor } from "../../src/trace/model.ts";
import { readTrace } from "../../src/trace/read.ts";
import { feed, hasTraces, tee } from "./traces.ts";

const scenarios = join(import.meta.dirname, "..", "fixtures", "scenarios");

async function scenario(name: string): Promise<Summary> {
  const visitor = createSummary({ windowNanos: 1e8 });
  const { error } = await readTrace([gunzipSync(readFileSync(join(scenarios, `${name}.trace.gz`)))], visitor);
  expect(error).toBeUndefined();
  return visitor.finish();
}
const ids = (summary: Summary): FindingId[] => summary.findings.map(({ id }) => id);
const finding = (summary: Summary, id: FindingId): Summary["findings"][number] => summary.findings.find((found) => found.id === id)!;
const functionOf = (summary: Summary, name: string): Summary["functions"][number] =>
  summary.functions.find((found) => found.name === name)!;

describe("programs with a known fault", () => {
  it("a leak: its function, and not the goroutines that end", async () => {
    const summary = await scenario("leak");
    expect(finding(summary, "goroutines_pile_up").evidence).toEqual({
      function: "main.leaked",
      created: 200,
      ended: 0,
      reason: "chan receive",
    });
    expect(functionOf(summary, "main.finishes")).toMatchObject({ goroutines: 50, created: 50, ended: 50 });
  });

  it("8 goroutines on one mutex: nearly 7 wait, in main.locker", async () => {
    const { evidence } = finding(await scenario("mutex"), "mutex_contention");
    expect(evidence).toMatchObject({ caller: "main.locker", place: expect.stringMatching(/scenarios\.go:29$/) as string });
    expect(evidence["waiters_mean"]).toBeGreaterThan(6);
    expect(evidence["waiters_mean"]).toBeLessThan(7);
  });

  it("4 senders on a slow receiver: nearly 4 wait, in main.sender", async () => {
    const summary = await scenario("send");
    const { evidence } = finding(summary, "senders_wait");
    expect(evidence).toMatchObject({ operation: "runtime.chansend1", caller: "main.sender" });
    expect(evidence["waiters_mean"]).toBeGreaterThan(3);
    expect(evidence["waiters_mean"]).toBeLessThanOrEqual(4);
    expect(ids(summary)).not.toContain("mutex_contention");
  });

  it("40 goroutines that each want a processor: the run queue, and who waited longest", async () => {
    const summary = await scenario("spin");
    expect(ids(summary)).toEqual(["run_queue_saturated", "long_scheduling_latency"]);
    expect(summary.processors).toMatchObject({ gomaxprocs: 2 });
    expect(finding(summary, "long_scheduling_latency").evidence).toMatchObject({ function: "main.spinner" });
  });

  it("allocations: the share of the collector, and assists", async () => {
    const summary = await scenario("gc");
    expect(ids(summary)).toEqual(expect.arrayContaining(["gc_share_high", "assists_high"]));
    expect(summary.gc.assistRunningNanos).toBeLessThanOrEqual(summary.gc.assistNanos);
    const { workerNanos, sweepNanos, assistRunningNanos } = summary.gc;
    expect(workerNanos + sweepNanos + assistRunningNanos).toBeLessThanOrEqual(summary.processors.busyNanos);
    // 12,000 allocations of 4 KiB, of which about 3 MB stay.
    expect(summary.heap!.most).toBeLessThan(12_000 * 4096);
  });

  it("tasks and regions with their durations", async () => {
    const { tasks, regions } = await scenario("tasks");
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
    expect(ids(await scenario("idle"))).toEqual(["mostly_idle"]);
  });
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
