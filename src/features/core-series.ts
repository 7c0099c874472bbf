/**
 * The core series: one row of named values for each window, in one pass over the events.
 *
 * Memory does not grow with the trace: the current state, the open window, and the windows of the first generation,
 * whose values are final only at the second Sync, because a goroutine's first status there reaches back to the beginning.
 * (Formats up to Go 1.21 have a single generation, so all their windows wait for the end.)
 */
import { traceNanos, type TraceNanos } from "../lib/units.ts";
import { deliverBlock } from "../trace/blocks.ts";
import {
  type EventBlock,
  EventKind,
  Field,
  type GenerationTables,
  GoState,
  Metric,
  ProcState,
  recordWords,
  type TraceInfo,
  type TraceVisitor,
  wideRecord,
} from "../trace/model.ts";
import { GoStatus } from "../trace/scheduler.ts";
import { snapshotColumns } from "../trace/snapshot.ts";
import { Annotations } from "./core/annotations.ts";
import { Blocks } from "./core/blocks.ts";
import { Goroutines } from "./core/goroutines.ts";
import { Heap } from "./core/heap.ts";
import { Levels } from "./core/levels.ts";
import { SeriesNames } from "./core/names.ts";
import { NumberTable } from "./core/number-table.ts";
import { Procs } from "./core/procs.ts";
import { Ranges } from "./core/ranges.ts";
import { type Family, HeldRows, type Row } from "./core/rows.ts";
import { SchedLatency } from "./core/sched-latency.ts";
import { Syscalls } from "./core/syscalls.ts";
import { Windows, type WindowOptions } from "./core/windows.ts";
import type { MetricName } from "./catalogue.ts";
import type { LevelOutput } from "./core/levels.ts";
import type { SeriesPart, SeriesSnapshot } from "./series-part.ts";
import { type FeatureWindow, NumberedWindow } from "./window.ts";

export type CoreSeriesOptions = WindowOptions & {
  /** Called in order, once a window. */
  readonly onWindow: (window: FeatureWindow) => void;
};

export type CoreSeries = TraceVisitor & {
  /** What is known now. @param goroutines rows of {@link SchedulerSnapshot}. */
  snapshot(goroutines: Float64Array): SeriesSnapshot;
  /** Ends the last window at the last event and delivers what was held back. Without any event there is no window. */
  finish(): void;
};

/**
 * Event, window and value definitions: docs/series.md.
 * @throws ForetraceError too_many_windows from `event`.
 */
export function createCoreSeries(options: CoreSeriesOptions): CoreSeries {
  return new CoreSeriesVisitor(options);
}

/**
 * The same for a reading that begins in the middle of a trace (see {@link readTracePart}): rows as they are, without what only the reading
 * of what lies before can know ({@link SeriesPart}).
 */
export function createSeriesPart(options: Omit<CoreSeriesOptions, "onWindow">, onRow: (row: Row) => void): SeriesPart {
  return new CoreSeriesVisitor({ ...options, onWindow() {} }, onRow);
}

/** Windows longer than this take every event by itself: in shorter ones, 512 changes of a level are far below 2^51 ({@link Levels.settle}). */
const longestHot = 2 ** 40;
/** A goroutine that is runnable by a status, so that nobody knows since when. */
const unknownBegin = -1;
/** Formats of Go 1.21 and older do not say what the procs did before they first started. */
const firstVersionWithProcStatus = 22;

class CoreSeriesVisitor implements SeriesPart {
  private readonly windows: Windows;
  private readonly onWindow: (window: FeatureWindow) => void;

  private readonly names = new SeriesNames();
  private readonly levels = new Levels();
  private readonly goroutines = new Goroutines(this.levels, this.names);
  private readonly blocks = new Blocks(this.levels, this.names);
  private readonly latency = new SchedLatency(this.names);
  private readonly syscalls = new Syscalls(this.names);
  private readonly procs = new Procs(this.levels, this.names);
  private readonly ranges = new Ranges(this.levels, this.names);
  private readonly heap = new Heap(this.names);
  private readonly annotations = new Annotations(this.names);
  private readonly families: readonly Family[] = [
    this.goroutines,
    this.latency,
    this.blocks,
    this.syscalls,
    this.procs,
    this.ranges,
    this.heap,
    this.annotations,
  ];
  private readonly eventsName = this.names.id("go_trace_events");

  /** By goroutine: since when it is runnable, or the number of the reason why it waits. */
  private readonly goroutineValue = new NumberTable(unknownBegin);
  private procStatusesMissing = false;
  private firstGeneration = true;
  private readonly held = new HeldRows();
  /** A time: NaN first, so that the engine does not take it for a small integer. */
  private last = Number.NaN;
  private events = 0;
  /** Of a reading that begins in the middle. */
  private readonly onRow: ((row: Row) => void) | undefined;
  private carrying = false;
  private isBegun = true;

  constructor(options: CoreSeriesOptions, onRow?: (row: Row) => void) {
    this.windows = new Windows(options);
    this.onWindow = options.onWindow;
    this.last = -1;
    this.onRow = onRow;
    if (onRow === undefined) return;
    this.firstGeneration = false;
    this.carrying = true;
    this.isBegun = false;
    this.windows.border = -1;
  }

  get texts(): readonly string[] {
    return this.names.texts;
  }
  get outputs(): readonly LevelOutput[] {
    return this.levels.allOutputs;
  }
  takeLeft(): number[] {
    return this.blocks.takeLeft();
  }

  snapshot(goroutines: Float64Array): SeriesSnapshot {
    // From the first border on every goroutine is known; what ended before it is nobody's concern.
    if (this.carrying) this.blocks.takeLeft();
    this.carrying = false;
    const { goroutine: rows } = snapshotColumns;
    const waits: (string | number | undefined)[] = [];
    const runnable: number[] = [];
    for (let at = 0; at < goroutines.length; at += rows.width) {
      const status = goroutines[at + rows.status];
      if (status !== GoStatus.Waiting && status !== GoStatus.Runnable) continue;
      const value = this.goroutineValue.get(goroutines[at]!);
      if (status === GoStatus.Runnable) runnable.push(value);
      else {
        const carried = this.blocks.carriedNumber(value);
        waits.push(carried >= 0 ? carried : this.blocks.textOf(value));
      }
    }
    const counts = new Map<string, number>();
    this.outputs.forEach(({ mean, seconds }, level) => {
      if (this.levels.countOf(level) !== 0) counts.set(this.texts[mean ?? seconds!]!, this.levels.countOf(level));
    });
    const last: [MetricName, number][] = [
      ["go_trace_heap_live_bytes", this.heap.live],
      ["go_trace_heap_goal_bytes", this.heap.goal],
      ["go_trace_gomaxprocs", this.procs.gomaxprocsNow],
    ];
    const lastValues = new Map(last.filter(([, value]) => !Number.isNaN(value)));
    return { index: this.windows.index, counts, waits, runnable, ranges: this.ranges.openNow(), lastValues };
  }

  start(info: TraceInfo): void {
    this.procStatusesMissing = info.version < firstVersionWithProcStatus;
  }

  generation(tables: GenerationTables): void {
    this.blocks.generation(tables);
    this.ranges.generation(tables);
    this.annotations.generation(tables);
  }

  event(
    kind: EventKind,
    time: TraceNanos,
    _thread: number,
    _proc: number,
    goroutine: number,
    _stack: number,
    a: number,
    b: number,
    c: number,
    d: number,
  ): void {
    if (time >= this.windows.border) this.advance(time);
    this.last = time;
    this.events++;
    switch (kind) {
      case EventKind.GoTransition:
        this.goTransition(a, b, c, d, time, goroutine);
        break;
      case EventKind.ProcTransition:
        this.procTransition(b, c, time);
        break;
      case EventKind.Metric:
        if (a === Metric.HeapLive) this.heap.live = b;
        else if (a === Metric.HeapGoal) this.heap.goal = b;
        else if (a === Metric.GoMaxProcs) this.procs.setGomaxprocs(b);
        break;
      case EventKind.RangeBegin:
        this.ranges.begin(a, b, d, time);
        break;
      case EventKind.RangeActive:
        this.ranges.active(a, b, d, time, this.firstGeneration);
        break;
      case EventKind.RangeEnd:
        this.ranges.end(a, b, d, time);
        break;
      case EventKind.TaskBegin:
        this.annotations.tasksStarted++;
        break;
      case EventKind.TaskEnd:
        this.annotations.tasksEnded++;
        break;
      case EventKind.RegionBegin:
        this.annotations.region(b);
        break;
      case EventKind.Log:
        this.annotations.log(b);
        break;
      case EventKind.Sync:
        if (a > 1 && this.firstGeneration) this.release();
        break;
    }
  }

  block(block: EventBlock): void {
    const { words, doubles, end } = block;
    for (let i = block.begin; i < end;) {
      if (this.windows.border - this.windows.start <= longestHot) i = this.frequent(words, doubles, i, end);
      if (i === end) return;
      const next = i + (words[i + Field.Kind]! < wideRecord ? recordWords : 3 * recordWords);
      deliverBlock({ words, doubles, begin: i, end: next, events: 1 }, this);
      i = next;
    }
  }

  /**
   * As `event`, for records from word `begin` on, as long as they are frequent ones of the open window; returns where the first other one is.
   * Numbers instead of names for kinds, states and places in a record, and totals in locals: half of the time otherwise goes into looking
   * them up.
   */
  private frequent(words: Int32Array, doubles: Float64Array, begin: number, end: number): number {
    const { levels, heap } = this;
    const { border, start } = this.windows;
    const first = this.goroutines.firstLevel;
    levels.settle(first + 6);
    let { count, low, maximum } = levels;
    let created = 0;
    let ended = 0;
    let calls = 0;
    let i = begin;
    for (; i < end; i += 12) {
      const kind = words[i + 2]!;
      const time = doubles[i >> 1]!;
      if (time >= border) break;
      if (kind === 1) {
        const from = words[i + 8]!;
        const to = words[i + 9]!;
        if (from === to) continue;
        if (from === 0) break;
        const past = time - start;
        if (from === 1) created++;
        else {
          low[first + from] = low[first + from]! + past;
          count[first + from] = count[first + from]! - 1;
        }
        if (to === 1) ended++;
        else {
          low[first + to] = low[first + to]! - past;
          const height = count[first + to]! + 1;
          count[first + to] = height;
          if (height > maximum[first + to]!) maximum[first + to] = height;
        }
        if (to === 5 && from === 3) calls++;
        else if (from !== 5 || to !== 3) {
          this.stay(words[i + 7]!, from, to, words[i + 10]!, time, words[i + 5]!);
          // A reason that is new has made a level.
          ({ count, low, maximum } = levels);
        }
      } else if (kind === 3) {
        if (words[i + 7] === 1) heap.live = words[i + 8]!;
        else if (words[i + 7] === 2) heap.goal = words[i + 8]!;
        else break;
      } else break;
    }
    this.goroutines.created += created;
    this.goroutines.ended += ended;
    this.syscalls.calls += calls;
    if (i > begin) {
      this.events += (i - begin) / 12;
      this.last = doubles[(i - 12) >> 1]!;
    }
    return i;
  }

  finish(): void {
    if (this.last < 0) return;
    this.close(this.last);
    this.release();
  }

  private goTransition(id: number, from: number, to: number, reasonId: number, time: number, current: number): void {
    if (from === to) return;
    if (from === GoState.Undetermined) {
      this.goStatus(id, to, time);
      return;
    }
    this.goroutines.transition(from, to, time);
    this.stay(id, from, to, reasonId, time, current);
  }

  /** What a change of state means for the stay that ends and the one that begins; the states' levels have been changed. */
  private stay(id: number, from: number, to: number, reasonId: number, time: number, current: number): void {
    if (to === GoState.NotExist) {
      if (from === GoState.Waiting) this.blocks.leave(this.goroutineValue.get(id), time);
      this.goroutineValue.remove(id);
      return;
    }
    if (from === GoState.Syscall || to === GoState.Syscall) {
      this.syscalls.transition(from, to);
      // The most frequent ones; they neither begin nor end a stay that is remembered by goroutine.
      if (from === GoState.Running || to === GoState.Running) return;
    }
    const place = this.goroutineValue.place(id);
    const values = this.goroutineValue.values;
    if (from === GoState.Waiting) {
      this.blocks.leave(values[place]!, time);
      if (to === GoState.Runnable) this.blocks.unblock(current);
    }
    if (to === GoState.Running) {
      if (from === GoState.Runnable && values[place] !== unknownBegin) this.latency.add(time - values[place]!);
    } else if (to === GoState.Runnable) values[place] = time;
    else if (to === GoState.Waiting) values[place] = from === GoState.Running ? this.blocks.block(reasonId, time) : this.blocks.wait(time);
  }

  /** First word of a goroutine that existed before the trace. */
  private goStatus(id: number, state: number, time: number): void {
    if (this.firstGeneration) this.goroutines.existed(state);
    else this.goroutines.transition(GoState.Undetermined, state, time);
    if (state === GoState.Waiting && this.carrying) this.goroutineValue.set(id, this.blocks.carry());
    else if (state === GoState.Waiting) this.goroutineValue.set(id, this.firstGeneration ? this.blocks.existed() : this.blocks.wait(time));
    else if (state === GoState.Runnable) this.goroutineValue.set(id, unknownBegin);
  }

  private procTransition(from: number, to: number, time: number): void {
    if (from === to) return;
    if (from !== ProcState.Undetermined || !this.firstGeneration) this.procs.transition(from, to, time);
    else if (this.procStatusesMissing) this.procs.idleUntil(to, time);
    else this.procs.existed(to);
  }

  /** Closes every window that ends at or before `time`. */
  private advance(time: number): void {
    const index = this.windows.indexOf(time);
    if (!this.isBegun) {
      // The reading begins in this window.
      this.isBegun = true;
      this.windows.beginAt(Math.max(0, index));
      this.levels.beginAt(this.windows.start);
    }
    while (time >= this.windows.border) this.close(this.windows.border);
  }

  private close(end: number): void {
    const row = this.windows.end(end);
    row.values.push(this.eventsName, this.events);
    for (const family of this.families) family.close(row);
    this.levels.close(row);
    this.events = 0;
    if (this.onRow !== undefined) this.onRow(row);
    else if (this.firstGeneration) this.held.push(row);
    else this.levels.release([row], () => this.deliver(row));
  }

  private release(): void {
    this.firstGeneration = false;
    const rows = this.held.take();
    this.levels.release(rows, (row) => this.deliver(row));
  }

  private deliver({ index, start, length, values }: Row): void {
    this.onWindow(new NumberedWindow(index, traceNanos(start), length, values, this.names.texts));
  }
}
