/** Goroutines by scope: how many in which state, created, ended, for how long they lived, by whom they were made. Section A of the feature list. */
import { GoState } from "../../trace/model.ts";
import type { SeriesNames } from "../core/names.ts";
import { putAmount, type Row } from "../core/rows.ts";
import type { Change } from "../state/change.ts";
import { goScopeNames, type GoroutineTable } from "../state/goroutine-table.ts";
import { QuantileSeries, Samples } from "../core/quantile-series.ts";
import { ScopedDistribution } from "./distribution.ts";

const burstNanos = 1e6;

export class Population {
  private readonly table: GoroutineTable;
  private readonly created = [0, 0];
  private readonly ended = [0, 0];
  private readonly lifetime: ScopedDistribution;
  private readonly depths = new Samples();
  private readonly depthSeries: QuantileSeries;
  private lifetimesUnknown = 0;
  private endedUnrun = 0;
  /** Creations in the millisecond at hand, the most in one, their sum and sum of squares over the window. */
  private bucket = -1;
  private inBucket = 0;
  private burst = 0;
  private squares = 0;
  private readonly names: {
    readonly created: readonly number[];
    readonly ended: readonly number[];
    readonly live: readonly number[];
    readonly liveAll: number;
    readonly unknown: number;
    readonly endedUnrun: number;
    readonly unrun: number;
    readonly burst: number;
    readonly dispersion: number;
  };

  constructor(table: GoroutineTable, names: SeriesNames) {
    this.table = table;
    this.lifetime = new ScopedDistribution(names, "go_trace_goroutine_lifetime_seconds");
    this.depthSeries = new QuantileSeries(names, "go_trace_goroutine_depth");
    this.names = {
      created: goScopeNames.map((scope) => names.id("go_trace_goroutines_created", { scope })),
      ended: goScopeNames.map((scope) => names.id("go_trace_goroutines_ended", { scope })),
      live: goScopeNames.map((scope) => names.id("go_trace_goroutines_live", { scope })),
      liveAll: names.id("go_trace_goroutines_live"),
      unknown: names.id("go_trace_goroutine_lifetimes_unknown"),
      endedUnrun: names.id("go_trace_goroutines_ended_unrun"),
      unrun: names.id("go_trace_goroutines_unrun"),
      burst: names.id("go_trace_goroutines_created_burst"),
      dispersion: names.id("go_trace_goroutines_created_dispersion"),
    };
  }

  create(change: Change): void {
    this.created[change.scope]!++;
    this.depths.add(this.table.depth[change.slot]! * 1e9);
    const bucket = Math.floor(change.time / burstNanos);
    if (bucket !== this.bucket) {
      this.endBucket();
      this.bucket = bucket;
    }
    this.inBucket++;
  }

  end(change: Change): void {
    const { slot, scope, time } = change;
    this.ended[scope]!++;
    const born = this.table.born[slot]!;
    if (Number.isNaN(born)) this.lifetimesUnknown++;
    else {
      this.lifetime.add(scope, time - born);
      if (this.table.runs[slot] === 0) this.endedUnrun++;
    }
  }

  close(row: Row): void {
    const { names } = this;
    const live = [0, 0];
    let unrun = 0;
    this.table.forEach((slot) => {
      live[this.table.scope[slot]!]!++;
      if (this.table.runs[slot] === 0 && !Number.isNaN(this.table.born[slot]!) && this.table.state[slot] === GoState.Runnable) unrun++;
    });
    for (let scope = 0; scope < 2; scope++) {
      putAmount(row, names.created[scope]!, this.created[scope]!);
      putAmount(row, names.ended[scope]!, this.ended[scope]!);
      row.values.push(names.live[scope]!, live[scope]!);
    }
    row.values.push(names.liveAll, live[0]! + live[1]!, names.unrun, unrun);
    putAmount(row, names.unknown, this.lifetimesUnknown);
    putAmount(row, names.endedUnrun, this.endedUnrun);
    this.endBucket();
    putAmount(row, names.burst, this.burst);
    const created = this.created[0]! + this.created[1]!;
    const buckets = row.length / burstNanos;
    // Variance over mean of the counts by millisecond: 1 for independent creations, more for bursts.
    if (created > 0 && buckets >= 2) row.values.push(names.dispersion, this.squares / created - created / buckets);
    this.lifetime.close(row);
    this.depthSeries.put(row, this.depths);
    this.depths.clear();
    this.created.fill(0);
    this.ended.fill(0);
    this.lifetimesUnknown = 0;
    this.endedUnrun = 0;
    this.burst = 0;
    this.squares = 0;
    this.bucket = -1;
  }

  private endBucket(): void {
    this.burst = Math.max(this.burst, this.inBucket);
    this.squares += this.inBucket ** 2;
    this.inBucket = 0;
  }
}
