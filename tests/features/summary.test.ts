/** The summary against the reference summariser (real/NAME.trace.summary.json), and its rules. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createSummary, type Summary } from "../../src/features/summary.ts";
import { EventKind, GoState, type TraceVisitor } from "../../src/trace/model.ts";
import { readTrace } from "../../src/trace/read.ts";
import { sharedDir } from "../helpers/shared.ts";
import { readReferenceEvents, replay } from "./reference-events.ts";

type Totals = {
  readonly ID: number;
  readonly Name: string;
  readonly Exec: number;
  readonly SchedWait: number;
  readonly Syscall: number;
  readonly SyscallBlock: number;
  readonly End: number;
  readonly Block: Readonly<Record<string, number>>;
};
type Reference = {
  readonly header: string;
  readonly events: number;
  readonly first: number;
  readonly last: number;
  readonly kinds: Readonly<Record<string, number>>;
  readonly by_name_top60: readonly Totals[];
  readonly goroutine_totals: Totals;
};

const real = join(sharedDir ?? "/absent", "traces", "real");
const files = sharedDir === undefined ? [] : readdirSync(real).filter((name) => name.endsWith(".summary.json"));
const references = files.map((file): [string, Reference] => [file.replace(".summary.json", ""), JSON.parse(readFileSync(join(real, file), "utf8")) as Reference]);
const readable = references.filter(([, { header }]) => /^go 1\.2[2-9]/.test(header));

type Range = { windowNanos?: number; from?: number; to?: number };

async function summarize(trace: string, options: Range = {}): Promise<{ summary: Summary; unseen: number }> {
  const visitor = createSummary({ windowNanos: 1e8, ...options });
  // The reference's times begin at a goroutine's first status, ours at the first event of the trace.
  let unseen = 0;
  const event: TraceVisitor["event"] = (...call) => {
    const [kind, time, , , , , , from, to] = call;
    if (kind === EventKind.GoTransition && from === GoState.Undetermined && to === GoState.Running) unseen += time;
    visitor.event(...call);
  };
  await readTrace([readFileSync(join(real, trace))], {
    start: (info) => visitor.start?.(info),
    generation: (tables) => visitor.generation?.(tables),
    event,
  });
  return { summary: visitor.finish(), unseen };
}

describe.skipIf(sharedDir === undefined)("against the reference summariser", () => {
  it.each(readable)("%s", async (trace, reference) => {
    const { summary, unseen } = await summarize(trace);
    const { kinds, goroutine_totals: all } = reference;
    const kind = (name: string): number => kinds[name] ?? 0;
    const total = (test: RegExp): number =>
      Object.entries(kinds).reduce((sum, [name, count]) => sum + (test.test(name) ? count : 0), 0);

    expect(summary.events).toBe(reference.events);
    expect(summary.traceNanos).toBe(reference.last - reference.first);
    expect(summary.generations).toBe(kind("Sync"));
    expect(summary.goroutines).toMatchObject({ created: total(/^G NotExist->/), ended: total(/^G \w+->NotExist/) });
    expect(summary.goroutines.atStart).toBe(total(/^G Undetermined->/));
    expect(summary.syscalls).toMatchObject({ count: kind("G Running->Syscall"), lostProcessor: kind("G Syscall->Runnable") });
    expect(summary.syscalls.nanos).toBe(all.Syscall + all.SyscallBlock);
    expect(summary.processors.runningNanos).toBe(all.Exec + unseen);
    expect(summary.gc.cycles).toBe(kind("RangeBegin GC concurrent mark phase"));
    for (const { kind: stop, count } of summary.pauses) expect(count).toBe(kind(`RangeEnd stop-the-world (${stop})`));
    expect(summary.pauses.reduce((sum, { count }) => sum + count, 0)).toBe(total(/^RangeEnd stop-the-world/));
    expect(sumOf(summary.tasks, "begun")).toBe(kind("TaskBegin"));
    expect(sumOf(summary.regions, "begun")).toBe(kind("RegionBegin"));

    let earlier = 0;
    const names = new Map(summary.functions.map((found) => [found.name, found]));
    for (const expected of reference.by_name_top60) {
      const found = names.get(expected.Name)!;
      expect(found, expected.Name).toBeDefined();
      expect(found.goroutines, expected.Name).toBe(expected.ID);
      earlier += found.runningNanos - expected.Exec;
      expect({ name: found.name, syscall: found.syscallNanos, ended: found.ended }).toEqual({
        name: expected.Name,
        syscall: expected.Syscall + expected.SyscallBlock,
        ended: expected.End,
      });
      const blocked = Object.fromEntries(found.blocked.filter(({ reason }) => reason !== "").map(({ reason, nanos }) => [reason, nanos]));
      const { "": _unknown, ...reasons } = expected.Block;
      expect(blocked, expected.Name).toEqual(reasons);
    }
    expect(earlier).toBe(unseen);
  });
});

const sumOf = <K extends string>(list: readonly Readonly<Record<K, number>>[], key: K): number => list.reduce((sum, item) => sum + item[key], 0);

void replay;
void readReferenceEvents;
