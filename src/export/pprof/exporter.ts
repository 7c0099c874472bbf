/**
 * How long goroutines waited, by the stack at which they began to: the profiles of `go tool trace -pprof=TYPE`.
 *
 * Rules of that tool that decide what counts: a wait must begin and end in the trace; it counts only from the moment its goroutine first ran
 * (the first wait for a processor of a new goroutine is left out), in full where the goroutine never ran.
 * Memory: one record a different stack, one number a living goroutine, one more a waiting one.
 */
import type { TraceNanos } from "../../lib/units.ts";
import { NumberTable } from "../../features/core/number-table.ts";
import { EventKind, GoState, type GenerationTables, type TraceInfo, type TraceVisitor } from "../../trace/model.ts";
import type { Exporter, ExportTarget } from "../exporter.ts";
import { Stacks } from "../stacks.ts";
import { waitRules, type ProfileKind, type WaitRule } from "./kinds.ts";
import { encodeProfile } from "./profile.ts";

type Wait = { readonly stack: number; readonly nanos: number };

export function pprofExporter(kind: ProfileKind, target: ExportTarget): Exporter {
  const waits = new Waits(waitRules[kind], target.from, target.to);
  return {
    visitor: waits,
    finish({ end }) {
      const samples = waits.samples();
      const nanos = Math.max(0, Math.min(end, target.to) - target.from);
      target.write(encodeProfile(samples, { startedAt: waits.wallClockOf(target.from), nanos }));
      return samples.length === 0 ? [`no wait of this kind (${kind}) ended in the trace: the profile is empty`] : [];
    },
  };
}

class Waits implements TraceVisitor {
  private readonly rule: WaitRule;
  private readonly from: number;
  private readonly to: number;
  private readonly stacks = new Stacks();
  private readonly counts: number[] = [];
  private readonly totals: number[] = [];
  /** By goroutine: begin of its wait, and the number of the stack; −1 = does not wait. */
  private readonly since = new NumberTable(-1);
  private readonly at = new NumberTable(0);
  /** Goroutines that have not run yet, with the waits that count only if they never do. */
  private readonly neverRan = new Map<number, Wait[]>();
  private readonly reasonCounts = new Map<number, boolean>();
  private tables: GenerationTables | undefined;
  private wallAtOrigin: bigint | undefined;
  private info: TraceInfo | undefined;

  constructor(rule: WaitRule, from: number, to: number) {
    this.rule = rule;
    this.from = from;
    this.to = to;
  }

  start(info: TraceInfo): void {
    this.info = info;
  }

  generation(tables: GenerationTables): void {
    this.tables = tables;
    this.stacks.generation(tables);
    this.reasonCounts.clear();
    if (tables.clock !== undefined && this.info !== undefined)
      this.wallAtOrigin ??= tables.clock.wall - (tables.clock.trace - this.info.origin);
  }

  event(
    kind: EventKind,
    time: TraceNanos,
    _thread: number,
    _proc: number,
    _goroutine: number,
    stack: number,
    id: number,
    from: number,
    state: number,
    reason: number,
  ): void {
    if (kind !== EventKind.GoTransition) return;
    if (from !== state && (from === GoState.NotExist || from === GoState.Undetermined)) this.neverRan.set(id, []);
    const since = this.since.get(id);
    if (since < 0) {
      if (state === this.rule.state && this.countsReason(reason)) {
        this.since.set(id, time);
        this.at.set(id, this.stacks.of(stack));
      }
    } else if (state !== this.rule.state) {
      const at = this.at.get(id);
      this.since.remove(id);
      this.at.remove(id);
      this.add(id, at, Math.min(time, this.to) - Math.max(since, this.from));
    }
    if (from === state) return;
    if (state === GoState.Running) this.neverRan.delete(id);
    else if (state === GoState.NotExist) this.settle(id);
  }

  /** The goroutine will not run any more. */
  private settle(goroutine: number): void {
    for (const { stack, nanos } of this.neverRan.get(goroutine) ?? []) this.record(stack, nanos);
    this.neverRan.delete(goroutine);
  }

  private add(goroutine: number, stack: number, nanos: number): void {
    if (nanos <= 0) return;
    const pending = this.neverRan.get(goroutine);
    if (pending !== undefined) pending.push({ stack, nanos });
    else this.record(stack, nanos);
  }

  private record(stack: number, nanos: number): void {
    this.counts[stack] = (this.counts[stack] ?? 0) + 1;
    this.totals[stack] = (this.totals[stack] ?? 0) + nanos;
  }

  private countsReason(id: number): boolean {
    const { reason } = this.rule;
    if (reason === undefined) return true;
    let counts = this.reasonCounts.get(id);
    if (counts === undefined) {
      counts = reason(this.tables!.string(id));
      this.reasonCounts.set(id, counts);
    }
    return counts;
  }

  /** Longest first. */
  samples(): { frames: Stacks["frames"][number]; count: number; nanos: number }[] {
    for (const goroutine of this.neverRan.keys()) this.settle(goroutine);
    const found: { frames: Stacks["frames"][number]; count: number; nanos: number }[] = [];
    this.counts.forEach((count, stack) => found.push({ frames: this.stacks.frames[stack]!, count, nanos: this.totals[stack]! }));
    return found.toSorted((one, two) => two.nanos - one.nanos);
  }

  /** Nanoseconds since 1970 of a moment of the trace; undefined where the trace does not know. */
  wallClockOf(nanos: number): bigint | undefined {
    return this.wallAtOrigin === undefined ? undefined : this.wallAtOrigin + BigInt(Math.round(nanos));
  }
}
