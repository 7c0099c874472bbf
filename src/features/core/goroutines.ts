/** How many goroutines there are in which state; created and ended. */
import { GoState } from "../../trace/model.ts";
import type { Levels } from "./levels.ts";
import type { SeriesNames } from "./names.ts";
import { putAmount, type Family, type Row } from "./rows.ts";

export class Goroutines implements Family {
  private readonly levels: Levels;
  /** The level of a state is this + the state: states and levels stand in the same order. */
  readonly firstLevel: number;
  private readonly createdName: number;
  private readonly endedName: number;
  created = 0;
  ended = 0;

  constructor(levels: Levels, names: SeriesNames) {
    const state = (label: string, seconds?: number): number => {
      const mean = names.id("go_trace_goroutines", { state: label });
      const maximum = names.id("go_trace_goroutines_max", { state: label });
      return levels.add(seconds === undefined ? { mean, maximum } : { mean, maximum, seconds });
    };
    this.levels = levels;
    this.firstLevel = state("runnable") - GoState.Runnable;
    state("running");
    state("waiting");
    state("syscall", names.id("go_trace_syscall_seconds"));
    this.createdName = names.id("go_trace_goroutines_created");
    this.endedName = names.id("go_trace_goroutines_ended");
  }

  transition(from: number, to: number, time: number): void {
    if (from === GoState.NotExist) this.created++;
    else if (from !== GoState.Undetermined) this.levels.change(this.firstLevel + from, -1, time);
    if (to === GoState.NotExist) this.ended++;
    else this.levels.change(this.firstLevel + to, 1, time);
  }

  /** It was in this state since the trace began. */
  existed(state: number): void {
    if (state !== GoState.NotExist) this.levels.backdate(this.firstLevel + state);
  }

  close(row: Row): void {
    putAmount(row, this.createdName, this.created);
    putAmount(row, this.endedName, this.ended);
    this.created = 0;
    this.ended = 0;
  }
}
