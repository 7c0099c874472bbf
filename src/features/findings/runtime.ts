/** Rules about the scheduler and the garbage collector. */
import { formatBytes, formatDuration, formatNumber } from "../../lib/units.ts";
import { shortFunction } from "../goroutine-names.ts";
import { busyShare, percent, place, times, type Facts } from "./facts.ts";
import type { Finding } from "./finding.ts";

const whole = ({ start, nanos }: Facts) => ({ from: start, to: start + nanos });

/** Fewer that came from outside say nothing about what comes. */
const leastAnswers = 100;

export function runQueue(facts: Facts): Finding[] {
  const { summary, procs, nanos, diagnosis } = facts;
  const { runQueue: queue, schedulingLatency } = summary;
  const perProcessor = queue.mean / procs;
  if (!(perProcessor >= 2 && busyShare(facts) >= 0.8)) return [];
  const users = diagnosis.groups.groups.filter(({ system }) => !system);
  const [top] = users.toSorted((one, two) => two.runnable - one.runnable);
  const { worst } = queue;
  const p99 = schedulingLatency.p99Nanos;
  // A build is to have more work than processors; it is trouble when what comes from outside has to wait in the same line.
  const { answers } = diagnosis.groups;
  const late = answers.count >= leastAnswers ? answers.quantile(0.99) : 0;
  return [
    {
      kind: "run-queue",
      id: "run-queue",
      severity: late >= 100e6 ? "critical" : late >= 20e6 ? "warning" : "info",
      confidence: 0.9,
      costNanos: users.reduce((sum, group) => sum + group.runnable, 0),
      from: worst === null ? facts.start : worst.start,
      to: worst === null ? facts.start + nanos : worst.start + worst.nanos,
      title: "More work than processors",
      text:
        `${formatNumber(queue.mean)} goroutines were runnable on average (${formatNumber(queue.most)} at most) for ${formatNumber(procs)} processors that were ${percent(busyShare(facts))} busy.` +
        (p99 === null ? "" : ` One in 100 waited ${formatDuration(p99)} or longer to run.`) +
        (answers.count >= leastAnswers
          ? ` Of those that the network or a timer woke, one in 100 waited ${formatDuration(late)} or longer.`
          : "") +
        (top === undefined ? "" : ` Most of the waiting is that of ${shortFunction(top.name)} (${formatDuration(top.runnable)}).`),
      advice:
        "More goroutines do not make it faster from here on: bound how many work at once (a semaphore of about GOMAXPROCS for work on the processor), do less per item, or give it more CPUs (and check that GOMAXPROCS follows).",
      sites: top === undefined ? [] : [{ role: "created at", site: top.origin }],
      evidence: { runnable_mean: queue.mean, runnable_most: queue.most, processors: procs, processors_busy_share: busyShare(facts) },
    },
  ];
}

export function idleWithWork(facts: Facts): Finding[] {
  const { summary, nanos } = facts;
  const { longIdleWhileRunnableNanos: long, idleWhileRunnableNanos: all } = summary.processors;
  // Start-up alone, when threads are made, takes some milliseconds.
  if (!(long / nanos >= 0.05 && long >= 50e6)) return [];
  return [
    {
      kind: "idle-with-work",
      id: "idle-with-work",
      severity: "warning",
      confidence: 0.7,
      costNanos: long,
      ...whole(facts),
      title: "Goroutines wait although a processor is idle",
      text: `For ${formatDuration(long)} (${percent(long / nanos)} of the time) a goroutine was runnable for 1 ms or more while a processor stood idle; the scheduler itself needs microseconds.`,
      advice:
        "Threads are slow to get a CPU: compare GOMAXPROCS with the CPU limit of the container (Go ≥ 1.25 follows it by itself), and look at cpu.stat's throttling counters and at what else runs on the machine.",
      sites: [],
      evidence: { long_seconds: long / 1e9, share: long / nanos, all_seconds: all / 1e9 },
    },
  ];
}

/** Fewer are chance, and less of the processors' time harms nobody that one can see. */
const leastHarmful = 3;
const leastHarmfulShare = 0.05;

export function longSlice(facts: Facts): Finding[] {
  const { long, count, nanos, awaited, awaitedNanos } = facts.diagnosis.slices;
  const [longest] = long.toSorted((one, two) => two.nanos - one.nanos);
  if (longest === undefined) return [];
  const harmful = awaited >= leastHarmful && awaitedNanos / (facts.nanos * facts.procs) >= leastHarmfulShare;
  return [
    {
      kind: "long-slice",
      id: `long-slice:${longest.name}`,
      severity: harmful ? "warning" : "info",
      confidence: 0.6,
      costNanos: awaitedNanos,
      from: longest.start,
      to: longest.start + longest.nanos,
      title: `${shortFunction(longest.name)} kept its processor for ${formatDuration(longest.nanos)}`,
      text:
        `The runtime asks for a processor back after 10 ms. ${count === 1 ? "One slice was" : `${formatNumber(count)} slices were`} longer than 25 ms, ${formatDuration(nanos)} in all; ` +
        `${awaited === 0 ? "nobody waited for a processor meanwhile" : `others waited for a processor meanwhile in ${awaited === count ? "each" : formatNumber(awaited)} of them`}. ` +
        `The longest ended at ${place(longest.site)}.`,
      advice: harmful
        ? "Loops over assembly or C code, and threads that get no CPU, cannot be preempted: split the work, or call runtime.Gosched between parts; on a machine with too few CPUs, lower GOMAXPROCS."
        : "Nobody waited much meanwhile, so it may stay; a thread that got no CPU looks alike.",
      sites: [{ role: "ended at", site: longest.site }],
      evidence: { slices: count, awaited, longest_seconds: longest.nanos / 1e9, sum_seconds: nanos / 1e9 },
    },
  ];
}

export function cpuThrottling(facts: Facts): Finding[] {
  const { gaps, gapCount, gapNanos, severalCount: several } = facts.diagnosis.slices;
  if (gapCount === 0) return [];
  const share = gapNanos / facts.nanos;
  // One goroutine that cannot be preempted makes the same gap; with two it is not the program.
  const [longest] = gaps.toSorted((one, two) => two.nanos - one.nanos);
  const serious = several >= 3 && share >= 0.05;
  return [
    {
      kind: "cpu-throttling",
      id: "cpu-throttling",
      severity: serious ? "warning" : "info",
      confidence: several >= 3 ? 0.8 : 0.3,
      costNanos: gapNanos,
      from: longest!.start,
      to: longest!.start + longest!.nanos,
      title: "Nothing moved although goroutines were running",
      text:
        `No thread did anything for 25 ms or more while goroutines were on processors: ${times(gapCount)}, ${formatDuration(gapNanos)} or ${percent(share)} of the time in all, the longest ${formatDuration(longest!.nanos)}. ` +
        (several === 0
          ? "Only one goroutine was running each time: one that cannot be preempted looks the same."
          : `Two goroutines or more were running ${several === gapCount ? "each time" : times(several)}.`),
      advice:
        several === 0
          ? "If nr_throttled in cpu.stat of the cgroup grew, it was the CPU quota: raise the limit, or set GOMAXPROCS to it. If not, look at what ran in that range: C, assembly, or a machine with too few CPUs."
          : "That is how a CPU quota looks from inside: all threads stop until the next period. Raise the limit, or set GOMAXPROCS to it; nr_throttled in cpu.stat of the cgroup tells whether it is that.",
      sites: [],
      evidence: { gaps: gapCount, seconds: gapNanos / 1e9, share, several_running: several, longest_seconds: longest!.nanos / 1e9 },
    },
  ];
}

export function gcPause(facts: Facts): Finding[] {
  const own = facts.summary.pauses.filter(({ kind }) => kind !== "start trace" && kind !== "stop trace");
  const [longest] = own.toSorted((one, two) => two.longestNanos - one.longestNanos);
  // A frame of a game, an RTO of a fast network: what people set as their goal.
  if (longest === undefined || longest.longestNanos < 10e6) return [];
  const total = own.reduce((sum, { totalNanos }) => sum + totalNanos, 0);
  return [
    {
      kind: "gc-pause",
      id: `gc-pause:${longest.kind}`,
      severity: longest.longestNanos >= 100e6 ? "critical" : "warning",
      confidence: 0.9,
      costNanos: total,
      from: longest.longestStart,
      to: longest.longestStart + longest.longestNanos,
      title: "A long stop of the world",
      text: `The world stood still for ${formatDuration(longest.longestNanos)} (${longest.kind}); such stops came ${times(longest.count)}, ${formatDuration(longest.totalNanos)} in all.`,
      advice:
        "Stops take long when a thread does not stop: look at what ran last in that range (a loop in C or assembly, a thread without a CPU), not at the collector's settings.",
      sites: [],
      evidence: { kind: longest.kind, longest_seconds: longest.longestNanos / 1e9, stops: longest.count, seconds: total / 1e9 },
    },
  ];
}

export function gcPressure(facts: Facts): Finding[] {
  const { gc, processors, heap } = facts.summary;
  const assists = processors.runningNanos > 0 ? gc.assistRunningNanos / processors.runningNanos : 0;
  const high = gc.share !== null && gc.cycles >= 2 && gc.share >= 0.25;
  const assisting = assists >= 0.05 && gc.assistRunningNanos >= 10e6;
  if (!high && !assisting) return [];
  const cost = gc.workerNanos + gc.assistRunningNanos + gc.sweepNanos;
  const perSecond = gc.cycles / (facts.nanos / 1e9);
  const peak = heap === null ? "" : `, and a heap of about ${formatBytes(heap.most * 1.5)} at most instead of ${formatBytes(heap.most)}`;
  return [
    {
      kind: "gc-pressure",
      id: "gc-pressure",
      // A program that starts collects often, while its heap is small.
      severity: cost < 50e6 ? "info" : gc.share !== null && gc.share >= 0.5 ? "critical" : "warning",
      confidence: 0.9,
      costNanos: cost,
      ...whole(facts),
      title:
        assisting && !high ? "Goroutines are made to help the garbage collector" : "The garbage collector takes much of the processors",
      text:
        `${formatNumber(gc.cycles)} collections (${formatNumber(perSecond)} a second) took ${gc.share === null ? "an unknown share" : percent(gc.share)} of the busy processor time: ` +
        `mark workers ${formatDuration(gc.workerNanos)}, assists ${formatDuration(gc.assistRunningNanos)} (${percent(assists)} of what goroutines ran), sweeping ${formatDuration(gc.sweepNanos)}.`,
      advice:
        `Allocate less where the allocation profile is widest. GOGC=200 instead of 100 would make about ${formatNumber(Math.ceil(gc.cycles / 2))} collections of the ${formatNumber(gc.cycles)}${peak}; ` +
        "GOMEMLIMIT at a tenth below the container's limit makes it collect more often before that is too much.",
      sites: [],
      evidence: {
        share: gc.share ?? 0,
        assist_share: assists,
        cycles: gc.cycles,
        worker_seconds: gc.workerNanos / 1e9,
        assist_running_seconds: gc.assistRunningNanos / 1e9,
        sweep_seconds: gc.sweepNanos / 1e9,
      },
    },
  ];
}

export function schedulingLatency(facts: Facts): Finding[] {
  const { longest } = facts.summary.schedulingLatency;
  if (longest === null || longest.nanos < 100e6) return [];
  const explained = runQueue(facts).length > 0;
  const name = longest.name === "" ? "" : ` (${shortFunction(longest.name)})`;
  return [
    {
      kind: "sched-latency",
      id: `sched-latency:${longest.name}`,
      severity: explained ? "info" : "warning",
      confidence: 0.8,
      costNanos: longest.nanos,
      from: longest.start,
      to: longest.start + longest.nanos,
      title: `A goroutine waited ${formatDuration(longest.nanos)} to run`,
      text: `Goroutine ${longest.goroutine}${name} was runnable that long before it ran.`,
      advice: explained
        ? "It stood in line like the others; the run queue is what to shorten."
        : "Look in that range at slices that could not be preempted, and at threads that got no CPU.",
      sites: [],
      evidence: { seconds: longest.nanos / 1e9, goroutine: longest.goroutine, function: longest.name },
    },
  ];
}

export function mostlyIdle(facts: Facts): Finding[] {
  const share = busyShare(facts);
  if (!(share < 0.05)) return [];
  return [
    {
      kind: "mostly-idle",
      id: "mostly-idle",
      severity: "info",
      confidence: 1,
      costNanos: 0,
      ...whole(facts),
      title: "The program was mostly idle",
      text: `The processors were ${percent(share)} busy.`,
      advice: "If it should have been working, look at what its goroutines wait for.",
      sites: [],
      evidence: { processors_busy_share: share },
    },
  ];
}
