/**
 * Work that waits while processors idle, and queue depth against the processors there are. Section B of the feature list.
 * Both need the number of runnable goroutines at each moment; a goroutine that was runnable before the trace counts from its first status on.
 */
import { GoState, ProcState } from "../../trace/model.ts";
import type { SeriesNames } from "../core/names.ts";
import { putAmount, type Row } from "../core/rows.ts";

/** Multiples of GOMAXPROCS. */
const depths = [1, 2, 4, 8] as const;

export class IdleWork {
  private runnable = 0;
  private idle = 0;
  private gomaxprocs = Number.NaN;
  private since = Number.NaN;
  private idleWithWork = 0;
  private depthNanos = 0;
  private readonly beyond = depths.map(() => 0);
  private stopped = 0;
  private readonly names: { readonly idleWithWork: number; readonly perProc: number; readonly beyond: readonly number[] };

  constructor(names: SeriesNames) {
    this.since = 0;
    this.names = {
      idleWithWork: names.id("go_trace_idle_with_work_seconds"),
      perProc: names.id("go_trace_runnable_per_proc"),
      beyond: depths.map((depth) => names.id("go_trace_queue_time_share", { depth: String(depth) })),
    };
  }

  setGomaxprocs(value: number, time: number): void {
    this.look(time);
    this.gomaxprocs = value;
  }

  goroutine(from: GoState, to: GoState, time: number): void {
    if (from !== GoState.Runnable && to !== GoState.Runnable) return;
    this.look(time);
    this.runnable = Math.max(0, this.runnable + Number(to === GoState.Runnable) - Number(from === GoState.Runnable));
  }

  proc(from: ProcState, to: ProcState, time: number): void {
    this.look(time);
    this.idle = Math.max(0, this.idle + Number(to === ProcState.Idle) - Number(from === ProcState.Idle));
  }

  /** Processors idle on purpose while the world stands still. */
  stop(delta: number, time: number): void {
    this.look(time);
    this.stopped = Math.max(0, this.stopped + delta);
  }

  close(row: Row): void {
    const end = row.start + row.length;
    this.look(end);
    const { names } = this;
    putAmount(row, names.idleWithWork, this.idleWithWork / 1e9);
    if (row.length > 0 && this.gomaxprocs > 0) {
      row.values.push(names.perProc, this.depthNanos / row.length);
      for (let i = 0; i < depths.length; i++) row.values.push(names.beyond[i]!, this.beyond[i]! / row.length);
    }
    this.idleWithWork = 0;
    this.depthNanos = 0;
    this.beyond.fill(0);
  }

  private look(time: number): void {
    const nanos = time - this.since;
    this.since = time;
    if (this.runnable === 0 || nanos === 0) return;
    if (this.idle > 0 && this.stopped === 0) this.idleWithWork += nanos;
    const procs = this.gomaxprocs;
    if (!(procs > 0)) return;
    const depth = this.runnable / procs;
    this.depthNanos += depth * nanos;
    for (let i = 0; i < depths.length && depth >= depths[i]!; i++) this.beyond[i]! += nanos;
  }
}
