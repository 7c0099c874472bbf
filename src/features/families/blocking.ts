/** What goroutines wait for: duration by class, waiters at once, ages, places, locks by kind, wake-ups. Section D of the feature list. */
import { GoState } from "../../trace/model.ts";
import type { SeriesNames } from "../core/names.ts";
import { putAmount, type Row } from "../core/rows.ts";
import type { Change } from "../state/change.ts";
import type { GoroutineTable } from "../state/goroutine-table.ts";
import { waitClasses, type Reasons } from "../state/reasons.ts";
import { StackNumbers } from "../state/sites.ts";
import { QuantileSeries, Samples } from "../core/quantile-series.ts";
import { TopSites } from "./top-sites.ts";

type LockKind = { readonly name: number; nanos: number };

export class Blocking {
  private readonly table: GoroutineTable;
  private readonly reasons: Reasons;
  private readonly sites: StackNumbers;
  private readonly locks: StackNumbers;
  private readonly lockNames: SeriesNames;
  private readonly lockWaits: (LockKind | undefined)[] = [];
  private readonly durations: readonly { samples: Samples; series: QuantileSeries }[];
  private readonly waiters = new Float64Array(waitClasses.length);
  private readonly mostWaiters = new Float64Array(waitClasses.length);
  private readonly topSites: readonly TopSites[];
  private readonly netBatch: { time: number; thread: number; size: number; most: number; unblocks: number } = {
    time: Number.NaN,
    thread: -1,
    size: 0,
    most: 0,
    unblocks: 0,
  };
  private timerWakes = 0;
  private readonly names: {
    readonly waiters: readonly number[];
    readonly oldest: readonly number[];
    readonly netUnblocks: number;
    readonly netBatch: number;
    readonly timerWakes: number;
  };

  constructor(table: GoroutineTable, reasons: Reasons, sites: StackNumbers, locks: StackNumbers, names: SeriesNames) {
    this.table = table;
    this.sites = sites;
    this.locks = locks;
    this.reasons = reasons;
    this.lockNames = names;
    this.durations = waitClasses.map((waits) => ({
      samples: new Samples(),
      series: new QuantileSeries(names, "go_trace_block_duration_seconds", { waits }),
    }));
    this.topSites = waitClasses.map(
      (waits) => new TopSites(names, "go_trace_block_site_seconds", this.sites.texts, { labels: { waits }, unit: 1e9 }),
    );
    this.names = {
      waiters: waitClasses.map((waits) => names.id("go_trace_waiters_max", { waits })),
      oldest: waitClasses.map((waits) => names.id("go_trace_wait_age_max_seconds", { waits })),
      netUnblocks: names.id("go_trace_network_wakes"),
      netBatch: names.id("go_trace_network_wake_batch_max"),
      timerWakes: names.id("go_trace_timer_wakes"),
    };
  }

  /** A wait begins, or is told of by a status. */
  begin(slot: number, reason: number, stack: number): void {
    this.table.reason[slot] = reason;
    this.table.site[slot] = this.sites.of(stack);
    const waits = this.reasons.classes[reason]!;
    const count = this.waiters[waits]! + 1;
    this.waiters[waits] = count;
    if (count > this.mostWaiters[waits]!) this.mostWaiters[waits] = count;
    this.lock[slot] = waits === syncClass ? this.locks.of(stack) : 0;
  }

  /** Lock kind of the wait by slot. */
  private readonly lock: number[] = [];

  /** Number of the lock kind that the goroutine in a slot waits for; 0 = none. */
  lockOf(slot: number): number {
    return this.lock[slot] ?? 0;
  }

  /** A wait ends in any way. */
  end(change: Change): void {
    const { slot, nanos, time, thread } = change;
    const reason = this.table.reason[slot]!;
    const waits = this.reasons.classes[reason]!;
    this.waiters[waits] = Math.max(0, this.waiters[waits]! - 1);
    if (change.seen) {
      this.durations[waits]!.samples.add(nanos);
      this.topSites[waits]!.add(this.table.site[slot]!, nanos);
      const kind = this.lock[slot] ?? 0;
      if (kind !== 0) this.lockWait(kind).nanos += nanos;
    }
    if (change.by >= 0 || change.to !== GoState.Runnable) return;
    if (waits === sleepClass) this.timerWakes++;
    else if (waits === networkClass) this.networkWake(time, thread);
  }

  close(row: Row): void {
    const { names, table } = this;
    const end = row.start + row.length;
    const oldest = new Float64Array(waitClasses.length);
    table.forEach((slot) => {
      if (table.state[slot] !== GoState.Waiting) return;
      const waits = this.reasons.classes[table.reason[slot]!]!;
      oldest[waits] = Math.max(oldest[waits]!, end - table.since[slot]!);
    });
    for (let waits = 0; waits < waitClasses.length; waits++) {
      const { samples, series } = this.durations[waits]!;
      series.put(row, samples);
      samples.clear();
      this.topSites[waits]!.close(row);
      putAmount(row, names.waiters[waits]!, this.mostWaiters[waits]!);
      putAmount(row, names.oldest[waits]!, oldest[waits]! / 1e9);
      this.mostWaiters[waits] = this.waiters[waits]!;
    }
    for (const lock of this.lockWaits) {
      if (lock === undefined) continue;
      putAmount(row, lock.name, lock.nanos / 1e9);
      lock.nanos = 0;
    }
    putAmount(row, names.netUnblocks, this.netBatch.unblocks);
    putAmount(row, names.netBatch, this.netBatch.most);
    putAmount(row, names.timerWakes, this.timerWakes);
    this.netBatch.unblocks = 0;
    this.netBatch.most = 0;
    this.timerWakes = 0;
  }

  private lockWait(kind: number): LockKind {
    return (this.lockWaits[kind] ??= {
      name: this.lockNames.id("go_trace_lock_wait_seconds", { lock: this.locks.texts[kind]! }),
      nanos: 0,
    });
  }

  /** Wake-ups by one thread within a microsecond of each other come from one look at the network. */
  private networkWake(time: number, thread: number): void {
    const batch = this.netBatch;
    batch.unblocks++;
    batch.size = batch.thread === thread && time - batch.time <= 1000 ? batch.size + 1 : 1;
    batch.time = time;
    batch.thread = thread;
    batch.most = Math.max(batch.most, batch.size);
  }
}

const syncClass = waitClasses.indexOf("sync");
const sleepClass = waitClasses.indexOf("sleep");
const networkClass = waitClasses.indexOf("network");
