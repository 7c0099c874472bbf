/** What the scheduler spends on one start of a goroutine, measured in the trace itself. */
import type { FeatureWindow } from "../window.ts";

/** In windows less busy than this, processors also run while they look for work, and that is no cost of a start. */
const busyEnough = 0.95;
/** Fewer say nothing. */
const leastStarts = 1000;

export class StartCost {
  private overhead = 0;
  private starts = 0;

  /** Processor time that was neither a goroutine's nor held by a system call, where the processors were nearly always busy. */
  add(core: FeatureWindow, wide: ReadonlyMap<string, number>): void {
    const value = (values: ReadonlyMap<string, number>, name: string): number => values.get(name) ?? 0;
    const running = value(core.values, 'go_trace_procs{state="running"}');
    const idle = value(core.values, 'go_trace_procs{state="idle"}');
    if (!(running / (running + idle) >= busyEnough)) return;
    const goroutines = value(core.values, 'go_trace_goroutines{state="running"}');
    const held = value(wide, "go_trace_procs_in_syscall");
    this.overhead += Math.max(0, running - goroutines - held) * core.length;
    this.starts += value(wide, "go_trace_starts");
  }

  /** Nanoseconds; NaN where the processors were not busy enough to tell. */
  get nanos(): number {
    return this.starts < leastStarts ? Number.NaN : this.overhead / this.starts;
  }
}
