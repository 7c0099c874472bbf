/**
 * The goroutines that live now, as columns: what the families of series ask about one when it changes its state.
 * A slot is reused after its goroutine ended, so nothing may keep one beyond that. Memory: some 100 bytes a living goroutine.
 */
import { GoState } from "../../trace/model.ts";
import { NumberTable } from "../core/number-table.ts";

/**
 * Why a goroutine is runnable: `Unblock` when a goroutine woke it, `Wake` when the runtime did (network, timers);
 * `Unknown` for a status, where nobody saw the stay begin.
 */
export const ReadyCause = { Unknown: 0, Create: 1, Unblock: 2, Preempt: 3, Yield: 4, Syscall: 5, Wake: 6 } as const;
export type ReadyCause = (typeof ReadyCause)[keyof typeof ReadyCause];
export const readyCauseNames = ["unknown", "create", "unblock", "preempt", "yield", "syscall", "wake"] as const;

/** Of the program, or of the runtime and the tracer; a goroutine without a known name counts as the latter, as in the Go tools. */
export const GoScope = { System: 0, User: 1 } as const;
export const goScopeNames = ["system", "user"] as const;

const first = 256;

export class GoroutineTable {
  private readonly slots = new NumberTable(-1);
  private readonly free: number[] = [];
  private used = 0;
  private capacity = first;
  private lastId = -1;
  private lastSlot = -1;

  id = new Float64Array(first);
  state = new Uint8Array(first);
  scope = new Uint8Array(first);
  /** Since when it is in its state; the trace's first event when it was so before. */
  since = new Float64Array(first);
  /** 0 when a status told of the state, else 1; 2 for a system call that began while it ran. */
  seen = new Uint8Array(first);
  /** When it was created; NaN when it was there before the trace. */
  born = new Float64Array(first);
  /** Since when it has its processor, system calls that did not lose it included; NaN when that was not seen. */
  slice = new Float64Array(first);
  /** Times it got to run. */
  runs = new Float64Array(first);
  cause = new Uint8Array(first);
  /** Number of its name (the function it runs); 0 = not known. */
  name = new Int32Array(first);
  /** Number of the place that created it; 0 = not known. */
  origin = new Int32Array(first);
  /** Creations between it and a goroutine that was there before the trace. */
  depth = new Int32Array(first);
  /** Processor and thread on which it last ran; -1 = not yet. */
  proc = new Int32Array(first);
  thread = new Int32Array(first);
  /** Processor on which it was made runnable; -1 = none (network poller, timers), or not known. */
  readyProc = new Int32Array(first);
  /** What it waits for, or calls: number of a reason and of a site, in the tables of their families. */
  reason = new Int32Array(first);
  site = new Int32Array(first);
  /** What it does for the garbage collector while it runs: {@link GcRole}. */
  role = new Uint8Array(first);
  /** Nanoseconds of brief system calls in its turn so far that only count for its group; {@link Observer} adds them when the turn ends. */
  calling = new Float64Array(first);
  /** Number of its last system call, -1 = none, and when that ended. */
  lastCall = new Int32Array(first);
  lastEnd = new Float64Array(first);

  /** -1 = not known. Events of one goroutine come in runs, so the last answer is mostly the next one. */
  find(id: number): number {
    if (id === this.lastId) return this.lastSlot;
    const slot = this.slots.get(id);
    if (slot >= 0) {
      this.lastId = id;
      this.lastSlot = slot;
    }
    return slot;
  }

  /** A slot with everything at its beginning; the goroutine must not be known. */
  add(id: number): number {
    const slot = this.free.pop() ?? this.used++;
    if (slot === this.capacity) this.grow();
    this.slots.set(id, slot);
    this.id[slot] = id;
    this.state[slot] = GoState.Undetermined;
    this.scope[slot] = GoScope.System;
    this.since[slot] = 0;
    this.seen[slot] = 0;
    this.born[slot] = Number.NaN;
    this.slice[slot] = Number.NaN;
    this.runs[slot] = 0;
    this.cause[slot] = ReadyCause.Unknown;
    this.name[slot] = 0;
    this.origin[slot] = 0;
    this.depth[slot] = 0;
    this.proc[slot] = -1;
    this.thread[slot] = -1;
    this.readyProc[slot] = -1;
    this.reason[slot] = 0;
    this.site[slot] = 0;
    this.role[slot] = 0;
    this.calling[slot] = 0;
    this.lastCall[slot] = -1;
    return slot;
  }

  remove(slot: number): void {
    this.slots.remove(this.id[slot]!);
    this.lastId = -1;
    this.state[slot] = GoState.NotExist;
    this.free.push(slot);
  }

  /** Every living goroutine, in no stated order. */
  forEach(visit: (slot: number) => void): void {
    for (let slot = 0; slot < this.used; slot++) if (this.state[slot] !== GoState.NotExist) visit(slot);
  }

  private grow(): void {
    this.capacity *= 2;
    this.id = longer(this.id, this.capacity);
    this.state = longer(this.state, this.capacity);
    this.scope = longer(this.scope, this.capacity);
    this.since = longer(this.since, this.capacity);
    this.seen = longer(this.seen, this.capacity);
    this.born = longer(this.born, this.capacity);
    this.slice = longer(this.slice, this.capacity);
    this.runs = longer(this.runs, this.capacity);
    this.cause = longer(this.cause, this.capacity);
    this.name = longer(this.name, this.capacity);
    this.origin = longer(this.origin, this.capacity);
    this.depth = longer(this.depth, this.capacity);
    this.proc = longer(this.proc, this.capacity);
    this.thread = longer(this.thread, this.capacity);
    this.readyProc = longer(this.readyProc, this.capacity);
    this.reason = longer(this.reason, this.capacity);
    this.site = longer(this.site, this.capacity);
    this.role = longer(this.role, this.capacity);
    this.calling = longer(this.calling, this.capacity);
    this.lastCall = longer(this.lastCall, this.capacity);
    this.lastEnd = longer(this.lastEnd, this.capacity);
  }
}

type Column = Float64Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;

function longer<Kind extends Column>(old: Kind, length: number): Kind {
  const array = new (old.constructor as new (length: number) => Kind)(length);
  array.set(old);
  return array;
}
