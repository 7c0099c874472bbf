/** What programs say about themselves (tasks, regions, logs, labels), the number of processors, and experimental events. */
import { inconsistent, malformed } from "./broken.ts";
import { EventKind, Metric, Scope } from "./model.ts";
import { argumentCounts, Wire } from "./spec.ts";
import type { State } from "./state.ts";
import { idOrNone } from "./varint.ts";

/** Tasks that have begun and not ended. Names as text: their ids change with the generation. */
export type Tasks = Map<number, { readonly type: string; readonly parent: number }>;

/** @param a, b, c, d the event's arguments. */
export function advanceAnnotation(
  state: State,
  tasks: Tasks,
  type: number,
  thread: number,
  at: number,
  a: number,
  b: number,
  c: number,
  d: number,
): boolean {
  switch (type) {
    case Wire.ProcsChange:
      state.needRunning(thread);
      return emit(state, EventKind.Metric, at, thread, state.stack(b, type), Metric.GoMaxProcs, a, 0, 0);
    case Wire.GoLabel:
      state.needRunning(thread);
      return emit(state, EventKind.Label, at, thread, 0, state.string(a, type), Scope.Goroutine, state.threads.goroutineId[thread], 0);
    case Wire.UserLog:
      state.needRunning(thread);
      return emit(state, EventKind.Log, at, thread, state.stack(d, type), a, state.string(b, type), state.string(c, type), 0);
    case Wire.UserTaskBegin:
      return taskBegin(state, tasks, thread, at, a, b, c, d);
    case Wire.UserTaskEnd:
      return taskEnd(state, tasks, thread, at, a, b);
    case Wire.UserRegionBegin:
    case Wire.UserRegionEnd:
      return region(state, type, thread, at, a, b, c);
    default:
      if (type < Wire.FirstExperimental) throw malformed(`bad event type found while ordering: ${type}`);
      state.needThread(thread);
      return experimental(state, type, thread, at, [a, b, c]);
  }
}

function emit(state: State, kind: EventKind, at: number, thread: number, stack: number, a: number, b: number, c: number, d: number): true {
  state.emit(kind, at, state.threadId(thread), state.procId(thread), state.threads.goroutineId[thread], stack, a, b, c, d, 0, 0);
  return true;
}

/** The columns hold more than the event has: what is behind its own arguments is another event's. */
function experimental(state: State, type: number, thread: number, at: number, values: readonly number[]): true {
  const [a, b, c] = values.map((value, i) => (i < argumentCounts[type] ? value : 0));
  return emit(state, EventKind.Experimental, at, thread, 0, type, a, b, c);
}

/** On the wire 0 means "no parent", not the background task. */
function taskBegin(
  state: State,
  tasks: Tasks,
  thread: number,
  at: number,
  id: number,
  parentId: number,
  nameId: number,
  stackId: number,
): boolean {
  if (tasks.has(id)) throw inconsistent(`task ID conflict: ${id}`);
  const parent = parentId === 0 ? -1 : idOrNone(parentId);
  const name = state.name(nameId, Wire.UserTaskBegin);
  const type = state.tables.string(name);
  state.needRunning(thread);
  tasks.set(id, { type, parent });
  return emit(state, EventKind.TaskBegin, at, thread, state.stack(stackId, Wire.UserTaskBegin), id, parent, name, 0);
}

/** Tasks may end more than once, and without having begun. */
function taskEnd(state: State, tasks: Tasks, thread: number, at: number, id: number, stackId: number): boolean {
  const task = tasks.get(id);
  tasks.delete(id);
  state.needRunning(thread);
  const stack = state.stack(stackId, Wire.UserTaskEnd);
  return emit(
    state,
    EventKind.TaskEnd,
    at,
    thread,
    stack,
    id,
    task?.parent ?? -1,
    task === undefined ? 0 : state.tables.intern(task.type),
    0,
  );
}

/** Regions nest on a goroutine; the end of one that began before the trace is fine. */
function region(state: State, type: number, thread: number, at: number, task: number, nameId: number, stackId: number): boolean {
  state.needRunning(thread);
  const name = state.name(nameId, type);
  const text = state.tables.string(name);
  const slot = state.goroutineOn(thread, type);
  const open = (state.goroutines.regions[slot] ??= []);
  if (type === Wire.UserRegionBegin) open.push({ task, type: text });
  else {
    const inner = open.at(-1);
    if (inner !== undefined && (inner.task !== task || inner.type !== text)) {
      const id = state.threads.goroutineId[thread];
      throw inconsistent(
        `misuse of region in goroutine ${id}: region end "${text}" of task ${task} when the inner-most active region is "${inner.type}" of task ${inner.task}`,
      );
    }
    open.pop();
  }
  const kind = type === Wire.UserRegionBegin ? EventKind.RegionBegin : EventKind.RegionEnd;
  return emit(state, kind, at, thread, state.stack(stackId, type), task, name, 0, 0);
}
