/** Processors and goroutines up to Go 1.21, where a processor has the context, and threads are known from starts of processors. */
import { EventKind, GoState, goStateNames, ProcState, procStateNames } from "../model.ts";
import { found, type CurrentEvent, type Report } from "./event.ts";
import { goTransition, isProcTransition, type GoTransition } from "./transitions.ts";

type Proc = { state: number; thread: number; goroutine: number };

/** Processors from here on stand for the network, timers, system calls and the collector. */
const firstMadeUp = 1_000_001;

export class OldSchedule {
  readonly #event: CurrentEvent;
  readonly #report: Report;
  readonly #procs = new Map<number, Proc>();
  readonly #goroutines = new Map<number, number>();
  /** Whose last call counted as one that does not block, which need not be true. */
  readonly #mayCall = new Set<number>();
  limit = Number.POSITIVE_INFINITY;

  constructor(event: CurrentEvent, report: Report) {
    this.#event = event;
    this.#report = report;
  }

  begin(): void {}

  has(goroutine: number): boolean {
    return this.#goroutines.has(goroutine);
  }
  hasProc(proc: number): boolean {
    return this.#procs.has(proc) || proc === -1;
  }

  context(): void {
    const event = this.#event;
    const { kind, thread, proc: id } = event;
    const isGo = kind === EventKind.GoTransition;
    const mayBeZero =
      kind === EventKind.Label || (isGo && (event.c === GoState.Syscall || event.c === GoState.Running) && event.b >= GoState.Runnable);
    if (id === -1 || id >= firstMadeUp) {
      if (thread !== -1 && !(mayBeZero && thread === 0)) this.#report("context", `expected no thread, found ${thread}`);
      return;
    }
    const proc = this.#proc(id);
    const starts = kind === EventKind.ProcTransition && event.c === ProcState.Running;
    if (!starts && thread !== proc.thread && !(mayBeZero && proc.thread === -1 && thread === 0))
      this.#report("context", `expected thread ${found(proc.thread)} of processor ${id}, found ${found(thread)}`);
    const isTold = isGo && event.b === GoState.Undetermined;
    const isStart = isGo && event.b === GoState.Runnable && event.c === GoState.Running;
    if (!isTold) this.#onProc(id, proc, isStart ? -1 : event.goroutine);
  }

  #onProc(id: number, proc: Proc, goroutine: number): void {
    if (proc.goroutine === goroutine) return;
    // It went on without the goroutine that is in a system call.
    if (this.#goroutines.get(proc.goroutine) === GoState.Syscall || this.#mayCall.has(proc.goroutine)) proc.goroutine = -1;
    if (proc.goroutine !== goroutine)
      this.#report("context", `expected goroutine ${found(proc.goroutine)} on processor ${id}, found ${found(goroutine)}`);
  }

  goroutine(): void {
    const event = this.#event;
    const { a: id, b: from, c: to, d: reason } = event;
    const known = this.#goroutines.get(id);
    const row = goTransition(true, from, to);
    if (row === undefined) this.#report("go-edge", `goroutine ${id} cannot go from ${goStateNames[from]} to ${goStateNames[to]}`);
    const endsCall = from === GoState.Syscall && to === GoState.Runnable;
    const fits = known === undefined ? from <= GoState.NotExist : from === known || (endsCall && this.#mayCall.has(id));
    if (!fits)
      this.#report("go-from", `goroutine ${id} is ${known === undefined ? "not known" : goStateNames[known]}, not ${goStateNames[from]}`);
    if (row !== undefined) this.#cause(row);
    const stops = from === GoState.Running && (to === GoState.Runnable || to === GoState.Waiting);
    if (reason !== 0 && !stops) this.#report("reason", `expected no reason, found string ${reason}`);
    if (reason === 0 && from === GoState.Running && to === GoState.Runnable) this.#report("stop-reason", "expected a reason");
    this.#checkStack(stops);
    if (to === GoState.NotExist) this.#goroutines.delete(id);
    else this.#goroutines.set(id, to);
    this.#mayCall.delete(id);
    if (from === GoState.Syscall && to === GoState.Running) this.#mayCall.add(id);
    if (endsCall) this.#leftAll(id);
    const proc = event.proc === -1 || event.proc >= firstMadeUp ? undefined : this.#proc(event.proc);
    if (proc === undefined) return;
    if (to === GoState.Running) this.#start(id, event.proc, proc);
    else if (proc.goroutine === id && to !== GoState.Syscall) proc.goroutine = -1;
  }

  /** Its processor went on without it, and may not have had an event since. */
  #leftAll(id: number): void {
    for (const proc of this.#procs.values()) if (proc.goroutine === id) proc.goroutine = -1;
  }

  #start(id: number, procId: number, proc: Proc): void {
    if (this.#event.b === GoState.Undetermined && proc.goroutine !== -1)
      this.#report("go-one-thread", `processor ${procId} has goroutine ${proc.goroutine}`);
    proc.goroutine = id;
  }

  #cause({ thread, proc, actor }: GoTransition): void {
    const event = this.#event;
    const { a: id, goroutine } = event;
    if (thread === "none" && event.thread !== -1) this.#report("go-cause", `expected no thread, found ${event.thread}`);
    if (proc === "some" && event.proc === -1) this.#report("go-cause", "expected a processor");
    if (proc === "none" && event.proc !== -1) this.#report("go-cause", `expected no processor, found ${event.proc}`);
    if (actor === "self" && goroutine !== id) this.#report("go-cause", `goroutine ${id} does this itself, not ${found(goroutine)}`);
    else if (actor === "none" && goroutine !== -1) this.#report("go-cause", `expected no goroutine, found ${goroutine}`);
    else if (actor === "other" && goroutine === id) this.#report("go-cause", `goroutine ${id} cannot do this itself`);
    else if (actor === "runs" && goroutine !== -1 && this.#goroutines.get(goroutine) !== GoState.Running)
      this.#report("go-cause", `goroutine ${goroutine} creates, but does not run`);
  }

  #checkStack(stops: boolean): void {
    const { b: from, c: to, e: stack, stack: own } = this.#event;
    if (from === GoState.NotExist) return;
    const expected = stops ? own : 0;
    if (stack !== expected && !(from === GoState.Running && to === GoState.Syscall && stack === own))
      this.#report("transition-stack", `expected stack ${expected} of the goroutine, found ${stack}`);
  }

  proc(): void {
    const { a: id, b: from, c: to, thread, proc: held } = this.#event;
    const proc = this.#proc(id);
    if (!isProcTransition(true, from, to))
      this.#report("proc-edge", `processor ${id} cannot go from ${procStateNames[from]} to ${procStateNames[to]}`);
    if (from !== proc.state) this.#report("proc-from", `processor ${id} is ${procStateNames[proc.state]}, not ${procStateNames[from]}`);
    if (held !== id) this.#report("proc-cause", `processor ${id} does this itself, not ${found(held)}`);
    if (to === ProcState.Running && id >= this.limit) this.#report("proc-number", `GOMAXPROCS is ${this.limit}`);
    proc.state = to;
    proc.thread = to === ProcState.Running ? thread : -1;
  }

  #proc(id: number): Proc {
    let proc = this.#procs.get(id);
    if (proc === undefined) this.#procs.set(id, (proc = { state: ProcState.Undetermined, thread: -1, goroutine: -1 }));
    return proc;
  }
}
