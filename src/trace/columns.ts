/** Events as columns: a typed array for each field, and a visitor that fills them. */
import { ForetraceError } from "../lib/errors.ts";
import { EventKind, RangeName, type ClockSnapshot, type Frame, type GenerationTables, type TraceInfo, type TraceVisitor } from "./model.ts";
import { Names } from "./names.ts";

/**
 * One row an event, in the order of the trace; 85 bytes an event when all are asked for.
 * Fields and their meaning by kind are those of {@link TraceVisitor.event} and {@link EventKind}; ids of strings and stacks
 * are places in the arrays beside the columns.
 */
export type EventColumns = {
  /** Nanoseconds since the first event. */
  readonly time: Float64Array<ArrayBuffer>;
  readonly kind: Uint8Array<ArrayBuffer>;
  readonly thread: Float64Array<ArrayBuffer>;
  readonly proc: Float64Array<ArrayBuffer>;
  readonly goroutine: Float64Array<ArrayBuffer>;
  readonly stack: Uint32Array<ArrayBuffer>;
  readonly a: Float64Array<ArrayBuffer>;
  readonly b: Float64Array<ArrayBuffer>;
  readonly c: Float64Array<ArrayBuffer>;
  readonly d: Float64Array<ArrayBuffer>;
  readonly e: Float64Array<ArrayBuffer>;
  readonly f: Float64Array<ArrayBuffer>;
};
export type ColumnName = keyof EventColumns;

export const columnNames: readonly ColumnName[] = ["time", "kind", "thread", "proc", "goroutine", "stack", "a", "b", "c", "d", "e", "f"];

/** Rows, and what their ids stand for. */
export type EventChunk<C extends ColumnName = ColumnName> = {
  readonly info: TraceInfo;
  readonly length: number;
  readonly columns: Pick<EventColumns, C>;
  /** By string id. All chunks of one reading have the same array, which grows: an id stays valid. */
  readonly strings: readonly string[];
  /** By stack id, leaf first; as with strings. */
  readonly stacks: readonly (readonly Frame[])[];
  /** Of the generation that the Sync event with a = i opens, at i − 1: what relates the trace's clock to the wall clock (format ≥ 1.25). */
  readonly clocks: readonly (ClockSnapshot | undefined)[];
};

export type ColumnOptions<C extends ColumnName = ColumnName> = {
  /** Columns that are wanted; all unless given. */
  readonly columns?: readonly C[];
  /** Kinds of events that are wanted; all unless given. */
  readonly kinds?: readonly EventKind[];
  /** Nanoseconds since the first event, both ends included. */
  readonly from?: number;
  readonly to?: number;
};

type Recorded<C extends ColumnName> = {
  readonly chunk: (chunk: EventChunk<C>) => void;
  /** At an event behind the range; may be called again. */
  readonly passed: () => void;
};

/** Rows in one chunk at most: what a chunk takes is allocated at once. */
const maxChunkLength = 1 << 24;

/** Collects events to chunks of `chunkLength` rows, the last one shorter ({@link finish}). @throws ForetraceError bad_usage */
export class Recorder<C extends ColumnName> implements TraceVisitor {
  info: TraceInfo | undefined;
  readonly names = new Names();
  readonly wanted: readonly C[];
  readonly clocks: (ClockSnapshot | undefined)[] = [];
  readonly #to: Recorded<C>;
  readonly #chunkLength: number;
  readonly #begin: number;
  readonly #end: number;
  readonly #kinds: readonly boolean[];
  /** Stacks, and texts among the arguments, are looked up only for columns that are wanted. */
  readonly #withStack: boolean;
  readonly #withArguments: boolean;
  /** Rows of the chunk at hand: fields, since a column is written for every event. */
  readonly #time: EventColumns["time"];
  readonly #kind: EventColumns["kind"];
  readonly #thread: EventColumns["thread"];
  readonly #proc: EventColumns["proc"];
  readonly #goroutine: EventColumns["goroutine"];
  readonly #stack: EventColumns["stack"];
  readonly #a: EventColumns["a"];
  readonly #b: EventColumns["b"];
  readonly #c: EventColumns["c"];
  readonly #d: EventColumns["d"];
  readonly #e: EventColumns["e"];
  readonly #f: EventColumns["f"];
  #clock: ClockSnapshot | undefined;
  #length = 0;

  constructor(options: ColumnOptions<C>, chunkLength: number, to: Recorded<C>) {
    const {
      columns = columnNames as readonly C[],
      kinds = Object.values(EventKind),
      from = 0,
      to: end = Number.POSITIVE_INFINITY,
    } = options;
    if (!Number.isInteger(chunkLength) || chunkLength < 1 || chunkLength > maxChunkLength)
      throw new ForetraceError("bad_usage", `chunkLength: ${chunkLength} is not a whole number from 1 to ${maxChunkLength}`);
    for (const name of columns) {
      if (!columnNames.includes(name))
        throw new ForetraceError("bad_usage", `columns: there is no "${String(name)}"; there are ${columnNames.join(", ")}`);
    }
    if (columns.length === 0) throw new ForetraceError("bad_usage", "columns: none is asked for; leave it out to get all");
    if (!(end >= from)) throw new ForetraceError("bad_usage", `to (${end}) is not at or after from (${from})`);
    this.wanted = [...new Set(columns)];
    this.#to = to;
    this.#chunkLength = chunkLength;
    this.#begin = from;
    this.#end = end;
    this.#kinds = Object.values(EventKind).map((kind) => kinds.includes(kind));
    this.#withStack = this.wanted.includes("stack" as C);
    this.#withArguments = this.wanted.some((name) => name.length === 1);
    const doubles = (): Float64Array<ArrayBuffer> => new Float64Array(chunkLength);
    this.#time = doubles();
    this.#kind = new Uint8Array(chunkLength);
    this.#thread = doubles();
    this.#proc = doubles();
    this.#goroutine = doubles();
    this.#stack = new Uint32Array(chunkLength);
    this.#a = doubles();
    this.#b = doubles();
    this.#c = doubles();
    this.#d = doubles();
    this.#e = doubles();
    this.#f = doubles();
  }

  start(info: TraceInfo): void {
    this.info = info;
  }

  generation(tables: GenerationTables): void {
    this.names.generation(tables);
    this.#clock = tables.clock;
  }

  event(
    kind: EventKind,
    time: number,
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
    if (kind === EventKind.Sync) this.clocks[a - 1] = this.#clock;
    if (time > this.#end) this.#to.passed();
    if (time < this.#begin || time > this.#end || !this.#kinds[kind]) return;
    const at = this.#length;
    this.#time[at] = time;
    this.#kind[at] = kind;
    this.#thread[at] = thread;
    this.#proc[at] = proc;
    this.#goroutine[at] = goroutine;
    if (this.#withStack) this.#stack[at] = this.names.stack(stack);
    this.#a[at] = a;
    this.#b[at] = b;
    this.#c[at] = c;
    this.#d[at] = d;
    this.#e[at] = e;
    this.#f[at] = f;
    if (this.#withArguments) this.#rename(kind, at);
    this.#length = at + 1;
    if (at + 1 === this.#chunkLength) this.#deliver();
  }

  /** Delivers the rows that are left; once, after the last event. */
  finish(): void {
    if (this.#length > 0) this.#deliver();
  }

  /** A chunk that has no rows. */
  empty(): EventChunk<C> {
    return this.#chunk(0);
  }

  /** Ids of strings and stacks among the arguments: of the generation → of the whole trace. */
  #rename(kind: EventKind, at: number): void {
    const { names } = this;
    switch (kind) {
      case EventKind.GoTransition:
        this.#d[at] = names.string(this.#d[at]!);
        this.#e[at] = names.stack(this.#e[at]!);
        break;
      case EventKind.Label:
        this.#a[at] = names.string(this.#a[at]!);
        break;
      case EventKind.RangeBegin:
      case EventKind.RangeActive:
      case EventKind.RangeEnd:
        if (this.#a[at] === RangeName.StopTheWorld) this.#b[at] = names.string(this.#b[at]!);
        break;
      case EventKind.TaskBegin:
      case EventKind.TaskEnd:
        this.#c[at] = names.string(this.#c[at]!);
        break;
      case EventKind.RegionBegin:
      case EventKind.RegionEnd:
        this.#b[at] = names.string(this.#b[at]!);
        break;
      case EventKind.Log:
        this.#b[at] = names.string(this.#b[at]!);
        this.#c[at] = names.string(this.#c[at]!);
        break;
    }
  }

  #deliver(): void {
    const chunk = this.#chunk(this.#length);
    this.#length = 0;
    this.#to.chunk(chunk);
  }

  #chunk(length: number): EventChunk<C> {
    const all: EventColumns = {
      time: this.#time,
      kind: this.#kind,
      thread: this.#thread,
      proc: this.#proc,
      goroutine: this.#goroutine,
      stack: this.#stack,
      a: this.#a,
      b: this.#b,
      c: this.#c,
      d: this.#d,
      e: this.#e,
      f: this.#f,
    };
    const columns = Object.fromEntries(this.wanted.map((name) => [name, all[name].slice(0, length)])) as Pick<EventColumns, C>;
    return { info: this.info!, length, columns, strings: this.names.strings, stacks: this.names.stacks, clocks: this.clocks };
  }
}
