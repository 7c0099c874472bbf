/**
 * Time that goroutines of each scope spent in each state. A stay is added where it ends; at a window's end those that go on are cut.
 * A goroutine that existed before the trace may say so late: its time in the windows before is added to them while they are held back.
 */
import { GoState } from "../../trace/model.ts";
import type { SeriesNames } from "../core/names.ts";
import type { Row } from "../core/rows.ts";
import { goScopeNames, type GoroutineTable } from "../state/goroutine-table.ts";

export const states = 6;
const stateNames = ["", "", "runnable", "running", "waiting", "syscall"] as const;

export class StateTimes {
  private readonly table: GoroutineTable;
  /** Nanoseconds in the open window by scope and state. */
  sums = new Float64Array(2 * states);
  private windowStart = Number.NaN;
  private readonly numbers: readonly number[];
  /** Of the windows held back. */
  private held: { row: Row; sums: Float64Array }[] = [];
  private holding = true;

  constructor(table: GoroutineTable, names: SeriesNames) {
    this.table = table;
    this.windowStart = 0;
    this.numbers = goScopeNames.flatMap((scope) =>
      stateNames.map((state) => (state === "" ? -1 : names.id("go_trace_goroutines", { scope, state }))),
    );
  }

  /** A stay in `state` from `since` to `time` ends. */
  stay(scope: number, state: number, since: number, time: number): void {
    const place = scope * states + state;
    const begin = since > this.windowStart ? since : this.windowStart;
    this.sums[place] = this.sums[place]! + (time - begin);
  }

  /** A goroutine says for the first time that it is in `state`, and has been since the trace began. */
  existed(scope: number, state: number): void {
    for (const { row, sums } of this.held) sums[scope * states + state] = sums[scope * states + state]! + row.length;
  }

  /** @param target row that takes the values, now or when what is held back is final. */
  close(row: Row, target: Row): void {
    const { table } = this;
    const end = row.start + row.length;
    table.forEach((slot) => this.stay(table.scope[slot]!, table.state[slot]!, table.since[slot]!, end));
    if (this.holding) this.held.push({ row: target, sums: this.sums });
    else this.put(target, this.sums);
    this.sums = this.holding ? new Float64Array(2 * states) : this.sums.fill(0);
    this.windowStart = end;
  }

  /** The first generation is over: what was held back is final. */
  release(): void {
    for (const { row, sums } of this.held) this.put(row, sums);
    this.held = [];
    this.holding = false;
  }

  private put(row: Row, sums: Float64Array): void {
    if (row.length === 0) return;
    for (let place = 0; place < sums.length; place++) {
      if (place % states >= GoState.Runnable) row.values.push(this.numbers[place]!, sums[place]! / row.length);
    }
  }
}
