/**
 * Events that lie far before what has been told already: one thread waited for what was lost, while the others went on to the end of the generation.
 * Told one by one they would all happen within microseconds, at a time that is not theirs. So only what they come to is told: the state that
 * each goroutine and processor is in afterwards, ranges and tasks that are open then.
 */
import { EventKind } from "../model.ts";
import type { SalvageReport } from "./report.ts";

/** Events that are later than this by the order are told as they are. */
const lateNanos = 10_000_000;

export type Emit = (kind: EventKind, a: number, b: number, c: number, d: number) => void;
type Change = { readonly from: number; to: number };
type Span = { readonly kind: EventKind; readonly a: number; readonly b: number; readonly c: number; readonly d: number };

export class LateEvents {
  readonly #report: SalvageReport;
  #goroutines = new Map<number, Change>();
  #procs = new Map<number, Change>();
  #spans = new Map<string, Span>();

  constructor(report: SalvageReport) {
    this.#report = report;
  }

  get isWaiting(): boolean {
    return this.#goroutines.size + this.#procs.size + this.#spans.size > 0;
  }

  /** True when the event is not to be told now. @param by nanoseconds it lies before the last event told. */
  takes(by: number, kind: EventKind, a: number, b: number, c: number, d: number): boolean {
    if (by < lateNanos) return false;
    switch (kind) {
      case EventKind.GoTransition:
        change(this.#goroutines, a, b, c);
        break;
      case EventKind.ProcTransition:
        change(this.#procs, a, b, c);
        break;
      case EventKind.RangeBegin:
      case EventKind.RangeEnd:
        this.#span(`${a} ${c} ${d}`, EventKind.RangeBegin, { kind, a, b, c, d });
        break;
      case EventKind.TaskBegin:
      case EventKind.TaskEnd:
        this.#span(`task ${a}`, EventKind.TaskBegin, { kind, a, b, c, d });
        break;
      case EventKind.Sync:
      case EventKind.RegionBegin:
      case EventKind.RegionEnd:
      case EventKind.Log:
        return false;
    }
    this.#report.skippedEvents++;
    return true;
  }

  /** Tells what the events came to. Their ids are those of the generation, so that this has to be done before its end. */
  flush(emit: Emit): void {
    const [goroutines, procs, spans] = [this.#goroutines, this.#procs, this.#spans];
    this.#goroutines = new Map();
    this.#procs = new Map();
    this.#spans = new Map();
    for (const { kind, a, b, c, d } of spans.values())
      if (kind === EventKind.RangeEnd || kind === EventKind.TaskEnd) emit(kind, a, b, c, d);
    for (const [id, { from, to }] of goroutines) if (from !== to) emit(EventKind.GoTransition, id, from, to, 0);
    for (const [id, { from, to }] of procs) if (from !== to) emit(EventKind.ProcTransition, id, from, to, 0);
    for (const { kind, a, b, c, d } of spans.values())
      if (kind === EventKind.RangeBegin || kind === EventKind.TaskBegin) emit(kind, a, b, c, d);
  }

  /** A begin and the end behind it come to nothing. */
  #span(key: string, begin: EventKind, span: Span): void {
    const open = this.#spans.get(key);
    if (open !== undefined && open.kind === begin && span.kind !== begin) this.#spans.delete(key);
    else this.#spans.set(key, span);
  }
}

function change(changes: Map<number, Change>, id: number, from: number, to: number): void {
  const known = changes.get(id);
  if (known === undefined) changes.set(id, { from, to });
  else known.to = to;
}
