/** The state that the wide series keep once, and the families that are told of its changes. */
import type { GenerationTables } from "../../trace/model.ts";
import { SeriesNames } from "../core/names.ts";
import { Blocking } from "../families/blocking.ts";
import { Collector } from "../families/collector.ts";
import { IdleWork } from "../families/idle-work.ts";
import { Memory } from "../families/memory.ts";
import { Population } from "../families/population.ts";
import { Processors } from "../families/processors.ts";
import { Scheduling } from "../families/scheduling.ts";
import { StateTimes } from "../families/state-times.ts";
import { SyscallKinds } from "../families/syscalls.ts";
import { Threads } from "../families/threads.ts";
import { GoroutineNames } from "../goroutine-names.ts";
import { GoroutineTable } from "../state/goroutine-table.ts";
import { lockKindOf } from "../state/lock-kinds.ts";
import { Reasons } from "../state/reasons.ts";
import { describeSite, StackNumbers } from "../state/sites.ts";

export class WideFamilies {
  readonly names = new SeriesNames();
  readonly table = new GoroutineTable();
  readonly reasons = new Reasons();
  readonly goroutineNames = new GoroutineNames();
  readonly sites = new StackNumbers(describeSite);
  readonly locks = new StackNumbers(lockKindOf);
  /** Closed apart from the others: its rows may be held back. */
  readonly times = new StateTimes(this.table, this.names);
  readonly population = new Population(this.table, this.names);
  readonly scheduling = new Scheduling(this.table, this.names);
  readonly idleWork = new IdleWork(this.names);
  readonly procs = new Processors(this.names);
  readonly threads = new Threads(this.names);
  readonly blocking = new Blocking(this.table, this.reasons, this.sites, this.locks, this.names);
  readonly syscalls = new SyscallKinds(this.table, this.names);
  readonly collector = new Collector(this.table, this.names);
  readonly memory = new Memory(this.names);
  /** In the order of their values in a row. */
  readonly all = [
    this.population,
    this.scheduling,
    this.idleWork,
    this.procs,
    this.threads,
    this.blocking,
    this.syscalls,
    this.collector,
    this.memory,
  ];

  generation(tables: GenerationTables): void {
    this.goroutineNames.generation(tables);
    this.reasons.generation(tables);
    this.sites.generation(tables);
    this.locks.generation(tables);
    this.syscalls.generation(tables);
    this.collector.generation(tables);
  }
}
