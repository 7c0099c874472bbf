/** The tracks of goroutines: states with reasons and stacks, who woke whom; where they run, and how many are in each state. */
import { GoroutineNames, unnamed } from "../../features/goroutine-names.ts";
import { goStateNames, GoState, type GenerationTables } from "../../trace/model.ts";
import { SteppedCounter } from "./counters.ts";
import { EventType } from "./fields.ts";
import type { Output } from "./output.ts";
import { Category, Note } from "./packets.ts";
import { assistTrack, child, Fixed, goroutineTrack, procTrack, regionsTrack, threadTrack } from "./tracks.ts";

const nobody = -1;

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

export class Goroutines {
  readonly counters: readonly SteppedCounter[];
  private readonly output: Output;
  private readonly names = new GoroutineNames();
  private readonly syscallName: number;
  private readonly runnable: SteppedCounter;
  private readonly running: SteppedCounter;
  private readonly inSyscall: SteppedCounter;
  private readonly goroutines = new Map<number, Goroutine>();
  /** By state and reason id of this generation: number of the state's name. */
  private readonly stateNames = new Map<number, number>();
  private flows = 0;

  constructor(output: Output) {
    this.output = output;
    this.syscallName = output.texts.of("system call");
    this.runnable = new SteppedCounter(output.packets, Fixed.runnable, 0);
    this.running = new SteppedCounter(output.packets, Fixed.running, 0);
    this.inSyscall = new SteppedCounter(output.packets, Fixed.inSyscall, 0);
    this.counters = [this.runnable, this.running, this.inSyscall];
  }

  generation(tables: GenerationTables): void {
    this.names.generation(tables);
    this.stateNames.clear();
  }

  /** The range begins: every state is written as beginning here. */
  begin(time: number): void {
    for (const found of this.goroutines.values()) this.openState(found, time, 0, 0);
  }

  finish(time: number): void {
    for (const found of this.goroutines.values()) if (showsState(found.state)) this.output.packets.endSlice(goroutineTrack(found.id), time);
  }

  /** Arguments as of an event of kind GoTransition. */
  transition(
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
    isFirst: boolean,
  ): void {
    let found = this.goroutines.get(id);
    if (from === to && found !== undefined) {
      if (found.name === 0) found.name = this.nameOf(ownStack);
      return;
    }
    // What the first generation finds was so before.
    const since = from === GoState.Undetermined && isFirst ? 0 : time;
    if (found === undefined) {
      found = { id, state: GoState.NotExist, name: 0, stateName: 0, proc: nobody, thread: nobody, described: false };
      this.goroutines.set(id, found);
    }
    if (found.name === 0) found.name = this.nameOf(ownStack);
    if (this.output.on && showsState(found.state)) this.output.packets.endSlice(goroutineTrack(id), time);
    this.count(found.state, -1, time);
    const flow = from === GoState.Undetermined || to !== GoState.Runnable ? 0 : this.wake(found, from, by, proc, thread, time, stack);
    this.move(found, to, since, proc, thread);
    found.state = to as GoState;
    this.count(to, 1, time);
    if (to === GoState.NotExist) {
      this.goroutines.delete(id);
      this.output.spans.forget(regionsTrack(id));
      this.output.spans.forget(assistTrack(id));
      return;
    }
    found.stateName = this.stateName(to, reason);
    // The stack of an event is that of the goroutine it happens on: where this one began to wait, or where another woke it.
    const place = to === GoState.Waiting || to === GoState.Syscall ? (by === id ? stack : ownStack) : 0;
    if (this.output.on) this.openState(found, since, place, flow);
  }

  /** Where it runs: the lanes of processors and threads. */
  private move(found: Goroutine, to: number, time: number, proc: number, thread: number): void {
    const { id, name } = found;
    const from = found.state;
    const text = name === 0 ? this.output.texts.of(`G${id}`) : name;
    if (from === GoState.Running && to === GoState.Syscall) {
      this.output.threads.enterSyscall(found.thread, id, this.syscallName, time);
      return;
    }
    if (from === GoState.Syscall && to === GoState.Running && this.output.threads.holds(found.thread, id)) {
      this.output.threads.leaveSyscall(found.thread, id, time);
      // The processor may have been taken away, and another one got.
      if (proc === found.proc && this.output.procs.holds(proc, id)) return;
      this.output.procs.stop(found.proc, id, time);
      if (proc >= 0) this.output.procs.start(proc, id, text, time);
      found.proc = proc;
      return;
    }
    this.output.procs.stop(found.proc, id, time);
    this.output.threads.stop(found.thread, id, time);
    if (to === GoState.Running || to === GoState.Syscall) {
      found.proc = to === GoState.Running ? proc : nobody;
      found.thread = thread;
      if (found.proc >= 0) this.output.procs.start(found.proc, id, text, time);
      if (thread >= 0) this.output.threads.start(thread, id, text, time);
      if (to === GoState.Syscall) this.output.threads.enterSyscall(thread, id, this.syscallName, time);
    }
  }

  /** Who made it runnable: an instant there, and the number of the arrow from it; 0 where nobody is known or nothing is written. */
  private wake(woken: Goroutine, from: number, by: number, proc: number, thread: number, time: number, stack: number): number {
    if (!this.output.on || by === woken.id || from === GoState.Running) return 0;
    let track: number;
    if (by >= 0) {
      const waker = this.goroutines.get(by);
      if (waker === undefined) return 0;
      this.describe(waker);
      track = goroutineTrack(by);
    } else if (proc >= 0) {
      track = procTrack(proc);
      this.output.procs.describeOnly(proc);
    } else if (thread >= 0) {
      track = threadTrack(thread);
      this.output.threads.describeOnly(thread);
    } else return 0;
    const flow = ++this.flows;
    const name = this.output.packets.name(this.output.texts.of(from === GoState.NotExist ? "creates" : "wakes"));
    const place = this.output.packets.stack(stack);
    this.output.packets.event(EventType.instant, track, time);
    this.output.packets.category(Category.wakeup);
    this.output.packets.named(name);
    this.output.packets.callstack(place);
    this.output.packets.flow(flow);
    this.output.packets.note(Note.goroutine, woken.id);
    this.output.packets.done();
    return flow;
  }

  private openState(found: Goroutine, time: number, stack: number, flow: number): void {
    if (!showsState(found.state)) return;
    this.describe(found);
    const name = this.output.packets.name(found.stateName);
    const place = this.output.packets.stack(stack);
    this.output.packets.event(EventType.begin, goroutineTrack(found.id), time);
    this.output.packets.category(Category.state);
    this.output.packets.named(name);
    this.output.packets.callstack(place);
    if (flow !== 0) this.output.packets.endFlow(flow);
    this.output.packets.done();
  }

  private describe(found: Goroutine): void {
    if (found.described) return;
    found.described = true;
    const name = found.name === 0 ? `G${found.id}` : `G${found.id} ${this.output.texts.all[found.name]}`;
    child(this.output.packets, goroutineTrack(found.id), Fixed.goroutines, name);
  }

  private count(state: number, change: number, time: number): void {
    if (state === GoState.Runnable) this.runnable.add(change, time, this.output.on);
    else if (state === GoState.Running) this.running.add(change, time, this.output.on);
    else if (state === GoState.Syscall) this.inSyscall.add(change, time, this.output.on);
  }

  private stateName(state: number, reason: number): number {
    const key = reason * 8 + state;
    let name = this.stateNames.get(key);
    if (name === undefined) {
      const text = reason === 0 ? "" : this.output.tables!.string(reason);
      const label = goStateNames[state]!;
      name = this.output.texts.of(text === "" ? label : `${label}: ${text}`);
      this.stateNames.set(key, name);
    }
    return name;
  }

  private nameOf(stack: number): number {
    const number = this.names.ofStack(stack);
    return number === unnamed ? 0 : this.output.texts.of(this.names.texts[number]!);
  }

  /** A moment of a goroutine. */
  mark(track: number, name: number, time: number, category: number, goroutine: number): void {
    const found = this.goroutines.get(goroutine);
    if (!this.output.on || found === undefined) return;
    this.describe(found);
    const iid = this.output.packets.name(name);
    this.output.packets.event(EventType.instant, track, time);
    this.output.packets.category(category);
    this.output.packets.named(iid);
    this.output.packets.done();
  }

  /** A track below that of the goroutine. */
  describeUnder(track: number, goroutine: number, name: string): void {
    const found = this.goroutines.get(goroutine);
    if (found !== undefined) this.describe(found);
    child(this.output.packets, track, goroutineTrack(goroutine), name);
  }
}

/** Whether a state is drawn. */
const showsState = (state: GoState): boolean => state !== GoState.NotExist && state !== GoState.Undetermined;
