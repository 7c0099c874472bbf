/**
 * What the ordering knows where a generation begins, and what of it a reader can do without that begins to read there or shortly before:
 * from the same knowledge both read on in the same way.
 */
import type { Region, Stop } from "./scheduler.ts";
import type { Tasks } from "./ordering-annotations.ts";

/** Numbers in ascending order of ids, so that equal states are equal arrays. */
export type SchedulerSnapshot = {
  /** File offset of the generation's first batch. */
  readonly offset: number;
  /** Time of the last event before it. */
  readonly last: number;
  /** Threads that are known, or hold something: id, known, goroutine (-1 = none), processor (-1 = none). */
  readonly threads: Float64Array;
  /** Id, sequence number, generation, status, sweeping. */
  readonly procs: Float64Array;
  /** Id, sequence number, generation, {@link GoStatus}, assisting. */
  readonly goroutines: Float64Array;
  /** Of the collector: -1 = nothing was heard of it, 0 or 1 = running, and the number of its last event. */
  readonly gcRunning: number;
  readonly gcSequence: number;
  /** Open tasks, and by goroutine stops of the world and regions, the innermost last. */
  readonly tasks: Tasks;
  readonly stops: ReadonlyMap<number, readonly Stop[]>;
  readonly regions: ReadonlyMap<number, readonly Region[]>;
};

/** Numbers in a row, and where the status of a goroutine stands in it. */
export const snapshotColumns = { thread: { width: 4 }, proc: { width: 5 }, goroutine: { width: 5, status: 3 } } as const;

/** What a reader took for granted that began in the middle: right, as long as what it does not know says nothing else. */
export type Assumed = {
  /** Number of the collector's first event, where its begin was the first thing heard of it; else 0. */
  readonly firstCollection: number;
  /** Least number of the tasks that began. */
  readonly leastTask: number;
  /** Tasks that ended and had not been seen to begin. */
  readonly taskEnds: readonly number[];
  /** Regions that ended where none was known to be open: goroutine, task, type. */
  readonly regionEnds: readonly (readonly [goroutine: number, task: number, type: string])[];
};

/** Rows of `width` numbers, by the first one. */
export function sortRows(rows: Float64Array, width: number): Float64Array {
  const order = Array.from({ length: rows.length / width }, (_, row) => row * width);
  if (order.every((at, row) => row === 0 || rows[at - width] < rows[at])) return rows;
  order.sort((one, two) => rows[one] - rows[two]);
  const sorted = new Float64Array(rows.length);
  order.forEach((from, row) => sorted.set(rows.subarray(from, from + width), row * width));
  return sorted;
}

/** What only the reader of what lies before a border knows, and what the one behind it has to be checked by. */
export class CarriedState {
  readonly #whole: SchedulerSnapshot;
  /** Number of the collector's next event; 0 = known on both sides, or on neither. */
  #collection: number;
  readonly #tasks: Tasks;
  #mostTask: number;
  readonly #regions: Map<number, Region[]>;

  private constructor(whole: SchedulerSnapshot, collection: number, tasks: Tasks, regions: Map<number, Region[]>) {
    this.#whole = whole;
    this.#collection = collection;
    this.#tasks = tasks;
    this.#mostTask = [...tasks.keys()].reduce((most, task) => Math.max(most, task), -1);
    this.#regions = regions;
  }

  /**
   * Compares what the reader that began with the file (`whole`) knows at a border with what one knows that began shortly before it (`part`).
   * Undefined when they contradict each other.
   */
  static between(whole: SchedulerSnapshot, part: SchedulerSnapshot): CarriedState | undefined {
    const isSilent = part.gcRunning === -1;
    if (whole.offset !== part.offset || whole.last !== part.last) return undefined;
    if (isSilent ? whole.gcRunning === 1 : whole.gcRunning !== part.gcRunning || whole.gcSequence !== part.gcSequence) return undefined;
    if (!equal(whole.threads, part.threads) || !equal(whole.procs, part.procs) || !equal(whole.goroutines, part.goroutines))
      return undefined;
    if (describe(whole.stops) !== describe(part.stops)) return undefined;
    const tasks: Tasks = new Map(whole.tasks);
    for (const [task, { type, parent }] of part.tasks) {
      const known = tasks.get(task);
      if (known?.type !== type || known.parent !== parent) return undefined;
      tasks.delete(task);
    }
    const regions = new Map([...whole.regions].map(([goroutine, open]) => [goroutine, [...open]]));
    for (const [goroutine, open] of part.regions) {
      const outer = regions.get(goroutine) ?? [];
      if (open.length > outer.length || JSON.stringify(outer.splice(outer.length - open.length)) !== JSON.stringify(open)) return undefined;
    }
    return new CarriedState(whole, isSilent && whole.gcRunning === 0 ? whole.gcSequence + 1 : 0, tasks, regions);
  }

  /** False when something that was taken for granted is not so, or cannot be told (`undefined`). */
  check(assumed: Assumed | undefined): boolean {
    if (assumed === undefined) {
      return this.#collection === 0 && this.#tasks.size === 0 && [...this.#regions.values()].every((open) => open.length === 0);
    }
    const { firstCollection, leastTask, taskEnds, regionEnds } = assumed;
    if (firstCollection !== 0 && this.#collection !== 0) {
      if (firstCollection !== this.#collection) return false;
      this.#collection = 0;
    }
    if (leastTask <= this.#mostTask) return false;
    for (const task of taskEnds) this.#tasks.delete(task);
    return regionEnds.every(([goroutine, task, type]) => {
      const inner = this.#regions.get(goroutine)?.pop();
      return inner === undefined || (inner.task === task && inner.type === type);
    });
  }

  /** A snapshot of the reader that began in the middle, taken later, with what was carried. */
  resolve(part: SchedulerSnapshot): SchedulerSnapshot {
    const { width } = snapshotColumns.goroutine;
    const alive = new Set(part.goroutines.filter((_, at) => at % width === 0));
    const regions = new Map<number, readonly Region[]>([...this.#regions].filter(([goroutine]) => alive.has(goroutine)));
    for (const [goroutine, open] of part.regions) regions.set(goroutine, [...(regions.get(goroutine) ?? []), ...open]);
    const { gcRunning, gcSequence } = part.gcRunning === -1 ? this.#whole : part;
    return { ...part, gcRunning, gcSequence, tasks: new Map([...this.#tasks, ...part.tasks]), regions };
  }
}

const describe = (open: ReadonlyMap<number, readonly Stop[]>): string =>
  JSON.stringify([...open].filter(([, stops]) => stops.length > 0).sort(([one], [two]) => one - two));
const equal = (one: Float64Array, two: Float64Array): boolean => one.length === two.length && one.every((value, i) => value === two[i]);
