/**
 * Goroutines by the function they run: how many, and what they did with their time.
 *
 * A goroutine that existed before the trace may be named only later; until then it has a group of its own, which is merged into its function's.
 * Memory: one group a function name and one small record a living goroutine.
 */
import { GoState, type GenerationTables } from "../../trace/model.ts";
import { NumberTable } from "../core/number-table.ts";
import { GoroutineNames, isSystemGoroutine, unnamed } from "../goroutine-names.ts";
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

const unknownBegin = 0;
const seenBegin = 1;

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
  private readonly names = new GoroutineNames();
  private readonly byName: (Group | undefined)[] = [];
  /** Living goroutines: id → slot of the arrays below. */
  private readonly slots = new NumberTable(-1);
  private readonly free: number[] = [];
  private readonly group: Group[] = [];
  private readonly named: boolean[] = [];
  private readonly state: number[] = [];
  private readonly since: number[] = [];
  private readonly born: number[] = [];
  /** {@link seenBegin} or {@link unknownBegin} of a stay in runnable; site of a wait. */
  private readonly detail: number[] = [];
  /** Goroutines that never had a name. */
  private readonly anonymous = new Group("");
  /** Goroutines in a mark assist: id → since when. */
  private readonly assists = new Map<number, number>();

  constructor(scope: Scope) {
    this.scope = scope;
  }

  generation(tables: GenerationTables): void {
    this.names.generation(tables);
    this.sites.generation(tables);
  }

  transition(id: number, from: number, to: number, reasonId: number, stack: number, time: number, firstGeneration: boolean): void {
    if (from === to) return;
    let slot = this.slots.get(id);
    if (slot < 0) {
      slot = this.add(id, stack);
      this.born[slot] = from === GoState.Undetermined && firstGeneration ? 0 : time;
      this.since[slot] = this.born[slot]!;
      if (from === GoState.NotExist && this.scope.has(time)) this.group[slot]!.created++;
    } else {
      if (stack !== 0 && !this.named[slot]) this.name(slot, stack);
      this.leave(slot, id, time);
      if (from === GoState.Runnable && to === GoState.Running && this.detail[slot] === seenBegin) this.ran(slot, id, time);
      this.since[slot] = time;
    }
    if (to === GoState.NotExist) {
      if (this.scope.has(time)) this.group[slot]!.ended++;
      this.remove(slot, id, time);
      return;
    }
    this.state[slot] = to;
    if (to === GoState.Runnable) this.detail[slot] = from === GoState.Undetermined ? unknownBegin : seenBegin;
    else if (to === GoState.Waiting) this.detail[slot] = this.wait(slot, from === GoState.Running, reasonId, stack, time);
  }

  /** Ends all stays at the last event and gives the groups, those without a name as one. */
  finish(end: number): Group[] {
    const ids: number[] = [];
    this.slots.forEach((_slot, id) => ids.push(id));
    for (const id of ids) {
      const slot = this.slots.get(id);
      this.leave(slot, id, end);
      this.remove(slot, id, end);
    }
    return [...this.byName, this.anonymous].filter((group) => group !== undefined && group.seen > 0) as Group[];
  }

  private add(id: number, stack: number): number {
    const slot = this.free.pop() ?? this.group.length;
    this.slots.set(id, slot);
    const known = this.groupOf(stack);
    this.named[slot] = known !== undefined;
    this.group[slot] = known ?? new Group("");
    return slot;
  }

  private remove(slot: number, id: number, time: number): void {
    if (this.born[slot]! < this.scope.to && time >= this.scope.from) this.group[slot]!.seen++;
    if (!this.named[slot]) this.anonymous.merge(this.group[slot]!);
    this.slots.remove(id);
    this.assists.delete(id);
    this.free.push(slot);
  }

  private groupOf(stack: number): Group | undefined {
    const name = this.names.ofStack(stack);
    return name === unnamed ? undefined : (this.byName[name] ??= new Group(this.names.texts[name]!));
  }

  private name(slot: number, stack: number): void {
    const group = this.groupOf(stack);
    if (group === undefined) return;
    const before = this.group[slot]!;
    group.merge(before);
    this.group[slot] = group;
    this.named[slot] = true;
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

  assistBegin(id: number, time: number): void {
    if (!this.assists.has(id)) this.assists.set(id, time);
  }

  assistEnd(id: number, time: number): void {
    const slot = this.slots.get(id);
    if (slot >= 0 && this.state[slot] === GoState.Running) this.assisted(slot, id, time);
    this.assists.delete(id);
  }

  private assisted(slot: number, id: number, time: number): void {
    const begin = this.assists.get(id);
    if (begin !== undefined) this.assistRunning += this.scope.overlap(Math.max(begin, this.since[slot]!), time);
  }

  private leave(slot: number, id: number, time: number): void {
    const nanos = this.scope.overlap(this.since[slot]!, time);
    if (nanos === 0) return;
    const group = this.group[slot]!;
    switch (this.state[slot]) {
      case GoState.Running:
        group.running += nanos;
        if (this.assists.size > 0) this.assisted(slot, id, time);
        break;
      case GoState.Runnable:
        group.runnable += nanos;
        break;
      case GoState.Syscall:
        group.syscall += nanos;
        break;
      case GoState.Waiting: {
        const site = this.detail[slot]!;
        this.sites.sites[site]!.nanos += nanos;
        group.addWait(this.sites.reasonOf(site), nanos, 0);
        break;
      }
    }
  }

  private ran(slot: number, id: number, time: number): void {
    const { system, name } = this.group[slot]!;
    if (system || !this.scope.has(time)) return;
    const nanos = time - this.since[slot]!;
    this.latency.add(nanos);
    if (nanos <= this.longest.nanos) return;
    this.longest.nanos = nanos;
    this.longest.start = this.since[slot]!;
    this.longest.goroutine = id;
    this.longest.name = name;
  }
}
