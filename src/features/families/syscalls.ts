/** System calls: how long, by what they are for and from where; whether they lost their processor. Section E of the feature list. */
import { type Frame, GoState, type GenerationTables } from "../../trace/model.ts";
import type { SeriesNames } from "../core/names.ts";
import { putAmount, type Row } from "../core/rows.ts";
import type { GoroutineTable } from "../state/goroutine-table.ts";
import { describeSite, StackNumbers } from "../state/sites.ts";
import { CallTotals } from "../state/call-totals.ts";
import { type SyscallClass, syscallClasses, syscallClassOf } from "../state/syscall-classes.ts";
import { QuantileSeries, Samples } from "../core/quantile-series.ts";
import { TopSites } from "./top-sites.ts";

/** Calls shorter than this are counted but not looked at by place: there are millions, and none matters. */
export const briefNanos = 100e3;

export type Outcome = { readonly samples: Samples; readonly series: QuantileSeries };

/** What a call is for, and from where. */
const describeCall = (frames: readonly Frame[]): string => `${syscallClassOf(frames)}\n${describeSite(frames)}`;
const noCall = "other";

export class SyscallKinds {
  private readonly table: GoroutineTable;
  /** Calls by what they are for and from where, numbered over the whole trace; one look-up a call. */
  readonly calls = new StackNumbers(describeCall);
  /** By call number: number of its class in {@link syscallClasses}, and its place. */
  readonly kinds: number[] = [syscallClasses.indexOf(noCall)];
  readonly sites: string[] = [""];
  /** By call number, of those that an observer wants counted. */
  readonly totals = new CallTotals();
  private readonly names: SeriesNames;
  readonly fast: Outcome;
  private readonly blocked: Outcome;
  private readonly topSites: TopSites;
  /** By class number: calls, nanoseconds, calls that lost their processor, and the series of the three. */
  readonly counts = new Float64Array(syscallClasses.length);
  readonly nanos = new Float64Array(syscallClasses.length);
  private readonly lost = new Float64Array(syscallClasses.length);
  private readonly series: { count: number; nanos: number; lost: number }[] = [];
  private readonly oldestName: number;

  constructor(table: GoroutineTable, names: SeriesNames) {
    this.table = table;
    this.names = names;
    const outcome = (ended: string): Outcome => ({
      samples: new Samples(),
      series: new QuantileSeries(names, "go_trace_syscall_duration_seconds", { ended }),
    });
    this.fast = outcome("running");
    this.blocked = outcome("blocked");
    this.topSites = new TopSites(names, "go_trace_syscall_site_seconds", this.sites, { unit: 1e9 });
    this.oldestName = names.id("go_trace_syscall_age_max_seconds");
  }

  generation(tables: GenerationTables): void {
    this.calls.generation(tables);
  }

  /** Running → Syscall. */
  begin(slot: number, stack: number): void {
    this.inside(slot, stack);
    const kind = this.table.reason[slot]!;
    this.counts[kind] = this.counts[kind]! + 1;
  }

  /** It is in a system call whose begin was not seen. */
  inside(slot: number, stack: number): void {
    const call = this.calls.of(stack);
    while (call >= this.kinds.length) {
      const [kind = noCall, site = ""] = this.calls.texts[this.kinds.length]!.split("\n");
      this.kinds.push(syscallClasses.indexOf(kind as SyscallClass));
      this.totals.admit(this.sites.push(site) - 1);
    }
    this.table.reason[slot] = this.kinds[call]!;
    this.table.site[slot] = call;
  }

  /** The call ends, in running or (its processor lost) in runnable. */
  end(slot: number, to: GoState, nanos: number, seen: boolean): void {
    if (!seen) return;
    const kind = this.table.reason[slot]!;
    this.nanos[kind] = this.nanos[kind]! + nanos;
    if (to === GoState.Running) this.fast.samples.add(nanos);
    else {
      this.blocked.samples.add(nanos);
      this.lost[kind] = this.lost[kind]! + 1;
    }
    if (nanos >= briefNanos) this.topSites.add(this.table.site[slot]!, nanos);
  }

  close(row: Row): void {
    const { table } = this;
    for (const outcome of [this.fast, this.blocked]) {
      outcome.series.put(row, outcome.samples);
      outcome.samples.clear();
    }
    for (let kind = 0; kind < syscallClasses.length; kind++) {
      if (this.counts[kind] === 0 && this.nanos[kind] === 0 && this.lost[kind] === 0) continue;
      const series = this.seriesOf(kind);
      putAmount(row, series.count, this.counts[kind]!);
      putAmount(row, series.nanos, this.nanos[kind]! / 1e9);
      putAmount(row, series.lost, this.lost[kind]!);
    }
    this.counts.fill(0);
    this.nanos.fill(0);
    this.lost.fill(0);
    this.topSites.close(row);
    let oldest = 0;
    const end = row.start + row.length;
    table.forEach((slot) => {
      if (table.state[slot] === GoState.Syscall) oldest = Math.max(oldest, end - table.since[slot]!);
    });
    putAmount(row, this.oldestName, oldest / 1e9);
  }

  private seriesOf(kind: number): { count: number; nanos: number; lost: number } {
    const found = this.series[kind];
    if (found !== undefined) return found;
    const labels = { purpose: syscallClasses[kind]! };
    return (this.series[kind] = {
      count: this.names.id("go_trace_syscalls", labels),
      nanos: this.names.id("go_trace_syscall_seconds", labels),
      lost: this.names.id("go_trace_syscalls_blocked", labels),
    });
  }
}
