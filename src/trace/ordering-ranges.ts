/** Stretches of time: stop-the-world, garbage collection, sweeping, mark assists. */
import { inconsistent } from "./broken.ts";
import { EventKind, RangeName, Scope } from "./model.ts";
import { Wire, wireName } from "./spec.ts";
import type { State } from "./state.ts";

/** The collector's cycle: starts and ends are numbered in one sequence, since they happen on any thread. */
export class GcCycle {
  running: boolean | undefined;
  sequence = 0;
}

/** @param a, b the event's first two arguments. */
export function advanceRange(state: State, gc: GcCycle, type: number, thread: number, at: number, a: number, b: number): boolean {
  switch (type) {
    case Wire.STWBegin:
      return stopBegin(state, thread, at, a, b);
    case Wire.STWEnd:
      return stopEnd(state, thread, at);
    case Wire.GCActive:
    case Wire.GCBegin:
    case Wire.GCEnd:
      return collection(state, gc, type, thread, at, a, b);
    case Wire.GCMarkAssistActive:
      return assistActive(state, thread, at, a);
    case Wire.GCMarkAssistBegin:
    case Wire.GCMarkAssistEnd:
      return assist(state, type, thread, at, a);
    case Wire.GCSweepActive:
      return sweepActive(state, thread, at, a);
    default:
      return sweep(state, type, thread, at, a, b);
  }
}

function emit(
  state: State,
  kind: EventKind,
  at: number,
  thread: number,
  stack: number,
  name: number,
  stop: number,
  scope: number,
  id: number,
): true {
  state.emit(kind, at, state.threadId(thread), state.procId(thread), state.threads.goroutineId[thread], stack, name, stop, scope, id, 0, 0);
  return true;
}

const already = (type: number): Error => inconsistent(`discovered event already in-flight for when starting event ${wireName(type)}`);
const notBegun = (type: number): Error => inconsistent(`tried to end event ${wireName(type)}, but not in-flight`);
const twice = (type: number): Error => inconsistent(`found named active range already in first gen: ${wireName(type)}`);
const missing = (type: number): Error => inconsistent(`resource is missing active range: ${wireName(type)}`);

function stopBegin(state: State, thread: number, at: number, kindId: number, stackId: number): boolean {
  const { stops } = state.goroutines;
  const slot = state.running(thread, Wire.STWBegin);
  const open = (stops[slot] ??= []);
  if (open.some((stop) => stop.id === kindId)) throw already(Wire.STWBegin);
  const stack = state.stack(stackId, Wire.STWBegin);
  const kind = state.string(kindId, Wire.STWBegin);
  open.push({ id: kind, generation: state.generation, kind: state.tables.string(kind) });
  return emit(
    state,
    EventKind.RangeBegin,
    at,
    thread,
    stack,
    RangeName.StopTheWorld,
    kind,
    Scope.Goroutine,
    state.threads.goroutineId[thread],
  );
}

function stopEnd(state: State, thread: number, at: number): boolean {
  const slot = state.running(thread, Wire.STWEnd);
  const open = state.goroutines.stops[slot];
  const stop = open?.[0];
  if (open === undefined || stop === undefined) throw notBegun(Wire.STWBegin);
  // The last one takes the place of the one that ends.
  const last = open.pop()!;
  if (last !== stop) open[0] = last;
  const kind = stop.generation === state.generation ? stop.id : state.tables.intern(stop.kind);
  return emit(state, EventKind.RangeEnd, at, thread, 0, RangeName.StopTheWorld, kind, Scope.Goroutine, state.threads.goroutineId[thread]);
}

function collection(state: State, gc: GcCycle, type: number, thread: number, at: number, sequence: number, stackId: number): boolean {
  if (type === Wire.GCActive && state.isFirst) {
    if (gc.running !== undefined) throw inconsistent("GCActive in the first generation isn't first GC event");
  } else if (type !== Wire.GCBegin || gc.running !== undefined) {
    if (sequence !== gc.sequence + 1) return false;
    if (type === Wire.GCActive && gc.running !== true) throw inconsistent("encountered GCActive while GC was not in progress");
    if (type === Wire.GCBegin && gc.running === true) throw inconsistent("encountered GCBegin while GC was already in progress");
    if (type === Wire.GCEnd && gc.running === false) throw inconsistent("encountered GCEnd when GC was not in progress");
    if (type === Wire.GCEnd && gc.running === undefined) throw inconsistent("encountered GCEnd when GC was in an undetermined state");
    state.needRunning(thread);
  }
  gc.sequence = sequence;
  gc.running = type !== Wire.GCEnd;
  const kind = type === Wire.GCBegin ? EventKind.RangeBegin : type === Wire.GCEnd ? EventKind.RangeEnd : EventKind.RangeActive;
  const stack = type === Wire.GCBegin ? state.stack(stackId, type) : 0;
  return emit(state, kind, at, thread, stack, RangeName.GcMark, 0, Scope.Global, 0);
}

function assistActive(state: State, thread: number, at: number, id: number): boolean {
  const { goroutines } = state;
  const slot = goroutines.table.find(id);
  if (slot < 0) throw inconsistent(`uninitialized goroutine ${id} found during GCMarkAssistActive`);
  activate(goroutines.assisting, slot, state.isFirst, Wire.GCMarkAssistBegin);
  return emit(state, EventKind.RangeActive, at, thread, 0, RangeName.GcMarkAssist, 0, Scope.Goroutine, id);
}

function assist(state: State, type: number, thread: number, at: number, stackId: number): boolean {
  const { assisting } = state.goroutines;
  const slot = state.running(thread, type);
  const id = state.threads.goroutineId[thread];
  toggle(assisting, slot, type === Wire.GCMarkAssistBegin, Wire.GCMarkAssistBegin);
  if (type === Wire.GCMarkAssistEnd) return emit(state, EventKind.RangeEnd, at, thread, 0, RangeName.GcMarkAssist, 0, Scope.Goroutine, id);
  return emit(state, EventKind.RangeBegin, at, thread, state.stack(stackId, type), RangeName.GcMarkAssist, 0, Scope.Goroutine, id);
}

function sweepActive(state: State, thread: number, at: number, id: number): boolean {
  const { procs } = state;
  const slot = procs.table.find(id);
  if (slot < 0) throw inconsistent(`encountered GCSweepActive for unknown proc ${id}`);
  activate(procs.sweeping, slot, state.isFirst, Wire.GCSweepBegin);
  return emit(state, EventKind.RangeActive, at, thread, 0, RangeName.GcSweep, 0, Scope.Proc, id);
}

/** @param a stack at the begin, bytes swept at the end. @param b bytes reclaimed at the end. */
function sweep(state: State, type: number, thread: number, at: number, a: number, b: number): boolean {
  const { procs, threads } = state;
  const slot = state.procOn(thread);
  const id = procs.table.ids[slot];
  toggle(procs.sweeping, slot, type === Wire.GCSweepBegin, Wire.GCSweepBegin);
  if (type === Wire.GCSweepBegin)
    return emit(state, EventKind.RangeBegin, at, thread, state.stack(a, type), RangeName.GcSweep, 0, Scope.Proc, id);
  const on = threads.goroutineId[thread];
  state.emit(EventKind.RangeEnd, at, state.threadId(thread), id, on, 0, RangeName.GcSweep, 0, Scope.Proc, id, a, b);
  return true;
}

/** In the first generation the range is new to us; later it must have been seen to begin. */
function activate(flags: Uint8Array, slot: number, first: boolean, type: number): void {
  if (first && flags[slot] === 1) throw twice(type);
  if (!first && flags[slot] === 0) throw missing(type);
  flags[slot] = 1;
}

function toggle(flags: Uint8Array, slot: number, begins: boolean, type: number): void {
  if (begins && flags[slot] === 1) throw already(type);
  if (!begins && flags[slot] === 0) throw notBegun(type);
  flags[slot] = begins ? 1 : 0;
}
