/** Slices that nobody could preempt, and stretches in which no thread did anything although goroutines were running. */
import { GoState } from "../../trace/model.ts";
import type { Change } from "../state/change.ts";
import { GoScope } from "../state/goroutine-table.ts";
import { gapNanos, type Observed } from "../wide/observer.ts";

/**
 * The runtime looks every 10 ms at most who has had a processor for 10 ms (sysmon and forcePreemptNS in src/runtime/proc.go), so 20 ms are
 * in order, and it may wake some milliseconds late itself.
 */
const longSlice = 25e6;
const forcePreempt = 10e6;
const mostKept = 100;

export type Slice = {
  readonly nanos: number;
  readonly start: number;
  readonly id: number;
  readonly name: string;
  /** Where it ended. */
  readonly site: string;
  /** Goroutines that were runnable when it ended, and had been for 10 ms. */
  readonly waiting: number;
};
export type Gap = { readonly nanos: number; readonly start: number; readonly running: number };

export class Slices {
  /** Of the program's own goroutines: the longest, in no order, and all that were long. */
  readonly long: Slice[] = [];
  count = 0;
  nanos = 0;
  /** Of them those during which others waited for 10 ms (and not all threads stood still), and their time beyond what the runtime allows. */
  awaited = 0;
  awaitedNanos = 0;
  readonly gaps: Gap[] = [];
  gapCount = 0;
  /** Gaps in which two goroutines or more were running, and when the last of them ended. */
  severalCount = 0;
  private severalEnd = Number.NEGATIVE_INFINITY;
  gapNanos = 0;
  private readonly observed: Observed;
  private readonly from: number;

  constructor(observed: Observed, from: number) {
    this.observed = observed;
    this.from = from;
  }

  /**
   * Nothing happened between two events. A running goroutine is preempted every 10 ms also when nobody waits, and that is an event; so a long
   * stretch without any while one runs means that no thread of the process had a CPU (or that the only one could not be preempted).
   */
  gap(start: number, end: number): void {
    if (end - start < gapNanos) return;
    const running = this.inState(GoState.Running);
    if (running === 0) return;
    this.gapCount++;
    if (running >= 2) {
      this.severalCount++;
      this.severalEnd = end;
    }
    this.gapNanos += end - start;
    keep(this.gaps, { nanos: end - start, start, running });
  }

  private inState(state: GoState, since = Number.POSITIVE_INFINITY): number {
    const { table } = this.observed;
    let count = 0;
    table.forEach((slot) => {
      if (table.state[slot] === state && table.since[slot]! <= since) count++;
    });
    return count;
  }

  change({ slot, from, time, ownStack }: Change): void {
    if (from !== GoState.Running) return;
    const { table, names, sites } = this.observed;
    if (table.scope[slot] === GoScope.System) return;
    const start = Math.max(table.slice[slot]!, this.from);
    const nanos = time - start;
    if (!(nanos >= longSlice)) return;
    this.count++;
    this.nanos += nanos;
    const waiting = this.inState(GoState.Runnable, time - forcePreempt);
    // Where all stood still it is the machine's doing, and the gap says so.
    if (waiting > 0 && this.severalEnd <= start) {
      this.awaited++;
      this.awaitedNanos += nanos - forcePreempt;
    }
    keep(this.long, {
      waiting,
      nanos,
      start,
      id: table.id[slot]!,
      name: names.texts[table.name[slot]!]!,
      site: sites.texts[sites.of(ownStack)]!,
    });
  }
}

/** The longest ones are kept. */
function keep<Item extends { readonly nanos: number }>(list: Item[], item: Item): void {
  if (list.length < mostKept) list.push(item);
  else {
    let least = 0;
    for (let i = 1; i < list.length; i++) if (list[i]!.nanos < list[least]!.nanos) least = i;
    if (list[least]!.nanos < item.nanos) list[least] = item;
  }
}
