/** From runnable to running and back: latency by cause, ages, slices, preemption, steals and migrations. Section B of the feature list. */
import { GoState } from "../../trace/model.ts";
import type { SeriesNames } from "../core/names.ts";
import { putAmount, type Row } from "../core/rows.ts";
import type { Change } from "../state/change.ts";
import { goScopeNames, ReadyCause, readyCauseNames, type GoroutineTable } from "../state/goroutine-table.ts";
import { QuantileSeries, Samples } from "../core/quantile-series.ts";
import { ScopedDistribution } from "./distribution.ts";

/** A goroutine is asked to yield after 10 ms (forcePreemptNS in src/runtime/proc.go); beyond twice that it did not. */
const longSlices = [10e6, 20e6] as const;
/** Coroutine switches block, wake and start within 1–2 ns; no queue is involved. */
const coroutineNanos = 2;

export class Scheduling {
  private readonly table: GoroutineTable;
  private readonly latency: ScopedDistribution;
  private readonly byCause: readonly { samples: Samples; series: QuantileSeries }[];
  private readonly slices: ScopedDistribution;
  private readonly starts = [0, 0];
  private readonly long = [0, 0];
  private preemptions = 0;
  private suspensions = 0;
  private yields = 0;
  private coroutines = 0;
  private steals = 0;
  private procMigrations = 0;
  private threadMigrations = 0;
  private readonly names: Readonly<Record<Amount, number>> & {
    readonly starts: readonly number[];
    readonly startsAll: number;
    readonly age: number;
    readonly oldest: number;
  };

  constructor(table: GoroutineTable, names: SeriesNames) {
    this.table = table;
    this.latency = new ScopedDistribution(names, "go_trace_sched_latency_seconds", {
      all: false,
      buckets: "go_trace_sched_latency_seconds_bucket",
    });
    this.byCause = readyCauseNames.map((cause) => ({
      samples: new Samples(),
      series: new QuantileSeries(names, "go_trace_sched_latency_seconds", { cause }),
    }));
    this.slices = new ScopedDistribution(names, "go_trace_run_slice_seconds");
    this.names = {
      starts: goScopeNames.map((scope) => names.id("go_trace_starts", { scope })),
      startsAll: names.id("go_trace_starts"),
      age: names.id("go_trace_runnable_age_seconds"),
      oldest: names.id("go_trace_runnable_age_max_seconds"),
      over10: names.id("go_trace_long_slices", { over: "10ms" }),
      over20: names.id("go_trace_long_slices", { over: "20ms" }),
      preemptions: names.id("go_trace_preemptions"),
      suspensions: names.id("go_trace_suspensions"),
      yields: names.id("go_trace_yields"),
      coroutines: names.id("go_trace_coroutine_switches"),
      steals: names.id("go_trace_stolen_starts"),
      procMigrations: names.id("go_trace_migrations", { of: "processor" }),
      threadMigrations: names.id("go_trace_migrations", { of: "thread" }),
    };
  }

  /** Runnable → Running; the table has where it ran before and where it was made runnable. */
  start(change: Change): void {
    const { slot, scope, nanos, proc, thread } = change;
    const { table } = this;
    this.starts[scope]!++;
    const cause = table.cause[slot]!;
    if (change.seen && nanos <= coroutineNanos && cause === ReadyCause.Unblock) this.coroutines++;
    else if (change.seen) {
      this.latency.add(scope, nanos);
      this.byCause[cause]!.samples.add(nanos);
    }
    const ready = table.readyProc[slot]!;
    if (ready >= 0 && ready !== proc) this.steals++;
    if (table.proc[slot]! >= 0) {
      if (table.proc[slot] !== proc) this.procMigrations++;
      if (table.thread[slot] !== thread) this.threadMigrations++;
    }
  }

  /**
   * It gives its processor up at `time`. A slice goes on through system calls that keep the processor, as the runtime's own clock for
   * preemption does (schedtick in src/runtime/proc.go), so it can be longer than a stay in running.
   */
  stop(slot: number, scope: number, time: number): void {
    const slice = time - this.table.slice[slot]!;
    if (Number.isNaN(slice)) return;
    this.slices.add(scope, slice);
    for (let i = 0; i < longSlices.length; i++) if (slice > longSlices[i]!) this.long[i]!++;
  }

  preempt(to: GoState): void {
    if (to === GoState.Waiting) this.suspensions++;
    else this.preemptions++;
  }

  yield(): void {
    this.yields++;
  }

  close(row: Row): void {
    const { table, names } = this;
    this.latency.close(row);
    for (const { samples, series } of this.byCause) {
      series.put(row, samples);
      samples.clear();
    }
    this.slices.close(row);
    let waiting = 0;
    let sum = 0;
    let oldest = 0;
    const end = row.start + row.length;
    table.forEach((slot) => {
      if (table.state[slot] !== GoState.Runnable) return;
      const age = end - table.since[slot]!;
      waiting++;
      sum += age;
      if (age > oldest) oldest = age;
    });
    row.values.push(names.age, waiting === 0 ? 0 : sum / waiting / 1e9, names.oldest, oldest / 1e9);
    for (let scope = 0; scope < 2; scope++) putAmount(row, names.starts[scope]!, this.starts[scope]!);
    putAmount(row, names.startsAll, this.starts[0]! + this.starts[1]!);
    putAmount(row, names.over10, this.long[0]!);
    putAmount(row, names.over20, this.long[1]!);
    for (const amount of amounts) {
      putAmount(row, names[amount], this[amount]);
      this[amount] = 0;
    }
    this.starts.fill(0);
    this.long.fill(0);
  }
}

const amounts = ["preemptions", "suspensions", "yields", "coroutines", "steals", "procMigrations", "threadMigrations"] as const;
type Amount = (typeof amounts)[number] | "over10" | "over20";
