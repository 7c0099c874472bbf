/**
 * The part of the ordering that remembers text from one generation to the next, completed here for the WebAssembly core:
 * stops of the world, tasks, regions. The core has made all checks of its own before (thread, goroutine, ids); see ordering-ranges.ts
 * and ordering-annotations.ts for the rules.
 */
import { EventKind, RangeName, Scope } from "./model.ts";
import type { Tasks } from "./ordering-annotations.ts";
import type { Region, Stop } from "./scheduler.ts";
import type { Assumed } from "./snapshot.ts";
import type { State } from "./state.ts";
import { idOrNone } from "./varint.ts";

/** Kinds of unfinished records (assembly/records.ts). */
const UnfinishedKind = {
  StopBegin: 17,
  StopEnd: 18,
  TaskBegin: 19,
  TaskEnd: 20,
  RegionBegin: 21,
  RegionEnd: 22,
} as const;

/** What is remembered: open tasks, and stops of the world and regions by goroutine. */
export type Remembered = { readonly tasks: Tasks; readonly stops: Map<number, Stop[]>; readonly regions: Map<number, Region[]> };

export class CoreAnnotations {
  #now: Remembered = { tasks: new Map(), stops: new Map(), regions: new Map() };
  /** What was remembered when the generation began, kept from the first change on. */
  #before: Remembered | undefined;
  #assumed = nothingAssumed();

  /** A generation begins. */
  begin(): void {
    this.#before = undefined;
  }

  /** What was remembered when the generation began. */
  get atBegin(): Remembered {
    return this.#before ?? this.#now;
  }

  /**
   * Completes an unfinished event; returns its kind, or -1 when it contradicts what is remembered.
   * @param fields thread, processor, goroutine, stack, a..f of the record; those that were missing are written.
   */
  complete(kind: number, fields: Float64Array, state: State): EventKind | -1 {
    const goroutine = fields[2];
    const a = fields[4];
    const { tables } = state;
    this.#before ??= copy(this.#now);
    const { tasks, stops, regions } = this.#now;
    switch (kind) {
      case UnfinishedKind.StopBegin: {
        const open = listOf(stops, goroutine);
        if (open.some((stop) => stop.id === a)) return -1;
        open.push({ id: a, generation: state.generation, kind: tables.string(a) });
        putStop(fields, a);
        return EventKind.RangeBegin;
      }
      case UnfinishedKind.StopEnd: {
        const open = stops.get(goroutine);
        const stop = open?.[0];
        if (open === undefined || stop === undefined) return -1;
        const last = open.pop()!;
        if (last !== stop) open[0] = last;
        if (open.length === 0) stops.delete(goroutine);
        putStop(fields, stop.generation === state.generation ? stop.id : tables.intern(stop.kind));
        return EventKind.RangeEnd;
      }
      case UnfinishedKind.TaskBegin: {
        if (tasks.has(a)) return -1;
        if (a < this.#assumed.leastTask) this.#assumed.leastTask = a;
        fields[5] = fields[5] === 0 ? -1 : idOrNone(fields[5]);
        tasks.set(a, { type: tables.string(fields[6]), parent: fields[5] });
        return EventKind.TaskBegin;
      }
      case UnfinishedKind.TaskEnd: {
        const task = tasks.get(a);
        if (task === undefined) this.#assumed.taskEnds.push(a);
        tasks.delete(a);
        fields[5] = task?.parent ?? -1;
        fields[6] = task === undefined ? 0 : tables.intern(task.type);
        return EventKind.TaskEnd;
      }
      case UnfinishedKind.RegionBegin:
        listOf(regions, goroutine).push({ task: a, type: tables.string(fields[5]) });
        return EventKind.RegionBegin;
      default: {
        const open = regions.get(goroutine);
        const inner = open?.at(-1);
        if (inner !== undefined && (inner.task !== a || inner.type !== tables.string(fields[5]))) return -1;
        if (inner === undefined) this.#assumed.regionEnds.push([goroutine, a, tables.string(fields[5])]);
        open?.pop();
        if (open?.length === 0) regions.delete(goroutine);
        return EventKind.RegionEnd;
      }
    }
  }

  /** True while a goroutine has something open, so that its end matters. */
  get watches(): boolean {
    return this.#now.stops.size > 0 || this.#now.regions.size > 0;
  }

  /** What reading on took for granted since the last call. */
  takeAssumed(): Pick<Assumed, "leastTask" | "taskEnds" | "regionEnds"> {
    const assumed = this.#assumed;
    this.#assumed = nothingAssumed();
    return assumed;
  }

  /** A goroutine has ended: what was open on it is forgotten. */
  end(goroutine: number): void {
    const { stops, regions } = this.#now;
    if (!stops.has(goroutine) && !regions.has(goroutine)) return;
    this.#before ??= copy(this.#now);
    stops.delete(goroutine);
    regions.delete(goroutine);
  }
}

const nothingAssumed = (): { leastTask: number; taskEnds: number[]; regionEnds: [number, number, string][] } => ({
  leastTask: Number.POSITIVE_INFINITY,
  taskEnds: [],
  regionEnds: [],
});

/** Stops are named by string and belong to a goroutine. */
function putStop(fields: Float64Array, name: number): void {
  fields[4] = RangeName.StopTheWorld;
  fields[5] = name;
  fields[6] = Scope.Goroutine;
  fields[7] = fields[2];
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
