/**
 * The wide series: everything of docs/series.md beyond the core series, in the same windows and one pass over the events.
 *
 * The state of each goroutine is kept once (state/), and each family (families/) is told of the changes that concern it. Memory does not grow
 * with the trace but for the windows of the first generation, which are held back as those of the core series are.
 */
import { traceNanos, type TraceNanos } from "../lib/units.ts";
import { deliverBlock } from "../trace/blocks.ts";
import {
  type EventBlock,
  EventKind,
  Field,
  GoState,
  Metric,
  ProcState,
  RangeName,
  recordWords,
  Scope,
  type GenerationTables,
  type TraceVisitor,
  wideRecord,
} from "../trace/model.ts";
import type { CoreSeriesOptions } from "./core-series.ts";
import { HeldRows, type Row } from "./core/rows.ts";
import { Windows } from "./core/windows.ts";
import { BriefCalls } from "./wide/brief-calls.ts";
import { WideFamilies } from "./wide/families.ts";
import { gapNanos, type Observed, type Observer } from "./wide/observer.ts";
import { Transitions } from "./wide/transitions.ts";
import { NumberedWindow } from "./window.ts";

export type WideSeries = TraceVisitor & {
  /** Time of the last event, nanoseconds; below 0 before the first. */
  readonly end: number;
  /** Ends the last window at the last event and delivers what was held back. Without any event there is no window. */
  finish(): void;
};

/**
 * Windows as {@link createCoreSeries} makes them, with the wide series as their values.
 * @throws ForetraceError too_many_windows from `event`.
 */
export function createWideSeries(options: CoreSeriesOptions, observe?: (observed: Observed) => Observer): WideSeries {
  return new WideSeriesVisitor(options, observe);
}

class WideSeriesVisitor implements WideSeries {
  private readonly windows: Windows;
  private readonly onWindow: CoreSeriesOptions["onWindow"];
  private readonly families = new WideFamilies();
  private readonly observer: Observer | undefined;
  private readonly transitions: Transitions;
  private readonly briefCalls: BriefCalls;
  /** A block of one event. */
  private readonly one: { -readonly [key in keyof EventBlock]: EventBlock[key] } = {
    words: new Int32Array(0),
    doubles: new Float64Array(0),
    begin: 0,
    end: 0,
    events: 1,
  };
  private readonly held = new HeldRows();
  /** A time: NaN first, so that the engine does not take it for a small integer. */
  private last = Number.NaN;

  constructor(options: CoreSeriesOptions, observe: ((observed: Observed) => Observer) | undefined) {
    this.windows = new Windows(options);
    this.onWindow = options.onWindow;
    const { table, goroutineNames: names, reasons, sites, locks, blocking, syscalls: calls, memory } = this.families;
    this.observer = observe?.({ table, names, reasons, sites, locks, calls, lockOf: (slot) => blocking.lockOf(slot), memory });
    this.transitions = new Transitions(this.families, this.observer);
    this.briefCalls = new BriefCalls(this.families, this.windows);
    this.last = -1;
    this.transitions.open(0);
  }

  get end(): number {
    return this.last;
  }

  generation(tables: GenerationTables): void {
    this.families.generation(tables);
  }

  event(
    kind: EventKind,
    time: TraceNanos,
    thread: number,
    proc: number,
    goroutine: number,
    stack: number,
    a: number,
    b: number,
    c: number,
    d: number,
    e: number,
    f: number,
  ): void {
    if (time - this.last >= gapNanos) this.observer?.gap(this.last, time);
    if (time >= this.windows.border) this.advance(time);
    this.last = time;
    this.families.threads.event(thread);
    if (kind !== EventKind.GoTransition && kind !== EventKind.Metric) this.observer?.event(kind, time, goroutine, a, b, c, d);
    switch (kind) {
      case EventKind.GoTransition:
        if (b !== c) {
          const { change } = this.transitions;
          change.time = time;
          change.thread = thread;
          change.proc = proc;
          change.stack = stack;
          change.ownStack = e;
          change.reasonId = d;
          change.from = b as GoState;
          change.to = c as GoState;
          this.transitions.take(a, goroutine);
        } else if (e !== 0) this.transitions.nameBy(a, e);
        break;
      case EventKind.ProcTransition:
        if (b !== c) this.procTransition(a, b as ProcState, c as ProcState, thread, time);
        break;
      case EventKind.Metric:
        this.metric(a, b, time);
        break;
      case EventKind.Label:
        if (b === Scope.Goroutine) this.families.collector.label(a, c, time);
        break;
      case EventKind.RangeBegin:
        this.rangeBegin(a, b, d, time);
        break;
      case EventKind.RangeActive:
        this.families.collector.active(a, d, time);
        break;
      case EventKind.RangeEnd:
        this.rangeEnd(a, d, time, e, f);
        break;
      case EventKind.Sync:
        if (a > 1 && this.transitions.firstGeneration) this.release();
        break;
    }
  }

  /** Changes of goroutines and the size of the heap, most of all events, are taken from the block as they are; all others go the ordinary way. */
  block({ words, doubles, begin, end }: EventBlock): void {
    const { one, transitions, briefCalls } = this;
    const { change } = transitions;
    const { threads } = this.families;
    one.words = words;
    one.doubles = doubles;
    for (let i = begin; i < end; i += recordWords) {
      briefCalls.last = this.last;
      i = briefCalls.take(words, doubles, i, end, transitions.counting);
      this.last = briefCalls.last;
      if (i >= end) break;
      const kind = words[i + Field.Kind]!;
      const time = doubles[i >> 1]! as TraceNanos;
      if (kind === EventKind.GoTransition && time < this.windows.border && time - this.last < gapNanos) {
        this.last = time;
        const from = words[i + Field.B]! as GoState;
        const to = words[i + Field.C]! as GoState;
        const thread = words[i + Field.Thread]!;
        threads.event(thread);
        if (from !== to) {
          // In the object, and not as arguments: a time handed to a function takes memory that must be collected again.
          change.time = time;
          change.thread = thread;
          change.proc = words[i + Field.Proc]!;
          change.stack = words[i + Field.Stack]!;
          change.ownStack = words[i + Field.E]!;
          change.reasonId = words[i + Field.D]!;
          change.from = from;
          change.to = to;
          transitions.take(words[i + Field.A]!, words[i + Field.Goroutine]!);
        } else if (words[i + Field.E] !== 0) transitions.nameBy(words[i + Field.A]!, words[i + Field.E]!);
      } else {
        one.begin = i;
        one.end = i + 1;
        deliverBlock(one, this);
        if (kind >= wideRecord) i += 2 * recordWords;
      }
    }
  }

  finish(): void {
    if (this.last < 0) return;
    this.close(this.last);
    this.release();
  }

  private procTransition(id: number, from: ProcState, to: ProcState, thread: number, time: number): void {
    const since = from === ProcState.Undetermined && this.transitions.firstGeneration ? 0 : time;
    this.families.procs.transition(id, from, to, thread, time, since);
    this.families.idleWork.proc(from, to, time);
    if (to === ProcState.Idle) this.families.collector.procStopped(time);
  }

  private metric(metric: number, value: number, time: number): void {
    if (metric === Metric.HeapLive) this.families.memory.setLive(value);
    else if (metric === Metric.HeapGoal) this.families.memory.setGoal(value);
    else if (metric === Metric.GoMaxProcs) {
      this.families.procs.setGomaxprocs(value);
      this.families.idleWork.setGomaxprocs(value, time);
      this.families.collector.setGomaxprocs(value);
    }
  }

  private rangeBegin(range: number, kind: number, owner: number, time: number): void {
    this.families.collector.begin(range, kind, owner, time);
    if (range === RangeName.StopTheWorld) this.families.idleWork.stop(1, time);
    else if (range === RangeName.GcMark) this.families.memory.gcBegin();
  }

  private rangeEnd(range: number, owner: number, time: number, swept: number, reclaimed: number): void {
    this.families.collector.end(range, owner, time, swept, reclaimed);
    if (range === RangeName.StopTheWorld) this.families.idleWork.stop(-1, time);
    else if (range === RangeName.GcMark) this.families.memory.gcEnd();
  }

  /** Closes every window that ends at or before `time`. */
  private advance(time: number): void {
    this.windows.indexOf(time);
    while (time >= this.windows.border) this.close(this.windows.border);
  }

  private close(end: number): void {
    const { families, transitions, windows } = this;
    const row = windows.end(end);
    for (const family of families.all) family.close(row);
    families.times.close(row, transitions.firstGeneration ? this.held.push(row) : row);
    this.observer?.window(end, row.start);
    transitions.open(windows.start);
    if (!transitions.firstGeneration) this.deliver(row);
  }

  private release(): void {
    this.transitions.firstGeneration = false;
    this.families.times.release();
    for (const row of this.held.take()) this.deliver(row);
  }

  private deliver({ index, start, length, values }: Row): void {
    this.onWindow(new NumberedWindow(index, traceNanos(start), length, values, this.families.names.texts));
  }
}
