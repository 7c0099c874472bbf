/** Who else looks at the state that the wide series keep, and what of it may be asked. */
import type { EventKind } from "../../trace/model.ts";
import type { GoroutineNames } from "../goroutine-names.ts";
import type { CallTotals } from "../state/call-totals.ts";
import type { Change } from "../state/change.ts";
import type { GoroutineTable } from "../state/goroutine-table.ts";
import type { Reasons } from "../state/reasons.ts";
import type { StackNumbers } from "../state/sites.ts";

/** Someone who looks at the same state: told after the families, while the table still shows what was before. */
export type Observer = {
  /** For this part of the trace, on borders of windows, brief system calls are counted: in {@link CallTotals} and the table's `calling`. */
  readonly range: { readonly from: number; readonly to: number };
  /** All changes but the begin of a system call and its return to running. */
  change(change: Change): void;
  /** A goroutine that was there before the trace has said what it does; the table shows it. */
  existed(slot: number, time: number): void;
  /**
   * A system call that kept its processor and was not brief ends; `since` is the trace's first event when it began before, and `seen` is
   * false then. The brief ones are in the table's `calling`.
   */
  syscall(slot: number, since: number, time: number, seen: boolean): void;
  /** Everything but changes of goroutines and the size of the heap, in its order among them; arguments as in {@link TraceVisitor.event}. */
  event(kind: EventKind, time: number, goroutine: number, a: number, b: number, c: number, d: number): void;
  /** Nothing happened between two events that lie at least {@link gapNanos} apart. */
  gap(start: number, end: number): void;
  /** A window ends; all that happened in it has been told. */
  window(end: number, start: number): void;
};

/** Long enough to say something, short enough that the events between need not be looked at. */
export const gapNanos = 25e6;

/** What an observer may ask; all of it is the visitor's own. */
export type Observed = {
  readonly table: GoroutineTable;
  readonly names: GoroutineNames;
  readonly reasons: Reasons;
  /** Places in the program, numbered over the whole trace. */
  readonly sites: StackNumbers;
  /** Kinds of locks by stack, and that which the goroutine in a slot waits for. */
  readonly locks: StackNumbers;
  readonly lockOf: (slot: number) => number;
  /** By number of a system call (`site` in the table): its class, its place, and what those of the observer's range came to. */
  readonly calls: { readonly kinds: readonly number[]; readonly sites: readonly string[]; readonly totals: CallTotals };
  /** The live heap now, and the least and most of the window that ended last (infinite where nothing was reported). */
  readonly memory: { readonly live: number; readonly least: number; readonly most: number };
};
