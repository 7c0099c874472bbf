/** System calls: how many, and how many lost their processor. Their time comes from the goroutine states. */
import { GoState } from "../../trace/model.ts";
import type { SeriesNames } from "./names.ts";
import { putAmount, type Family, type Row } from "./rows.ts";

export class Syscalls implements Family {
  private readonly callsName: number;
  private readonly blockedName: number;
  calls = 0;
  private blocked = 0;

  constructor(names: SeriesNames) {
    this.callsName = names.id("go_trace_syscalls");
    this.blockedName = names.id("go_trace_syscalls_blocked");
  }

  transition(from: number, to: number): void {
    if (from === GoState.Running && to === GoState.Syscall) this.calls++;
    else if (from === GoState.Syscall && to === GoState.Runnable) this.blocked++;
  }

  close(row: Row): void {
    putAmount(row, this.callsName, this.calls);
    putAmount(row, this.blockedName, this.blocked);
    this.calls = 0;
    this.blocked = 0;
  }
}
