/** What the table of many traces says of one of them. Fields and their units: docs/analyze.md. */
import { findingJson } from "../../features/findings.ts";
import { createSummary, type Summary } from "../../features/summary.ts";
import { isForetraceError, type ErrorCode } from "../../lib/errors.ts";
import { openBytes } from "../../sources/bytes.ts";
import type { TraceOutcome } from "../../trace/model.ts";
import { readInOne } from "../analyze.ts";
import { breakFields } from "../break-text.ts";

export type RowOptions = {
  readonly windowNanos: number;
  readonly assumeVersion: number | undefined;
  readonly salvage: boolean;
  readonly paranoid: boolean;
};

export type RowFinding = { readonly kind: string; readonly id: string; readonly severity: string; readonly cost_seconds: number };
export type RowError = { readonly code: ErrorCode; readonly message: string; readonly offset: number | null };

/** Numbers are null where they are not known. `partial`: what came before an error, or what was salvaged of it. */
export type TraceRow = {
  readonly file: string;
  readonly error: RowError | null;
  readonly partial: boolean;
  readonly version: number | null;
  readonly recorded: string | null;
  readonly seconds: number | null;
  readonly generations: number | null;
  readonly events: number | null;
  readonly goroutines: number | null;
  readonly goroutines_created: number | null;
  readonly goroutines_at_end: number | null;
  readonly gomaxprocs: number | null;
  readonly busy_share: number | null;
  readonly gc_share: number | null;
  readonly gc_cycles: number | null;
  readonly heap_most_bytes: number | null;
  readonly stopped_seconds: number | null;
  readonly stopped_longest_seconds: number | null;
  readonly runnable_mean: number | null;
  readonly sched_latency_p50_seconds: number | null;
  readonly sched_latency_p99_seconds: number | null;
  readonly sched_latency_longest_seconds: number | null;
  readonly syscalls: number | null;
  readonly findings: readonly RowFinding[];
};

const unknown: Omit<TraceRow, "file" | "error"> = {
  partial: false,
  version: null,
  recorded: null,
  seconds: null,
  generations: null,
  events: null,
  goroutines: null,
  goroutines_created: null,
  goroutines_at_end: null,
  gomaxprocs: null,
  busy_share: null,
  gc_share: null,
  gc_cycles: null,
  heap_most_bytes: null,
  stopped_seconds: null,
  stopped_longest_seconds: null,
  runnable_mean: null,
  sched_latency_p50_seconds: null,
  sched_latency_p99_seconds: null,
  sched_latency_longest_seconds: null,
  syscalls: null,
  findings: [],
};

export const failedRow = (file: string, code: ErrorCode, message: string, offset?: number): TraceRow => ({
  file,
  error: { code, message, offset: offset ?? null },
  ...unknown,
});

/** Reads one trace. What it cannot read is in the row; only defects are thrown. */
export async function readRow(file: string, options: RowOptions, progress: (bytes: number) => void): Promise<TraceRow> {
  const summary = createSummary({ windowNanos: options.windowNanos });
  try {
    const outcome = await readInOne(summary, openBytes(file, { reuse: true }), { ...options, progress }, options.assumeVersion);
    return rowOf(file, summary.finish(), outcome);
  } catch (error) {
    if (isForetraceError(error)) return failedRow(file, error.code, error.message, error.place.offset);
    throw error;
  }
}

const seconds = (nanos: number | null | undefined): number | null => (nanos === null || nanos === undefined ? null : nanos / 1e9);

function rowOf(file: string, found: Summary, outcome: TraceOutcome): TraceRow {
  const { goroutines, processors, gc, pauses, schedulingLatency, range } = found;
  const broken = breakFields(outcome).error as RowError | null;
  const error = broken === null ? null : { code: broken.code, message: broken.message, offset: broken.offset };
  if (found.version === null) return { file, error, ...unknown };
  return {
    file,
    error,
    partial: error !== null && error.code !== "trace_rule_broken" && outcome.events > 0,
    version: found.version,
    recorded: found.wallClock === null ? null : new Date(found.wallClock).toISOString(),
    seconds: range.nanos / 1e9,
    generations: found.generations,
    events: found.events,
    goroutines: goroutines.atStart + goroutines.created,
    goroutines_created: goroutines.created,
    goroutines_at_end: goroutines.atEnd,
    gomaxprocs: processors.gomaxprocs,
    busy_share: processors.availableNanos === 0 ? null : processors.busyNanos / processors.availableNanos,
    gc_share: gc.share,
    gc_cycles: gc.cycles,
    heap_most_bytes: found.heap?.most ?? null,
    stopped_seconds: pauses.reduce((sum, { totalNanos }) => sum + totalNanos, 0) / 1e9,
    stopped_longest_seconds: pauses.reduce((most, { longestNanos }) => Math.max(most, longestNanos), 0) / 1e9,
    runnable_mean: range.nanos === 0 ? null : found.runQueue.mean,
    sched_latency_p50_seconds: seconds(schedulingLatency.p50Nanos),
    sched_latency_p99_seconds: seconds(schedulingLatency.p99Nanos),
    sched_latency_longest_seconds: seconds(schedulingLatency.longest?.nanos),
    syscalls: found.syscalls.count,
    findings: found.findings.map((finding) => {
      const { kind, id, severity, cost_seconds } = findingJson(finding) as RowFinding;
      return { kind, id, severity, cost_seconds };
    }),
  };
}
