/** The garbage collector: cycles, stops of the world, assists, workers, sweeping, and what it leaves to the program. Section F of the feature list. */
import { GoState, RangeName, type GenerationTables } from "../../trace/model.ts";
import { LabelValues, type SeriesNames } from "../core/names.ts";
import { NumberTable } from "../core/number-table.ts";
import { putAmount, type Row } from "../core/rows.ts";
import type { GoroutineTable } from "../state/goroutine-table.ts";
import { QuantileSeries, Samples } from "../core/quantile-series.ts";
import { BucketSeries } from "./distribution.ts";
import { Mutator } from "./mutator.ts";

/** What a running goroutine does for the collector. */
export const GcRole = { None: 0, Assist: 1, Dedicated: 2, Fractional: 3, Idle: 4 } as const;
type GcRole = (typeof GcRole)[keyof typeof GcRole];
const roleNames = ["", "assist", "dedicated", "fractional", "idle"] as const;
/** Text of the label that a mark worker takes when it starts (src/runtime/mgc.go). */
const roleOfLabel: Readonly<Record<string, GcRole>> = {
  "GC (dedicated)": GcRole.Dedicated,
  "GC (fractional)": GcRole.Fractional,
  "GC (idle)": GcRole.Idle,
};
const gcStops: ReadonlySet<string> = new Set(["GC sweep termination", "GC mark termination"]);

export class Collector {
  private readonly table: GoroutineTable;
  private readonly mutator: Mutator;
  private readonly stopKinds = new LabelValues((kind) => this.kinds.push(kind) - 1);
  private readonly kinds: string[] = [];
  private readonly labels = new LabelValues((text) => this.labelTexts.push(text) - 1);
  private readonly labelTexts: string[] = [];
  /** Since when the goroutine in a slot has its role (in the table) while running. */
  private readonly since: number[] = [];
  private readonly onProcessor = new Float64Array(roleNames.length);
  /** Processors that work for the collector now. */
  private busy = 0;
  private readonly sweeping = new NumberTable();
  /** Stops of the world at hand. */
  stopped = 0;
  private gomaxprocs = Number.NaN;
  private windowStart = Number.NaN;
  /** The mark phase at hand, and the begin of the one before. */
  private marking = Number.NaN;
  private lastBegin = Number.NaN;
  private readonly cycles = new Samples();
  private readonly intervals = new Samples();
  private readonly gcPauses = new Samples();
  private readonly otherPauses = new Samples();
  private readonly stopping = new Samples();
  private stop = { begin: Number.NaN, gc: false, seen: false, lastActivity: Number.NaN };
  private swept = 0;
  private reclaimed = 0;
  private sweeps = 0;
  private assists = 0;
  private stopNanos = 0;
  private readonly series;

  constructor(table: GoroutineTable, names: SeriesNames) {
    this.table = table;
    this.mutator = new Mutator(names);
    this.windowStart = 0;
    const roles = roleNames.map((role) => (role === "" ? -1 : names.id("go_trace_gc_running_seconds", { role })));
    this.series = {
      cycle: new QuantileSeries(names, "go_trace_gc_cycle_seconds"),
      interval: new QuantileSeries(names, "go_trace_gc_interval_seconds"),
      stopping: new QuantileSeries(names, "go_trace_stw_stopping_seconds"),
      gcPauses: new BucketSeries(names, "go_trace_gc_pause_seconds_bucket"),
      otherPauses: new BucketSeries(names, "go_trace_other_pause_seconds_bucket"),
      swept: names.id("go_trace_gc_swept_bytes"),
      reclaimed: names.id("go_trace_gc_reclaimed_bytes"),
      sweeps: names.id("go_trace_gc_sweeps"),
      assists: names.id("go_trace_gc_assists"),
      cpu: names.id("go_trace_gc_cpu_share"),
      roles,
    };
  }

  generation(tables: GenerationTables): void {
    this.stopKinds.generation(tables);
    this.labels.generation(tables);
  }

  setGomaxprocs(value: number): void {
    this.gomaxprocs = value;
  }

  begin(range: number, kind: number, owner: number, time: number): void {
    switch (range) {
      case RangeName.GcMark:
        if (!Number.isNaN(this.lastBegin)) this.intervals.add(time - this.lastBegin);
        this.marking = time;
        this.lastBegin = time;
        break;
      case RangeName.StopTheWorld:
        this.stopped++;
        this.stop = { begin: time, gc: gcStops.has(this.kinds[this.stopKinds.ofId(kind)]!), seen: true, lastActivity: Number.NaN };
        this.changed(time);
        break;
      case RangeName.GcMarkAssist:
        this.assists++;
        this.setRole(owner, GcRole.Assist, time);
        break;
      case RangeName.GcSweep:
        this.sweeps++;
        this.sweeping.set(owner, 1);
        this.changed(time);
        break;
    }
  }

  /** A range that is open already, as each generation tells; unless it is known, it began before the trace. */
  active(range: number, owner: number, time: number): void {
    if (range === RangeName.StopTheWorld) {
      if (this.stopped > 0) return;
      this.stopped = 1;
      this.stop = { begin: time, gc: false, seen: false, lastActivity: Number.NaN };
      this.changed(time);
    } else if (range === RangeName.GcMarkAssist) {
      const slot = this.table.find(owner);
      if (slot >= 0 && this.table.role[slot] === GcRole.None) this.setRole(owner, GcRole.Assist, time);
    } else if (range === RangeName.GcSweep && !this.sweeping.has(owner)) {
      this.sweeping.set(owner, 1);
      this.changed(time);
    }
  }

  /** @param swept, reclaimed bytes of a sweep. */
  end(range: number, owner: number, time: number, swept: number, reclaimed: number): void {
    switch (range) {
      case RangeName.GcMark:
        if (!Number.isNaN(this.marking)) this.cycles.add(time - this.marking);
        this.marking = Number.NaN;
        break;
      case RangeName.StopTheWorld:
        this.endStop(time);
        break;
      case RangeName.GcMarkAssist:
        this.setRole(owner, GcRole.None, time);
        break;
      case RangeName.GcSweep:
        this.swept += swept;
        this.reclaimed += reclaimed;
        this.sweeping.remove(owner);
        this.changed(time);
        break;
    }
  }

  /** A label of the goroutine: a mark worker says what kind it is each time it starts. */
  label(labelId: number, goroutine: number, time: number): void {
    this.setRole(goroutine, roleOfLabel[this.labelTexts[this.labels.ofId(labelId)]!] ?? GcRole.None, time);
  }

  /** A goroutine got to run; it may do so for the collector. */
  ran(slot: number, time: number): void {
    if (this.table.role[slot] === GcRole.None) return;
    this.since[slot] = time;
    this.busy += Number(this.counts(slot));
    this.changed(time);
  }

  /** It stopped running. A worker says anew what it is when it starts again, an assist goes on. */
  rested(slot: number, time: number): void {
    if (this.stopped > 0) this.stop.lastActivity = time;
    const role = this.table.role[slot]!;
    if (role === GcRole.None) return;
    this.account(slot, time);
    this.busy -= Number(this.counts(slot));
    if (role !== GcRole.Assist) this.table.role[slot] = GcRole.None;
    this.changed(time);
  }

  /** A processor stopped: the last one before the world stands still tells how long stopping took. */
  procStopped(time: number): void {
    if (this.stopped > 0) this.stop.lastActivity = time;
  }

  close(row: Row): void {
    const end = row.start + row.length;
    const { series, table } = this;
    table.forEach((slot) => {
      if (this.table.role[slot] !== GcRole.None && this.isRunning(slot)) this.account(slot, end);
    });
    if (this.stopped > 0) this.stopNanos += end - Math.max(this.stop.begin, this.windowStart);
    this.mutator.close(row);
    series.cycle.put(row, this.cycles);
    series.interval.put(row, this.intervals);
    series.stopping.put(row, this.stopping);
    series.gcPauses.put(row, this.gcPauses);
    series.otherPauses.put(row, this.otherPauses);
    for (const samples of [this.cycles, this.intervals, this.stopping, this.gcPauses, this.otherPauses]) samples.clear();
    const { onProcessor, gomaxprocs } = this;
    for (let role = GcRole.Assist as number; role < roleNames.length; role++) putAmount(row, series.roles[role]!, onProcessor[role]! / 1e9);
    if (row.length > 0 && gomaxprocs > 0) {
      const work = onProcessor[GcRole.Assist]! + onProcessor[GcRole.Dedicated]! + onProcessor[GcRole.Fractional]!;
      row.values.push(series.cpu, (this.stopNanos * gomaxprocs + work) / (row.length * gomaxprocs));
    }
    putAmount(row, series.swept, this.swept);
    putAmount(row, series.reclaimed, this.reclaimed);
    putAmount(row, series.sweeps, this.sweeps);
    putAmount(row, series.assists, this.assists);
    onProcessor.fill(0);
    this.swept = 0;
    this.reclaimed = 0;
    this.sweeps = 0;
    this.assists = 0;
    this.stopNanos = 0;
    this.windowStart = end;
  }

  private endStop(time: number): void {
    if (this.stopped === 0) return;
    this.stopped--;
    const { begin, gc, seen, lastActivity } = this.stop;
    this.stopNanos += time - Math.max(begin, this.windowStart);
    if (seen) (gc ? this.gcPauses : this.otherPauses).add(time - begin);
    if (!Number.isNaN(lastActivity)) this.stopping.add(lastActivity - begin);
    this.changed(time);
  }

  private setRole(goroutine: number, role: GcRole, time: number): void {
    const slot = this.table.find(goroutine);
    if (slot < 0) return;
    const running = this.isRunning(slot);
    if (running) {
      this.account(slot, time);
      this.busy -= Number(this.counts(slot));
    }
    this.table.role[slot] = role;
    this.since[slot] = time;
    if (running) this.busy += Number(this.counts(slot));
    this.changed(time);
  }

  private isRunning(slot: number): boolean {
    return this.table.state[slot] === GoState.Running;
  }

  /** Idle workers take what nobody wants. */
  private counts(slot: number): boolean {
    const role = this.table.role[slot]!;
    return role !== GcRole.None && role !== GcRole.Idle;
  }

  /** Adds what the goroutine ran in its role up to `time`. */
  private account(slot: number, time: number): void {
    const role = this.table.role[slot]!;
    if (role === GcRole.None) return;
    const begin = Math.max(this.since[slot] ?? time, this.windowStart);
    this.onProcessor[role] = this.onProcessor[role]! + Math.max(0, time - begin);
    this.since[slot] = time;
  }

  private changed(time: number): void {
    if (!(this.gomaxprocs > 0)) return;
    const taken = this.stopped > 0 ? this.gomaxprocs : Math.min(this.gomaxprocs, this.busy + this.sweeping.size);
    this.mutator.set(1 - taken / this.gomaxprocs, time);
  }
}
