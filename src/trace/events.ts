/** Events as objects, for convenience: what visitor and columns give as numbers and ids, resolved. */
import type { ColumnOptions, EventChunk } from "./columns.ts";
import {
  EventKind,
  metricNames,
  RangeName,
  rangeNames,
  type ByteSource,
  type ClockSnapshot,
  type Frame,
  type GoState,
  type ProcState,
  type Scope,
} from "./model.ts";
import { wireEvent } from "./spec.ts";
import { tableChunks, type ChunkOptions } from "./table.ts";

type Kind = typeof EventKind;
type Target = {
  /** The kind of thing it is about, and its id there. */
  readonly scope: Scope;
  readonly scopeId: number;
};

/** What each kind has beside time and context. */
export type EventDetail =
  | {
      readonly kind: Kind["Sync"];
      /** From 1. */
      readonly ordinal: number;
      readonly clock: ClockSnapshot | undefined;
    }
  | {
      readonly kind: Kind["GoTransition"];
      /** The goroutine that changes its state; not always the one that causes it. */
      readonly target: number;
      readonly from: GoState;
      readonly to: GoState;
      /** Why it blocks or stops; empty where nothing is said. */
      readonly reason: string;
      /** Where the target is; the event's own stack is of who causes it. */
      readonly targetStack: readonly Frame[];
    }
  | { readonly kind: Kind["ProcTransition"]; readonly target: number; readonly from: ProcState; readonly to: ProcState }
  | { readonly kind: Kind["Metric"]; readonly name: string; readonly value: number }
  | ({ readonly kind: Kind["Label"]; readonly label: string } & Target)
  | ({ readonly kind: Kind["RangeBegin"] | Kind["RangeActive"]; readonly name: string } & Target)
  | ({
      readonly kind: Kind["RangeEnd"];
      readonly name: string;
      /** Bytes, of a sweep; else 0. */
      readonly swept: number;
      readonly reclaimed: number;
    } & Target)
  | {
      readonly kind: Kind["TaskBegin"] | Kind["TaskEnd"];
      readonly task: number;
      /** -1 = none. */
      readonly parent: number;
      readonly type: string;
    }
  | { readonly kind: Kind["RegionBegin"] | Kind["RegionEnd"]; readonly task: number; readonly type: string }
  | { readonly kind: Kind["Log"]; readonly task: number; readonly category: string; readonly message: string }
  | { readonly kind: Kind["StackSample"] }
  | {
      readonly kind: Kind["Experimental"];
      readonly experiment: string;
      readonly name: string;
      readonly args: Readonly<Record<string, number>>;
    };

export type TraceEvent = {
  /** Nanoseconds since the first event. */
  readonly time: number;
  /** Context before the event; -1 = none. */
  readonly thread: number;
  readonly proc: number;
  readonly goroutine: number;
  /** Leaf first; equal stacks are one array. */
  readonly stack: readonly Frame[];
} & EventDetail;

/**
 * The events of a trace, or of a range of it, one object each. Several times as slow as {@link readTrace} with a visitor and as columns
 * (docs/library.md has the figures). Leaving the loop closes the source.
 * @throws ForetraceError behind the last event, when reading ended in an error; bad_usage; what {@link readTrace} throws
 */
export async function* traceEvents(
  source: ByteSource,
  options: Omit<ChunkOptions & ColumnOptions, "columns" | "chunkLength"> = {},
): AsyncGenerator<TraceEvent, void, undefined> {
  for await (const chunk of tableChunks(source, { ...options, chunkLength: 1 << 14 })) {
    for (let i = 0; i < chunk.length; i++) yield eventAt(chunk, i);
  }
}

/** Row `i` of a chunk or table with all columns as an object. */
export function eventAt({ columns, strings, stacks, clocks }: EventChunk, i: number): TraceEvent {
  const kind = columns.kind[i] as EventKind;
  const time = columns.time[i]!;
  const thread = columns.thread[i]!;
  const proc = columns.proc[i]!;
  const goroutine = columns.goroutine[i]!;
  const stack = stacks[columns.stack[i]!]!;
  const a = columns.a[i]!;
  const b = columns.b[i]!;
  const c = columns.c[i]!;
  const d = columns.d[i]!;
  const e = columns.e[i]!;
  const f = columns.f[i]!;
  // Written out, since an object that is put together from two takes twice as long.
  switch (kind) {
    case EventKind.Sync:
      return { kind, time, thread, proc, goroutine, stack, ordinal: a, clock: clocks[a - 1] };
    case EventKind.GoTransition: {
      const reason = strings[d]!;
      return {
        kind,
        time,
        thread,
        proc,
        goroutine,
        stack,
        target: a,
        from: b as GoState,
        to: c as GoState,
        reason,
        targetStack: stacks[e]!,
      };
    }
    case EventKind.ProcTransition:
      return { kind, time, thread, proc, goroutine, stack, target: a, from: b as ProcState, to: c as ProcState };
    case EventKind.Metric:
      return { kind, time, thread, proc, goroutine, stack, name: metricNames[a]!, value: b };
    case EventKind.Label:
      return { kind, time, thread, proc, goroutine, stack, label: strings[a]!, scope: b as Scope, scopeId: c };
    case EventKind.RangeBegin:
    case EventKind.RangeActive:
      return { kind, time, thread, proc, goroutine, stack, name: rangeText(a, strings[b]), scope: c as Scope, scopeId: d };
    case EventKind.RangeEnd: {
      const name = rangeText(a, strings[b]);
      return { kind, time, thread, proc, goroutine, stack, name, scope: c as Scope, scopeId: d, swept: e, reclaimed: f };
    }
    case EventKind.TaskBegin:
    case EventKind.TaskEnd:
      return { kind, time, thread, proc, goroutine, stack, task: a, parent: b, type: strings[c]! };
    case EventKind.RegionBegin:
    case EventKind.RegionEnd:
      return { kind, time, thread, proc, goroutine, stack, task: a, type: strings[b]! };
    case EventKind.Log:
      return { kind, time, thread, proc, goroutine, stack, task: a, category: strings[b]!, message: strings[c]! };
    case EventKind.StackSample:
      return { kind, time, thread, proc, goroutine, stack };
    case EventKind.Experimental: {
      const wire = wireEvent(a)!;
      const values = [b, c, d, e, f];
      const args = Object.fromEntries(wire.args.slice(1).map((name, place) => [name, values[place]!]));
      return { kind, time, thread, proc, goroutine, stack, experiment: wire.experiment!, name: wire.name, args };
    }
  }
}

const rangeText = (name: number, kind: string | undefined): string =>
  name === RangeName.StopTheWorld ? `${rangeNames[name]} (${kind})` : rangeNames[name]!;
