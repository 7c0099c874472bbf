/** How long a goroutine was in each state, for those that are in a region. */
import { GoState } from "../../trace/model.ts";

export type Times = ReadonlyMap<string, number>;

/** Attribute of a state; waiting has one more by reason. */
const keys: Readonly<Record<number, string>> = {
  [GoState.Running]: "go.running_ns",
  [GoState.Runnable]: "go.runnable_ns",
  [GoState.Waiting]: "go.waiting_ns",
  [GoState.Syscall]: "go.syscall_ns",
};

export class StateTimes {
  private readonly totals = new Map<string, number>();
  private state: number;
  private reason = "";
  private since: number;

  constructor(state: number, time: number) {
    this.state = state;
    this.since = time;
  }

  change(state: number, reason: string, time: number): void {
    this.settle(time);
    this.state = state;
    this.reason = reason;
  }

  /** Totals up to now. */
  snapshot(time: number): Times {
    this.settle(time);
    return new Map(this.totals);
  }

  private settle(time: number): void {
    const nanos = time - this.since;
    this.since = time;
    const key = keys[this.state];
    if (key === undefined || nanos === 0) return;
    this.add(key, nanos);
    if (this.state === GoState.Waiting && this.reason !== "") this.add(`${key}.${this.reason.replace(/\W+/g, "_")}`, nanos);
  }

  private add(key: string, nanos: number): void {
    this.totals.set(key, (this.totals.get(key) ?? 0) + nanos);
  }
}

/** What was added between two snapshots. */
export function difference(later: Times, earlier: Times): Map<string, number> {
  const out = new Map<string, number>();
  for (const [key, nanos] of later) {
    const change = nanos - (earlier.get(key) ?? 0);
    if (change > 0) out.set(key, change);
  }
  return out;
}
