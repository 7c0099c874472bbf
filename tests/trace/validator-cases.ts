/** For each rule a small stream that breaks it and no other. One goroutine (1) runs on processor 0 and thread 5; strings 1, 2; stacks 1, 2. */
import { EventKind, GoState, Metric, ProcState, RangeName, Scope, type Frame, type GenerationTables } from "../../src/trace/model.ts";
import type { RuleName } from "../../src/trace/validation/rules.ts";
import type { Fields, Step } from "./streams.ts";

type Context = readonly [thread: number, proc: number, goroutine: number];
type Row = Step | readonly [kind: EventKind, context: Context, stack: number, ...args: number[]];

const one: Context = [5, 0, 1];
const bare: Context = [6, -1, -1];
const nobody: Context = [-1, -1, -1];
const { Undetermined, NotExist, Runnable, Running, Waiting, Syscall } = GoState;

const frame = (func: string): Frame => ({ pc: 1n, func, file: "main.go", line: 1 });
const stacks: readonly (readonly Frame[])[] = [[], [frame("main.f"), frame("main.main")], [frame("main.f"), frame("")]];
const strings = ["", "name", "other"];
const tables = (generation: number, clock = true): Step => ({
  tables: {
    generation,
    clock: clock ? { trace: BigInt(generation), mono: BigInt(generation), wall: 1n } : undefined,
    experiments: new Map(),
    string: (id) => lookUp(strings, id),
    stack: (id) => lookUp(stacks, id),
  } satisfies GenerationTables,
});
function lookUp<T>(list: readonly T[], id: number): T {
  const value = list[id];
  if (value === undefined) throw new RangeError(`no ${id}`);
  return value;
}

const start: Step = { start: { version: 26, origin: 1n } };
const sync = (number: number): Row => [EventKind.Sync, nobody, 0, number];
const go = (context: Context, id: number, from: number, to: number, reason = 0, stack = 0, own = stack): Row => [EventKind.GoTransition, context, own, id, from, to, reason, stack]; // prettier-ignore
const proc = (context: Context, id: number, from: number, to: number): Row => [EventKind.ProcTransition, context, 0, id, from, to];
const metric = (context: Context, name: number, value: number, stack = 0): Row => [EventKind.Metric, context, stack, name, value];
const range = (kind: EventKind, context: Context, name: number, text: number, scope: number, id: number): Row => [kind, context, 0, name, text, scope, id]; // prettier-ignore

const begin = [start, tables(1), sync(1)];
const opening = [...begin, proc([5, -1, -1], 0, ProcState.Undetermined, ProcState.Running), go([5, 0, -1], 1, Undetermined, Running)];
const second = [tables(2), sync(2)];
const idle = proc(one, 1, ProcState.Undetermined, ProcState.Idle);
const startsOther = proc(bare, 1, ProcState.Idle, ProcState.Running);
const blocks = go(one, 1, Running, Syscall);
const assist = (kind: EventKind): Row => range(kind, one, RangeName.GcMarkAssist, 0, Scope.Goroutine, 1);
const stop = (context: Context): Row => range(EventKind.RangeBegin, context, RangeName.StopTheWorld, 1, Scope.Goroutine, context[2]);
const heap = (context: Context, stack = 0): Row => metric(context, Metric.HeapLive, 4096, stack);
const task = (kind: EventKind, id: number, parent: number, type: number): Row => [kind, one, 0, id, parent, type];

/** All but the last row break nothing. `outcome` is about what comes after the last one. */
export const ruleCases: Readonly<Record<Exclude<RuleName, "outcome">, readonly Row[]>> = {
  "start-once": [...begin, start],
  "tables-first": [...opening, sync(2)],
  "time-rises": [...opening, { event: fields(heap(one), opening.length - 4) }],
  "sync-number": [...opening, tables(2), sync(3)],
  "generation-rises": [start, tables(3), sync(1), tables(2, false)],
  "clock-snapshot": [start, tables(1, false), sync(1), proc(bare, 0, ProcState.Undetermined, ProcState.Idle)],
  fields: [...opening, [EventKind.Metric, one, 0, Metric.HeapLive, 4096, 7]],
  "string-exists": [...opening, [EventKind.Log, one, 0, 0, 99, 1]],
  "stack-exists": [...opening, heap(one, 99)],
  "frames-complete": [...opening, heap(one, 2)],
  context: [...opening, heap([5, 0, 2])],
  "go-edge": [...opening, go(bare, 2, NotExist, Running)],
  "go-from": [...opening, go(one, 2, Waiting, Runnable)],
  "go-cause": [...opening, go(bare, 2, NotExist, Runnable)],
  "go-one-thread": [...opening, go(one, 2, Undetermined, Running)],
  "go-status-first": [...opening, go(one, 2, Undetermined, Waiting), go(one, 2, Waiting, Waiting)],
  "go-status-place": [...opening, ...second, go(bare, 1, Running, Running)],
  "undetermined-early": [...opening, ...second, go(one, 2, Undetermined, Waiting)],
  "state-told": [...opening, proc(one, 3, ProcState.Undetermined, ProcState.Undetermined)],
  reason: [...opening, go(one, 2, NotExist, Runnable, 1)],
  "stop-reason": [...opening, go(one, 1, Running, Runnable)],
  "transition-stack": [...opening, go(one, 1, Running, Waiting, 1, 0, 1)],
  "call-kept-processor": [
    ...opening,
    blocks,
    proc(bare, 0, ProcState.Running, ProcState.Idle),
    proc([5, -1, 1], 0, ProcState.Idle, ProcState.Running),
    go(one, 1, Syscall, Running),
  ],
  "call-lost-processor": [...opening, blocks, go(one, 1, Syscall, Runnable)],
  "proc-edge": [...opening, proc(one, 3, ProcState.Undetermined, ProcState.NotExist)],
  "proc-from": [...opening, proc(one, 3, ProcState.Idle, ProcState.Idle)],
  "proc-cause": [...opening, idle, proc(one, 1, ProcState.Idle, ProcState.Running)],
  "proc-one-thread": [...opening, proc(one, 1, ProcState.Undetermined, ProcState.Running)],
  "proc-status-first": [...opening, proc(one, 0, ProcState.Running, ProcState.Running)],
  "proc-status-place": [...opening, ...second, proc(bare, 0, ProcState.Running, ProcState.Running)],
  "proc-number": [...opening, metric(one, Metric.GoMaxProcs, 1), idle, startsOther],
  "range-scope": [...opening, range(EventKind.RangeBegin, one, RangeName.GcSweep, 0, Scope.Proc, 7)],
  "range-begin": [...opening, assist(EventKind.RangeBegin), assist(EventKind.RangeBegin)],
  "range-end": [...opening, assist(EventKind.RangeEnd)],
  "range-active": [...opening, assist(EventKind.RangeActive), assist(EventKind.RangeActive)],
  "range-death": [...opening, assist(EventKind.RangeBegin), go(one, 1, Running, NotExist)],
  "stop-alone": [...opening, idle, startsOther, go(one, 2, NotExist, Runnable), go([6, 1, -1], 2, Runnable, Running), stop(one), stop([6, 1, 2])], // prettier-ignore
  "metric-context": [...opening, heap(bare)],
  "metric-value": [...opening, metric(one, Metric.GoMaxProcs, 0)],
  label: [...opening, [EventKind.Label, one, 0, 1, Scope.Goroutine, 7]],
  "label-text": [...opening, [EventKind.Label, one, 0, 0, Scope.Goroutine, 1]],
  "annotation-context": [...opening, [EventKind.Log, bare, 0, 7, 1, 1]],
  "task-begin": [...opening, task(EventKind.TaskBegin, 7, -1, 1), task(EventKind.TaskBegin, 7, -1, 1)],
  "task-number": [...opening, task(EventKind.TaskBegin, 0, -1, 1)],
  "task-end": [...opening, task(EventKind.TaskBegin, 7, -1, 1), task(EventKind.TaskEnd, 7, -1, 2)],
  "region-nesting": [...opening, [EventKind.RegionBegin, one, 0, 7, 1], [EventKind.RegionEnd, one, 0, 7, 2]],
  "experiment-thread": [...opening, [EventKind.Experimental, nobody, 0, 131, 8, 9]],
};

function fields(row: Row, time: number): Fields {
  if (!Array.isArray(row)) throw new Error("no event");
  const [kind, [thread, at, goroutine], stack, a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = row as unknown as [EventKind, Context, number, ...number[]]; // prettier-ignore
  return [kind, time, thread, at, goroutine, stack, a, b, c, d, e, f];
}

/** Rows with their times: 0 for the first event, then 1 ns each. */
export function stepsOf(rows: readonly Row[]): Step[] {
  let time = 0;
  return rows.map((row) => (Array.isArray(row) ? { event: fields(row, time++) } : (row as Step)));
}
