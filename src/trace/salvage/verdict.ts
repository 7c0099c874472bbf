/** What repairs have in common: their answer, and how they tell the visitor what they made so. */
import { EventKind } from "../model.ts";
import type { State } from "../state.ts";
import type { SalvageReport } from "./report.ts";

/** May an event happen now? */
export const Verdict = { Wait: 0, Ready: 1, Drop: 2 } as const;
export type Verdict = (typeof Verdict)[keyof typeof Verdict];

/** Id of the processor of a thread that runs goroutines while none is known to be on it: none, to the visitor. */
export const unknownProc = -1;

/** Events of the salvage's own, and their number. */
export class Told {
  /** Time of the event that is being made to fit. */
  at = 0;
  readonly #state: State;
  readonly #report: SalvageReport;

  constructor(state: State, report: SalvageReport) {
    this.#state = state;
    this.#report = report;
  }

  repaired(): void {
    this.#report.repairs++;
  }

  proc(id: number, from: number, to: number): void {
    if (id !== unknownProc) this.#state.emit(EventKind.ProcTransition, this.at, -1, -1, -1, 0, id, from, to, 0, 0, 0);
  }

  goroutine(id: number, from: number, to: number, reason: number): void {
    this.#state.emit(EventKind.GoTransition, this.at, -1, -1, -1, 0, id, from, to, reason, 0, 0);
  }

  rangeEnd(name: number, stop: number, scope: number, id: number): void {
    this.repaired();
    this.#state.emit(EventKind.RangeEnd, this.at, -1, -1, -1, 0, name, stop, scope, id, 0, 0);
  }
}
