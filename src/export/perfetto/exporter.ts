/**
 * Events → a Perfetto trace (perfetto.dev): a track a processor, thread and goroutine, states with reasons and stacks, who woke whom,
 * counters, garbage collection, tasks, regions, logs, CPU samples.
 *
 * Memory: one record a living goroutine, processor, thread, open task and region; names and stacks of the current generation.
 * What was open at the end of the trace ends there; what ran since before its first event begins there.
 */
import type { TraceNanos } from "../../lib/units.ts";
import { GoroutineNames, unnamed } from "../../features/goroutine-names.ts";
import {
  EventKind,
  goStateNames,
  GoState,
  Metric,
  ProcState,
  RangeName,
  rangeNames,
  Scope,
  type GenerationTables,
  type TraceInfo,
  type TraceVisitor,
} from "../../trace/model.ts";
import type { Exporter, ExportTarget } from "../exporter.ts";
import { Texts } from "../texts.ts";
import { SteppedCounter } from "./counters.ts";
import { EventType } from "./fields.ts";
import { Lanes } from "./lanes.ts";
import { Category, Note, PacketWriter } from "./packets.ts";
import { Spans } from "./spans.ts";
import {
  assistTrack,
  child,
  describeFixed,
  describeThread,
  Fixed,
  goroutineTrack,
  procTrack,
  regionsTrack,
  sweepTrack,
  taskTrack,
  threadTrack,
} from "./tracks.ts";

const nobody = -1;
export function perfettoExporter(programName: string, target: ExportTarget): Exporter {
  const visitor = new PerfettoVisitor(programName, target);
  return { visitor, finish: ({ end }) => visitor.finish(end) };
}

type Goroutine = {
  readonly id: number;
  state: GoState;
  /** Number of the function's name in the texts; 0 = not known. */
  name: number;
  /** Number of the state's name in the texts. */
  stateName: number;
  proc: number;
  thread: number;
  described: boolean;
};

class PerfettoVisitor implements TraceVisitor {
  private readonly programName: string;
  private readonly target: ExportTarget;
  private readonly texts = new Texts();
  private readonly names = new GoroutineNames();
  private readonly syscallName = this.texts.of("system call");
  private readonly packets: PacketWriter;
  private readonly procs: Lanes;
  private readonly threads: Lanes;
  private readonly spans: Spans;
  private readonly runnable: SteppedCounter;
  private readonly running: SteppedCounter;
  private readonly inSyscall: SteppedCounter;
  private readonly counters: readonly SteppedCounter[];
  private readonly goroutines = new Map<number, Goroutine>();
  private readonly metrics: ReadonlyMap<number, SteppedCounter>;
  /** By state and reason id of this generation: number of the state's name. */
  private readonly stateNames = new Map<number, number>();
  private tables: GenerationTables | undefined;
  private info: TraceInfo | undefined;
  private syncs = 0;
  private flows = 0;
  private on = false;
  private over = false;

  constructor(programName: string, target: ExportTarget) {
    this.programName = programName;
    this.target = target;
    this.packets = new PacketWriter(target.write, this.texts);
    this.procs = new Lanes(this.packets, procTrack, (id) => child(this.packets, procTrack(id), Fixed.procs, `P${id}`, id));
    this.threads = new Lanes(this.packets, threadTrack, (id) => describeThread(this.packets, id));
    this.spans = new Spans(this.packets);
    this.runnable = new SteppedCounter(this.packets, Fixed.runnable, 0);
    this.running = new SteppedCounter(this.packets, Fixed.running, 0);
    this.inSyscall = new SteppedCounter(this.packets, Fixed.inSyscall, 0);
    this.metrics = new Map([
      [Metric.GoMaxProcs, new SteppedCounter(this.packets, Fixed.gomaxprocs)],
      [Metric.HeapLive, new SteppedCounter(this.packets, Fixed.heapLive)],
      [Metric.HeapGoal, new SteppedCounter(this.packets, Fixed.heapGoal)],
    ]);
    this.counters = [this.runnable, this.running, this.inSyscall, ...this.metrics.values()];
  }

  start(info: TraceInfo): void {
    this.info = info;
  }

  generation(tables: GenerationTables): void {
    this.tables = tables;
    this.texts.generation(tables);
    this.names.generation(tables);
    this.stateNames.clear();
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
    if (this.over) return;
    if (kind === EventKind.Sync) this.sync(time);
    if (!this.on && time >= this.target.from) this.begin(time);
    if (time >= this.target.to) {
      this.close(this.target.to);
      return;
    }
    switch (kind) {
      case EventKind.GoTransition:
        this.goTransition(time, thread, proc, goroutine, stack, a, b, c, d, e);
        break;
      case EventKind.ProcTransition:
        if (c !== ProcState.Running && b !== c) this.procs.clear(a, time);
        break;
      case EventKind.Metric:
        this.metrics.get(a)?.set(b, time, this.on);
        break;
      case EventKind.Label:
        if (b === Scope.Goroutine) this.mark(goroutineTrack(c), this.texts.ofId(a), time, Category.state, c);
        break;
      case EventKind.RangeBegin:
        this.rangeBegin(a, b, d, time, stack);
        break;
      case EventKind.RangeActive:
        this.rangeActive(a, b, d, this.syncs <= 1 ? 0 : time);
        break;
      case EventKind.RangeEnd:
        this.rangeEnd(a, d, time, e, f);
        break;
      case EventKind.TaskBegin:
        this.taskBegin(a, b, this.texts.ofId(c), time, stack, goroutine);
        break;
      case EventKind.TaskEnd:
        if (this.spans.end(taskTrack(a), time)) this.spans.forget(taskTrack(a));
        break;
      case EventKind.RegionBegin:
        this.regionBegin(a, this.texts.ofId(b), time, stack, goroutine);
        break;
      case EventKind.RegionEnd:
        this.spans.end(regionsTrack(goroutine), time);
        break;
      case EventKind.Log:
        this.log(a, b, c, time, goroutine, stack);
        break;
      case EventKind.StackSample:
        if (this.on) this.packets.sample(time, proc, thread, stack);
        break;
    }
  }

  /** @param end time of the last event. */
  finish(end: number): readonly string[] {
    if (this.info === undefined) return [];
    if (!this.on) this.begin(Math.min(this.target.from, end));
    this.close(Math.min(end, this.target.to));
    return [];
  }

  private close(time: number): void {
    if (this.over) return;
    this.over = true;
    for (const counter of this.counters) counter.finish();
    this.spans.finish(time);
    this.procs.finish(time);
    this.threads.finish(time);
    for (const found of this.goroutines.values()) if (showsState(found.state)) this.packets.endSlice(goroutineTrack(found.id), time);
    this.packets.flush();
  }

  private sync(time: number): void {
    this.syncs++;
    if (this.on) this.openSequence(time);
  }

  private openSequence(time: number): void {
    const { clock } = this.tables!;
    const { origin } = this.info!;
    const wall = clock === undefined ? undefined : clock.wall + origin + BigInt(Math.round(time)) - clock.trace;
    this.packets.generation(this.tables!, origin, time, wall);
  }

  /** The range begins: what is known by now is written as beginning here. */
  private begin(time: number): void {
    const from = Math.max(0, Math.min(this.target.from, time));
    this.on = true;
    this.openSequence(from);
    describeFixed(this.packets, this.programName);
    this.procs.begin(from);
    this.threads.begin(from);
    this.spans.beginRange(from);
    for (const found of this.goroutines.values()) this.openState(found, from, 0, 0);
    for (const counter of this.counters) counter.begin(from);
  }

  private goTransition(
    time: number,
    thread: number,
    proc: number,
    by: number,
    stack: number,
    id: number,
    from: number,
    to: number,
    reason: number,
    ownStack: number,
  ): void {
    let found = this.goroutines.get(id);
    if (from === to && found !== undefined) {
      if (found.name === 0) found.name = this.nameOf(ownStack);
      return;
    }
    // What the first generation finds was so before.
    const since = from === GoState.Undetermined && this.syncs <= 1 ? 0 : time;
    if (found === undefined) {
      found = { id, state: GoState.NotExist, name: 0, stateName: 0, proc: nobody, thread: nobody, described: false };
      this.goroutines.set(id, found);
    }
    if (found.name === 0) found.name = this.nameOf(ownStack);
    if (this.on && showsState(found.state)) this.packets.endSlice(goroutineTrack(id), time);
    this.count(found.state, -1, time);
    const flow = from === GoState.Undetermined || to !== GoState.Runnable ? 0 : this.wake(found, from, by, proc, thread, time, stack);
    this.move(found, to, since, proc, thread);
    found.state = to as GoState;
    this.count(to, 1, time);
    if (to === GoState.NotExist) {
      this.goroutines.delete(id);
      this.spans.forget(regionsTrack(id));
      this.spans.forget(assistTrack(id));
      return;
    }
    found.stateName = this.stateName(to, reason);
    // The stack of an event is that of the goroutine it happens on: where this one began to wait, or where another woke it.
    const place = to === GoState.Waiting || to === GoState.Syscall ? (by === id ? stack : ownStack) : 0;
    if (this.on) this.openState(found, since, place, flow);
  }

  /** Where it runs: the lanes of processors and threads. */
  private move(found: Goroutine, to: number, time: number, proc: number, thread: number): void {
    const { id, name } = found;
    const from = found.state;
    const text = name === 0 ? this.texts.of(`G${id}`) : name;
    if (from === GoState.Running && to === GoState.Syscall) {
      this.threads.enterSyscall(found.thread, id, this.syscallName, time);
      return;
    }
    if (from === GoState.Syscall && to === GoState.Running && this.threads.holds(found.thread, id)) {
      this.threads.leaveSyscall(found.thread, id, time);
      // The processor may have been taken away, and another one got.
      if (proc === found.proc && this.procs.holds(proc, id)) return;
      this.procs.stop(found.proc, id, time);
      if (proc >= 0) this.procs.start(proc, id, text, time);
      found.proc = proc;
      return;
    }
    this.procs.stop(found.proc, id, time);
    this.threads.stop(found.thread, id, time);
    if (to === GoState.Running || to === GoState.Syscall) {
      found.proc = to === GoState.Running ? proc : nobody;
      found.thread = thread;
      if (found.proc >= 0) this.procs.start(found.proc, id, text, time);
      if (thread >= 0) this.threads.start(thread, id, text, time);
      if (to === GoState.Syscall) this.threads.enterSyscall(thread, id, this.syscallName, time);
    }
  }

  /** Who made it runnable: an instant there, and the number of the arrow from it; 0 where nobody is known or nothing is written. */
  private wake(woken: Goroutine, from: number, by: number, proc: number, thread: number, time: number, stack: number): number {
    if (!this.on || by === woken.id || from === GoState.Running) return 0;
    let track: number;
    if (by >= 0) {
      const waker = this.goroutines.get(by);
      if (waker === undefined) return 0;
      this.describe(waker);
      track = goroutineTrack(by);
    } else if (proc >= 0) {
      track = procTrack(proc);
      this.procs.describeOnly(proc);
    } else if (thread >= 0) {
      track = threadTrack(thread);
      this.threads.describeOnly(thread);
    } else return 0;
    const flow = ++this.flows;
    const name = this.packets.name(this.texts.of(from === GoState.NotExist ? "creates" : "wakes"));
    const place = this.packets.stack(stack);
    this.packets.event(EventType.instant, track, time);
    this.packets.category(Category.wakeup);
    this.packets.named(name);
    this.packets.callstack(place);
    this.packets.flow(flow);
    this.packets.note(Note.goroutine, woken.id);
    this.packets.done();
    return flow;
  }

  private openState(found: Goroutine, time: number, stack: number, flow: number): void {
    if (!showsState(found.state)) return;
    this.describe(found);
    const name = this.packets.name(found.stateName);
    const place = this.packets.stack(stack);
    this.packets.event(EventType.begin, goroutineTrack(found.id), time);
    this.packets.category(Category.state);
    this.packets.named(name);
    this.packets.callstack(place);
    if (flow !== 0) this.packets.endFlow(flow);
    this.packets.done();
  }

  private describe(found: Goroutine): void {
    if (found.described) return;
    found.described = true;
    const name = found.name === 0 ? `G${found.id}` : `G${found.id} ${this.texts.all[found.name]}`;
    child(this.packets, goroutineTrack(found.id), Fixed.goroutines, name);
  }

  private count(state: number, change: number, time: number): void {
    if (state === GoState.Runnable) this.runnable.add(change, time, this.on);
    else if (state === GoState.Running) this.running.add(change, time, this.on);
    else if (state === GoState.Syscall) this.inSyscall.add(change, time, this.on);
  }

  private stateName(state: number, reason: number): number {
    const key = reason * 8 + state;
    let name = this.stateNames.get(key);
    if (name === undefined) {
      const text = reason === 0 ? "" : this.tables!.string(reason);
      const label = goStateNames[state]!;
      name = this.texts.of(text === "" ? label : `${label}: ${text}`);
      this.stateNames.set(key, name);
    }
    return name;
  }

  private nameOf(stack: number): number {
    const number = this.names.ofStack(stack);
    return number === unnamed ? 0 : this.texts.of(this.names.texts[number]!);
  }

  private mark(track: number, name: number, time: number, category: number, goroutine: number): void {
    const found = this.goroutines.get(goroutine);
    if (!this.on || found === undefined) return;
    this.describe(found);
    const iid = this.packets.name(name);
    this.packets.event(EventType.instant, track, time);
    this.packets.category(category);
    this.packets.named(iid);
    this.packets.done();
  }

  private rangeActive(range: number, kindId: number, owner: number, time: number): void {
    if (!this.spans.isOpen(this.rangeTrack(range, owner))) this.rangeBegin(range, kindId, owner, time, 0);
  }

  private rangeBegin(range: number, kindId: number, owner: number, time: number, stack: number): void {
    const track = this.rangeTrack(range, owner);
    const kind = kindId === 0 ? "" : ` (${this.tables!.string(kindId)})`;
    const notes = range === RangeName.StopTheWorld || range === RangeName.GcMarkAssist ? [[Note.goroutine, owner] as const] : [];
    const name = this.texts.of(`${rangeNames[range]}${kind}`);
    const place = this.on ? this.packets.stack(stack) : 0;
    this.spans.begin(
      { track, name, category: Category.gc, notes, describe: this.rangeDescription(range, owner, track), stack: place },
      time,
    );
  }

  private rangeEnd(range: number, owner: number, time: number, swept: number, reclaimed: number): void {
    const notes: (readonly [number, number])[] = [];
    if (range === RangeName.GcSweep) notes.push([Note.bytesSwept, swept], [Note.bytesReclaimed, reclaimed]);
    this.spans.end(this.rangeTrack(range, owner), time, notes);
  }

  private rangeTrack(range: number, owner: number): number {
    if (range === RangeName.StopTheWorld) return Fixed.stops;
    if (range === RangeName.GcMark) return Fixed.gcMark;
    return range === RangeName.GcSweep ? sweepTrack(owner) : assistTrack(owner);
  }

  private rangeDescription(range: number, owner: number, track: number): (() => void) | undefined {
    if (range === RangeName.GcSweep) {
      return () => {
        this.procs.describeOnly(owner);
        child(this.packets, track, procTrack(owner), "Sweep");
      };
    }
    return range === RangeName.GcMarkAssist ? () => this.describeUnder(track, owner, "Mark assists") : undefined;
  }

  private describeUnder(track: number, goroutine: number, name: string): void {
    const found = this.goroutines.get(goroutine);
    if (found !== undefined) this.describe(found);
    child(this.packets, track, goroutineTrack(goroutine), name);
  }

  private taskBegin(task: number, parent: number, name: number, time: number, stack: number, goroutine: number): void {
    const notes: (readonly [number, number])[] = [[Note.task, task]];
    if (parent > 0) notes.push([Note.parentTask, parent]);
    if (goroutine >= 0) notes.push([Note.goroutine, goroutine]);
    const track = taskTrack(task);
    const describe = (): void => child(this.packets, track, Fixed.tasks, this.texts.all[name] || "task");
    this.spans.begin({ track, name, category: Category.user, notes, describe, stack: this.on ? this.packets.stack(stack) : 0 }, time);
  }

  private regionBegin(task: number, name: number, time: number, stack: number, goroutine: number): void {
    const track = regionsTrack(goroutine);
    const notes = task > 0 ? [[Note.task, task] as const] : [];
    const describe = (): void => this.describeUnder(track, goroutine, "Regions");
    this.spans.begin({ track, name, category: Category.user, notes, describe, stack: this.on ? this.packets.stack(stack) : 0 }, time);
  }

  private log(task: number, categoryId: number, messageId: number, time: number, goroutine: number, stack: number): void {
    if (!this.on) return;
    const track = regionsTrack(goroutine);
    this.spans.describeOnce(track, () => this.describeUnder(track, goroutine, "Regions"));
    const category = this.texts.ofId(categoryId);
    const name = this.packets.name(category === 0 ? this.texts.of("log") : category);
    const place = this.packets.stack(stack);
    this.packets.event(EventType.instant, track, time);
    this.packets.category(Category.user);
    this.packets.named(name);
    this.packets.callstack(place);
    if (task > 0) this.packets.note(Note.task, task);
    this.packets.noteText(Note.message, messageId === 0 ? "" : this.tables!.string(messageId));
    this.packets.done();
  }
}

/** Whether a state is drawn. */
const showsState = (state: GoState): boolean => state !== GoState.NotExist && state !== GoState.Undetermined;
