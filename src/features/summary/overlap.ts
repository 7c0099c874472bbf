/**
 * How long goroutines were runnable while a processor was idle: work that the scheduler could have run.
 * Stops of the world are left out, since they make processors idle on purpose.
 *
 * In the first generation a goroutine or processor may say only late in what state it has been since the beginning. So the changes of
 * "some goroutine is runnable" and "some processor is idle" are kept until the second Sync (16 bytes a change, one generation at most).
 */
import { GoState, ProcState } from "../../trace/model.ts";
import type { Scope } from "./scope.ts";

/** Waking a thread takes microseconds; a stretch of this length has another cause. */
const longStretch = 1e6;

export class IdleWhileRunnable {
  nanos = 0;
  /** Of it in stretches of at least 1 ms. */
  longNanos = 0;
  private stretchEnd = -1;
  private stretch = 0;
  private stopped = 0;
  private readonly scope: Scope;
  private runnable = 0;
  private idle = 0;
  private since = 0;
  private firstGeneration = true;
  /** Begin and class (1 = runnable, 2 = idle, 4 = stopped) of each stretch of the first generation. */
  private held: number[] = [];
  private heldClass = 0;
  /** Until when a goroutine was runnable, a processor idle, without having said so yet. */
  private runnableUntil = 0;
  private idleUntil = 0;

  constructor(scope: Scope) {
    this.scope = scope;
  }

  goroutine(from: number, to: number, time: number): void {
    if (from === to || (from !== GoState.Runnable && to !== GoState.Runnable)) return;
    if (from === GoState.Undetermined && this.firstGeneration) this.runnableUntil = time;
    this.change(Number(to === GoState.Runnable) - Number(from === GoState.Runnable), 0, time);
  }

  proc(from: number, to: number, time: number): void {
    if (from === to || (from !== ProcState.Idle && to !== ProcState.Idle)) return;
    if (from === ProcState.Undetermined && this.firstGeneration) this.idleUntil = time;
    this.change(0, Number(to === ProcState.Idle) - Number(from === ProcState.Idle), time);
  }

  /** The world is stopped. */
  stop(time: number): void {
    this.change(0, 0, time, 1);
  }

  /** The world goes on. */
  goOn(time: number): void {
    this.change(0, 0, time, -1);
  }

  /** First start of a processor in a format that has no statuses of them: it was idle before. */
  procIdleUntil(time: number): void {
    if (this.firstGeneration) this.idleUntil = time;
  }

  /** The first generation ended at `time`. */
  release(time: number): void {
    if (!this.firstGeneration) return;
    this.firstGeneration = false;
    this.held.push(time, 0);
    let begin = 0;
    let kind = 0;
    for (let i = 0; i < this.held.length; i += 2) {
      const end = this.held[i]!;
      const runnable = (kind & 1) !== 0 ? end : Math.min(end, this.runnableUntil);
      const idle = (kind & 2) !== 0 ? end : Math.min(end, this.idleUntil);
      if ((kind & 4) === 0) this.count(begin, Math.min(runnable, idle));
      begin = end;
      kind = this.held[i + 1]!;
    }
    this.held = [];
    this.since = time;
  }

  finish(end: number): void {
    this.release(end);
    this.add(end);
    this.endStretch();
  }

  private change(runnable: number, idle: number, time: number, stopped = 0): void {
    if (!this.firstGeneration) this.add(time);
    this.runnable += runnable;
    this.idle += idle;
    this.stopped = Math.max(0, this.stopped + stopped);
    if (!this.firstGeneration) return;
    const kind = Number(this.runnable > 0) | (Number(this.idle > 0) << 1) | (Number(this.stopped > 0) << 2);
    if (kind === this.heldClass) return;
    this.heldClass = kind;
    this.held.push(time, kind);
  }

  private add(time: number): void {
    if (this.runnable > 0 && this.idle > 0 && this.stopped === 0) this.count(this.since, time);
    this.since = time;
  }

  private count(begin: number, end: number): void {
    const nanos = this.scope.overlap(begin, end);
    if (nanos === 0) return;
    if (begin !== this.stretchEnd) this.endStretch();
    this.nanos += nanos;
    this.stretch += nanos;
    this.stretchEnd = end;
  }

  private endStretch(): void {
    if (this.stretch >= longStretch) this.longNanos += this.stretch;
    this.stretch = 0;
  }
}
