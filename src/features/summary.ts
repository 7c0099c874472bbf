/**
 * What a trace shows, in one pass: numbers of the whole trace (or of a range of it) and what looks wrong.
 *
 * Memory does not grow with the length of the trace: totals by function name, blocking site, kind and type, and one record a living goroutine.
 * Times are nanoseconds; `…Start` counts from the trace's first event. Sums over goroutines or processors can be longer than the trace.
 */
import type { EpochMillis } from "../lib/units.ts";
import { EventKind, GoState, ProcState, RangeName, type GenerationTables, type TraceInfo, type TraceVisitor } from "../trace/model.ts";
import { createSeriesPair } from "./all-series.ts";
import { Diagnosis } from "./diagnosis.ts";
import { findFindings, type Finding } from "./findings.ts";
import { GoroutineGroups, type Group, type LongestWait } from "./summary/goroutine-groups.ts";
import type { BlockSite } from "./summary/block-sites.ts";
import { Marks, type MarkKind } from "./summary/marks.ts";
import { IdleWhileRunnable } from "./summary/overlap.ts";
import { Pauses, type PauseKind } from "./summary/pauses.ts";
import { Scope } from "./summary/scope.ts";
import { StartCost } from "./summary/start-cost.ts";
import { Totals } from "./summary/totals.ts";
import { wallClockOrigin } from "./wall-clock.ts";
import type { WideSeries } from "./wide-series.ts";
import type { Observed, Observer } from "./wide/observer.ts";
import type { FeatureWindow } from "./window.ts";

export type FunctionSummary = {
  readonly name: string;
  /** Of the runtime or the tracer, or without a known name. */
  readonly system: boolean;
  /** Goroutines that lived in the range; created and ended in it. */
  readonly goroutines: number;
  readonly created: number;
  readonly ended: number;
  readonly runningNanos: number;
  readonly runnableNanos: number;
  readonly syscallNanos: number;
  /** By reason, longest first; "" = waiting since before the trace. */
  readonly blocked: readonly { readonly reason: string; readonly count: number; readonly nanos: number }[];
};

export type Summary = {
  /** Minor version of the format: 22 for `go 1.22 trace`; null when nothing could be read. */
  readonly version: number | null;
  /** Wall clock of the first event, milliseconds since 1970; null where the trace has none (Go < 1.25). */
  readonly wallClock: EpochMillis | null;
  /** The whole trace: length, generations begun. */
  readonly traceNanos: number;
  readonly generations: number;
  /** What the rest of the summary covers. */
  readonly range: { readonly start: number; readonly nanos: number; readonly windowNanos: number };
  readonly events: number;
  readonly processors: {
    /** GOMAXPROCS at the end; null when the trace does not say. */
    readonly gomaxprocs: number | null;
    readonly availableNanos: number;
    readonly busyNanos: number;
    /** Time in which goroutines ran. */
    readonly runningNanos: number;
    /** Wall time in which a goroutine was runnable while a processor was idle, stops of the world apart; of it stretches of at least 1 ms. */
    readonly idleWhileRunnableNanos: number;
    readonly longIdleWhileRunnableNanos: number;
  };
  readonly goroutines: { readonly atStart: number; readonly created: number; readonly ended: number; readonly atEnd: number };
  readonly runQueue: {
    readonly mean: number;
    readonly most: number;
    /** Window with the longest queue on average. */
    readonly worst: { readonly start: number; readonly nanos: number; readonly mean: number } | null;
  };
  /** Of the program's own goroutines, those of the runtime and the tracer left out. */
  readonly schedulingLatency: {
    readonly count: number;
    readonly totalNanos: number;
    /** Within 0.3 % of the exact nearest rank; null when nothing was scheduled. */
    readonly p50Nanos: number | null;
    readonly p99Nanos: number | null;
    readonly longest: Readonly<LongestWait> | null;
  };
  /** Most time running first. */
  readonly functions: readonly FunctionSummary[];
  /** Where goroutines waited longest in all, the runtime's own goroutines included; 50 at most. */
  readonly blockSites: readonly Readonly<BlockSite>[];
  readonly syscalls: { readonly count: number; readonly lostProcessor: number; readonly nanos: number };
  readonly gc: {
    readonly cycles: number;
    readonly markingNanos: number;
    /** Processor time of the mark workers, and of sweeping. */
    readonly workerNanos: number;
    readonly sweepNanos: number;
    /** Wall time of mark assists, and the part of it in which the assisting goroutine ran. */
    readonly assistNanos: number;
    readonly assistRunningNanos: number;
    readonly pauseNanos: number;
    /** Mark workers, assists that ran and sweeping over the processors' busy time; null when they were never busy. */
    readonly share: number | null;
  };
  readonly pauses: readonly Readonly<PauseKind>[];
  readonly heap: { readonly least: number; readonly most: number; readonly last: number; readonly goal: number | null } | null;
  /** By type, commonest first; 1,000 at most each. */
  readonly tasks: readonly Readonly<MarkKind>[];
  readonly regions: readonly Readonly<MarkKind>[];
  readonly findings: readonly Finding[];
};

export type SummaryOptions = {
  readonly windowNanos: number;
  /** Range in trace nanoseconds, on borders of windows; all of the trace unless given. */
  readonly from?: number;
  readonly to?: number;
  /** The core series of the windows in the range, in order, and the wide ones beside them. */
  readonly onWindow?: (window: FeatureWindow, wide: ReadonlyMap<string, number>) => void;
  /** When a window ends, the last one included: what the findings are decided by, as it is by then. Not in step with `onWindow`, which may be held back. */
  readonly onDiagnosis?: (diagnosis: Diagnosis, end: number) => void;
};

export type SummaryVisitor = TraceVisitor & {
  /** Once, after the last event. */
  finish(): Summary;
};

/** @throws ForetraceError too_many_windows from `event`. */
export function createSummary(options: SummaryOptions): SummaryVisitor {
  return new SummaryBuilder(options);
}

const maxSites = 50;

class SummaryBuilder implements SummaryVisitor {
  private readonly scope: Scope;
  private readonly windowNanos: number;
  private readonly totals = new Totals();
  /** Nothing of an event is the summary's own: what it looks at, it is told by the wide series ({@link observe}). */
  private readonly series: WideSeries;
  readonly event: TraceVisitor["event"];
  readonly block: NonNullable<TraceVisitor["block"]>;
  private diagnosis!: Diagnosis;
  private readonly startCost = new StartCost();
  private groups!: GoroutineGroups;
  private readonly overlap: IdleWhileRunnable;
  private readonly pauses: Pauses;
  private readonly marks: Marks;
  private info: TraceInfo | undefined;
  private wallClock: EpochMillis | undefined;
  private generations = 0;
  private heapLast = Number.NaN;
  private heapLeast = Number.NaN;
  private heapMost = Number.NaN;
  private readonly onDiagnosis: SummaryOptions["onDiagnosis"];

  constructor({ windowNanos, from = 0, to = Number.POSITIVE_INFINITY, onWindow, onDiagnosis }: SummaryOptions) {
    this.scope = new Scope(from, to);
    this.windowNanos = windowNanos;
    this.onDiagnosis = onDiagnosis;
    this.overlap = new IdleWhileRunnable(this.scope);
    this.pauses = new Pauses(this.scope);
    this.marks = new Marks(this.scope);
    this.series = createSeriesPair(
      {
        windowNanos,
        onWindow: (core, { values }) => {
          if (!this.scope.has(core.start)) return;
          this.totals.add(core);
          this.startCost.add(core, values);
          onWindow?.(core, values);
        },
      },
      (observed) => this.observe(observed, from, to),
    );
    this.event = this.series.event;
    this.block = this.series.block!;
  }

  start(info: TraceInfo): void {
    this.info = info;
    this.series.start?.(info);
  }

  generation(tables: GenerationTables): void {
    if (tables.clock !== undefined && this.info !== undefined) this.wallClock ??= wallClockOrigin(this.info, tables.clock);
    this.series.generation?.(tables);
    this.groups.generation(tables);
    this.pauses.generation(tables);
    this.marks.generation(tables);
  }

  /** What the wide series tell of the state that they keep: their observer. */
  private observe(observed: Observed, from: number, to: number): Observer {
    const diagnosis = new Diagnosis(observed, from, to);
    const groups = new GoroutineGroups(this.scope, observed);
    this.diagnosis = diagnosis;
    this.groups = groups;
    return {
      range: this.scope,
      change: (change) => {
        this.overlap.goroutine(change.from, change.to, change.time);
        groups.change(change);
        diagnosis.change(change);
        if (change.to === GoState.NotExist) this.marks.goroutineEnd(observed.table.id[change.slot]!);
      },
      existed: (slot, time) => {
        this.overlap.goroutine(GoState.Undetermined, observed.table.state[slot]!, time);
        groups.existed(slot);
        diagnosis.existed(slot, time);
      },
      syscall: (slot, since, time, seen) => {
        groups.syscall(slot, since, time);
        diagnosis.syscall(slot, since, time, seen);
      },
      event: (kind, time, goroutine, a, b, c, d) => this.other(kind, time, goroutine, a, b, c, d),
      gap: (start, end) => diagnosis.gap(start, end),
      window: (end, start) => {
        this.heap(observed.memory, start);
        diagnosis.window(end);
        this.onDiagnosis?.(diagnosis, end);
      },
    };
  }

  /** Everything but changes of goroutines. */
  private other(kind: EventKind, time: number, goroutine: number, a: number, b: number, c: number, d: number): void {
    switch (kind) {
      case EventKind.ProcTransition:
        if (b === ProcState.Undetermined && c === ProcState.Running && (this.info?.version ?? 0) < 22) this.overlap.procIdleUntil(time);
        this.overlap.proc(b, c, time);
        break;
      case EventKind.RangeBegin:
        if (a === RangeName.GcMarkAssist) this.groups.assistBegin(d, time);
        else if (a === RangeName.StopTheWorld) {
          this.pauses.begin(d, time);
          this.overlap.stop(time);
        }
        break;
      case EventKind.RangeActive:
        if (a === RangeName.GcMarkAssist) this.groups.assistBegin(d, this.generations < 2 ? 0 : time);
        else if (a === RangeName.StopTheWorld) this.pauses.active(d, time, this.generations < 2);
        break;
      case EventKind.RangeEnd:
        if (a === RangeName.GcMarkAssist) this.groups.assistEnd(d, time);
        else if (a === RangeName.StopTheWorld) {
          this.pauses.end(b, d, time);
          this.overlap.goOn(time);
        }
        break;
      case EventKind.TaskBegin:
        this.marks.taskBegin(a, c, time);
        break;
      case EventKind.TaskEnd:
        this.marks.taskEnd(a, c, time);
        break;
      case EventKind.RegionBegin:
        this.marks.regionBegin(goroutine, b, time);
        break;
      case EventKind.RegionEnd:
        this.marks.regionEnd(goroutine, b, time);
        break;
      case EventKind.Sync:
        this.generations = a;
        if (a > 1) this.overlap.release(time);
        break;
    }
  }

  /** What was reported in the window that began at `start`. */
  private heap({ live, least, most }: Observed["memory"], start: number): void {
    if (start >= this.scope.to) return;
    this.heapLast = live;
    if (start < this.scope.from || least > most) return;
    if (!(this.heapLeast <= least)) this.heapLeast = least;
    if (!(this.heapMost >= most)) this.heapMost = most;
  }

  finish(): Summary {
    this.series.finish();
    const last = Math.max(0, this.series.end);
    this.diagnosis.finish(last);
    this.overlap.finish(last);
    const summary = this.numbers(this.groups.finish(last), last);
    const { start, nanos } = summary.range;
    const procs = nanos === 0 ? 0 : summary.processors.availableNanos / nanos;
    const findings = findFindings({ diagnosis: this.diagnosis, summary, start, nanos, procs, startCost: this.startCost.nanos });
    return { ...summary, blockSites: summary.blockSites.slice(0, maxSites), findings };
  }

  private numbers(groups: readonly Group[], last: number): Omit<Summary, "findings"> {
    const { totals, scope } = this;
    const nanos = scope.overlap(0, last);
    const running = Math.round(totals.sum("go_trace_goroutines", '{state="running"}'));
    const busy = Math.round(totals.sum("go_trace_procs", '{state="running"}'));
    const available = busy + Math.round(totals.sum("go_trace_procs", '{state="idle"}'));
    const runnable = totals.peak("go_trace_goroutines", '{state="runnable"}');
    const seen = groups.reduce((sum, group) => sum + group.seen, 0);
    const created = totals.sum("go_trace_goroutines_created");
    const ended = totals.sum("go_trace_goroutines_ended");
    const { latency, longest, sites } = this.groups;
    const functions = groups.map((group) => describeGroup(group, sites.reasonTexts)).toSorted(byWork);
    return {
      version: this.info?.version ?? null,
      wallClock: this.wallClock ?? null,
      traceNanos: last,
      generations: this.generations,
      range: { start: Math.min(scope.from, last), nanos, windowNanos: this.windowNanos },
      events: totals.sum("go_trace_events"),
      processors: {
        gomaxprocs: totals.lastOf("go_trace_gomaxprocs") ?? null,
        availableNanos: available,
        busyNanos: busy,
        runningNanos: running,
        idleWhileRunnableNanos: this.overlap.nanos,
        longIdleWhileRunnableNanos: this.overlap.longNanos,
      },
      goroutines: { atStart: seen - created, created, ended, atEnd: seen - ended },
      runQueue: {
        mean: nanos === 0 ? 0 : totals.sum("go_trace_goroutines", '{state="runnable"}') / nanos,
        most: totals.peak("go_trace_goroutines_max", '{state="runnable"}')?.value ?? 0,
        worst: runnable === undefined ? null : { start: runnable.start, nanos: runnable.length, mean: runnable.value },
      },
      schedulingLatency: {
        count: latency.count,
        totalNanos: latency.total,
        p50Nanos: latency.count === 0 ? null : latency.quantile(0.5),
        p99Nanos: latency.count === 0 ? null : latency.quantile(0.99),
        longest: longest.goroutine < 0 ? null : longest,
      },
      functions,
      blockSites: sites.sites.filter((site) => site.nanos > 0).toSorted((one, two) => two.nanos - one.nanos),
      syscalls: {
        count: totals.sum("go_trace_syscalls"),
        lostProcessor: totals.sum("go_trace_syscalls_blocked"),
        nanos: totals.nanos("go_trace_syscall_seconds"),
      },
      gc: this.collector(functions, busy),
      pauses: this.pauses.kinds.filter((kind) => kind.count > 0).toSorted((one, two) => two.totalNanos - one.totalNanos),
      heap: this.heapRange(),
      tasks: commonest(this.marks.tasks),
      regions: commonest(this.marks.regions),
    };
  }

  private collector(functions: readonly FunctionSummary[], busy: number): Summary["gc"] {
    const { totals } = this;
    const { assistRunning: assistRunningNanos } = this.groups;
    const workerNanos = functions.find(({ name }) => name === "runtime.gcBgMarkWorker")?.runningNanos ?? 0;
    const sweepNanos = totals.nanos("go_trace_gc_sweep_seconds");
    const assistNanos = totals.nanos("go_trace_gc_assist_seconds");
    return {
      cycles: totals.sum("go_trace_gc_cycles"),
      markingNanos: totals.nanos("go_trace_gc_active_seconds"),
      workerNanos,
      sweepNanos,
      assistNanos,
      assistRunningNanos,
      pauseNanos: totals.nanos("go_trace_gc_pause_seconds"),
      share: busy === 0 ? null : (workerNanos + sweepNanos + assistRunningNanos) / busy,
    };
  }

  private heapRange(): Summary["heap"] {
    if (Number.isNaN(this.heapLast)) return null;
    const { heapLast: last, heapLeast, heapMost, totals } = this;
    const known = !Number.isNaN(heapLeast);
    return {
      least: known ? heapLeast : last,
      most: known ? heapMost : last,
      last,
      goal: totals.lastOf("go_trace_heap_goal_bytes") ?? null,
    };
  }
}

function describeGroup(group: Group, reasons: readonly string[]): FunctionSummary {
  const blocked = group.waitNanos.flatMap((nanos, reason) => ({ reason: reasons[reason]!, count: group.waitCounts[reason]!, nanos }));
  return {
    name: group.name,
    system: group.system,
    goroutines: group.seen,
    created: group.created,
    ended: group.ended,
    runningNanos: group.running,
    runnableNanos: group.runnable,
    syscallNanos: group.syscall,
    blocked: blocked.toSorted((one, two) => two.nanos - one.nanos),
  };
}

const maxMarks = 1000;

function commonest(kinds: readonly MarkKind[]): MarkKind[] {
  const seen = kinds.filter(({ begun, ended }) => begun + ended > 0);
  return seen.toSorted((one, two) => two.begun - one.begun || (one.type < two.type ? -1 : 1)).slice(0, maxMarks);
}

const byWork = (one: FunctionSummary, two: FunctionSummary): number =>
  two.runningNanos - one.runningNanos || two.goroutines - one.goroutines || (one.name < two.name ? -1 : 1);
