/**
 * Last pass: events of Go 1.11–1.21 → the event model of later formats, as the reference's converter translates them.
 *
 * What differs from later formats: goroutines that were there before the trace are told in a preamble, which ends with the first
 * `Gomaxprocs` (itself swallowed); processors have no status before their first start or stop; threads are known from the starts of
 * processors only; a system call that did not block lasts 1 ns; a goroutine that starts is its own context.
 */
import { Break, malformed } from "../broken.ts";
import { EventKind, GoState, Metric, ProcState, RangeName, Scope } from "../model.ts";
import { idOrNone } from "../varint.ts";
import type { Output } from "./output.ts";
import type { OldProcs } from "./procs.ts";
import { noCursor, type Replay } from "./replay.ts";
import { FakeProc, Old, oldName, stopKind } from "./spec.ts";
import { lostName, type OldTables } from "./tables.ts";

/** Why a goroutine stops running, by event: the words of Go 1.22. */
export const leaveReasons: ReadonlyMap<number, string> = new Map([
  [Old.GoStop, "forever"],
  [Old.GoSched, "runtime.Gosched"],
  [Old.GoPreempt, "preempted"],
  [Old.GoSleep, "sleep"],
  [Old.GoBlock, ""],
  [Old.GoBlockSend, "chan send"],
  [Old.GoBlockRecv, "chan receive"],
  [Old.GoBlockSelect, "select"],
  [Old.GoBlockSync, "sync"],
  [Old.GoBlockCond, "sync.(*Cond).Wait"],
  [Old.GoBlockNet, "network"],
  [Old.GoBlockGC, "GC mark assist wait for work"],
]);

/** No goroutine does so while the world is stopped for the trace to begin. */
const followsPreamble: ReadonlySet<number> = new Set([
  ...leaveReasons.keys(),
  Old.GoEnd,
  Old.GoUnblock,
  Old.GoSysCall,
  Old.GoSysExit,
  Old.GoSysBlock,
]);

/** Kinds of stops there are at most. */
export const stopKinds = 17;
/** Texts that the events below name and the file does not hold. */
export const convertedWords = (version: number): readonly string[] => [
  ...new Set(
    [lostName, ...leaveReasons.values(), ...Array.from({ length: stopKinds }, (_, kind) => stopKind(version, kind))].filter(
      (text) => text !== "",
    ),
  ),
];

type Task = { readonly parent: number; readonly name: number };

export class Converter {
  readonly #procs: OldProcs;
  readonly #replay: Replay;
  readonly #tables: OldTables;
  readonly #out: Output;
  readonly #version: number;
  readonly #timers: ReadonlySet<number>;
  /** String ids of {@link leaveReasons} by event. */
  readonly #reasons = new Float64Array(64);
  /** By slot: 1 for goroutines of the preamble whose state has not been told; undefined behind it. */
  #untold: Uint8Array | undefined;
  /** By cursor: the thread, -1 = not known; 1 once the processor was seen. */
  readonly #thread: Float64Array;
  readonly #seen: Uint8Array;
  readonly #tasks = new Map<number, Task>();
  /** For a salvage: events are translated although names are missing, and a preamble without an end ends where what follows it begins. */
  lenient = false;
  /** Mentions of strings and stacks that are not in the file. */
  lostNames = 0;
  /** String id of the kind of the last stop. */
  #stop = 0;

  // Context of the event at hand.
  #proc = -1;
  #m = -1;
  #g = -1;
  #stack = 0;

  constructor(procs: OldProcs, replay: Replay, tables: OldTables, out: Output, version: number, timers: ReadonlySet<number>) {
    this.#procs = procs;
    this.#replay = replay;
    this.#tables = tables;
    this.#out = out;
    this.#version = version;
    this.#timers = timers;
    this.#untold = new Uint8Array(procs.goroutines.slots);
    for (const [type, text] of leaveReasons) this.#reasons[type] = tables.word(text);
    this.#thread = new Float64Array(procs.count).fill(-1);
    this.#seen = new Uint8Array(procs.count);
  }

  /** Delivers what `events` more come to; false at the end. @throws Break for what cannot be translated. */
  advance(events: number): boolean {
    const replay = this.#replay;
    for (let left = events; left > 0; left--) {
      if (!replay.step()) return false;
      this.#convert(replay.type, replay.cursor, replay.goroutine);
    }
    return true;
  }

  /** After a Break, for a salvage: the event at hand once more, as it comes out leniently. False when there is no way to tell it. */
  overlook(): boolean {
    this.lenient = true;
    try {
      this.#convert(this.#replay.type, this.#replay.cursor, this.#replay.goroutine);
      return true;
    } catch (error) {
      if (error instanceof Break) return false;
      throw error;
    }
  }

  #convert(type: number, cursor: number, goroutine: number): void {
    this.#proc = cursor === noCursor ? -1 : this.#procs.ids[cursor];
    this.#m = cursor === noCursor || this.#proc === -1 ? -1 : this.#thread[cursor];
    this.#g = goroutine === 0 ? -1 : this.#procs.goroutines.ids[goroutine];
    this.#stack = this.#tables.knownStack(this.#replay.stack);
    if (this.lenient) this.#overlook(type);
    switch (type) {
      case Old.GoStart:
        if (this.#untold === undefined) this.#go(GoState.Runnable, GoState.Running, this.#g, 0, 0);
        else this.#status(goroutine, GoState.Running);
        break;
      case Old.GoStop:
      case Old.GoSleep:
      case Old.GoBlock:
      case Old.GoBlockSend:
      case Old.GoBlockRecv:
      case Old.GoBlockSelect:
      case Old.GoBlockSync:
      case Old.GoBlockCond:
      case Old.GoBlockNet:
      case Old.GoBlockGC:
        this.#go(GoState.Running, GoState.Waiting, this.#g, this.#reasons[type], this.#stack);
        break;
      case Old.GoSched:
      case Old.GoPreempt:
        this.#go(GoState.Running, GoState.Runnable, this.#g, this.#reasons[type], this.#stack);
        break;
      case Old.GoUnblock:
        this.#unblock(goroutine);
        break;
      case Old.GoSysCall:
        this.#call(cursor);
        break;
      case Old.GoSysBlock:
        break;
      case Old.GoSysExit:
        this.#elsewhere(FakeProc.Syscall);
        this.#go(GoState.Syscall, GoState.Runnable, this.#g, 0, 0);
        break;
      case Old.HeapAlloc:
        this.#event(EventKind.Metric, Metric.HeapLive, this.#replay.argument(0));
        break;
      case Old.HeapGoal:
        this.#event(EventKind.Metric, Metric.HeapGoal, this.#replay.argument(0));
        break;
      case Old.CPUSample:
        this.#proc = this.#replay.sampleProc;
        this.#event(EventKind.StackSample);
        break;
      default:
        this.#convertRare(type, cursor, goroutine);
    }
  }

  #overlook(type: number): void {
    if (this.#stack !== this.#replay.stack) this.lostNames++;
    if (this.#untold === undefined || !followsPreamble.has(type)) return;
    const [proc, thread, goroutine, stack] = [this.#proc, this.#m, this.#g, this.#stack];
    this.#endPreamble();
    [this.#proc, this.#m, this.#g, this.#stack] = [proc, thread, goroutine, stack];
  }

  #convertRare(type: number, cursor: number, goroutine: number): void {
    const replay = this.#replay;
    switch (type) {
      case Old.Gomaxprocs:
        if (this.#untold === undefined) this.#event(EventKind.Metric, Metric.GoMaxProcs, replay.argument(0));
        else this.#endPreamble();
        break;
      case Old.ProcStart:
        this.#thread[cursor] = idOrNone(replay.argument(0));
        if (this.#proc !== -1) this.#m = this.#thread[cursor];
        this.#procState(cursor, ProcState.Idle, ProcState.Running);
        break;
      case Old.ProcStop:
        this.#procState(cursor, ProcState.Running, ProcState.Idle);
        this.#thread[cursor] = -1;
        break;
      case Old.GoCreate:
        if (this.#untold === undefined) this.#create();
        else this.#untold[replay.subject] = 1;
        break;
      case Old.GoStartLabel:
        this.#labelled(cursor);
        break;
      case Old.GoEnd:
        this.#go(GoState.Running, GoState.NotExist, this.#g, 0, 0);
        break;
      case Old.GoWaiting:
        this.#status(goroutine, GoState.Waiting);
        break;
      case Old.GoInSyscall:
        this.#status(goroutine, GoState.Syscall);
        break;
      case Old.UserTaskCreate:
      case Old.UserTaskEnd:
        this.#task(type);
        break;
      case Old.UserRegion: {
        const kind = replay.argument(1) === 0 ? EventKind.RegionBegin : EventKind.RegionEnd;
        this.#event(kind, replay.argument(0), this.#string(replay.argument(2), type));
        break;
      }
      case Old.UserLog:
        this.#event(
          EventKind.Log,
          replay.argument(0),
          this.#string(replay.argument(1), type),
          this.#tables.inline(this.#procs.message[cursor]),
        );
        break;
      default:
        this.#range(type);
    }
  }

  #range(type: number): void {
    const replay = this.#replay;
    switch (type) {
      case Old.GCStart:
        this.#elsewhere(FakeProc.Gc);
        this.#event(EventKind.RangeBegin, RangeName.GcMark, 0, Scope.Global, 0);
        break;
      case Old.GCDone:
        this.#event(EventKind.RangeEnd, RangeName.GcMark, 0, Scope.Global, 0);
        break;
      case Old.STWStart:
        this.#stop = this.#tables.word(stopKind(this.#version, replay.argument(0)));
        this.#event(EventKind.RangeBegin, RangeName.StopTheWorld, this.#stop, Scope.Goroutine, this.#g);
        break;
      case Old.STWDone:
        this.#event(EventKind.RangeEnd, RangeName.StopTheWorld, this.#stop, Scope.Goroutine, this.#g);
        break;
      case Old.GCSweepStart:
        this.#event(EventKind.RangeBegin, RangeName.GcSweep, 0, Scope.Proc, this.#proc);
        break;
      case Old.GCSweepDone:
        this.#event(EventKind.RangeEnd, RangeName.GcSweep, 0, Scope.Proc, this.#proc, replay.argument(0), replay.argument(1));
        break;
      case Old.GCMarkAssistStart:
        this.#event(EventKind.RangeBegin, RangeName.GcMarkAssist, 0, Scope.Goroutine, this.#g);
        break;
      case Old.GCMarkAssistDone:
        this.#event(EventKind.RangeEnd, RangeName.GcMarkAssist, 0, Scope.Goroutine, this.#g);
        break;
      default:
        throw malformed(`unexpected event type ${type}: ${oldName(type)} is none of formats from 1.11 on`, replay.place);
    }
  }

  /** Every goroutine that was there has told its state by now, but those that could run. (In no order: here that of their ids.) */
  #endPreamble(): void {
    const { ids } = this.#procs.goroutines;
    const untold = this.#untold!;
    const runnable = ids
      .subarray(0, untold.length)
      .filter((_, slot) => untold[slot] === 1)
      .sort();
    this.#untold = undefined;
    this.#proc = this.#m = this.#g = -1;
    this.#stack = 0;
    for (const id of runnable) this.#go(GoState.Undetermined, GoState.Runnable, id, 0, 0);
  }

  #status(goroutine: number, state: number): void {
    if (this.#untold !== undefined) this.#untold[goroutine] = 0;
    this.#go(GoState.Undetermined, state, this.#g, 0, 0);
  }

  /** A processor that was not seen before has had no state until now. */
  #procState(cursor: number, from: number, to: number): void {
    const known = this.#seen[cursor] === 1;
    this.#seen[cursor] = 1;
    this.#event(EventKind.ProcTransition, this.#proc, known ? from : ProcState.Undetermined, to);
  }

  #create(): void {
    const created = this.#procs.goroutines.ids[this.#replay.subject];
    this.#go(GoState.NotExist, GoState.Runnable, created, 0, this.#tables.knownStack(this.#replay.argument(1)));
  }

  #unblock(goroutine: number): void {
    if (this.#replay.isFlagged) this.#elsewhere(FakeProc.Netpoll);
    else if (this.#timers.size > 0 && this.#timers.has(this.#procs.goroutines.ids[goroutine])) this.#elsewhere(FakeProc.Timer);
    this.#go(GoState.Waiting, GoState.Runnable, this.#procs.goroutines.ids[this.#replay.subject], 0, 0);
  }

  #call(cursor: number): void {
    const blocked = this.#replay.isFlagged;
    // Here the reference takes a thread that is not known for thread 0.
    if (!blocked) this.#m = Math.max(0, this.#thread[cursor]);
    this.#go(GoState.Running, GoState.Syscall, this.#g, 0, this.#stack);
    if (blocked) return;
    this.#stack = 0;
    this.#at(1, EventKind.GoTransition, this.#g, GoState.Syscall, GoState.Running);
  }

  #labelled(cursor: number): void {
    // As above: thread 0 where none is known.
    this.#m = Math.max(0, this.#thread[cursor]);
    const label = this.#string(this.#replay.argument(2), Old.GoStartLabel);
    this.#go(GoState.Runnable, GoState.Running, this.#g, 0, 0);
    this.#event(EventKind.Label, label, Scope.Goroutine, this.#g);
  }

  #task(type: number): void {
    const replay = this.#replay;
    const id = replay.argument(0);
    if (type === Old.UserTaskCreate) {
      const parent = idOrNone(replay.argument(1));
      const name = this.#string(replay.argument(2), type);
      this.#tasks.set(id, { parent, name });
      this.#event(EventKind.TaskBegin, id, parent === 0 ? -1 : parent, name);
      return;
    }
    // The end names a parent as it was written: 0 stays 0.
    const task = this.#tasks.get(id);
    this.#tasks.delete(id);
    this.#event(EventKind.TaskEnd, id, task?.parent ?? -1, task?.name ?? 0);
  }

  /** The event is put on a processor of its own, which has no thread. */
  #elsewhere(proc: number): void {
    this.#proc = proc;
    this.#m = -1;
  }

  /** @throws Break when the file has no such string. */
  #string(id: number, type: number): number {
    if (this.#tables.hasString(id)) return id;
    if (!this.lenient) throw malformed(`found invalid string ID ${id} for event ${oldName(type)}`, this.#replay.place);
    this.lostNames++;
    return this.#tables.word(lostName);
  }

  #go(from: number, to: number, id: number, reason: number, stack: number): void {
    this.#event(EventKind.GoTransition, id, from, to, reason, stack);
  }

  #event(kind: EventKind, a = 0, b = 0, c = 0, d = 0, e = 0, f = 0): void {
    this.#at(0, kind, a, b, c, d, e, f);
  }

  /** @param later nanoseconds after the event at hand. */
  #at(later: number, kind: EventKind, a = 0, b = 0, c = 0, d = 0, e = 0, f = 0): void {
    // The Sync before the first event is 1 ns earlier, and time counts from it.
    this.#out.emit(kind, this.#replay.time + 1 + later, this.#m, this.#proc, this.#g, this.#stack, a, b, c, d, e, f);
  }
}
