/**
 * The part of the ordering that remembers text from one generation to the next, completed here for the WebAssembly core:
 * stops of the world, tasks, regions. The core has made all checks of its own before (thread, goroutine, ids); see ordering-ranges.ts
 * and ordering-annotations.ts for the rules.
 */
import { EventKind, RangeName, Scope, type TraceVisitor } from "./model.ts";
import type { Tasks } from "./ordering-annotations.ts";
import type { Region, Stop } from "./scheduler.ts";
import type { State } from "./state.ts";
import type { TraceNanos } from "../lib/units.ts";
import { idOrNone } from "./varint.ts";

/** Kinds of unfinished records (assembly/records.ts). */
export const UnfinishedKind = {
  GoEnd: 16,
  StopBegin: 17,
  StopEnd: 18,
  TaskBegin: 19,
  TaskEnd: 20,
  RegionBegin: 21,
  RegionEnd: 22,
} as const;

type Remembered = { readonly tasks: Tasks; readonly stops: Map<number, Stop[]>; readonly regions: Map<number, Region[]> };

export class CoreAnnotations {
  #now: Remembered = { tasks: new Map(), stops: new Map(), regions: new Map() };
  /** What was remembered when the generation began, kept from the first change on. */
  #before: Remembered | undefined;

  /** A generation begins. */
  begin(): void {
    this.#before = undefined;
  }

  /** What was remembered when the generation began. */
  get atBegin(): Remembered {
    return this.#before ?? this.#now;
  }

  /**
   * Delivers an unfinished event; false when it contradicts what is remembered.
   * @param fields thread, processor, goroutine, stack, a..f of the record.
   */
  deliver(kind: number, time: TraceNanos, fields: ArrayLike<number>, state: State, visitor: TraceVisitor): boolean {
    const thread = fields[0];
    const proc = fields[1];
    const goroutine = fields[2];
    const stack = fields[3];
    const a = fields[4];
    const { tables } = state;
    const event = (which: EventKind, first: number, second: number, third: number, fourth: number): true => {
      visitor.event(which, time, thread, proc, goroutine, stack, first, second, third, fourth, 0, 0);
      return true;
    };
    if (kind === UnfinishedKind.GoEnd) {
      this.end(a);
      visitor.event(EventKind.GoTransition, time, thread, proc, goroutine, stack, a, fields[5], fields[6], fields[7], fields[8], 0);
      return true;
    }
    this.#before ??= copy(this.#now);
    const { tasks, stops, regions } = this.#now;
    switch (kind) {
      case UnfinishedKind.StopBegin: {
        const open = listOf(stops, goroutine);
        if (open.some((stop) => stop.id === a)) return false;
        open.push({ id: a, generation: state.generation, kind: tables.string(a) });
        return event(EventKind.RangeBegin, RangeName.StopTheWorld, a, Scope.Goroutine, goroutine);
      }
      case UnfinishedKind.StopEnd: {
        const open = stops.get(goroutine);
        const stop = open?.[0];
        if (open === undefined || stop === undefined) return false;
        const last = open.pop()!;
        if (last !== stop) open[0] = last;
        if (open.length === 0) stops.delete(goroutine);
        const name = stop.generation === state.generation ? stop.id : tables.intern(stop.kind);
        return event(EventKind.RangeEnd, RangeName.StopTheWorld, name, Scope.Goroutine, goroutine);
      }
      case UnfinishedKind.TaskBegin: {
        if (tasks.has(a)) return false;
        const parent = fields[5] === 0 ? -1 : idOrNone(fields[5]);
        tasks.set(a, { type: tables.string(fields[6]), parent });
        return event(EventKind.TaskBegin, a, parent, fields[6], 0);
      }
      case UnfinishedKind.TaskEnd: {
        const task = tasks.get(a);
        tasks.delete(a);
        return event(EventKind.TaskEnd, a, task?.parent ?? -1, task === undefined ? 0 : tables.intern(task.type), 0);
      }
      case UnfinishedKind.RegionBegin:
        listOf(regions, goroutine).push({ task: a, type: tables.string(fields[5]) });
        return event(EventKind.RegionBegin, a, fields[5], 0, 0);
      default: {
        const open = regions.get(goroutine);
        const inner = open?.at(-1);
        if (inner !== undefined && (inner.task !== a || inner.type !== tables.string(fields[5]))) return false;
        open?.pop();
        if (open?.length === 0) regions.delete(goroutine);
        return event(EventKind.RegionEnd, a, fields[5], 0, 0);
      }
    }
  }

  /** A goroutine has ended: what was open on it is forgotten. */
  end(goroutine: number): void {
    const { stops, regions } = this.#now;
    // Nearly always nothing is open anywhere.
    if (stops.size === 0 && regions.size === 0) return;
    if (!stops.has(goroutine) && !regions.has(goroutine)) return;
    this.#before ??= copy(this.#now);
    stops.delete(goroutine);
    regions.delete(goroutine);
  }
}

function listOf<T>(lists: Map<number, T[]>, key: number): T[] {
  let list = lists.get(key);
  if (list === undefined) lists.set(key, (list = []));
  return list;
}

const copyLists = <T>(lists: Map<number, T[]>): Map<number, T[]> => new Map([...lists].map(([key, list]) => [key, [...list]]));
const copy = ({ tasks, stops, regions }: Remembered): Remembered => ({
  tasks: new Map(tasks),
  stops: copyLists(stops),
  regions: copyLists(regions),
});
