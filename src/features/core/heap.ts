/** The heap as the runtime last reported it. */
import type { SeriesNames } from "./names.ts";
import type { Family, Row } from "./rows.ts";

export class Heap implements Family {
  live = Number.NaN;
  goal = Number.NaN;
  private readonly liveName: number;
  private readonly goalName: number;

  constructor(names: SeriesNames) {
    this.liveName = names.id("go_trace_heap_live_bytes");
    this.goalName = names.id("go_trace_heap_goal_bytes");
  }

  close(row: Row): void {
    if (!Number.isNaN(this.live)) row.values.push(this.liveName, this.live);
    if (!Number.isNaN(this.goal)) row.values.push(this.goalName, this.goal);
  }
}
