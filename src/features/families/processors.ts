/** Processors (Ps): what they do, how evenly, how often they start and stop, how long they idle. Section C of the feature list. */
import { ProcState } from "../../trace/model.ts";
import type { SeriesNames } from "../core/names.ts";
import { putAmount, type Row } from "../core/rows.ts";
import { QuantileSeries, Samples } from "../core/quantile-series.ts";

export type Processor = {
  readonly id: number;
  state: ProcState;
  since: number;
  /** False for a state that a status told. */
  seen: boolean;
  /** Nanoseconds running in the open window. */
  running: number;
  thread: number;
  /** When it started and no goroutine has run on it since; NaN otherwise. */
  started: number;
  /** When its goroutine began a system call that still holds it; NaN otherwise. */
  syscall: number;
};

/** Ids below this are looked up in an array. */
const dense = 1024;

export class Processors {
  private readonly procs = new Map<number, Processor>();
  /** Those with small ids, by id. */
  readonly byId: (Processor | undefined)[] = [];
  private windowStart = Number.NaN;
  private gomaxprocs = Number.NaN;
  private changes = 0;
  private starts = 0;
  private stops = 0;
  private steals = 0;
  private handoffs = 0;
  /** Nanoseconds that processors spent held by system calls in the open window. */
  held = 0;
  private readonly idle = new Samples();
  private readonly wake = new Samples();
  private readonly retake = new Samples();
  private readonly series: { readonly idle: QuantileSeries; readonly wake: QuantileSeries; readonly retake: QuantileSeries };
  private readonly names: {
    readonly utilization: number;
    readonly least: number;
    readonly most: number;
    readonly gini: number;
    readonly syscall: number;
    readonly changes: number;
    readonly starts: number;
    readonly stops: number;
    readonly steals: number;
    readonly handoffs: number;
  };

  constructor(names: SeriesNames) {
    this.windowStart = 0;
    this.series = {
      idle: new QuantileSeries(names, "go_trace_proc_idle_seconds"),
      wake: new QuantileSeries(names, "go_trace_proc_wake_seconds"),
      retake: new QuantileSeries(names, "go_trace_syscall_retake_seconds"),
    };
    this.names = {
      utilization: names.id("go_trace_proc_utilization"),
      least: names.id("go_trace_proc_utilization_min"),
      most: names.id("go_trace_proc_utilization_max"),
      gini: names.id("go_trace_proc_imbalance"),
      syscall: names.id("go_trace_procs_in_syscall"),
      changes: names.id("go_trace_gomaxprocs_changes"),
      starts: names.id("go_trace_proc_starts"),
      stops: names.id("go_trace_proc_stops"),
      steals: names.id("go_trace_proc_steals"),
      handoffs: names.id("go_trace_proc_handoffs"),
    };
  }

  setGomaxprocs(value: number): void {
    if (!Number.isNaN(this.gomaxprocs) && value !== this.gomaxprocs) this.changes++;
    this.gomaxprocs = value;
  }

  /** @param thread of the event, -1 = none. `since` is `time`, or 0 for a state that began before the trace. */
  transition(id: number, from: ProcState, to: ProcState, thread: number, time: number, since: number): void {
    const proc = this.of(id);
    if (from === ProcState.Undetermined) {
      this.enter(proc, to, since, false);
      return;
    }
    if (proc.state === ProcState.Running) this.leaveRunning(proc, time, from === ProcState.Running && to === ProcState.Idle);
    else if (proc.state === ProcState.Idle && proc.seen && to === ProcState.Running) this.idle.add(time - proc.since);
    this.enter(proc, to, time, true);
    if (to !== ProcState.Running) return;
    this.starts++;
    proc.started = time;
    if (thread < 0) return;
    if (proc.thread >= 0 && proc.thread !== thread) this.handoffs++;
    proc.thread = thread;
  }

  /** A goroutine starts on it. */
  ran(id: number, time: number): void {
    const proc = this.of(id);
    if (Number.isNaN(proc.started)) return;
    this.wake.add(time - proc.started);
    proc.started = Number.NaN;
  }

  enterSyscall(id: number, time: number): void {
    this.of(id).syscall = time;
  }

  exitSyscall(id: number, time: number): void {
    const proc = this.of(id);
    if (Number.isNaN(proc.syscall)) return;
    this.hold(proc, time);
    proc.syscall = Number.NaN;
  }

  close(row: Row): void {
    const end = row.start + row.length;
    const { names } = this;
    let sum = 0;
    let least = Number.POSITIVE_INFINITY;
    let most = 0;
    const shares: number[] = [];
    for (const proc of this.procs.values()) {
      if (proc.state === ProcState.Running) proc.running += end - Math.max(proc.since, this.windowStart);
      if (!Number.isNaN(proc.syscall)) this.hold(proc, end);
      const share = row.length === 0 ? 0 : proc.running / row.length;
      proc.running = 0;
      shares.push(share);
      sum += share;
      least = Math.min(least, share);
      most = Math.max(most, share);
    }
    const count = Number.isNaN(this.gomaxprocs) ? shares.length : this.gomaxprocs;
    if (row.length > 0 && count > 0) {
      row.values.push(names.utilization, sum / count, names.least, least, names.most, most, names.syscall, this.held / row.length);
      if (sum > 0) row.values.push(names.gini, gini(shares, sum));
    }
    putAmount(row, names.changes, this.changes);
    putAmount(row, names.starts, this.starts);
    putAmount(row, names.stops, this.stops);
    putAmount(row, names.steals, this.steals);
    putAmount(row, names.handoffs, this.handoffs);
    for (const kind of ["idle", "wake", "retake"] as const) {
      this.series[kind].put(row, this[kind]);
      this[kind].clear();
    }
    this.changes = 0;
    this.starts = 0;
    this.stops = 0;
    this.steals = 0;
    this.handoffs = 0;
    this.held = 0;
    this.windowStart = end;
  }

  private of(id: number): Processor {
    let proc = id < dense ? this.byId[id] : this.procs.get(id);
    if (proc === undefined) {
      const nan = Number.NaN;
      proc = { id, state: ProcState.Undetermined, since: nan, seen: false, running: 0, thread: -1, started: nan, syscall: nan };
      this.procs.set(id, proc);
      while (this.byId.length < dense && this.byId.length < id) this.byId.push(undefined);
      if (id < dense) this.byId[id] = proc;
    }
    return proc;
  }

  private leaveRunning(proc: Processor, time: number, stopped: boolean): void {
    proc.running += time - Math.max(proc.since, this.windowStart);
    if (!stopped) return;
    this.stops++;
    if (Number.isNaN(proc.syscall)) return;
    this.steals++;
    this.retake.add(time - proc.syscall);
    this.hold(proc, time);
    proc.syscall = Number.NaN;
  }

  private enter(proc: Processor, state: ProcState, since: number, seen: boolean): void {
    proc.state = state;
    proc.since = since;
    proc.seen = seen;
    proc.started = Number.NaN;
  }

  private hold(proc: Processor, time: number): void {
    this.held += time - Math.max(proc.syscall, this.windowStart);
  }
}

/** Gini coefficient of shares ≥ 0 whose sum is > 0: 0 = even, towards 1 = one does all. */
function gini(shares: number[], sum: number): number {
  shares.sort((one, two) => one - two);
  const weighted = shares.reduce((total, share, i) => total + (i + 1) * share, 0);
  return (2 * weighted) / (shares.length * sum) - (shares.length + 1) / shares.length;
}
