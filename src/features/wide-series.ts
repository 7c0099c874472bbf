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
  type TraceInfo,
  type TraceVisitor,
  wideRecord,
} from "../trace/model.ts";
import { SeriesNames } from "./core/names.ts";
import { HeldRows, type Row } from "./core/rows.ts";
import { Windows } from "./core/windows.ts";
import { Blocking } from "./families/blocking.ts";
import { Collector } from "./families/collector.ts";
import { IdleWork } from "./families/idle-work.ts";
import { Memory } from "./families/memory.ts";
import { Population } from "./families/population.ts";
import { Processors } from "./families/processors.ts";
import { Scheduling } from "./families/scheduling.ts";
import { StateTimes, states } from "./families/state-times.ts";
import { briefNanos, SyscallKinds } from "./families/syscalls.ts";
import { Threads } from "./families/threads.ts";
import { GoroutineNames, isSystemGoroutine, unnamed } from "./goroutine-names.ts";
import { Change } from "./state/change.ts";
import { type CallTotals, closeNanos } from "./state/call-totals.ts";
import { GoroutineTable, GoScope, ReadyCause } from "./state/goroutine-table.ts";
import { lockKindOf } from "./state/lock-kinds.ts";
import { Reasons } from "./state/reasons.ts";
import { describeSite, StackNumbers } from "./state/sites.ts";
import type { CoreSeriesOptions } from "./core-series.ts";
import { NumberedWindow } from "./window.ts";

export type WideSeries = TraceVisitor & {
  /** Time of the last event, nanoseconds; below 0 before the first. */
  readonly end: number;
  /** Ends the last window at the last event and delivers what was held back. Without any event there is no window. */
  finish(): void;
};

/** Someone who looks at the same state: told after the families, while the table still shows what was before. */
export type Observer = {
  /** For this part of the trace, on borders of windows, brief system calls are counted: in {@link CallTotals} and the table's `calling`. */
  readonly range: { readonly from: number; readonly to: number };
  /** All changes but the begin of a system call and its return to running. */
  change(change: Change): void;
  /** A goroutine that was there before the trace has said what it does; the table shows it. */
  existed(slot: number, time: number): void;
  /**
   * A system call that kept its processor and was not brief ends; `since` is the trace's first event when it began before, and `seen` is
   * false then. The brief ones are in the table's `calling`.
   */
  syscall(slot: number, since: number, time: number, seen: boolean): void;
  /** Everything but changes of goroutines and the size of the heap, in its order among them; arguments as in {@link TraceVisitor.event}. */
  event(kind: EventKind, time: number, goroutine: number, a: number, b: number, c: number, d: number): void;
  /** Nothing happened between two events that lie at least {@link gapNanos} apart. */
  gap(start: number, end: number): void;
  /** A window ends; all that happened in it has been told. */
  window(end: number, start: number): void;
};

/** Long enough to say something, short enough that the events between need not be looked at. */
export const gapNanos = 25e6;

/** What an observer may ask; all of it is the visitor's own. */
export type Observed = {
  readonly table: GoroutineTable;
  readonly names: GoroutineNames;
  readonly reasons: Reasons;
  /** Places in the program, numbered over the whole trace. */
  readonly sites: StackNumbers;
  /** Kinds of locks by stack, and that which the goroutine in a slot waits for. */
  readonly locks: StackNumbers;
  readonly lockOf: (slot: number) => number;
  /** By number of a system call (`site` in the table): its class, its place, and what those of the observer's range came to. */
  readonly calls: { readonly kinds: readonly number[]; readonly sites: readonly string[]; readonly totals: CallTotals };
  /** The live heap now, and the least and most of the window that ended last (infinite where nothing was reported). */
  readonly memory: { readonly live: number; readonly least: number; readonly most: number };
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
  private readonly names = new SeriesNames();
  private readonly table = new GoroutineTable();
  private readonly reasons = new Reasons();
  private readonly goroutineNames = new GoroutineNames();
  private readonly change = new Change();
  private readonly times = new StateTimes(this.table, this.names);
  private readonly population = new Population(this.table, this.names);
  private readonly scheduling = new Scheduling(this.table, this.names);
  private readonly idleWork = new IdleWork(this.names);
  private readonly procs = new Processors(this.names);
  private readonly threads = new Threads(this.names);
  private readonly sites = new StackNumbers(describeSite);
  private readonly locks = new StackNumbers(lockKindOf);
  private readonly blocking = new Blocking(this.table, this.reasons, this.sites, this.locks, this.names);
  private readonly syscalls = new SyscallKinds(this.table, this.names);
  private readonly collector = new Collector(this.table, this.names);
  private readonly memory = new Memory(this.names);
  private readonly families = [
    this.population,
    this.scheduling,
    this.idleWork,
    this.procs,
    this.threads,
    this.blocking,
    this.syscalls,
    this.collector,
    this.memory,
  ];
  /** A block of one event. */
  private readonly one: { -readonly [key in keyof EventBlock]: EventBlock[key] } = {
    words: new Int32Array(0),
    doubles: new Float64Array(0),
    begin: 0,
    end: 0,
    events: 1,
  };
  /** By name number. */
  private readonly systemNames: boolean[] = [true];
  private firstGeneration = true;
  private readonly held = new HeldRows();
  /** A time: NaN first, so that the engine does not take it for a small integer. */
  private last = Number.NaN;

  private readonly observer: Observer | undefined;
  /** Whether the open window lies in the observer's range. */
  private counting = false;

  constructor(options: CoreSeriesOptions, observe: ((observed: Observed) => Observer) | undefined) {
    this.windows = new Windows(options);
    this.onWindow = options.onWindow;
    this.observer = observe?.({
      table: this.table,
      names: this.goroutineNames,
      reasons: this.reasons,
      sites: this.sites,
      locks: this.locks,
      calls: this.syscalls,
      lockOf: (slot) => this.blocking.lockOf(slot),
      memory: this.memory,
    });
    this.last = -1;
    this.count();
  }

  start(_info: TraceInfo): void {}

  generation(tables: GenerationTables): void {
    this.goroutineNames.generation(tables);
    this.reasons.generation(tables);
    this.sites.generation(tables);
    this.locks.generation(tables);
    this.syscalls.generation(tables);
    this.collector.generation(tables);
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
    this.threads.event(thread);
    if (kind !== EventKind.GoTransition && kind !== EventKind.Metric) this.observer?.event(kind, time, goroutine, a, b, c, d);
    switch (kind) {
      case EventKind.GoTransition:
        if (b !== c) {
          const { change } = this;
          change.time = time;
          change.thread = thread;
          change.proc = proc;
          change.stack = stack;
          change.ownStack = e;
          change.reasonId = d;
          change.from = b as GoState;
          change.to = c as GoState;
          this.goTransition(a, goroutine);
        } else if (e !== 0) this.nameBy(a, e);
        break;
      case EventKind.ProcTransition:
        if (b !== c) this.procTransition(a, b as ProcState, c as ProcState, thread, time);
        break;
      case EventKind.Metric:
        this.metric(a, b, time);
        break;
      case EventKind.Label:
        if (b === Scope.Goroutine) this.collector.label(a, c, time);
        break;
      case EventKind.RangeBegin:
        this.rangeBegin(a, b, d, time);
        break;
      case EventKind.RangeActive:
        this.collector.active(a, d, time);
        break;
      case EventKind.RangeEnd:
        this.rangeEnd(a, d, time, e, f);
        break;
      case EventKind.Sync:
        if (a > 1 && this.firstGeneration) this.release();
        break;
    }
  }

  /** Changes of goroutines and the size of the heap, most of all events, are taken from the block as they are; all others go the ordinary way. */
  block({ words, doubles, begin, end }: EventBlock): void {
    const { one, change } = this;
    one.words = words;
    one.doubles = doubles;
    for (let i = begin; i < end; i += recordWords) {
      i = this.frequent(words, doubles, i, end);
      if (i >= end) break;
      const kind = words[i + Field.Kind]!;
      const time = doubles[i >> 1]! as TraceNanos;
      if (kind === EventKind.GoTransition && time < this.windows.border && time - this.last < gapNanos) {
        this.last = time;
        const from = words[i + Field.B]! as GoState;
        const to = words[i + Field.C]! as GoState;
        const thread = words[i + Field.Thread]!;
        this.threads.event(thread);
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
          this.goTransition(words[i + Field.A]!, words[i + Field.Goroutine]!);
        } else if (words[i + Field.E] !== 0) this.nameBy(words[i + Field.A]!, words[i + Field.E]!);
      } else {
        one.begin = i;
        one.end = i + 1;
        deliverBlock(one, this);
        if (kind >= wideRecord) i += 2 * recordWords;
      }
    }
  }

  /**
   * As `block`, for records from word `begin` on, as long as they are begins and ends of brief system calls that begin and end in the open
   * window, or sizes of the heap; returns where the first other one is. A call whose end is the next event changes no state at all.
   * Numbers instead of names for kinds, states and places in a record, as in the core series; what this leaves out of `goTransition` is what
   * the conditions at its head rule out.
   */
  private frequent(words: Int32Array, doubles: Float64Array, begin: number, end: number): number {
    const { table, syscalls, procs, threads, counting } = this;
    const { border, start: windowStart } = this.windows;
    if (this.collector.stopped > 0) return begin;
    const { state, since, seen, calling, lastCall, lastEnd } = table;
    const { byStack } = syscalls.calls;
    const { kinds, counts, nanos: byKind, totals } = syscalls;
    const { sums } = this.times;
    const { samples } = syscalls.fast;
    const { byId } = procs;
    let { last } = this;
    let i = begin;
    for (; i < end; i += 12) {
      const kind = words[i + 2]!;
      const time = doubles[i >> 1]!;
      if (time >= border || time - last >= gapNanos) break;
      const thread = words[i + 3]!;
      if (kind === 3) {
        if (words[i + 7] !== 1) break;
        this.memory.setLive(words[i + 8]!);
        threads.event(thread);
        last = time;
        continue;
      }
      if (kind !== 1) break;
      const from = words[i + 8]!;
      const to = words[i + 9]!;
      if (!(from === 3 && to === 5) && !(from === 5 && to === 3)) break;
      const slot = table.find(words[i + 7]!);
      if (slot < 0 || state[slot] !== from || table.role[slot] !== 0) break;
      const begun = since[slot]!;
      const number = words[i + 4]!;
      if (begun < windowStart || number < 0 || number >= byId.length) break;
      const proc = byId[number];
      if (proc === undefined) break;
      const place = table.scope[slot]! * states + from;
      let nanos = time - begun;
      let call = 0;
      let ended = time;
      if (from === 3) {
        const own = words[i + 11]!;
        if (own !== 0 && table.name[slot] === unnamed) break;
        const stack = words[i + 6] === 0 ? own : words[i + 6]!;
        if (stack !== 0) {
          if (stack >= byStack.length) break;
          call = byStack[stack]! - 1;
          if (call < 0) break;
        }
        threads.event(thread);
        sums[place] = sums[place]! + nanos;
        counts[kinds[call]!] = counts[kinds[call]!]! + 1;
        const next = i + 12;
        const isPair =
          next < end &&
          words[next + 2] === 1 &&
          words[next + 8] === 5 &&
          words[next + 9] === 3 &&
          words[next + 7] === words[i + 7] &&
          words[next + 4] === number &&
          words[next + 3] === thread;
        ended = isPair ? doubles[next >> 1]! : border;
        nanos = ended - time;
        if (!(ended < border && nanos < briefNanos)) {
          table.reason[slot] = kinds[call]!;
          table.site[slot] = call;
          proc.syscall = time;
          since[slot] = time;
          seen[slot] = 2;
          state[slot] = 5;
          last = time;
          continue;
        }
        sums[place + 2] = sums[place + 2]! + nanos;
        procs.held += nanos;
        proc.syscall = Number.NaN;
        i = next;
      } else {
        if (seen[slot] !== 2 || nanos >= briefNanos) break;
        call = table.site[slot]!;
        threads.event(thread);
        sums[place] = sums[place]! + nanos;
        if (proc.syscall === proc.syscall) {
          procs.held += time - (proc.syscall > windowStart ? proc.syscall : windowStart);
          proc.syscall = Number.NaN;
        }
        state[slot] = 3;
      }
      byKind[kinds[call]!] = byKind[kinds[call]!]! + nanos;
      samples.add(nanos);
      since[slot] = ended;
      seen[slot] = 1;
      last = ended;
      if (!counting) continue;
      calling[slot] = calling[slot]! + nanos;
      totals.count[call] = totals.count[call]! + 1;
      totals.nanos[call] = totals.nanos[call]! + nanos;
      if (nanos > totals.longest[call]!) {
        totals.longest[call] = nanos;
        totals.longestAt[call] = ended - nanos;
      }
      if (lastCall[slot] === call && ended - nanos - lastEnd[slot]! < closeNanos) totals.close[call] = totals.close[call]! + 1;
      lastCall[slot] = call;
      lastEnd[slot] = ended;
    }
    this.last = last;
    return i;
  }

  get end(): number {
    return this.last;
  }

  finish(): void {
    if (this.last < 0) return;
    this.close(this.last);
    this.release();
  }

  /** `change` holds what the event says of the goroutine `id`, in the context of `goroutine`. */
  private goTransition(id: number, goroutine: number): void {
    const { table, change } = this;
    const { time, proc, stack, ownStack, from, to } = change;
    let slot = table.find(id);
    if (slot < 0) {
      if (to === GoState.NotExist) return;
      slot = table.add(id);
      if (from === GoState.Undetermined) {
        this.existed(slot, to, time, ownStack, proc);
        return;
      }
      if (from === GoState.NotExist) this.created(slot, goroutine, stack, ownStack, time);
      // Any other is a contradiction, which a salvaged trace may hold: it is known from here on.
      table.since[slot] = time;
    }
    const since = table.since[slot]!;
    const before = table.state[slot]! as GoState;
    const scope = table.scope[slot]!;
    const seen = table.seen[slot] !== 0;
    let begins = 1;
    if (before !== GoState.Undetermined) this.times.stay(scope, before, since, time);
    if (before === GoState.Running && to === GoState.Syscall) {
      if (ownStack !== 0 && table.name[slot] === unnamed) this.name(slot, ownStack);
      if (proc >= 0) this.procs.enterSyscall(proc, time);
      this.syscalls.begin(slot, stack !== 0 ? stack : ownStack);
      this.collector.rested(slot, time);
      begins = 2;
    } else if (before === GoState.Syscall && to === GoState.Running) {
      if (proc >= 0) this.procs.exitSyscall(proc, time);
      this.syscalls.end(slot, to, time - since, seen);
      this.collector.ran(slot, time);
      if (seen && this.counting) this.syscalls.totals.add(table, slot, time - Math.max(since, this.observer!.range.from), time);
      this.observer?.syscall(slot, since, time, seen);
    } else {
      change.slot = slot;
      // One that was just created has no state yet.
      change.from = from === GoState.NotExist ? from : before;
      change.scope = scope;
      change.nanos = time - since;
      change.seen = seen;
      change.by = goroutine < 0 || goroutine === id ? -1 : table.find(goroutine);
      change.reason = this.reasons.ofId(change.reasonId);
      if (ownStack !== 0 && table.name[slot] === unnamed) this.name(slot, ownStack);
      this.rare();
    }
    table.since[slot] = time;
    table.seen[slot] = begins;
    if (to === GoState.NotExist) table.remove(slot);
    else table.state[slot] = to;
  }

  /** All changes but the begin of a system call and its return to running. */
  private rare(): void {
    const { change, table, reasons } = this;
    const { slot, from, to, time, scope } = change;
    if (this.observer !== undefined) {
      this.observer.change(change);
      table.calling[slot] = 0;
    }
    this.idleWork.goroutine(from, to, time);
    let cause: ReadyCause = ReadyCause.Unknown;
    switch (from) {
      case GoState.Running: {
        this.scheduling.stop(slot, scope, time);
        this.collector.rested(slot, time);
        const yielded = change.reason === reasons.yielded || change.reason === reasons.yieldedOnce;
        if (yielded) this.scheduling.yield();
        else if (change.reason === reasons.preempted) this.scheduling.preempt(to);
        cause = yielded ? ReadyCause.Yield : ReadyCause.Preempt;
        break;
      }
      case GoState.Runnable:
        if (to === GoState.Running) {
          this.scheduling.start(change);
          table.runs[slot]!++;
          table.proc[slot] = change.proc;
          table.thread[slot] = change.thread;
          table.slice[slot] = time;
          if (change.proc >= 0) this.procs.ran(change.proc, time);
        }
        break;
      case GoState.Waiting:
        this.blocking.end(change);
        cause = change.by >= 0 ? ReadyCause.Unblock : ReadyCause.Wake;
        break;
      case GoState.Syscall:
        this.syscalls.end(slot, to, change.nanos, change.seen);
        if (change.seen && this.counting && to !== GoState.NotExist)
          this.syscalls.totals.addLost(table, slot, Math.min(change.nanos, time - this.observer!.range.from), time);
        this.scheduling.stop(slot, scope, time - change.nanos);
        cause = ReadyCause.Syscall;
        break;
      case GoState.Undetermined:
      case GoState.NotExist:
        this.population.create(change);
        cause = ReadyCause.Create;
        break;
    }
    switch (to) {
      case GoState.Runnable:
        table.cause[slot] = cause;
        // Who yields goes to the global queue, who is woken without a processor at hand as well.
        table.readyProc[slot] = cause === ReadyCause.Yield ? -1 : change.proc;
        break;
      case GoState.Running:
        this.collector.ran(slot, time);
        break;
      case GoState.Waiting:
        this.blocking.begin(slot, from === GoState.Running ? change.reason : reasons.none, change.ownStack);
        table.slice[slot] = Number.NaN;
        break;
      case GoState.Syscall:
        this.syscalls.begin(slot, change.stack !== 0 ? change.stack : change.ownStack);
        break;
      case GoState.NotExist:
        this.population.end(change);
        break;
    }
  }

  /** First word of a goroutine that existed before the trace (or, in a later generation, of one that a damaged part hid). */
  private existed(slot: number, state: GoState, time: number, stack: number, proc: number): void {
    const { table } = this;
    this.name(slot, stack);
    table.state[slot] = state;
    table.since[slot] = this.firstGeneration ? 0 : time;
    if (this.firstGeneration) this.times.existed(table.scope[slot]!, state);
    this.idleWork.goroutine(GoState.Undetermined, state, time);
    if (state === GoState.Waiting) this.blocking.begin(slot, this.reasons.none, stack);
    else if (state === GoState.Running) table.proc[slot] = proc;
    else if (state === GoState.Syscall) this.syscalls.inside(slot, stack);
    this.observer?.existed(slot, time);
  }

  private created(slot: number, creator: number, stack: number, ownStack: number, time: number): void {
    const { table } = this;
    table.born[slot] = time;
    table.origin[slot] = this.sites.of(stack);
    this.name(slot, ownStack);
    const parent = creator < 0 ? -1 : table.find(creator);
    if (parent < 0) return;
    table.creator[slot] = table.name[parent]!;
    table.depth[slot] = table.depth[parent]! + 1;
  }

  private nameBy(id: number, stack: number): void {
    const slot = this.table.find(id);
    if (slot >= 0 && this.table.name[slot] === unnamed) this.name(slot, stack);
  }

  private name(slot: number, stack: number): void {
    const name = this.goroutineNames.ofStack(stack);
    if (name === unnamed) return;
    this.table.name[slot] = name;
    const system = (this.systemNames[name] ??= isSystemGoroutine(this.goroutineNames.texts[name]!));
    this.table.scope[slot] = system ? GoScope.System : GoScope.User;
  }

  private procTransition(id: number, from: ProcState, to: ProcState, thread: number, time: number): void {
    const since = from === ProcState.Undetermined && this.firstGeneration ? 0 : time;
    this.procs.transition(id, from, to, thread, time, since);
    this.idleWork.proc(from, to, time);
    if (to === ProcState.Idle) this.collector.procStopped(time);
  }

  private metric(metric: number, value: number, time: number): void {
    if (metric === Metric.HeapLive) this.memory.setLive(value);
    else if (metric === Metric.HeapGoal) this.memory.setGoal(value);
    else if (metric === Metric.GoMaxProcs) {
      this.procs.setGomaxprocs(value);
      this.idleWork.setGomaxprocs(value, time);
      this.collector.setGomaxprocs(value);
    }
  }

  private rangeBegin(range: number, kind: number, owner: number, time: number): void {
    this.collector.begin(range, kind, owner, time);
    if (range === RangeName.StopTheWorld) this.idleWork.stop(1, time);
    else if (range === RangeName.GcMark) this.memory.gcBegin();
  }

  private rangeEnd(range: number, owner: number, time: number, swept: number, reclaimed: number): void {
    this.collector.end(range, owner, time, swept, reclaimed);
    if (range === RangeName.StopTheWorld) this.idleWork.stop(-1, time);
    else if (range === RangeName.GcMark) this.memory.gcEnd();
  }

  /** Closes every window that ends at or before `time`. */
  private advance(time: number): void {
    this.windows.indexOf(time);
    while (time >= this.windows.border) this.close(this.windows.border);
  }

  private close(end: number): void {
    const row = this.windows.end(end);
    for (const family of this.families) family.close(row);
    this.times.close(row, this.firstGeneration ? this.held.push(row) : row);
    this.observer?.window(end, row.start);
    this.count();
    if (!this.firstGeneration) this.deliver(row);
  }

  private count(): void {
    const { observer } = this;
    const { start } = this.windows;
    this.counting = observer !== undefined && start >= observer.range.from && start < observer.range.to;
  }

  private release(): void {
    this.firstGeneration = false;
    this.times.release();
    for (const row of this.held.take()) this.deliver(row);
  }

  private deliver({ index, start, length, values }: Row): void {
    this.onWindow(new NumberedWindow(index, traceNanos(start), length, values, this.names.texts));
  }
}
