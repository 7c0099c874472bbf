/**
 * Goroutines by the function they run: how many, and what they did with their time.
 *
 * A goroutine that existed before the trace may be named only later; until then it has a group of its own, which is merged into its function's.
 * Memory: one group a function name and one small record a living goroutine.
 *
 * A goroutine's turns on a processor are added where they end, less the system calls in them: those come by the million, and cost one addition.
 */
import { GoState, type GenerationTables } from "../../trace/model.ts";
import { isSystemGoroutine, unnamed } from "../goroutine-names.ts";
import type { Change } from "../state/change.ts";
import type { Observed } from "../wide/observer.ts";
import { BlockSites } from "./block-sites.ts";
import { LogHistogram } from "./log-histogram.ts";
import type { Scope } from "./scope.ts";

export class Group {
  readonly name: string;
  /** Goroutines that lived at some time inside the range; of them created and ended in it. Counted when they leave. */
  seen = 0;
  created = 0;
  ended = 0;
  running = 0;
  runnable = 0;
  syscall = 0;
  /** Nanoseconds and number of waits by reason number. */
  readonly waitNanos: number[] = [];
  readonly waitCounts: number[] = [];

  /** Of the runtime or the tracer, or not known. */
  readonly system: boolean;

  constructor(name: string) {
    this.name = name;
    this.system = isSystemGoroutine(name);
  }

  addWait(reason: number, nanos: number, count: number): void {
    this.waitNanos[reason] = (this.waitNanos[reason] ?? 0) + nanos;
    this.waitCounts[reason] = (this.waitCounts[reason] ?? 0) + count;
  }

  merge(other: Group): void {
    this.seen += other.seen;
    this.created += other.created;
    this.ended += other.ended;
    this.running += other.running;
    this.runnable += other.runnable;
    this.syscall += other.syscall;
    other.waitNanos.forEach((nanos, reason) => this.addWait(reason, nanos, other.waitCounts[reason]!));
  }
}

/** A stay in runnable; goroutine -1 = there was none. */
export type LongestWait = { nanos: number; start: number; goroutine: number; name: string };

export class GoroutineGroups {
  readonly sites = new BlockSites();
  /**
   * Longest stay in runnable, of the program's own goroutines, that began with a seen transition; it counts where it ends.
   * The runtime's are left out: its sweeper yields all the time and has no hurry.
   */
  readonly longest: LongestWait = { nanos: 0, start: 0, goroutine: -1, name: "" };
  /** Lengths of those stays. */
  readonly latency = new LogHistogram();
  /** Time in which goroutines ran while they assisted the garbage collector. */
  assistRunning = 0;
  private readonly scope: Scope;
  private readonly observed: Observed;
  private readonly byName: (Group | undefined)[] = [];
  /** By slot of the shared table. */
  private readonly group: Group[] = [];
  private readonly named: boolean[] = [];
  /** Begin of the turn on a processor; NaN when there is none. System calls in it so far. */
  private turn = new Float64Array(256).fill(Number.NaN);
  private calls = new Float64Array(256);
  /** Site of a wait. */
  private readonly site: number[] = [];
  /** Goroutines that never had a name. */
  private readonly anonymous = new Group("");
  /** Goroutines in a mark assist: id → since when. */
  private readonly assists = new Map<number, number>();

  constructor(scope: Scope, observed: Observed) {
    this.scope = scope;
    this.observed = observed;
  }

  generation(tables: GenerationTables): void {
    this.sites.generation(tables);
  }

  /** A goroutine that was there before the trace says what it does. */
  existed(slot: number): void {
    const { table } = this.observed;
    this.add(slot);
    const state = table.state[slot];
    if (state === GoState.Running) this.turn[slot] = table.since[slot]!;
    else if (state === GoState.Waiting) this.site[slot] = this.sites.of(0, 0);
  }

  change(change: Change): void {
    const { slot, from, to, time } = change;
    const { table } = this.observed;
    if (from === GoState.NotExist || from === GoState.Undetermined) {
      this.add(slot);
      if (table.born[slot] === time && this.scope.has(time)) this.group[slot]!.created++;
    } else {
      this.addCalls(slot);
      if (!this.named[slot] && table.name[slot] !== unnamed) this.name(slot);
      this.leave(slot, from, table.since[slot]!, time);
      if (from === GoState.Runnable && to === GoState.Running && change.seen) this.ran(slot, time);
    }
    switch (to) {
      case GoState.NotExist:
        if (this.scope.has(time)) this.group[slot]!.ended++;
        this.remove(slot, time);
        break;
      case GoState.Running:
        this.turn[slot] = time;
        this.calls[slot] = 0;
        break;
      case GoState.Waiting:
        this.site[slot] = this.wait(slot, from === GoState.Running, change.reasonId, change.ownStack, time);
        break;
    }
  }

  /** The brief system calls since the last change. */
  private addCalls(slot: number): void {
    const nanos = this.observed.table.calling[slot]!;
    this.group[slot]!.syscall += nanos;
    this.calls[slot]! += nanos;
  }

  /** A system call that kept its processor and was not brief. */
  syscall(slot: number, since: number, time: number): void {
    const nanos = this.scope.overlap(since, time);
    this.group[slot]!.syscall += nanos;
    if (Number.isNaN(this.turn[slot]!)) {
      this.turn[slot] = time;
      this.calls[slot] = 0;
    } else this.calls[slot]! += nanos;
  }

  /** Ends all stays at the last event and gives the groups, those without a name as one. */
  finish(end: number): Group[] {
    const { table } = this.observed;
    table.forEach((slot) => {
      this.addCalls(slot);
      if (!this.named[slot] && table.name[slot] !== unnamed) this.name(slot);
      this.leave(slot, table.state[slot]! as GoState, table.since[slot]!, end);
      this.remove(slot, end);
    });
    return [...this.byName, this.anonymous].filter((group) => group !== undefined && group.seen > 0) as Group[];
  }

  assistBegin(id: number, time: number): void {
    if (!this.assists.has(id)) this.assists.set(id, time);
  }

  assistEnd(id: number, time: number): void {
    const { table } = this.observed;
    const slot = table.find(id);
    if (slot >= 0 && table.state[slot] === GoState.Running) this.assisted(id, table.since[slot]!, time);
    this.assists.delete(id);
  }

  private add(slot: number): void {
    if (slot >= this.turn.length) {
      const length = 2 ** Math.ceil(Math.log2(slot + 1));
      const [turn, calls] = [new Float64Array(length).fill(Number.NaN), new Float64Array(length)];
      turn.set(this.turn);
      calls.set(this.calls);
      this.turn = turn;
      this.calls = calls;
    }
    this.turn[slot] = Number.NaN;
    this.calls[slot] = 0;
    const name = this.observed.table.name[slot]!;
    this.named[slot] = name !== unnamed;
    this.group[slot] = name === unnamed ? new Group("") : this.groupOf(name);
  }

  private remove(slot: number, time: number): void {
    const { table } = this.observed;
    const born = table.born[slot]!;
    // One that was there before the trace, in whose first generation it told so, lived since its beginning.
    if (!(born >= this.scope.to) && time >= this.scope.from) this.group[slot]!.seen++;
    if (!this.named[slot]) this.anonymous.merge(this.group[slot]!);
    if (this.assists.size > 0) this.assists.delete(table.id[slot]!);
  }

  private name(slot: number): void {
    const group = this.groupOf(this.observed.table.name[slot]!);
    group.merge(this.group[slot]!);
    this.group[slot] = group;
    this.named[slot] = true;
  }

  private groupOf(name: number): Group {
    return (this.byName[name] ??= new Group(this.observed.names.texts[name]!));
  }

  /** Begins a wait; the number of its site. */
  private wait(slot: number, seen: boolean, reasonId: number, stack: number, time: number): number {
    const site = this.sites.of(seen ? reasonId : 0, stack);
    if (seen && this.scope.has(time)) {
      this.sites.sites[site]!.count++;
      this.group[slot]!.addWait(this.sites.reasonOf(site), 0, 1);
    }
    return site;
  }

  private assisted(id: number, since: number, time: number): void {
    const begin = this.assists.get(id);
    if (begin !== undefined) this.assistRunning += this.scope.overlap(Math.max(begin, since), time);
  }

  private leave(slot: number, state: GoState, since: number, time: number): void {
    const { scope } = this;
    const group = this.group[slot]!;
    switch (state) {
      case GoState.Running:
        group.running += this.ownTime(slot, time);
        if (this.assists.size > 0) this.assisted(this.observed.table.id[slot]!, since, time);
        break;
      case GoState.Runnable:
        group.runnable += scope.overlap(since, time);
        break;
      case GoState.Syscall:
        group.running += this.ownTime(slot, since);
        group.syscall += scope.overlap(since, time);
        break;
      case GoState.Waiting: {
        const nanos = scope.overlap(since, time);
        const site = this.site[slot]!;
        this.sites.sites[site]!.nanos += nanos;
        group.addWait(this.sites.reasonOf(site), nanos, 0);
        break;
      }
    }
  }

  /** The turn up to `time`, less the system calls in it. */
  private ownTime(slot: number, time: number): number {
    const turn = this.turn[slot]!;
    this.turn[slot] = Number.NaN;
    return Number.isNaN(turn) ? 0 : this.scope.overlap(turn, time) - this.calls[slot]!;
  }

  private ran(slot: number, time: number): void {
    const { system, name } = this.group[slot]!;
    if (system || !this.scope.has(time)) return;
    const since = this.observed.table.since[slot]!;
    const nanos = time - since;
    this.latency.add(nanos);
    if (nanos <= this.longest.nanos) return;
    this.longest.nanos = nanos;
    this.longest.start = since;
    this.longest.goroutine = this.observed.table.id[slot]!;
    this.longest.name = name;
  }
}
