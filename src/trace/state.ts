/** What the handlers of the ordering share: schedulers' state, tables of the generation, and the way out to the visitor. */
import { inconsistent, malformed, type Break } from "./broken.ts";
import type { EventKind, TraceVisitor } from "./model.ts";
import { traceNanos, type TraceNanos } from "../lib/units.ts";
import { Goroutines, noThread, Procs, Threads } from "./scheduler.ts";
import type { LateEvents } from "./salvage/late.ts";
import { wireName } from "./spec.ts";
import type { Tables } from "./tables.ts";

/** Relative times stay exact up to here: 104 days. */
const latest = Number.MAX_SAFE_INTEGER;

export class State {
  readonly threads = new Threads();
  readonly procs = new Procs();
  readonly goroutines = new Goroutines();
  readonly tables: Tables;
  /** Number of the generation being read, and of the first one: some rules hold only there. */
  generation = 0;
  first = 0;
  /** Events delivered. */
  events = 0;
  /** So many of them had been delivered before, when a generation is read anew: they change the state only. */
  delivered = 0;
  /** Time of the last event delivered. Its NaN is never seen: an engine that took times for small integers would begin anew at 2^31. */
  last: TraceNanos = Number.NaN as TraceNanos;
  /** While set, handlers run their checks and change state, but deliver nothing. */
  muted = false;
  /** For a salvage: where events go that lie far before the last one delivered. */
  late: LateEvents | undefined;
  /** For a salvage: a name that the generation lacks does not keep its event from being delivered. How many there were, and the first one. */
  tolerant = false;
  lost = 0;
  fault: Break | undefined;
  readonly #visitor: TraceVisitor;

  constructor(tables: Tables, visitor: TraceVisitor) {
    this.last = traceNanos(-1);
    this.tables = tables;
    this.#visitor = visitor;
  }

  get isFirst(): boolean {
    return this.generation === this.first;
  }

  /** Delivers an event; times that do not rise are moved to 1 ns after the event before. */
  emit(
    kind: EventKind,
    at: number,
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
    if (this.muted) return;
    let time = at;
    if (!(at > this.last)) {
      if (this.late?.takes(this.last - at, kind, a, b, c, d) === true) return;
      time = this.last + 1;
    } else if (this.late?.isWaiting === true) this.tellLate();
    if (!(time <= latest)) throw malformed("event lies more than 104 days after the first one");
    this.last = time as TraceNanos;
    if (++this.events <= this.delivered) return;
    this.#visitor.event(kind, time as TraceNanos, thread, proc, goroutine, stack, a, b, c, d, e, f);
  }

  /** Tells what late events came to, just behind the last event. */
  tellLate(): void {
    this.late?.flush((kind, a, b, c, d) => this.emit(kind, this.last + 1, -1, -1, -1, 0, a, b, c, d, 0, 0));
  }

  /** Id of the thread, processor and goroutine of a thread's slot; -1 = none. */
  threadId(thread: number): number {
    return this.threads.table.ids[thread];
  }
  procId(thread: number): number {
    const proc = this.threads.proc[thread];
    return proc < 0 ? -1 : this.procs.table.ids[proc];
  }

  /** Slot of the goroutine on a thread. @throws Break when there is none, or it has ended elsewhere. */
  goroutineOn(thread: number, type: number): number {
    const slot = this.threads.goroutine[thread];
    const id = this.threads.goroutineId[thread];
    if (slot < 0) throw inconsistent("expected a goroutine but didn't have one");
    if (this.goroutines.table.ids[slot] === id) return slot;
    // Two threads were said to run it, and it ended on the other one.
    const other = this.goroutines.table.find(id);
    if (other < 0) throw inconsistent(`event ${wireName(type)} for goroutine (${id}) that doesn't exist`);
    return other;
  }

  /** Slot of the processor of a thread. @throws Break when there is none. */
  procOn(thread: number): number {
    this.needThread(thread);
    const proc = this.threads.proc[thread];
    if (proc < 0) throw inconsistent("expected a proc but didn't have one");
    return proc;
  }

  needThread(thread: number): void {
    if (thread === noThread) throw inconsistent("expected a thread but didn't have one");
  }

  /** Thread, processor and goroutine must be there; returns the goroutine's slot. @throws Break */
  running(thread: number, type: number): number {
    this.procOn(thread);
    return this.goroutineOn(thread, type);
  }

  /** Thread, processor and goroutine must be there. @throws Break */
  needRunning(thread: number): void {
    this.procOn(thread);
    if (this.threads.goroutineId[thread] === -1) throw inconsistent("expected a goroutine but didn't have one");
  }

  /** The stack id, when the generation has it. @throws Break */
  stack(id: number, type: number): number {
    if (this.tables.stacks.find(id) >= 0) return id;
    this.#lacks(`found invalid stack ID ${id} for event ${wireName(type)}`);
    return 0;
  }

  /** The string id, when the generation has it. @throws Break */
  string(id: number, type: number): number {
    if (this.tables.strings.find(id) >= 0) return id;
    this.#lacks(`found invalid string ID ${id} for event ${wireName(type)}`);
    return this.tables.standIn(id);
  }

  /** As {@link string}, of a string whose text the ordering goes by. @throws Break */
  name(id: number, type: number): number {
    if (this.tables.strings.find(id) >= 0) return id;
    this.#lacks(`invalid string ID ${id} for ${wireName(type)} event`);
    return this.tables.standIn(id);
  }

  #lacks(message: string): void {
    if (!this.tolerant) throw malformed(message);
    this.lost++;
    this.fault ??= malformed(message);
  }
}

/** A goroutine's event that needs it running (or in a system call). */
export const notInStatus = (type: number, status: string): Break =>
  inconsistent(`${wireName(type)} event for goroutine that's not ${status}`);
