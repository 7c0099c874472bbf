/**
 * What looks wrong in a trace: a list of rules, each with the condition in words. They are symptoms with their evidence, not proofs.
 * docs/findings.md is made from {@link findingRules}.
 */
import { syscallFindings } from "./findings/calls.ts";
import type { Facts } from "./findings/facts.ts";
import { byWeight, type Finding, type FindingKind } from "./findings/finding.ts";
import { blockedForever, excessiveGoroutines, goroutineLeak } from "./findings/goroutines.ts";
import {
  cpuThrottling,
  gcPause,
  gcPressure,
  idleWithWork,
  longSlice,
  mostlyIdle,
  runQueue,
  schedulingLatency,
} from "./findings/runtime.ts";
import { deadlockSuspect, lockContention, networkWait, pipelineBottleneck, thunderingHerd, timerStorm } from "./findings/waiting.ts";

export { findingJson, type Finding, type FindingKind } from "./findings/finding.ts";

type Rule = {
  readonly kinds: readonly FindingKind[];
  /** The condition in words, and what the cost is. */
  readonly when: string;
  readonly cost: string;
  readonly find: (facts: Facts) => Finding[];
};

export const findingRules: readonly Rule[] = [
  {
    kinds: ["goroutine-leak"],
    when: "at least 20 goroutines of one function and creation site, fewer than half of which end (or half of those alive, 20 at least, have waited twice as long as anybody who went on there); their number grows in both halves of the trace, and by half of what it is at the end, and 80 % of those alive at the end wait. `critical` from 36 more a second on (1 GiB an hour at 8 KiB each); `info` where they wait for the network, or the place is one where goroutines are woken and they have not outlived those",
    cost: "time that those left have waited",
    find: goroutineLeak,
  },
  {
    kinds: ["blocked-forever"],
    when: "a goroutine blocks on a nil channel or an empty select; `info` when it is main alone",
    cost: "time that they have waited",
    find: blockedForever,
  },
  {
    kinds: ["deadlock-suspect"],
    when: "two or more goroutines that have waited for a second and a quarter of the trace in channels, selects or locks, and that in this trace only each other ever woke; `warning`: two or more that have stood in line for mutexes for as long, where nobody was let in since",
    cost: "time that they have waited",
    find: deadlockSuspect,
  },
  {
    kinds: ["lock-contention"],
    when: "somebody waits at one Lock or RLock for a tenth of the time or more, on average half a goroutine, ten times at least (two goroutines, three times); `critical` from 4 goroutines and half of the time on; `info` where it is less than a tenth of what those goroutines do with their time, or the processors are 91 % busy, so that little can be gained",
    cost: "time spent waiting for the lock",
    find: lockContention,
  },
  {
    kinds: ["pipeline-bottleneck"],
    when: "a function that passes work on by channels waits on them for less than 40 % of its life, while its neighbours wait on theirs for half or more; 20 hand-overs on which somebody waited at least",
    cost: "time that the neighbours waited on channels",
    find: pipelineBottleneck,
  },
  {
    kinds: ["excessive-goroutines"],
    when: "1,000 goroutines or more of one function whose work takes less than three times what the scheduler spends on a start (measured in this trace while its processors were busy), and starting them takes 5 % of the processors' time; `critical` from 25 % on",
    cost: "processor time for starting them",
    find: excessiveGoroutines,
  },
  {
    kinds: ["thundering-herd"],
    when: "8 goroutines or more woken within 0.1 ms of each other at one place, half of which wait there again within 0.1 ms of running; 50 such at least",
    cost: "time the woken queued and ran for nothing",
    find: thunderingHerd,
  },
  {
    kinds: ["timer-storm"],
    when: "1,000 wake-ups a second or more from time.Sleep at one place, worth 2 % of the processors' time at what a start costs here",
    cost: "processor time for the wake-ups",
    find: timerStorm,
  },
  {
    kinds: ["run-queue"],
    when: "on average 2 goroutines or more runnable for each processor, and the processors 80 % busy: `info`; `warning` where one in 100 of the goroutines that the network or a timer woke waited 20 ms or more to run, `critical` from 100 ms on",
    cost: "time the program's goroutines were runnable",
    find: runQueue,
  },
  {
    kinds: ["idle-with-work"],
    when: "for 5 % of the time or more and 50 ms, in stretches of 1 ms or more, a goroutine was runnable while a processor was idle (stops of the world apart)",
    cost: "that time",
    find: idleWithWork,
  },
  {
    kinds: ["sched-latency"],
    when: "a runnable goroutine of the program waited 100 ms or more to run; `info` where the run queue says why",
    cost: "that wait",
    find: schedulingLatency,
  },
  {
    kinds: ["long-slice"],
    when: "a goroutine of the program kept its processor for more than 25 ms (the runtime asks after 10, and may notice after 20); `warning` from three of them on while which others waited 10 ms for a processor (and not all threads stood still), and 5 % of the processors' time",
    cost: "time beyond the 10 ms that the runtime allows, where others waited",
    find: longSlice,
  },
  {
    kinds: ["cpu-throttling"],
    when: "no event at all for 25 ms or more while goroutines are running; `warning` where two or more were running in three such gaps, and the gaps take 5 % of the time",
    cost: "length of the gaps",
    find: cpuThrottling,
  },
  {
    kinds: ["gc-pause"],
    when: "a stop of the world, other than those of the tracer, of 10 ms or more; `critical` from 100 ms on",
    cost: "all such stops",
    find: gcPause,
  },
  {
    kinds: ["gc-pressure"],
    when: "2 collections or more, and mark workers, running assists and sweeping take 25 % of the processors' busy time (`critical`: half); or assists take 5 % of the time in which goroutines ran, and 10 ms; `info` where all of it is less than 50 ms",
    cost: "processor time of workers, assists and sweeping",
    find: gcPressure,
  },
  {
    kinds: ["syscall-io-file", "syscall-io-network", "syscall-contention", "syscall-kernel"],
    when: "of the calls for one purpose 5 % and 50 a second lose their processor, or those that keep it take a quarter of the processors' time (`info`: a tenth); `critical` where both hold",
    cost: "time inside the calls",
    find: syscallFindings,
  },
  {
    kinds: ["network-wait"],
    when: "half of the time in which the program's goroutines were blocked they waited for the network: always `info`",
    cost: "that time",
    find: networkWait,
  },
  { kinds: ["mostly-idle"], when: "the processors were less than 5 % busy: always `info`", cost: "none", find: mostlyIdle },
];

/** Worst first, and of those the most costly. Nothing is found in a range of length 0. */
export function findFindings(facts: Facts): Finding[] {
  return facts.nanos === 0 ? [] : findingRules.flatMap(({ find }) => find(facts)).toSorted(byWeight);
}
