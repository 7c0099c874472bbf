/**
 * What looks wrong in a summary: a short list of rules with fixed thresholds, each with the numbers it was decided by.
 * They are symptoms, worst first, not proofs; docs/findings.md lists the rules from {@link findingRules}.
 */
import { formatDuration, formatNumber } from "../lib/units.ts";
import { shortFunction } from "./goroutine-names.ts";
import type { BlockSite } from "./summary/block-sites.ts";
import type { FunctionSummary, Summary } from "./summary.ts";

export type FindingId =
  | "run_queue_saturated"
  | "idle_while_runnable"
  | "long_scheduling_latency"
  | "long_stop_the_world"
  | "gc_share_high"
  | "assists_high"
  | "mutex_contention"
  | "senders_wait"
  | "goroutines_pile_up"
  | "syscalls_lose_processor"
  | "mostly_idle";

export type Finding = {
  readonly id: FindingId;
  /** `problem` wants a look; `note` explains the rest of the numbers. */
  readonly severity: "problem" | "note";
  readonly title: string;
  /** One or two sentences with the evidence, for people. */
  readonly text: string;
  /** The same numbers for programs. */
  readonly evidence: Readonly<Record<string, number | string>>;
  /** Where to look, in trace nanoseconds. */
  readonly range: { readonly start: number; readonly nanos: number } | null;
};

type Numbers = Omit<Summary, "findings">;
type Rule = {
  readonly id: FindingId;
  readonly severity: Finding["severity"];
  readonly title: string;
  /** The condition in words, with its threshold. */
  readonly when: string;
  /** Undefined = the condition does not hold. */
  readonly check: (numbers: Numbers) => (Pick<Finding, "text" | "evidence"> & { range?: Finding["range"] }) | undefined;
};

const millis = 1e6;
const percent = (share: number): string => `${formatNumber(share * 100)} %`;
const busyShare = ({ processors }: Numbers): number => processors.busyNanos / processors.availableNanos;
const processorsOf = ({ processors, range }: Numbers): number => processors.availableNanos / range.nanos;

export const findingRules: readonly Rule[] = [
  {
    id: "run_queue_saturated",
    severity: "problem",
    title: "More work than processors",
    when: "on average at least 2 goroutines runnable for each processor, and the processors at least 80 % busy",
    check(numbers) {
      const { runQueue, schedulingLatency } = numbers;
      const perProcessor = runQueue.mean / processorsOf(numbers);
      if (!(perProcessor >= 2 && busyShare(numbers) >= 0.8)) return undefined;
      const { p99Nanos, longest } = schedulingLatency;
      const wait =
        p99Nanos !== null && p99Nanos >= millis
          ? ` Once runnable, 1 in 100 waited ${formatDuration(p99Nanos)} or longer to run.`
          : longest === null
            ? ""
            : ` The longest wait to run was ${formatDuration(longest.nanos)}.`;
      return {
        text:
          `${formatNumber(runQueue.mean)} goroutines were runnable on average (${formatNumber(runQueue.most)} at most) for ` +
          `${formatNumber(processorsOf(numbers))} processors that were ${percent(busyShare(numbers))} busy.${wait}`,
        evidence: { runnable_mean: runQueue.mean, runnable_most: runQueue.most, processors_busy_share: busyShare(numbers) },
        range: runQueue.worst,
      };
    },
  },
  {
    id: "long_stop_the_world",
    severity: "problem",
    title: "A long stop of the world",
    when: "a stop of the world, other than those of the tracer, of at least 10 ms",
    check({ pauses }) {
      const own = pauses.filter(({ kind }) => kind !== "start trace" && kind !== "stop trace");
      const longest = own.toSorted((one, two) => two.longestNanos - one.longestNanos)[0];
      if (longest === undefined || longest.longestNanos < 10 * millis) return undefined;
      return {
        text: `The world stood still for ${formatDuration(longest.longestNanos)} (${longest.kind}); ${longest.count} such stops took ${formatDuration(longest.totalNanos)} in all.`,
        evidence: { kind: longest.kind, longest_nanos: longest.longestNanos, count: longest.count, total_nanos: longest.totalNanos },
        range: { start: longest.longestStart, nanos: longest.longestNanos },
      };
    },
  },
  {
    id: "mutex_contention",
    severity: "problem",
    title: "Goroutines queue for a lock",
    when: "on average at least 1 goroutine waiting in Lock or RLock of a sync.Mutex or sync.RWMutex",
    check(numbers) {
      return waitersAt(
        numbers,
        ({ operation }) => /^(internal\/)?sync\.\(\*(RW)?Mutex\)\.(R?Lock|lockSlow)$/.test(operation),
        "for a lock",
      );
    },
  },
  {
    id: "senders_wait",
    severity: "problem",
    title: "Senders wait for their receivers",
    when: "on average at least 1 goroutine blocked in a channel send",
    check(numbers) {
      return waitersAt(numbers, ({ reason }) => reason === "chan send", "to send on a channel");
    },
  },
  {
    id: "goroutines_pile_up",
    severity: "problem",
    title: "Goroutines pile up",
    when: "one function has at least 50 goroutines created in the range of which fewer than 1 in 10 ended, and they spent over half of their time blocked",
    check(numbers) {
      const suspects = numbers.functions.filter(
        (found) => found.created >= 50 && found.ended < found.created / 10 && blockedShare(found) > 0.5,
      );
      const worst = suspects.toSorted((one, two) => two.created - two.ended - (one.created - one.ended))[0];
      if (worst === undefined) return undefined;
      const reason = worst.blocked[0]?.reason ?? "";
      return {
        text:
          `${formatNumber(worst.created)} goroutines of ${shortFunction(worst.name) || "an unnamed function"} were created and ${formatNumber(worst.ended)} ended; ` +
          `they mostly wait${reason === "" ? "" : ` in "${reason}"`}. A leak, or work that outlives the trace.`,
        evidence: { function: worst.name, created: worst.created, ended: worst.ended, reason },
      };
    },
  },
  {
    id: "gc_share_high",
    severity: "problem",
    title: "The garbage collector takes much of the processors",
    when: "at least 2 collections, and mark workers, running assists and sweeping take at least 25 % of the processors' busy time",
    check({ gc }) {
      if (gc.share === null || gc.cycles < 2 || gc.share < 0.25) return undefined;
      return {
        text:
          `${percent(gc.share)} of the busy processor time went to ${formatNumber(gc.cycles)} collections (mark workers ${formatDuration(gc.workerNanos)}, ` +
          `assists ${formatDuration(gc.assistRunningNanos)}, sweeping ${formatDuration(gc.sweepNanos)}). Fewer allocations or a higher GOGC would help.`,
        evidence: {
          share: gc.share,
          cycles: gc.cycles,
          worker_nanos: gc.workerNanos,
          assist_running_nanos: gc.assistRunningNanos,
          sweep_nanos: gc.sweepNanos,
        },
      };
    },
  },
  {
    id: "assists_high",
    severity: "problem",
    title: "Goroutines are made to help the garbage collector",
    when: "mark assists take at least 5 % of the time in which goroutines ran, and 10 ms in all",
    check({ gc, processors }) {
      const share = gc.assistRunningNanos / processors.runningNanos;
      if (!(share >= 0.05 && gc.assistRunningNanos >= 10 * millis)) return undefined;
      return {
        text:
          `${percent(share)} of the time in which goroutines ran (${formatDuration(gc.assistRunningNanos)}) went to mark assists, ` +
          `which took ${formatDuration(gc.assistNanos)} of their wall time: they allocate faster than the mark workers keep up with.`,
        evidence: {
          share,
          assist_running_nanos: gc.assistRunningNanos,
          assist_nanos: gc.assistNanos,
          running_nanos: processors.runningNanos,
        },
      };
    },
  },
  {
    id: "idle_while_runnable",
    severity: "problem",
    title: "Goroutines wait although a processor is idle",
    when: "for at least 5 % of the time, in stretches of 1 ms or more, a goroutine was runnable while a processor was idle (stops of the world apart)",
    check({ processors, range }) {
      const nanos = processors.longIdleWhileRunnableNanos;
      const share = nanos / range.nanos;
      if (!(share >= 0.05)) return undefined;
      return {
        text:
          `For ${formatDuration(nanos)} (${percent(share)} of the time) a goroutine was runnable for 1 ms or more while a processor stood idle: ` +
          "threads are slow to wake, often because the machine or container has less CPU than GOMAXPROCS.",
        evidence: { long_nanos: nanos, share, all_nanos: processors.idleWhileRunnableNanos },
      };
    },
  },
  {
    id: "long_scheduling_latency",
    severity: "problem",
    title: "A goroutine waited long to run",
    when: "a runnable goroutine of the program waited at least 100 ms to run",
    check({ schedulingLatency: { longest } }) {
      if (longest === null || longest.nanos < 100 * millis) return undefined;
      return {
        text: `Goroutine ${longest.goroutine}${longest.name === "" ? "" : ` (${shortFunction(longest.name)})`} was runnable for ${formatDuration(longest.nanos)} before it ran.`,
        evidence: { nanos: longest.nanos, goroutine: longest.goroutine, function: longest.name },
        range: { start: longest.start, nanos: longest.nanos },
      };
    },
  },
  {
    id: "syscalls_lose_processor",
    severity: "problem",
    title: "System calls lose their processor",
    when: "at least 5 % of the system calls, and 50 a second, block so long that their processor is taken",
    check({ syscalls, range }) {
      const share = syscalls.lostProcessor / syscalls.count;
      const perSecond = syscalls.lostProcessor / (range.nanos / 1e9);
      if (!(share >= 0.05 && perSecond >= 50)) return undefined;
      return {
        text: `${formatNumber(syscalls.lostProcessor)} of ${formatNumber(syscalls.count)} system calls (${percent(share)}) lost their processor; each ties up a thread and queues again afterwards.`,
        evidence: { lost: syscalls.lostProcessor, calls: syscalls.count, share },
      };
    },
  },
  {
    id: "mostly_idle",
    severity: "note",
    title: "The program was mostly idle",
    when: "the processors were less than 5 % busy",
    check(numbers) {
      const share = busyShare(numbers);
      if (!(share < 0.05)) return undefined;
      return {
        text: `The processors were ${percent(share)} busy. If it should have been working, look at what its goroutines wait for.`,
        evidence: { processors_busy_share: share },
      };
    },
  },
];

/** Problems first, in the order of the rules. Nothing is found in a range of length 0. */
export function findFindings(numbers: Numbers): Finding[] {
  if (numbers.range.nanos === 0) return [];
  return findingRules.flatMap(({ id, severity, title, check }) => {
    const found = check(numbers);
    return found === undefined ? [] : { id, severity, title, text: found.text, evidence: found.evidence, range: found.range ?? null };
  });
}

function waitersAt(numbers: Numbers, belongs: (site: BlockSite) => boolean, what: string): ReturnType<Rule["check"]> {
  const sites = numbers.blockSites.filter(belongs);
  const nanos = sites.reduce((sum, site) => sum + site.nanos, 0);
  const waiters = nanos / numbers.range.nanos;
  if (!(waiters >= 1)) return undefined;
  const [top] = sites;
  const place =
    top!.caller === "" ? top!.operation : `${shortFunction(top!.caller)} (${top!.place.slice(top!.place.lastIndexOf("/") + 1)})`;
  return {
    text: `${formatNumber(waiters)} goroutines waited ${what} on average, ${formatDuration(nanos)} in all; most (${percent(top!.nanos / nanos)}) at ${place}.`,
    evidence: { waiters_mean: waiters, nanos, operation: top!.operation, caller: top!.caller, place: top!.place },
  };
}

function blockedShare(found: FunctionSummary): number {
  const blocked = found.blocked.reduce((sum, { nanos }) => sum + nanos, 0);
  return blocked / (blocked + found.runningNanos + found.runnableNanos + found.syscallNanos);
}
