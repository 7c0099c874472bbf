/** Threads, processors and goroutines from Go 1.22 on: states, who is on what, and who may change it. */
import { EventKind, GoState, goStateNames, ProcState, procStateNames } from "../model.ts";
import { found, type CurrentEvent, type Report } from "./event.ts";
import { goTransition, isProcTransition, type GoTransition } from "./transitions.ts";

type Thread = { proc: number; goroutine: number };
type Goroutine = {
  state: number;
  thread: number;
  /** In which its status was told, or it was created. */
  generation: number;
  /** Created in a system call: its status may be told once more. */
  isFromC: boolean;
};
type Proc = {
  state: number;
  thread: number;
  generation: number;
  /** In a system call; undefined = it was told as running, which says nothing of that. */
  inCall: boolean | undefined;
  /** Idle, but perhaps only because its thread has left Go: another one will steal it. */
  mayBeStolen: boolean;
};

const isExecuting = (state: number): boolean => state === GoState.Running || state === GoState.Syscall;

export class Schedule {
  readonly #event: CurrentEvent;
  readonly #report: Report;
  readonly #threads = new Map<number, Thread>();
  readonly #goroutines = new Map<number, Goroutine>();
  readonly #procs = new Map<number, Proc>();
  #generation = 0;
  /** Number of the event in which a thread lost its processor, with both: a thread that leaves Go names it once more. */
  #lost = { event: 0, thread: -1, proc: -1 };
  /** GOMAXPROCS, once told. */
  limit = Number.POSITIVE_INFINITY;

  constructor(event: CurrentEvent, report: Report) {
    this.#event = event;
    this.#report = report;
  }

  /** A generation begins. */
  begin(): void {
    this.#generation++;
  }

  has(goroutine: number): boolean {
    return this.#goroutines.has(goroutine);
  }
  hasProc(proc: number): boolean {
    return this.#procs.has(proc);
  }

  /** Rule `context`. */
  context(): void {
    const event = this.#event;
    const thread = this.#threads.get(event.thread);
    const proc = thread?.proc ?? -1;
    const goroutine = thread?.goroutine ?? -1;
    if (proc === event.proc && goroutine === event.goroutine) return;
    if (event.kind === EventKind.GoTransition) {
      const { b: from, c: to } = event;
      if (to === GoState.Syscall && (from === GoState.Undetermined || from === GoState.Syscall)) {
        if (thread === undefined || goroutine === event.goroutine) return;
      } else if (from === GoState.Syscall && to === GoState.NotExist && goroutine === event.goroutine) {
        const lost = this.#lost;
        if (lost.event === event.number - 1 && lost.thread === event.thread && lost.proc === event.proc) return;
      }
    }
    const has = `processor ${found(proc)} and goroutine ${found(goroutine)}`;
    this.#report("context", `expected ${has} on thread ${found(event.thread)}, found ${found(event.proc)} and ${found(event.goroutine)}`);
  }

  /** A goroutine's transition. */
  goroutine(): void {
    const event = this.#event;
    const { a: id, b: from, c: to } = event;
    const known = this.#goroutines.get(id);
    const row = goTransition(false, from, to);
    if (row === undefined) this.#report("go-edge", `goroutine ${id} cannot go from ${goStateNames[from]} to ${goStateNames[to]}`);
    const fits = known === undefined ? from === GoState.Undetermined || from === GoState.NotExist : from === known.state;
    if (!fits) {
      const state = known === undefined ? "not known" : goStateNames[known.state];
      this.#report("go-from", `goroutine ${id} is ${state}, not ${goStateNames[from]}`);
    }
    if (row !== undefined) this.#cause(row);
    const isTold = from === to || from === GoState.Undetermined;
    this.#told(isTold, from === GoState.NotExist, known);
    this.#saying(isTold);
    this.#call(from, to);
    this.#bind(isTold || from === GoState.NotExist, known);
  }

  #cause({ thread, proc, actor }: GoTransition): void {
    const event = this.#event;
    const { a: id, goroutine } = event;
    if (thread === "some" && event.thread === -1) this.#report("go-cause", "expected a thread");
    if (proc === "some" && event.proc === -1) this.#report("go-cause", "expected a processor");
    if (actor === "self" && goroutine !== id) this.#report("go-cause", `goroutine ${id} does this itself, not ${found(goroutine)}`);
    else if (actor === "none" && goroutine !== -1) this.#report("go-cause", `expected no goroutine, found ${goroutine}`);
    else if (actor === "other" && goroutine === id) this.#report("go-cause", `goroutine ${id} cannot do this itself`);
    else if (actor === "runs" && goroutine !== -1) {
      const state = this.#goroutines.get(goroutine)?.state ?? GoState.Running;
      if (goroutine === id || state !== GoState.Running) this.#report("go-cause", `goroutine ${goroutine} creates, but does not run`);
    }
  }

  #told(isTold: boolean, isCreated: boolean, known: Goroutine | undefined): void {
    const { a: id, b: from, c: to, thread } = this.#event;
    const isFirst = this.#generation === 1;
    if (to === GoState.Undetermined) this.#report("state-told", `expected a state of goroutine ${id}`);
    if (from === GoState.Undetermined && !isFirst) this.#report("undetermined-early", `goroutine ${id} should be known by now`);
    if (known === undefined) return;
    if (isTold && known.generation === this.#generation && !known.isFromC)
      this.#report("go-status-first", `goroutine ${id} has told its state already`);
    if (!isTold && !isCreated && known.generation !== this.#generation)
      this.#report("go-status-first", `goroutine ${id} has not told its state in this generation`);
    if (isTold) known.isFromC = false;
    if (isTold && !isFirst && isExecuting(to) && known.thread !== thread)
      this.#report("go-status-place", `goroutine ${id} is on thread ${found(known.thread)}`);
  }

  #saying(isTold: boolean): void {
    const { b: from, c: to, d: reason, e: stack, stack: own } = this.#event;
    const stops = from === GoState.Running && (to === GoState.Runnable || to === GoState.Waiting);
    if (reason !== 0 && !stops) this.#report("reason", `expected no reason, found string ${reason}`);
    if (reason === 0 && from === GoState.Running && to === GoState.Runnable) this.#report("stop-reason", "expected a reason");
    if (from === GoState.NotExist) return;
    const expected = isTold || stops || (from === GoState.Running && to === GoState.Syscall) ? own : 0;
    if (stack !== expected) this.#report("transition-stack", `expected stack ${expected} of the goroutine, found ${stack}`);
  }

  #call(from: number, to: number): void {
    const proc = this.#procs.get(this.#event.proc);
    if (proc === undefined) return;
    if (from === GoState.Running && to === GoState.Syscall) proc.inCall = true;
    else if (from === GoState.Syscall && to === GoState.Running) {
      if (proc.inCall === false) this.#report("call-kept-processor", `processor ${this.#event.proc} was not in a system call`);
      proc.inCall = false;
    } else if (from === GoState.Syscall && to === GoState.Runnable && proc.inCall === true)
      this.#report("call-lost-processor", `processor ${this.#event.proc} is still in the system call`);
    else if (to === GoState.NotExist && from === GoState.Syscall) proc.mayBeStolen = true;
  }

  #bind(isChecked: boolean, known: Goroutine | undefined): void {
    const { a: id, c: to, thread: threadId } = this.#event;
    if (to === GoState.NotExist) {
      this.#leave(id, known);
      this.#goroutines.delete(id);
      return;
    }
    const goroutine = known ?? {
      state: to,
      thread: -1,
      generation: 0,
      isFromC: isChecked && this.#event.b === GoState.NotExist && to === GoState.Syscall,
    };
    if (known === undefined) this.#goroutines.set(id, goroutine);
    if (isChecked) goroutine.generation = this.#generation;
    if (!isExecuting(to)) this.#leave(id, goroutine);
    else {
      const thread = this.#thread(threadId);
      if (isChecked) this.#checkAlone(id, goroutine, thread);
      if (thread !== undefined) thread.goroutine = id;
      goroutine.thread = threadId;
    }
    goroutine.state = to;
  }

  #checkAlone(id: number, goroutine: Goroutine, thread: Thread | undefined): void {
    if (thread === undefined) this.#report("go-one-thread", `goroutine ${id} is on no thread`);
    else if (thread.goroutine !== -1 && thread.goroutine !== id)
      this.#report("go-one-thread", `thread ${this.#event.thread} has goroutine ${thread.goroutine}`);
    else if (this.#generation === 1 && goroutine.thread !== -1 && goroutine.thread !== this.#event.thread)
      this.#report("go-one-thread", `goroutine ${id} is on thread ${goroutine.thread}`);
  }

  #leave(id: number, goroutine: Goroutine | undefined): void {
    if (goroutine === undefined) return;
    const thread = this.#threads.get(goroutine.thread);
    if (thread?.goroutine === id) thread.goroutine = -1;
    goroutine.thread = -1;
  }

  #thread(id: number): Thread | undefined {
    let thread = this.#threads.get(id);
    if (thread === undefined && id !== -1) this.#threads.set(id, (thread = { proc: -1, goroutine: -1 }));
    return thread;
  }

  /** A processor's transition. */
  proc(): void {
    const event = this.#event;
    const { a: id, b: from, c: to } = event;
    const known = this.#procs.get(id);
    if (!isProcTransition(false, from, to))
      this.#report("proc-edge", `processor ${id} cannot go from ${procStateNames[from]} to ${procStateNames[to]}`);
    const fits = known === undefined ? from <= ProcState.NotExist : from === known.state;
    if (!fits) {
      const state = known === undefined ? "not known" : procStateNames[known.state];
      this.#report("proc-from", `processor ${id} is ${state}, not ${procStateNames[from]}`);
    }
    if (to === ProcState.Undetermined) this.#report("state-told", `expected a state of processor ${id}`);
    if (from === ProcState.Undetermined && this.#generation > 1)
      this.#report("undetermined-early", `processor ${id} should be known by now`);
    const proc = known ?? { state: to, thread: -1, generation: 0, inCall: undefined, mayBeStolen: false };
    if (known === undefined) this.#procs.set(id, proc);
    if (from === ProcState.Running && to === ProcState.Idle) this.#procStops(id, proc);
    else if (from === ProcState.Idle && to === ProcState.Running) this.#procStarts(id, proc);
    else if (from === ProcState.Idle && to === ProcState.Idle && proc.generation === this.#generation) this.#stealsIdle(id, proc);
    else this.#procTold(id, proc, known !== undefined);
    proc.state = to;
  }

  #procStarts(id: number, proc: Proc): void {
    const { thread, proc: held } = this.#event;
    if (thread === -1 || held !== -1) this.#report("proc-cause", `expected a thread without a processor, found processor ${found(held)}`);
    if (id >= this.limit) this.#report("proc-number", `GOMAXPROCS is ${this.limit}`);
    this.#needTold(id, proc);
    this.#hold(id, proc);
    proc.inCall = false;
  }

  #procStops(id: number, proc: Proc): void {
    const event = this.#event;
    const holder = this.#threads.get(proc.thread);
    if (event.thread === -1) this.#report("proc-cause", "expected a thread");
    if (event.proc !== id) {
      const state = this.#goroutines.get(holder?.goroutine ?? -1)?.state;
      if (proc.inCall === false)
        this.#report("proc-cause", `processor ${id} is on thread ${found(proc.thread)}, which is in no system call`);
      else if (proc.inCall === undefined && state === GoState.Running)
        this.#report("proc-one-thread", `goroutine ${holder?.goroutine} runs on processor ${id}, which is stolen`);
    }
    this.#needTold(id, proc);
    if (holder?.proc === id) holder.proc = -1;
    this.#lost = { event: event.number, thread: proc.thread, proc: id };
    proc.thread = -1;
    proc.inCall = undefined;
    proc.mayBeStolen = false;
  }

  /** Its thread has left Go, so that there is nothing to lose but its place. */
  #stealsIdle(id: number, proc: Proc): void {
    if (!proc.mayBeStolen) this.#report("proc-status-first", `processor ${id} has told its state already`);
    proc.mayBeStolen = false;
  }

  #needTold(id: number, proc: Proc): void {
    if (proc.generation !== this.#generation)
      this.#report("proc-status-first", `processor ${id} has not told its state in this generation`);
  }

  #procTold(id: number, proc: Proc, isKnown: boolean): void {
    const { c: to, thread } = this.#event;
    if (proc.generation === this.#generation) this.#report("proc-status-first", `processor ${id} has told its state already`);
    proc.generation = this.#generation;
    if (to === ProcState.Running) {
      if (isKnown && this.#generation > 1 && proc.thread !== thread)
        this.#report("proc-status-place", `processor ${id} is on thread ${found(proc.thread)}`);
      else this.#checkHeldAlone(id, proc);
      this.#hold(id, proc);
    } else proc.mayBeStolen = true;
  }

  #checkHeldAlone(id: number, proc: Proc): void {
    const { thread: threadId } = this.#event;
    const thread = this.#threads.get(threadId);
    if (threadId === -1) this.#report("proc-one-thread", `processor ${id} is on no thread`);
    else if (thread !== undefined && thread.proc !== -1 && thread.proc !== id)
      this.#report("proc-one-thread", `thread ${threadId} has processor ${thread.proc}`);
    else if (proc.thread !== -1 && proc.thread !== threadId) this.#report("proc-one-thread", `processor ${id} is on thread ${proc.thread}`);
  }

  #hold(id: number, proc: Proc): void {
    const thread = this.#thread(this.#event.thread);
    if (thread !== undefined) thread.proc = id;
    proc.thread = this.#event.thread;
  }
}
