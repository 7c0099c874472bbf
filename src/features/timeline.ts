/**
 * What a drawing of a trace needs, with a level of detail: which goroutine ran on which processor, garbage collections, stops of the world,
 * mark assists, and two counters. One pass; memory and answer are bounded by `width` and the number of processors, not by the trace's length.
 */
import type { TraceNanos } from "../lib/units.ts";
import { EventKind, GoState, Metric, RangeName, rangeNames, type GenerationTables, type TraceVisitor } from "../trace/model.ts";
import { NumberTable } from "./core/number-table.ts";
import { GoroutineNames, unnamed } from "./goroutine-names.ts";
import { Counter } from "./timeline/counter.ts";
import { Lane, several } from "./timeline/lane.ts";
import { LaneNames } from "./timeline/lane-names.ts";

export type TimelineLane = {
  readonly kind: "proc" | "gc" | "stw" | "assist";
  /** Number of the processor; 0 for the others. */
  readonly id: number;
  readonly label: string;
  /** Spans, ascending, not overlapping. Trace nanoseconds; a span that begins before the range keeps its begin. */
  readonly start: readonly number[];
  readonly end: readonly number[];
  /** Index into names; -1 = several merged. */
  readonly name: readonly number[];
  /** -1 = several, or none. */
  readonly goroutine: readonly number[];
  /** Busy share of the span; 1 = exact. */
  readonly share: readonly number[];
};

/** The schema Timeline of src/api/schemas/records.ts. */
export type Timeline = {
  readonly from: number;
  /** At most the trace's last event. */
  readonly to: number;
  readonly names: readonly string[];
  readonly lanes: readonly TimelineLane[];
  readonly counters: readonly {
    readonly label: string;
    readonly unit: string;
    readonly t: readonly number[];
    readonly v: readonly number[];
  }[];
};

export type TimelineOptions = {
  /** Trace nanoseconds; `to` may be Infinity: then a pixel is a power of two, and the trace has more than width / 2 and at most width of them. */
  readonly from: number;
  readonly to: number;
  /** Pixels ≥ 1. */
  readonly width: number;
  /** Time of the first event that comes, where reading begins in the middle of the trace; default 0. What is running then is drawn from there on. */
  readonly begin?: number;
};

export type TimelineVisitor = TraceVisitor & {
  /** True once all that can be in the range has been seen; reading may stop. */
  readonly complete: boolean;
  /** Once, after the last event. */
  finish(): Timeline;
};

export const createTimeline = (options: TimelineOptions): TimelineVisitor => new TimelineBuilder(options);

/** Processors beyond this many (a broken trace) are not drawn. */
const maxProcs = 4096;
const nobody = -1;

class TimelineBuilder implements TimelineVisitor {
  private readonly from: number;
  private readonly to: number;
  private readonly width: number;
  private readonly begin: number;
  private pixel: number;
  private last = 0;
  private firstGeneration = true;
  private readonly goroutineNames = new GoroutineNames();
  private readonly names = new LaneNames(this.goroutineNames.texts);

  private readonly procs = new Map<number, { lane: Lane; goroutine: number; start: number; free: number }>();
  /** Living goroutines: number of the name; processor they run on, -1 = none. */
  private readonly nameOf = new NumberTable(unnamed);
  private readonly procOf = new NumberTable(nobody);
  private readonly stw: Lane;
  private stwStart = nobody;
  private stwKind = 0;
  private stwOwner = nobody;
  private readonly gc: Lane;
  private gcStart = nobody;
  private readonly assist: Lane;
  private readonly assisting = new Set<number>();
  private assistStart = nobody;
  private assistBy = nobody;
  private readonly runnable: Counter;
  private runnableNow = 0;
  private readonly heap: Counter;

  constructor({ from, to, width, begin = 0 }: TimelineOptions) {
    this.begin = begin;
    this.from = Math.max(0, from);
    this.to = to;
    this.width = Math.max(1, width);
    this.pixel = Number.isFinite(to) ? Math.max(1, (to - this.from) / this.width) : 1;
    this.stw = new Lane(this.from, this.pixel);
    this.gc = new Lane(this.from, this.pixel);
    this.assist = new Lane(this.from, this.pixel);
    this.runnable = new Counter(this.from, this.pixel);
    this.heap = new Counter(this.from, this.pixel);
  }

  get complete(): boolean {
    return this.last >= this.to;
  }

  generation(tables: GenerationTables): void {
    this.goroutineNames.generation(tables);
    this.names.generation(tables);
  }

  event(
    kind: EventKind,
    time: TraceNanos,
    _thread: number,
    proc: number,
    _goroutine: number,
    _stack: number,
    a: number,
    b: number,
    c: number,
    d: number,
    e: number,
  ): void {
    this.last = time;
    if (time - this.from > this.width * this.pixel && this.to === Number.POSITIVE_INFINITY) this.coarsen(time);
    switch (kind) {
      case EventKind.GoTransition:
        this.goTransition(a, b, c, e, proc, time);
        break;
      case EventKind.RangeBegin:
        this.rangeBegin(a, b, d, time);
        break;
      case EventKind.RangeActive:
        this.rangeBegin(a, b, d, this.firstGeneration ? this.begin : time);
        break;
      case EventKind.RangeEnd:
        this.rangeEnd(a, d, time);
        break;
      case EventKind.Metric:
        if (a === Metric.HeapLive && time < this.to) this.heap.set(time, b);
        break;
      case EventKind.Sync:
        if (a > 1) this.firstGeneration = false;
        break;
    }
  }

  finish(): Timeline {
    const to = Math.min(this.to, this.last);
    const end = this.last;
    for (const id of this.procs.keys()) this.stopProc(id, end);
    if (this.stwStart >= 0) this.put(this.stw, this.stwStart, end, this.stwKind, this.stwOwner);
    if (this.gcStart >= 0) this.put(this.gc, this.gcStart, end, this.names.ofText(rangeNames[RangeName.GcMark]), nobody);
    this.endAssist(end);
    const names = this.names.output();
    const lane = (kind: TimelineLane["kind"], id: number, label: string, found: Lane): TimelineLane => {
      const spans = found.finish();
      return { kind, id, label, ...spans, name: spans.name.map((name) => (name === several ? several : names.index(name))) };
    };
    const lanes = [
      lane("stw", 0, "Stop the world", this.stw),
      lane("gc", 0, "GC mark phase", this.gc),
      lane("assist", 0, "Mark assists", this.assist),
      ...[...this.procs].toSorted(([one], [two]) => one - two).map(([id, found]) => lane("proc", id, `P${id}`, found.lane)),
    ];
    return {
      from: Math.min(this.from, to),
      to,
      names: names.texts,
      lanes: lanes.filter(({ kind, start }) => kind === "proc" || start.length > 0),
      counters: [
        { label: "Runnable", unit: "goroutines", ...this.runnable.finish() },
        { label: "Heap", unit: "bytes", ...this.heap.finish() },
      ].filter(({ t }) => t.length > 0),
    };
  }

  private goTransition(id: number, from: number, to: number, stack: number, proc: number, time: number): void {
    if (from === to) return;
    if (stack !== 0) {
      const place = this.nameOf.place(id);
      if (this.nameOf.values[place] === unnamed) this.nameOf.values[place] = this.goroutineNames.ofStack(stack);
    }
    if (from === GoState.Running) this.stopRunning(id, time);
    if (to === GoState.Running && proc >= 0) {
      const since = from === GoState.Undetermined && this.firstGeneration ? this.begin : time;
      this.startProc(proc, id, since);
    }
    const change = Number(to === GoState.Runnable) - Number(from === GoState.Runnable);
    if (change !== 0) {
      this.runnableNow += change;
      if (time < this.to) this.runnable.set(time, this.runnableNow);
    }
    if (to === GoState.NotExist) {
      this.nameOf.remove(id);
      this.procOf.remove(id);
    }
  }

  private startProc(id: number, goroutine: number, time: number): void {
    let proc = this.procs.get(id);
    if (proc === undefined) {
      if (this.procs.size >= maxProcs) return;
      proc = { lane: new Lane(this.from, this.pixel), goroutine: nobody, start: 0, free: 0 };
      this.procs.set(id, proc);
    } else this.stopProc(id, time);
    proc.goroutine = goroutine;
    proc.start = Math.max(time, proc.free);
    this.procOf.set(goroutine, id);
  }

  private stopRunning(goroutine: number, time: number): void {
    const id = this.procOf.get(goroutine);
    if (id < 0) return;
    this.procOf.set(goroutine, nobody);
    if (this.procs.get(id)!.goroutine === goroutine) this.stopProc(id, time);
  }

  private stopProc(id: number, time: number): void {
    const proc = this.procs.get(id)!;
    if (proc.goroutine === nobody) return;
    this.put(proc.lane, proc.start, time, this.nameOf.get(proc.goroutine), proc.goroutine);
    proc.goroutine = nobody;
    proc.free = time;
  }

  /** Also for a range that was running already; a known one is left alone. */
  private rangeBegin(range: number, kindId: number, owner: number, time: number): void {
    if (range === RangeName.StopTheWorld && this.stwStart < 0) {
      this.stwStart = time;
      this.stwKind = this.names.ofId(kindId);
      this.stwOwner = owner;
    } else if (range === RangeName.GcMark && this.gcStart < 0) this.gcStart = time;
    else if (range === RangeName.GcMarkAssist && !this.assisting.has(owner)) {
      if (this.assisting.size === 0) {
        this.assistStart = time;
        this.assistBy = owner;
      } else this.assistBy = several;
      this.assisting.add(owner);
    }
  }

  private rangeEnd(range: number, owner: number, time: number): void {
    if (range === RangeName.StopTheWorld && this.stwStart >= 0) {
      this.put(this.stw, this.stwStart, time, this.stwKind, this.stwOwner);
      this.stwStart = nobody;
    } else if (range === RangeName.GcMark && this.gcStart >= 0) {
      this.put(this.gc, this.gcStart, time, this.names.ofText(rangeNames[RangeName.GcMark]), nobody);
      this.gcStart = nobody;
    } else if (range === RangeName.GcMarkAssist && this.assisting.delete(owner) && this.assisting.size === 0) this.endAssist(time);
  }

  /** One lane for all assists: from when anyone helps until nobody does. */
  private endAssist(time: number): void {
    if (this.assistStart < 0) return;
    const name = this.assistBy === several ? several : this.nameOf.get(this.assistBy);
    this.put(this.assist, this.assistStart, time, name, this.assistBy);
    this.assistStart = nobody;
  }

  private put(lane: Lane, start: number, end: number, name: number, goroutine: number): void {
    if (end > this.from && start < this.to) lane.add(start, end, name, goroutine);
  }

  private coarsen(time: number): void {
    while (time - this.from > this.width * this.pixel) {
      this.pixel *= 2;
      for (const { lane } of this.procs.values()) lane.coarsen();
      for (const part of [this.stw, this.gc, this.assist, this.runnable, this.heap]) part.coarsen();
    }
  }
}
