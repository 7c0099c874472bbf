/** What the main thread and those that read parts of a trace say to each other. */
import type { MessagePort } from "node:worker_threads";
import type { CarriedReasons, RowChunk, SeriesSnapshot } from "../../features/series-part.ts";
import type { ErrorCode, ErrorPlace } from "../../lib/errors.ts";
import type { Border } from "../../trace/borders.ts";
import type { Assumed, CarriedState, SchedulerSnapshot } from "../../trace/snapshot.ts";

/** Whole numbers that both sides see. */
export const Cell = {
  /** 1 as soon as `numbers` has the trace's origin. */
  Origin: 0,
  /** A {@link BorderState}. */
  Border: 1,
  /** What the main thread says to one that waits where the next part begins. */
  Verdict: 2,
  /** Chunks of rows that the main thread has dealt with. */
  Settled: 3,
} as const;
/** Doubles that both sides see: the origin, and how far the thread has read. */
export const Shared = { Origin: 0, Offset: 1 } as const;

/** `Sent`: what it knows at its border, or that it has failed; `None`: it does not come there. */
export const BorderState = { Pending: 0, Sent: 1, None: 2 } as const;
export const Verdict = { None: 0, Stop: 1, GoOn: 2 } as const;

export type PartTask = {
  readonly file: string;
  readonly version: number;
  readonly windowNanos: number;
  readonly border: Border;
  /** Where the parts behind this one begin. */
  readonly ends: readonly number[];
  readonly cells: Int32Array;
  readonly numbers: Float64Array;
  readonly port: MessagePort;
};

/** At the beginning of a generation. */
export type Known = {
  readonly scheduler: SchedulerSnapshot;
  readonly series: SeriesSnapshot;
  /** Events and generations read so far. */
  readonly events: number;
  readonly generations: number;
};

export type FromPart =
  /** The first message, unless {@link BorderState} is None. */
  | { readonly kind: "border"; readonly known: Known }
  /** `assumed`: by the end of these rows, since the last message; undefined where the core does not read any more. */
  | { readonly kind: "rows"; readonly chunk: RowChunk; readonly assumed: Assumed | undefined }
  /** It waits at the beginning of the next part for a {@link Verdict}. */
  | { readonly kind: "end"; readonly known: Known; readonly assumed: Assumed | undefined }
  /** The last message: it has stopped as it was told, or come to the end of the file, or to an error in it. */
  | { readonly kind: "stopped" }
  | { readonly kind: "finished"; readonly outcome: PartOutcome }
  | { readonly kind: "failed"; readonly error: SentError };

export type PartOutcome = {
  readonly bytes: number;
  readonly events: number;
  readonly generations: number;
  readonly end: number;
  readonly error: SentError | undefined;
};

/** An error without its class, which does not travel; no code = a defect. */
export type SentError = { readonly code: ErrorCode | undefined; readonly message: string; readonly place: ErrorPlace };

/** What is carried into a part, as the part before knows it. */
export type Carried = {
  readonly whole: Known;
  readonly part: Known;
  readonly state: CarriedState;
  readonly reasons: CarriedReasons;
};
