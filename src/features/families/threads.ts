/** Threads (Ms) that the trace shows; section C of the feature list. A thread without an event cannot be seen. */
import type { SeriesNames } from "../core/names.ts";
import { putAmount, type Row } from "../core/rows.ts";

const places = 64;

export class Threads {
  /** Id → number of the last window in which it had an event. */
  private readonly windowOf = new Map<number, number>();
  private window = 0;
  private active = 0;
  private fresh = 0;
  /** Ids seen in the open window, by their low bits. */
  private readonly recent = new Int32Array(places).fill(-1);
  private readonly names: { readonly active: number; readonly seen: number; readonly fresh: number };

  constructor(names: SeriesNames) {
    this.names = {
      active: names.id("go_trace_threads_active"),
      seen: names.id("go_trace_threads_seen"),
      fresh: names.id("go_trace_threads_new"),
    };
  }

  event(thread: number): void {
    if (thread < 0 || this.recent[thread & (places - 1)] === thread) return;
    this.recent[thread & (places - 1)] = thread;
    const seen = this.windowOf.get(thread);
    if (seen === this.window) return;
    if (seen === undefined) this.fresh++;
    this.windowOf.set(thread, this.window);
    this.active++;
  }

  close(row: Row): void {
    putAmount(row, this.names.active, this.active);
    putAmount(row, this.names.fresh, this.fresh);
    row.values.push(this.names.seen, this.windowOf.size);
    this.window++;
    this.active = 0;
    this.fresh = 0;
    this.recent.fill(-1);
  }
}
