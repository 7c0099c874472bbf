/**
 * The event model: what every reader of any format version delivers, and what features see.
 *
 * It is the public model of golang.org/x/exp/trace (states, contexts and names as there), as plain numbers:
 * one call per event, no objects, strings and stacks by id from the tables of the current generation.
 * Context (thread, proc, goroutine) is the state before the event; -1 = none.
 */
import type { ForetraceError } from "../lib/errors.ts";
import type { TraceNanos } from "../lib/units.ts";

/**
 * Arguments a..f by kind (unused ones are 0):
 * - Sync: a = ordinal of the sync, from 1. The generation's clock and experiments: {@link GenerationTables}.
 * - GoTransition: a = goroutine, b = from, c = to ({@link GoState}), d = reason string id (0 = none), e = stack id of that goroutine
 * - ProcTransition: a = proc, b = from, c = to ({@link ProcState})
 * - Metric: a = {@link Metric}, b = value
 * - Label: a = label string id, b = {@link Scope} of the resource, c = its id
 * - RangeBegin, RangeActive, RangeEnd: a = {@link RangeName}, b = string id of the stop-the-world kind (else 0), c = {@link Scope}, d = id in it;
 *   RangeEnd of a sweep: e = bytes swept, f = bytes reclaimed
 * - TaskBegin, TaskEnd: a = task, b = parent task (-1 = none), c = type string id
 * - RegionBegin, RegionEnd: a = task, b = type string id
 * - Log: a = task, b = category string id, c = message string id
 * - StackSample (CPU profile): none; the stack is the event's stack
 * - Experimental: a = wire event id (names: spec.ts), b.. = its arguments
 */
export const EventKind = {
  Sync: 0,
  GoTransition: 1,
  ProcTransition: 2,
  Metric: 3,
  Label: 4,
  RangeBegin: 5,
  RangeActive: 6,
  RangeEnd: 7,
  TaskBegin: 8,
  TaskEnd: 9,
  RegionBegin: 10,
  RegionEnd: 11,
  Log: 12,
  StackSample: 13,
  Experimental: 14,
} as const;
export type EventKind = (typeof EventKind)[keyof typeof EventKind];
/** By kind. */
export const eventKindNames = Object.keys(EventKind) as readonly (keyof typeof EventKind)[];

export const GoState = { Undetermined: 0, NotExist: 1, Runnable: 2, Running: 3, Waiting: 4, Syscall: 5 } as const;
export type GoState = (typeof GoState)[keyof typeof GoState];
export const goStateNames = ["Undetermined", "NotExist", "Runnable", "Running", "Waiting", "Syscall"] as const;

export const ProcState = { Undetermined: 0, NotExist: 1, Running: 2, Idle: 3 } as const;
export type ProcState = (typeof ProcState)[keyof typeof ProcState];
export const procStateNames = ["Undetermined", "NotExist", "Running", "Idle"] as const;

export const Metric = { GoMaxProcs: 0, HeapLive: 1, HeapGoal: 2 } as const;
export const metricNames = ["/sched/gomaxprocs:threads", "/memory/classes/heap/objects:bytes", "/gc/heap/goal:bytes"] as const;

export const RangeName = { StopTheWorld: 0, GcMark: 1, GcSweep: 2, GcMarkAssist: 3 } as const;
/** Text of a range name; stop-the-world takes its kind in parentheses. */
export const rangeNames = ["stop-the-world", "GC concurrent mark phase", "GC incremental sweep", "GC mark assist"] as const;

export const Scope = { Global: 0, Goroutine: 1, Proc: 2, Thread: 3 } as const;
export type Scope = (typeof Scope)[keyof typeof Scope];
export const scopeNames = ["Global", "Goroutine", "Proc", "Thread"] as const;

export type Frame = { readonly pc: bigint; readonly func: string; readonly file: string; readonly line: number };

/** Clock snapshot of a generation (format ≥ 1.25). */
export type ClockSnapshot = { readonly trace: bigint; readonly mono: bigint; readonly wall: bigint };

/**
 * Names of one generation. Ids and what they resolve to are valid until the next `generation` call; keep text, not ids.
 * An id carried over from an earlier generation (the kind of a stop-the-world that ends here, the type of a task) has been given an id here.
 */
export type GenerationTables = {
  /** Number written in the file; the last call of a trace (before the closing Sync) repeats or follows the last one. */
  readonly generation: number;
  /** Throws RangeError for an id that was never delivered. Id 0 is the empty string. */
  string(id: number): string;
  /** Leaf first; id 0 is the empty stack. Frames are made on demand. */
  stack(id: number): readonly Frame[];
  readonly clock: ClockSnapshot | undefined;
  /** Opaque batches of experiments, by name. */
  readonly experiments: ReadonlyMap<string, readonly Uint8Array[]>;
};

export type TraceInfo = {
  /** Minor version of the format: 22 for `go 1.22 trace`. */
  readonly version: number;
  /** Absolute nanoseconds of the trace clock (CLOCK_MONOTONIC on Linux) at relative time 0. */
  readonly origin: bigint;
};

/**
 * Many events at once, as the WebAssembly core makes them: records of 12 words (48 bytes), one event each, in order, in `words[begin, end)`.
 * A record begins at an even word i. Its time is `doubles[i / 2]`; in words, from i on ({@link Field}):
 *
 * | 0, 1 | 2 | 3 | 4 | 5 | 6 | 7 … 11 |
 * |---|---|---|---|---|---|---|
 * | time | kind | thread | proc | goroutine | stack | a … e |
 *
 * and f is 0. Where a number does not fit a signed word, or f is not 0, the record is wide: its kind has {@link wideRecord} added,
 * words 3 to 11 mean nothing, and the two slots behind belong to it: thread, proc, goroutine, stack, a … f are doubles at
 * `doubles[(i + 12) / 2]` and the nine behind it; the next record begins at i + 36.
 *
 * The memory is the reader's: valid, and to be left as it is, until `block` returns. Whoever keeps events copies the words;
 * a copy of [begin, end) may be looked at as doubles too.
 */
export type EventBlock = {
  readonly words: Int32Array;
  readonly doubles: Float64Array;
  readonly begin: number;
  readonly end: number;
  /** How many there are. */
  readonly events: number;
};

/** Words of a record of {@link EventBlock}. */
export const recordWords = 12;
/** Added to the kind of a wide record. */
export const wideRecord = 256;
/** Words of a record from its beginning. */
export const Field = { Time: 0, Kind: 2, Thread: 3, Proc: 4, Goroutine: 5, Stack: 6, A: 7, B: 8, C: 9, D: 10, E: 11 } as const;

export type TraceVisitor = {
  /** Once, before everything else, as soon as the first Sync is known. */
  start?(info: TraceInfo): void;
  /** Before the Sync that opens a generation, and before the closing Sync. */
  generation?(tables: GenerationTables): void;
  /** In the order of the reference reader; `time` is strictly increasing and 0 at the first Sync. */
  event(
    kind: EventKind,
    time: TraceNanos,
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
  ): void;
  /**
   * Takes events in blocks, where the reader has them; all others (the Syncs among them, and what is not read by the core) come by `event`
   * still. An event comes once, by the one or the other, and the order over both is that of the trace. Without it, all come by `event`.
   */
  block?(block: EventBlock): void;
};

/** What was read beyond the break of a trace, with `salvage`. */
export type Salvaged = {
  /** Time of the last event that is delivered without it. */
  readonly brokenAt: TraceNanos;
  /** Events delivered behind that, and the time of the first and the last one. */
  readonly events: number;
  readonly from: TraceNanos;
  readonly to: TraceNanos;
  /** Generations of which something was read. */
  readonly generations: number;
  /** Bytes that were passed over. What a cut file lacks is not counted, nor what a wrong byte made of an event. */
  readonly skippedBytes: number;
  /** Events that were left out: what they happened to is not known, or they contradict themselves. */
  readonly skippedEvents: number;
  /** States that were not what an event needs, and have been taken as it implies them. */
  readonly repairs: number;
  /** Mentions of strings and stacks that the file has lost. A string reads "(lost)"; a stack is none. */
  readonly lostNames: number;
  /**
   * Where the clock's frequency is from: the file, a generation before the damaged one, or (none is left) the usual one.
   * Up to Go 1.21 there is no usual one: "assumed" means that of a processor of 3 GHz, and all times are right within a factor only.
   */
  readonly clock: "file" | "earlier" | "assumed";
};

/** What a reading came to. A broken trace is a result, not an exception: what came before the break has been delivered. */
export type TraceOutcome = {
  readonly info: TraceInfo | undefined;
  readonly bytes: number;
  readonly events: number;
  readonly generations: number;
  /** Time of the last event delivered. */
  readonly end: TraceNanos;
  /** Set when reading ended in an error; its code, message and offset say where. */
  readonly error: ForetraceError | undefined;
  /** With the option `salvage`, when reading ended in an error. */
  readonly salvaged?: Salvaged | undefined;
};

/** A `WebAssembly.Module`. The types of Node do not name that without those of browsers, and it says as little: it has no members. */
export type CompiledModule = object;

/** The compiled modules of build/kernels; undefined where there is none. Only the one that a trace needs is asked for. */
export type TraceCores = {
  /** trace.wasm, for formats from Go 1.22 on. */
  generations(): CompiledModule | undefined;
  /** trace-old.wasm, for formats up to Go 1.21. */
  old(): CompiledModule | undefined;
};

export type ReadOptions = {
  /** Goes on behind the error of a broken trace with what can be read there, behind all that is delivered without. See docs/salvage.md. */
  readonly salvage?: boolean;
  readonly signal?: AbortSignal;
  /** Called about once a generation with the bytes consumed so far. */
  readonly progress?: (bytes: number) => void;
  /** With it traces are read several times as fast, with the same result. */
  readonly core?: TraceCores | undefined;
};

/** Uncompressed bytes of a trace, in pieces of any size. Opening and decompressing is the business of sources/. */
export type ByteSource = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
