/** What every exporter of events is: a visitor that writes as it goes. */
import type { TraceOutcome, TraceVisitor } from "../trace/model.ts";

export type ExportTarget = {
  /** Trace nanoseconds; only what lies in [from, to) is written. `to` may be Infinity. */
  readonly from: number;
  readonly to: number;
  /** Takes a piece of the output; the piece is the receiver's. */
  readonly write: (bytes: Uint8Array) => void;
};

export type Exporter = {
  readonly visitor: TraceVisitor;
  /**
   * Once, after the last event (also of a trace that broke off, and of a reading that stopped at `to`): writes what is left.
   * Gives remarks for people: what was left out, what could not be known.
   */
  finish(outcome: Pick<TraceOutcome, "end" | "error">): readonly string[];
};
