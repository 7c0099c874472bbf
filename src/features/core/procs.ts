/** Processors (Ps): how many run, how many idle; GOMAXPROCS. */
import { ProcState } from "../../trace/model.ts";
import type { Levels } from "./levels.ts";
import type { SeriesNames } from "./names.ts";
import type { Family, Row } from "./rows.ts";

export class Procs implements Family {
  private readonly levels: Levels;
  private readonly running: number;
  private readonly idle: number;
  private readonly gomaxprocsName: number;
  private gomaxprocs = Number.NaN;

  constructor(levels: Levels, names: SeriesNames) {
    this.levels = levels;
    this.running = levels.add({ mean: names.id("go_trace_procs", { state: "running" }) });
    this.idle = levels.add({ mean: names.id("go_trace_procs", { state: "idle" }) });
    this.gomaxprocsName = names.id("go_trace_gomaxprocs");
  }

  transition(from: number, to: number, time: number): void {
    if (from === ProcState.Running) this.levels.change(this.running, -1, time);
    else if (from === ProcState.Idle) this.levels.change(this.idle, -1, time);
    if (to === ProcState.Running) this.levels.change(this.running, 1, time);
    else if (to === ProcState.Idle) this.levels.change(this.idle, 1, time);
  }

  /** It was in this state since the trace began. */
  existed(state: number): void {
    if (state === ProcState.Running) this.levels.backdate(this.running);
    else if (state === ProcState.Idle) this.levels.backdate(this.idle);
  }

  /** First start in a format that writes no status of procs: idle until now, from now on in `state`. */
  idleUntil(state: number, time: number): void {
    this.levels.backdateUntil(this.idle, time);
    this.transition(ProcState.Undetermined, state, time);
  }

  get gomaxprocsNow(): number {
    return this.gomaxprocs;
  }

  setGomaxprocs(value: number): void {
    this.gomaxprocs = value;
  }

  close(row: Row): void {
    if (!Number.isNaN(this.gomaxprocs)) row.values.push(this.gomaxprocsName, this.gomaxprocs);
  }
}
