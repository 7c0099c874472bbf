/** The summary against the reference summariser (real/NAME.trace.summary.json), and its rules. */
import { describe, expect, it } from "vitest";
import { createSummary, type Summary } from "../../src/features/summary.ts";
import { EventKind, GoState, type TraceVisitor } from "../../src/trace/model.ts";
import { feed, hasTraces, readReferenceSummary, tee, traceNames } from "./traces.ts";

type Range = { windowNanos?: number; from?: number; to?: number };

/** Nanoseconds in a state before a goroutine's first status. */
type Unseen = { running: number; syscall: number };

async function summarize(trace: string, options: Range = {}): Promise<{ summary: Summary; unseen: Unseen }> {
  const visitor = createSummary({ windowNanos: 1e8, ...options });
  // The reference's times begin at a goroutine's first status, ours at the first event of the trace.
  const unseen = { running: 0, syscall: 0 };
  const statuses: TraceVisitor = {
    event(kind, time, _thread, _proc, _goroutine, _stack, _id, from, to) {
      if (kind !== EventKind.GoTransition || from !== GoState.Undetermined) return;
      if (to === GoState.Running) unseen.running += time;
      else if (to === GoState.Syscall) unseen.syscall += time;
    },
  };
  await feed(trace, "reader", tee([visitor, statuses]));
  return { summary: visitor.finish(), unseen };
}

describe.skipIf(!hasTraces)("against the reference summariser", () => {
  it.each(traceNames)("%s", async (trace) => {
    const reference = readReferenceSummary(trace);
    const { summary, unseen } = await summarize(trace);
    const { kinds, goroutine_totals: all } = reference;
    const kind = (name: string): number => kinds[name] ?? 0;
    const total = (test: RegExp): number => Object.entries(kinds).reduce((sum, [name, count]) => sum + (test.test(name) ? count : 0), 0);

    expect(summary.events).toBe(reference.events);
    expect(summary.traceNanos).toBe(reference.last - reference.first);
    expect(summary.generations).toBe(kind("Sync"));
    expect(summary.goroutines).toMatchObject({ created: total(/^G NotExist->/), ended: total(/^G \w+->NotExist/) });
    expect(summary.goroutines.atStart).toBe(total(/^G Undetermined->/));
    expect(summary.syscalls).toMatchObject({ count: kind("G Running->Syscall"), lostProcessor: kind("G Syscall->Runnable") });
    expect(summary.syscalls.nanos).toBe(all.Syscall + all.SyscallBlock + unseen.syscall);
    expect(summary.processors.runningNanos).toBe(all.Exec + unseen.running);
    expect(summary.gc.cycles).toBe(kind("RangeBegin GC concurrent mark phase"));
    for (const { kind: stop, count } of summary.pauses) expect(count).toBe(kind(`RangeEnd stop-the-world (${stop})`));
    expect(summary.pauses.reduce((sum, { count }) => sum + count, 0)).toBe(total(/^RangeEnd stop-the-world/));
    expect(sumOf(summary.tasks, "begun")).toBe(kind("TaskBegin"));
    expect(sumOf(summary.regions, "begun")).toBe(kind("RegionBegin"));

    const earlier = { running: 0, syscall: 0 };
    const names = new Map(summary.functions.map((found) => [found.name, found]));
    for (const expected of reference.by_name_top60) {
      const found = names.get(expected.Name)!;
      earlier.running += found.runningNanos - expected.Exec;
      const earlierSyscall = found.syscallNanos - expected.Syscall - expected.SyscallBlock;
      // No trace here has more than one goroutine that was in a system call when it began.
      expect([0, unseen.syscall]).toContain(earlierSyscall);
      earlier.syscall += earlierSyscall;
      expect({ name: found.name, goroutines: found.goroutines, ended: found.ended }).toEqual({
        name: expected.Name,
        goroutines: expected.ID,
        ended: expected.End,
      });
      const blocked = Object.fromEntries(found.blocked.filter(({ reason }) => reason !== "").map(({ reason, nanos }) => [reason, nanos]));
      const { "": _unknown, ...reasons } = expected.Block;
      expect({ name: found.name, ...blocked }).toEqual({ name: expected.Name, ...reasons });
    }
    expect(earlier).toEqual(unseen);
  });
});

const sumOf = <K extends string>(list: readonly Readonly<Record<K, number>>[], key: K): number =>
  list.reduce((sum, item) => sum + item[key], 0);
