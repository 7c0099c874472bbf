/** The way out to the visitor: counts what is delivered and keeps times rising. */
import { traceNanos, type TraceNanos } from "../../lib/units.ts";
import { malformed } from "../broken.ts";
import type { EventKind, TraceVisitor } from "../model.ts";

/** Relative times stay exact up to here: 104 days. */
const latest = Number.MAX_SAFE_INTEGER;

export class Output {
  events = 0;
  /** Time of the last event delivered. */
  last: TraceNanos = traceNanos(-1);
  readonly #visitor: TraceVisitor;

  constructor(visitor: TraceVisitor) {
    this.#visitor = visitor;
  }

  /** Counts what somebody else has delivered. @param last time of the last of them. */
  delivered(events: number, last: TraceNanos): void {
    this.events += events;
    this.last = last;
  }

  /** Delivers an event; times that do not rise are moved to 1 ns after the event before. */
  emit(
    kind: EventKind,
    at: number,
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
    const time = at > this.last ? at : this.last + 1;
    if (!(time <= latest)) throw malformed("event lies more than 104 days after the first one");
    this.last = traceNanos(time);
    this.events++;
    this.#visitor.event(kind, this.last, thread, proc, goroutine, stack, a, b, c, d, e, f);
  }
}
