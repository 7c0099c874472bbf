/**
 * Programs written down as what their goroutines do, run by a small scheduler like Go's, so that their trace can be written by hand.
 *
 * A goroutine is a generator; what it yields takes time or makes it wait. Times are milliseconds. Processors take from one queue in the order
 * of arrival and ask for themselves back after 10 ms, a mutex is handed to the first in line.
 */
import { WrittenTrace } from "./written-trace.ts";

type Place = string;
type Step =
  | { readonly do: "run"; readonly ms: number; readonly held: boolean }
  | { readonly do: "wait"; readonly reason: string; readonly frames: readonly string[]; readonly ms?: number }
  | { readonly do: "call"; readonly ms: number; readonly frames: readonly string[]; readonly lost: boolean }
  | { readonly do: "yield"; readonly frames: readonly string[] };
export type Body = (go: Go) => Generator<Step | undefined, void>;

type Goroutine = {
  readonly id: number;
  /** The function it runs: the outermost frame of all its stacks. */
  readonly entry: Place;
  readonly body: Generator<Step | undefined, void>;
  sequence: number;
  proc: Proc | undefined;
  /** Nanoseconds of its step that are left, and whether nobody can take its processor meanwhile. */
  left: number;
  held: boolean;
  waiting: boolean;
};
type Proc = { readonly id: number; sequence: number; thread: number; running: Goroutine | undefined; starting: boolean; sliceEnd: number };

export type ProgramOptions = {
  readonly procs: number;
  /** Length of the trace. */
  readonly ms: number;
  /** What the scheduler needs between two goroutines, and for a thread to begin after it was woken. */
  readonly startNanos?: number;
  readonly wakeNanos?: number;
  /** Stretches, begin and end, in which no thread of the process gets a CPU. */
  readonly stalls?: readonly (readonly [from: number, to: number])[];
};

const quantum = 10e6;
/** A processor is taken from a system call after so long. */
const retakeNanos = 20e3;
const sysmon = 1;

export class Mutex {
  holder: Goroutine | undefined;
  readonly line: Goroutine[] = [];
}
/** Unbuffered unless it has room. */
export class Channel {
  readonly room: number;
  filled = 0;
  readonly senders: Goroutine[] = [];
  readonly receivers: Goroutine[] = [];

  constructor(room = 0) {
    this.room = room;
  }
}
/** Goroutines that wait for a condition or a group. */
export class Line {
  readonly waiting: Goroutine[] = [];
}

/** Gives the bytes of the trace of a program whose main goroutine is `main`. */
export function traceOf(options: ProgramOptions, main: Body): Uint8Array {
  return new Scheduler(options).run(main);
}

class Scheduler {
  readonly trace = new WrittenTrace();
  now = 0;
  private readonly options: ProgramOptions;
  private readonly procs: Proc[];
  private readonly queue: Goroutine[] = [];
  private readonly idleThreads: number[] = [];
  private nextThread = 2;
  private nextGoroutine = 2;
  /** What comes, earliest first; of equals the one that was planned first. */
  private readonly plan: { readonly time: number; readonly act: () => void }[] = [];

  constructor(options: ProgramOptions) {
    this.options = options;
    this.procs = Array.from({ length: options.procs }, (_none, id) => ({
      id,
      sequence: 0,
      thread: -1,
      running: undefined,
      starting: false,
      sliceEnd: 0,
    }));
  }

  run(main: Body): Uint8Array {
    const { trace, procs } = this;
    const [first] = procs as [Proc];
    const goroutine = this.goroutine(1, "main.main (main.go:1)", main);
    first.thread = this.thread();
    this.emit(first.thread, "ProcStatus", { p: 0, pstatus: 1 });
    this.emit(first.thread, "GoStatusStack", { g: 1, m: first.thread, gstatus: 2, stack: trace.stack([goroutine.entry]) });
    for (const { id } of procs.slice(1)) this.emit(first.thread, "ProcStatus", { p: id, pstatus: 2 });
    this.emit(first.thread, "ProcsChange", { procs_value: procs.length, stack: 0 });
    this.take(first, goroutine);
    const end = this.options.ms * 1e6;
    for (let next = this.plan.shift(); next !== undefined && next.time <= end; next = this.plan.shift()) {
      const stall = this.options.stalls?.find(([from, to]) => next!.time >= from * 1e6 && next!.time < to * 1e6);
      this.now = Math.max(this.now, stall === undefined ? next.time : stall[1] * 1e6);
      next.act();
    }
    this.now = end;
    // The tracer's own last word: a processor that stands still starts, or the one that runs tells the heap.
    const busy = procs.find(({ running }) => running !== undefined);
    if (busy !== undefined) this.emit(busy.thread, "HeapAlloc", { heapalloc_value: 4 << 20 });
    else {
      const idle = procs.find(({ thread }) => thread < 0);
      if (idle !== undefined) this.emit(this.thread(), "ProcStart", { p: idle.id, p_seq: ++idle.sequence });
    }
    return trace.bytes();
  }

  emit(thread: number, name: string, args: Readonly<Record<string, number>> = {}): void {
    this.now = this.trace.event(thread, this.now, name, args);
  }

  after(nanos: number, act: () => void): void {
    const time = this.now + nanos;
    let at = this.plan.length;
    while (at > 0 && this.plan[at - 1]!.time > time) at--;
    this.plan.splice(at, 0, { time, act });
  }

  create(by: Goroutine, entry: string, body: Body, place: Place): Goroutine {
    const goroutine = this.goroutine(this.nextGoroutine++, entry, body);
    const [newStack, stack] = [this.trace.stack([entry]), this.stack(by, [place])];
    this.emit(by.proc!.thread, "GoCreate", { new_g: goroutine.id, new_stack: newStack, stack });
    this.ready(goroutine);
    return goroutine;
  }

  /** @param by undefined = the runtime, for a timer or the network. */
  wake(goroutine: Goroutine, by: Goroutine | undefined, frames: readonly string[] = []): void {
    if (!goroutine.waiting) throw new Error(`goroutine ${goroutine.id} does not wait`);
    goroutine.waiting = false;
    const thread = by?.proc!.thread ?? sysmon;
    this.emit(thread, "GoUnblock", { g: goroutine.id, g_seq: ++goroutine.sequence, stack: by === undefined ? 0 : this.stack(by, frames) });
    this.ready(goroutine);
  }

  /** Its outermost frame is the function of the goroutine. */
  private stack(goroutine: Goroutine, frames: readonly string[]): number {
    const functionOf = (frame: string | undefined): string => frame?.replace(/ \(.*\)$/, "") ?? "";
    const whole = functionOf(frames.at(-1)) === functionOf(goroutine.entry) ? frames : [...frames, goroutine.entry];
    return this.trace.stack(whole);
  }

  private goroutine(id: number, entry: Place, body: Body): Goroutine {
    const goroutine: Goroutine = {
      id,
      entry,
      body: body(new Go(this, () => goroutine)),
      sequence: 0,
      proc: undefined,
      left: 0,
      held: false,
      waiting: false,
    };
    return goroutine;
  }

  private thread(): number {
    return this.idleThreads.pop() ?? this.nextThread++;
  }

  private ready(goroutine: Goroutine): void {
    this.queue.push(goroutine);
    const idle = this.procs.find(({ thread, starting }) => thread < 0 && !starting);
    if (idle === undefined) return;
    idle.starting = true;
    this.after(this.options.wakeNanos ?? 5000, () => {
      idle.starting = false;
      if (this.queue.length > 0) this.startProc(idle);
    });
  }

  private startProc(proc: Proc): void {
    proc.thread = this.thread();
    this.emit(proc.thread, "ProcStart", { p: proc.id, p_seq: ++proc.sequence });
    this.next(proc);
  }

  /** The processor has nothing to run: the next in the queue, or it stops. */
  private next(proc: Proc): void {
    proc.running = undefined;
    this.after(this.options.startNanos ?? 300, () => {
      const goroutine = this.queue.shift();
      if (goroutine !== undefined) {
        this.emit(proc.thread, "GoStart", { g: goroutine.id, g_seq: ++goroutine.sequence });
        this.take(proc, goroutine);
        return;
      }
      this.emit(proc.thread, "ProcStop");
      this.idleThreads.push(proc.thread);
      proc.thread = -1;
    });
  }

  private take(proc: Proc, goroutine: Goroutine): void {
    proc.running = goroutine;
    proc.sliceEnd = this.now + quantum;
    goroutine.proc = proc;
    this.work(proc, goroutine);
  }

  /** Runs what is left of the step, or goes on to the next one. */
  private work(proc: Proc, goroutine: Goroutine): void {
    if (goroutine.left === 0) {
      this.step(proc, goroutine);
      return;
    }
    const nanos = goroutine.held ? goroutine.left : Math.min(goroutine.left, proc.sliceEnd - this.now);
    this.after(nanos, () => {
      goroutine.left -= nanos;
      if (goroutine.left === 0 || goroutine.held) this.work(proc, goroutine);
      else this.stop(proc, goroutine, "preempted", []);
    });
  }

  private stop(proc: Proc, goroutine: Goroutine, reason: string, frames: readonly string[]): void {
    const { trace } = this;
    this.emit(proc.thread, "GoStop", { reason_string: trace.string(reason), stack: this.stack(goroutine, frames) });
    goroutine.proc = undefined;
    this.queue.push(goroutine);
    this.next(proc);
  }

  private step(proc: Proc, goroutine: Goroutine): void {
    const { value: step, done } = goroutine.body.next();
    if (done === true) {
      this.emit(proc.thread, "GoDestroy");
      this.next(proc);
    } else if (step === undefined) this.step(proc, goroutine);
    else if (step.do === "run") {
      goroutine.left = step.ms * 1e6;
      goroutine.held = step.held;
      this.work(proc, goroutine);
    } else if (step.do === "yield") this.stop(proc, goroutine, "runtime.Gosched", step.frames);
    else if (step.do === "call") this.call(proc, goroutine, step.ms * 1e6, step.frames, step.lost);
    else {
      const { trace } = this;
      this.emit(proc.thread, "GoBlock", { reason_string: trace.string(step.reason), stack: this.stack(goroutine, step.frames) });
      goroutine.proc = undefined;
      goroutine.waiting = true;
      if (step.ms !== undefined) this.after(step.ms * 1e6, () => this.wake(goroutine, undefined));
      this.next(proc);
    }
  }

  private call(proc: Proc, goroutine: Goroutine, nanos: number, frames: readonly string[], lost: boolean): void {
    const { thread } = proc;
    this.emit(thread, "GoSyscallBegin", { p_seq: ++proc.sequence, stack: this.stack(goroutine, frames) });
    if (!lost) {
      this.after(nanos, () => {
        this.emit(thread, "GoSyscallEnd");
        this.work(proc, goroutine);
      });
      return;
    }
    this.after(Math.min(retakeNanos, nanos / 2), () => {
      this.emit(sysmon, "ProcSteal", { p: proc.id, p_seq: ++proc.sequence, m: thread });
      goroutine.proc = undefined;
      proc.thread = -1;
      proc.running = undefined;
      if (this.queue.length > 0) this.startProc(proc);
      this.after(nanos - Math.min(retakeNanos, nanos / 2), () => {
        this.emit(thread, "GoSyscallEndBlocked");
        this.idleThreads.push(thread);
        this.ready(goroutine);
      });
    });
  }
}

/** What a goroutine can do. Its places are `pkg.Func (file.go:12)`; the frames of the standard library above them are added. */
export class Go {
  private readonly scheduler: Scheduler;
  private readonly self: () => Goroutine;

  constructor(scheduler: Scheduler, self: () => Goroutine) {
    this.scheduler = scheduler;
    this.self = self;
  }

  /** Milliseconds since the beginning. */
  get now(): number {
    return this.scheduler.now / 1e6;
  }

  /** `held`: nobody can preempt it. */
  run(ms: number, { held = false } = {}): Step {
    return { do: "run", ms, held };
  }

  go(entry: string, body: Body, place: Place): void {
    this.scheduler.create(this.self(), entry, body, place);
  }

  yield(place: Place): Step {
    return { do: "yield", frames: ["runtime.Gosched (proc.go:377)", place] };
  }

  sleep(ms: number, place: Place): Step {
    return { do: "wait", reason: "sleep", frames: ["time.Sleep (time.go:363)", place], ms };
  }

  network(ms: number, place: Place): Step {
    const frames = ["internal/poll.(*FD).Read (fd_unix.go:165)", "net.(*conn).Read (net.go:196)", place];
    return { do: "wait", reason: "network", frames, ms };
  }

  /** On a nil channel or an empty select. */
  forever(place: Place): Step {
    return { do: "wait", reason: "forever", frames: [place] };
  }

  lock(mutex: Mutex, place: Place): Step | undefined {
    if (mutex.holder === undefined) {
      mutex.holder = this.self();
      return undefined;
    }
    mutex.line.push(this.self());
    return { do: "wait", reason: "sync", frames: ["sync.(*Mutex).lockSlow (mutex.go:149)", "sync.(*Mutex).Lock (mutex.go:46)", place] };
  }

  unlock(mutex: Mutex, place: Place): void {
    mutex.holder = mutex.line.shift();
    if (mutex.holder !== undefined) this.scheduler.wake(mutex.holder, this.self(), ["sync.(*Mutex).Unlock (mutex.go:65)", place]);
  }

  send(channel: Channel, place: Place): Step | undefined {
    const receiver = channel.receivers.shift();
    if (receiver !== undefined) this.scheduler.wake(receiver, this.self(), ["runtime.chansend1 (chan.go:161)", place]);
    else if (channel.filled < channel.room) channel.filled++;
    else {
      channel.senders.push(this.self());
      return { do: "wait", reason: "chan send", frames: ["runtime.chansend1 (chan.go:161)", place] };
    }
    return undefined;
  }

  receive(channel: Channel, place: Place): Step | undefined {
    const sender = channel.senders.shift();
    if (sender !== undefined) this.scheduler.wake(sender, this.self(), ["runtime.chanrecv1 (chan.go:509)", place]);
    else if (channel.filled > 0) channel.filled--;
    else {
      channel.receivers.push(this.self());
      return { do: "wait", reason: "chan receive", frames: ["runtime.chanrecv1 (chan.go:509)", place] };
    }
    return undefined;
  }

  condWait(line: Line, place: Place): Step {
    line.waiting.push(this.self());
    return { do: "wait", reason: "sync.(*Cond).Wait", frames: ["sync.(*Cond).Wait (cond.go:71)", place] };
  }

  /** All who wait. */
  broadcast(line: Line, place: Place): void {
    for (const waiting of line.waiting.splice(0)) this.scheduler.wake(waiting, this.self(), ["sync.(*Cond).Broadcast (cond.go:90)", place]);
  }

  /** `frames`: innermost first. `lost`: its processor is taken. */
  call(ms: number, frames: readonly string[], { lost = false } = {}): Step {
    return { do: "call", ms, frames, lost };
  }

  *stopTheWorld(ms: number, kind: string): Generator<Step | undefined, void> {
    this.event("STWBegin", { kind_string: this.scheduler.trace.string(kind), stack: 0 });
    yield this.run(ms, { held: true });
    this.event("STWEnd");
  }

  /** Any event of the goroutine's own. */
  event(name: string, args: Readonly<Record<string, number>> = {}): void {
    this.scheduler.emit(this.self().proc!.thread, name, args);
  }
}
