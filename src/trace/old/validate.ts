/**
 * Second pass: do the events fit each other? The whole trace is refused where they do not, as the reference does.
 * By the way it is found out which system calls blocked and who was woken by the network; that is told by events that come later or went before.
 */
import { inconsistent, malformed, type Break } from "../broken.ts";
import type { OldProcs } from "./procs.ts";
import type { Replay } from "./replay.ts";
import { needRoom, Old, oldName } from "./spec.ts";

const State = { Dead: 0, Runnable: 1, Running: 2, Waiting: 3, WaitingForNet: 4 } as const;

type Region = { readonly task: number; readonly name: number };

export class Validator {
  readonly #procs: OldProcs;
  readonly #replay: Replay;
  readonly #timers: ReadonlySet<number>;
  /** By slot of a goroutine. No two are created with one id, whether the first has ended or not. */
  readonly #state: Uint8Array;
  readonly #exists: Uint8Array;
  readonly #assisting: Uint8Array;
  /** Place in the order of the last event if that was the beginning of a system call, counted from 1; 0 = it was not. */
  readonly #call: Uint32Array;
  /** By cursor: 1 while it runs, the slot of the goroutine on it, 1 while it sweeps. */
  readonly #running: Uint8Array;
  readonly #on: Int32Array;
  readonly #sweeping: Uint8Array;
  #collecting = false;
  #stopped = false;
  readonly #tasks = new Set<number>();
  readonly #regions = new Map<number, Region[]>();
  /** Regions in them. */
  #open = 0;

  constructor(procs: OldProcs, replay: Replay, timers: ReadonlySet<number>) {
    this.#procs = procs;
    this.#replay = replay;
    this.#timers = timers;
    const { slots } = procs.goroutines;
    this.#state = new Uint8Array(slots);
    this.#exists = new Uint8Array(slots);
    this.#assisting = new Uint8Array(slots);
    this.#call = new Uint32Array(slots);
    this.#running = new Uint8Array(procs.count);
    this.#on = new Int32Array(procs.count);
    this.#sweeping = new Uint8Array(procs.count);
    this.#state[0] = State.Running;
    this.#exists[0] = 1;
  }

  /** Looks at `events` more; false at the end. @throws Break */
  advance(events: number): boolean {
    const replay = this.#replay;
    for (let left = events; left > 0; left--) {
      if (!replay.step()) return false;
      this.#notice(replay.type, replay.goroutine);
      this.#check(replay.type, replay.cursor, replay.goroutine);
    }
    return true;
  }

  /** A system call blocked when the goroutine's next event says so. */
  #notice(type: number, goroutine: number): void {
    const call = this.#call[goroutine];
    if (call > 0) {
      if (type === Old.GoSysBlock) this.#replay.flag(call - 1);
      this.#call[goroutine] = 0;
    }
    if (type === Old.GoSysCall) this.#call[goroutine] = this.#replay.index + 1;
  }

  #check(type: number, cursor: number, goroutine: number): void {
    switch (type) {
      case Old.ProcStart:
        if (this.#running[cursor] === 1) throw this.#fault(`p ${this.#procs.ids[cursor]} is running before start`);
        this.#running[cursor] = 1;
        break;
      case Old.ProcStop:
        this.#procStop(cursor);
        break;
      case Old.GCStart:
        if (this.#collecting) throw this.#fault("previous GC is not ended before a new one");
        this.#collecting = true;
        break;
      case Old.GCDone:
        if (!this.#collecting) throw this.#fault("bogus GC end");
        this.#collecting = false;
        break;
      case Old.STWStart:
        if (this.#stopped) throw this.#fault("previous STW is not ended before a new one");
        this.#stopped = true;
        break;
      case Old.STWDone:
        if (!this.#stopped) throw this.#fault("bogus STW end");
        this.#stopped = false;
        break;
      case Old.GCSweepStart:
        if (this.#sweeping[cursor] === 1) throw this.#fault("previous sweeping is not ended before a new one");
        this.#sweeping[cursor] = 1;
        break;
      case Old.GCSweepDone:
        if (this.#sweeping[cursor] === 0) throw this.#fault("bogus sweeping end");
        this.#sweeping[cursor] = 0;
        break;
      case Old.GCMarkAssistStart:
        if (this.#assisting[goroutine] === 1) throw this.#fault("previous mark assist is not ended before a new one");
        this.#assisting[goroutine] = 1;
        break;
      case Old.GCMarkAssistDone:
        // It may have begun before the trace.
        this.#assisting[goroutine] = 0;
        break;
      case Old.UserTaskCreate: {
        const task = this.#replay.argument(0);
        if (this.#tasks.has(task)) throw this.#fault(`task id conflicts (id:${task})`);
        needRoom("open tasks", this.#tasks.size, this.#replay.place);
        this.#tasks.add(task);
        break;
      }
      case Old.UserTaskEnd:
        this.#tasks.delete(this.#replay.argument(0));
        break;
      case Old.UserRegion:
        this.#region(goroutine);
        break;
      default:
        this.#checkGoroutine(type, cursor, goroutine);
    }
  }

  #checkGoroutine(type: number, cursor: number, goroutine: number): void {
    switch (type) {
      case Old.GoWaiting:
      case Old.GoInSyscall:
        if (this.#state[goroutine] !== State.Runnable)
          throw this.#fault(`g ${this.#id(goroutine)} is not runnable before ${oldName(type)}`);
        this.#state[goroutine] = State.Waiting;
        break;
      case Old.GoCreate:
        this.#create(type, cursor, goroutine);
        break;
      case Old.GoStart:
      case Old.GoStartLabel:
        this.#start(cursor, goroutine);
        break;
      case Old.GoEnd:
      case Old.GoStop:
        this.#leave(type, cursor, goroutine, State.Dead);
        if (type === Old.GoEnd) this.#dropRegions(goroutine);
        break;
      case Old.GoSched:
      case Old.GoPreempt:
        this.#leave(type, cursor, goroutine, State.Runnable);
        break;
      case Old.GoBlockNet:
        this.#leave(type, cursor, goroutine, State.WaitingForNet);
        break;
      case Old.GoSleep:
      case Old.GoBlock:
      case Old.GoBlockSend:
      case Old.GoBlockRecv:
      case Old.GoBlockSelect:
      case Old.GoBlockSync:
      case Old.GoBlockCond:
      case Old.GoBlockGC:
      case Old.GoSysBlock:
        this.#leave(type, cursor, goroutine, State.Waiting);
        break;
      case Old.GoUnblock:
        this.#unblock(cursor, goroutine);
        break;
      case Old.GoSysCall:
        this.#needRunning(type, cursor, goroutine, false);
        break;
      case Old.GoSysExit:
        if (this.#state[goroutine] < State.Waiting) throw this.#fault(`g ${this.#id(goroutine)} is not waiting during syscall exit`);
        this.#state[goroutine] = State.Runnable;
        break;
    }
  }

  #procStop(cursor: number): void {
    const id = this.#procs.ids[cursor];
    if (this.#running[cursor] === 0) throw this.#fault(`p ${id} is not running before stop`);
    if (this.#on[cursor] !== 0) throw this.#fault(`p ${id} is running a goroutine ${this.#id(this.#on[cursor])} during stop`);
    this.#running[cursor] = 0;
  }

  #create(type: number, cursor: number, goroutine: number): void {
    this.#needRunning(type, cursor, goroutine, true);
    const created = this.#replay.subject;
    if (this.#exists[created] === 1) throw this.#fault(`g ${this.#id(created)} already exists`);
    this.#exists[created] = 1;
    this.#state[created] = State.Runnable;
  }

  #start(cursor: number, goroutine: number): void {
    if (this.#state[goroutine] !== State.Runnable) throw this.#fault(`g ${this.#id(goroutine)} is not runnable before start`);
    if (this.#on[cursor] !== 0)
      throw this.#fault(
        `p ${this.#procs.ids[cursor]} is already running g ${this.#id(this.#on[cursor])} while start g ${this.#id(goroutine)}`,
      );
    this.#state[goroutine] = State.Running;
    this.#on[cursor] = goroutine;
  }

  #leave(type: number, cursor: number, goroutine: number, state: number): void {
    this.#needRunning(type, cursor, goroutine, false);
    this.#state[goroutine] = state;
    this.#on[cursor] = 0;
  }

  #unblock(cursor: number, goroutine: number): void {
    if (this.#state[goroutine] !== State.Running) throw this.#fault(`g ${this.#id(goroutine)} is not running while unpark`);
    if (this.#on[cursor] !== goroutine && !this.#timers.has(this.#id(goroutine)))
      throw this.#fault(`p ${this.#procs.ids[cursor]} is not running g ${this.#id(goroutine)} while unpark`);
    const woken = this.#replay.subject;
    if (this.#state[woken] < State.Waiting) throw this.#fault(`g ${this.#id(woken)} is not waiting before unpark`);
    if (this.#state[woken] === State.WaitingForNet) this.#replay.flag(this.#replay.index);
    this.#state[woken] = State.Runnable;
  }

  #dropRegions(goroutine: number): void {
    this.#open -= this.#regions.get(goroutine)?.length ?? 0;
    this.#regions.delete(goroutine);
  }

  #region(goroutine: number): void {
    const [task, mode, name] = [this.#replay.argument(0), this.#replay.argument(1), this.#replay.argument(2)];
    if (mode > 1) throw malformed(`invalid user region mode: ${mode}`, this.#replay.place);
    let open = this.#regions.get(goroutine);
    if (mode === 0) {
      if (open === undefined) this.#regions.set(goroutine, (open = []));
      needRoom("open regions", this.#open++, this.#replay.place);
      open.push({ task, name });
      return;
    }
    // A region that began before the trace ends without a beginning.
    const inner = open?.pop();
    if (inner !== undefined) this.#open--;
    if (inner !== undefined && (inner.task !== task || inner.name !== name))
      throw this.#fault(`misuse of region in goroutine ${this.#id(goroutine)}: the region that ends is not the one that began last`);
  }

  #needRunning(type: number, cursor: number, goroutine: number, orNone: boolean): void {
    if (this.#state[goroutine] !== State.Running) throw this.#fault(`g ${this.#id(goroutine)} is not running while ${oldName(type)}`);
    if (this.#on[cursor] !== goroutine)
      throw this.#fault(`p ${this.#procs.ids[cursor]} is not running g ${this.#id(goroutine)} while ${oldName(type)}`);
    if (!orNone && goroutine === 0) throw this.#fault(`g 0 did ${oldName(type)}`);
  }

  #id(slot: number): number {
    return this.#procs.goroutines.ids[slot];
  }

  #fault(message: string): Break {
    return inconsistent(`${message} (time ${this.#replay.time})`);
  }
}
