/** What a change of a goroutine's state means: for the table of goroutines, for each family, and for the observer. */
import { GoState } from "../../trace/model.ts";
import { isSystemGoroutine, unnamed } from "../goroutine-names.ts";
import { Change } from "../state/change.ts";
import { GoScope, ReadyCause } from "../state/goroutine-table.ts";
import type { WideFamilies } from "./families.ts";
import type { Observer } from "./observer.ts";

export class Transitions {
  /** What the event at hand says; filled in by the caller of {@link take}. */
  readonly change = new Change();
  firstGeneration = true;
  /** Whether the open window lies in the observer's range. */
  counting = false;
  private readonly families: WideFamilies;
  private readonly observer: Observer | undefined;
  /** By name number. */
  private readonly systemNames: boolean[] = [true];

  constructor(families: WideFamilies, observer: Observer | undefined) {
    this.families = families;
    this.observer = observer;
  }

  /** A window begins. */
  open(start: number): void {
    const { observer } = this;
    this.counting = observer !== undefined && start >= observer.range.from && start < observer.range.to;
  }

  /** `change` holds what the event says of the goroutine `id`, in the context of `goroutine`. */
  take(id: number, goroutine: number): void {
    const { change } = this;
    const { table, times, procs, syscalls, collector, reasons } = this.families;
    const { time, proc, stack, ownStack, from, to } = change;
    let slot = table.find(id);
    if (slot < 0) {
      if (to === GoState.NotExist) return;
      slot = table.add(id);
      if (from === GoState.Undetermined) {
        this.existed(slot, to, time, ownStack, proc);
        return;
      }
      if (from === GoState.NotExist) this.created(slot, goroutine, stack, ownStack, time);
      // Any other is a contradiction, which a salvaged trace may hold: it is known from here on.
      table.since[slot] = time;
    }
    const since = table.since[slot]!;
    const before = table.state[slot]! as GoState;
    const scope = table.scope[slot]!;
    const seen = table.seen[slot] !== 0;
    let begins = 1;
    if (before !== GoState.Undetermined) times.stay(scope, before, since, time);
    if (before === GoState.Running && to === GoState.Syscall) {
      if (ownStack !== 0 && table.name[slot] === unnamed) this.name(slot, ownStack);
      if (proc >= 0) procs.enterSyscall(proc, time);
      syscalls.begin(slot, stack !== 0 ? stack : ownStack);
      collector.rested(slot, time);
      begins = 2;
    } else if (before === GoState.Syscall && to === GoState.Running) {
      if (proc >= 0) procs.exitSyscall(proc, time);
      syscalls.end(slot, to, time - since, seen);
      collector.ran(slot, time);
      if (seen && this.counting) syscalls.totals.add(table, slot, time - Math.max(since, this.observer!.range.from), time);
      this.observer?.syscall(slot, since, time, seen);
    } else {
      change.slot = slot;
      // One that was just created has no state yet.
      change.from = from === GoState.NotExist ? from : before;
      change.scope = scope;
      change.nanos = time - since;
      change.seen = seen;
      change.by = goroutine < 0 || goroutine === id ? -1 : table.find(goroutine);
      change.reason = reasons.ofId(change.reasonId);
      if (ownStack !== 0 && table.name[slot] === unnamed) this.name(slot, ownStack);
      this.rare();
    }
    table.since[slot] = time;
    table.seen[slot] = begins;
    if (to === GoState.NotExist) table.remove(slot);
    else table.state[slot] = to;
  }

  /** All changes but the begin of a system call and its return to running. */
  private rare(): void {
    const { change } = this;
    const { table, reasons, idleWork, scheduling, collector, procs, blocking, syscalls, population } = this.families;
    const { slot, from, to, time, scope } = change;
    if (this.observer !== undefined) {
      this.observer.change(change);
      table.calling[slot] = 0;
    }
    idleWork.goroutine(from, to, time);
    let cause: ReadyCause = ReadyCause.Unknown;
    switch (from) {
      case GoState.Running: {
        scheduling.stop(slot, scope, time);
        collector.rested(slot, time);
        const yielded = change.reason === reasons.yielded || change.reason === reasons.yieldedOnce;
        if (yielded) scheduling.yield();
        else if (change.reason === reasons.preempted) scheduling.preempt(to);
        cause = yielded ? ReadyCause.Yield : ReadyCause.Preempt;
        break;
      }
      case GoState.Runnable:
        if (to === GoState.Running) {
          scheduling.start(change);
          table.runs[slot]!++;
          table.proc[slot] = change.proc;
          table.thread[slot] = change.thread;
          table.slice[slot] = time;
          if (change.proc >= 0) procs.ran(change.proc, time);
        }
        break;
      case GoState.Waiting:
        blocking.end(change);
        cause = change.by >= 0 ? ReadyCause.Unblock : ReadyCause.Wake;
        break;
      case GoState.Syscall:
        syscalls.end(slot, to, change.nanos, change.seen);
        if (change.seen && this.counting && to !== GoState.NotExist)
          syscalls.totals.addLost(table, slot, Math.min(change.nanos, time - this.observer!.range.from), time);
        scheduling.stop(slot, scope, time - change.nanos);
        cause = ReadyCause.Syscall;
        break;
      case GoState.Undetermined:
      case GoState.NotExist:
        population.create(change);
        cause = ReadyCause.Create;
        break;
    }
    switch (to) {
      case GoState.Runnable:
        table.cause[slot] = cause;
        // Who yields goes to the global queue, who is woken without a processor at hand as well.
        table.readyProc[slot] = cause === ReadyCause.Yield ? -1 : change.proc;
        break;
      case GoState.Running:
        collector.ran(slot, time);
        break;
      case GoState.Waiting:
        blocking.begin(slot, from === GoState.Running ? change.reason : reasons.none, change.ownStack);
        table.slice[slot] = Number.NaN;
        break;
      case GoState.Syscall:
        syscalls.begin(slot, change.stack !== 0 ? change.stack : change.ownStack);
        break;
      case GoState.NotExist:
        population.end(change);
        break;
    }
  }

  /** First word of a goroutine that existed before the trace (or, in a later generation, of one that a damaged part hid). */
  private existed(slot: number, state: GoState, time: number, stack: number, proc: number): void {
    const { table, times, idleWork, blocking, syscalls, reasons } = this.families;
    this.name(slot, stack);
    table.state[slot] = state;
    table.since[slot] = this.firstGeneration ? 0 : time;
    if (this.firstGeneration) times.existed(table.scope[slot]!, state);
    idleWork.goroutine(GoState.Undetermined, state, time);
    if (state === GoState.Waiting) blocking.begin(slot, reasons.none, stack);
    else if (state === GoState.Running) table.proc[slot] = proc;
    else if (state === GoState.Syscall) syscalls.inside(slot, stack);
    this.observer?.existed(slot, time);
  }

  private created(slot: number, creator: number, stack: number, ownStack: number, time: number): void {
    const { table, sites } = this.families;
    table.born[slot] = time;
    table.origin[slot] = sites.of(stack);
    this.name(slot, ownStack);
    const parent = creator < 0 ? -1 : table.find(creator);
    if (parent >= 0) table.depth[slot] = table.depth[parent]! + 1;
  }

  /** A status has brought the goroutine's stack. */
  nameBy(id: number, stack: number): void {
    const { table } = this.families;
    const slot = table.find(id);
    if (slot >= 0 && table.name[slot] === unnamed) this.name(slot, stack);
  }

  private name(slot: number, stack: number): void {
    const { table, goroutineNames } = this.families;
    const name = goroutineNames.ofStack(stack);
    if (name === unnamed) return;
    table.name[slot] = name;
    const system = (this.systemNames[name] ??= isSystemGoroutine(goroutineNames.texts[name]!));
    table.scope[slot] = system ? GoScope.System : GoScope.User;
  }
}
