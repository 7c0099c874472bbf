/** Rules about system calls, by what they are for. */
import { formatDuration, formatNumber } from "../../lib/units.ts";
import type { CallSite } from "../diagnosis/calls.ts";
import { syscallClasses, type SyscallClass } from "../state/syscall-classes.ts";
import { percent, place, type Facts } from "./facts.ts";
import type { Finding, FindingKind } from "./finding.ts";

type Rule = {
  readonly kind: FindingKind;
  readonly purposes: readonly SyscallClass[];
  /** What they are, and what is wrong where they lose processors. */
  readonly what: string;
  readonly title: string;
  readonly advice: string;
};

const rules: readonly Rule[] = [
  {
    kind: "syscall-io-file",
    purposes: ["file", "metadata"],
    what: "File system calls",
    title: "File system calls hold threads",
    advice:
      "Read and write in larger pieces (bufio, one ReadFile), keep what does not change, and bound how many goroutines are in the file system at once.",
  },
  {
    kind: "syscall-io-network",
    purposes: ["network"],
    what: "Network calls",
    title: "Network calls lose their processors",
    advice:
      "Sockets of package net do not block threads; calls that do go around it (blocking descriptors, DNS by cgo, very large writes): batch them, or let few goroutines do them.",
  },
  {
    kind: "syscall-contention",
    purposes: ["contention"],
    what: "Calls for locks of files and of C code",
    title: "Threads queue in the kernel for locks",
    advice: "Locks of files and futexes of C code block whole threads: hold them for less, or take them in one goroutine for all.",
  },
  {
    kind: "syscall-kernel",
    purposes: ["process", "memory", "cgo", "other"],
    what: "Calls into the kernel or C",
    title: "Calls into the kernel or C take processors away",
    advice:
      "Starting processes, mapping memory and C code occupy a thread each: do them less often, several at once, or with a bound on how many run.",
  },
];
/** As many lost processors a second as make threads start and queue, and this share of the calls: the runtime's own measure of a call is 20 µs. */
const leastLostPerSecond = 50;
const leastLostShare = 0.05;
/** Or this much of the processors' time spent inside: said from a tenth on, trouble from a quarter on, as with the collector. */
const leastTimeShare = 0.1;
const muchTimeShare = 0.25;

export function syscallFindings(facts: Facts): Finding[] {
  const { diagnosis, nanos, procs } = facts;
  const everySite = diagnosis.calls.sites;
  return rules.flatMap(({ kind, purposes, what, title, advice }): Finding[] => {
    const sites = everySite.filter(({ purpose }) => purposes.includes(syscallClasses[purpose]!));
    const sum = (of: (site: CallSite) => number): number => sites.reduce((all, site) => all + of(site), 0);
    const [count, lost, time, close] = [
      sum((site) => site.count),
      sum((site) => site.lost),
      sum((site) => site.nanos),
      sum((site) => site.close),
    ];
    if (count === 0) return [];
    const losing = lost / (nanos / 1e9) >= leastLostPerSecond && lost / count >= leastLostShare;
    const inside = time - sum((site) => site.lostNanos);
    const share = inside / (procs * nanos);
    if (!losing && share < leastTimeShare) return [];
    const [top] = sites.toSorted((one, two) => two.nanos - one.nanos);
    const mergeable =
      close / count >= 0.5
        ? ` ${formatNumber(close)} of them came within 0.1 ms of another of the same goroutine at the same place: one larger call could do for reads and writes, and what others ask could be kept.`
        : "";
    return [
      {
        kind,
        id: kind,
        severity: losing && share >= muchTimeShare ? "critical" : losing || share >= muchTimeShare ? "warning" : "info",
        confidence: kind === "syscall-kernel" ? 0.5 : 0.7,
        costNanos: time,
        from: top!.longestAt,
        to: top!.longestAt + top!.longest,
        title: losing ? title : `${what} take ${percent(share)} of the processors' time`,
        text:
          `${formatNumber(count)} calls took ${formatDuration(time)} (${formatDuration(time / count)} each on average); ` +
          (lost === 0
            ? "none lost its processor. "
            : `${formatNumber(lost)} took so long that their processor was taken, which ties up a thread and makes them queue again. `) +
          `Most time went at ${place(top!.site)} (${formatDuration(top!.nanos)}).${mergeable}`,
        advice,
        sites: sites
          .toSorted((one, two) => two.nanos - one.nanos)
          .slice(0, 3)
          .map(({ site }) => ({ role: "called at", site })),
        evidence: { calls: count, seconds: time / 1e9, lost, mergeable: close, longest_seconds: top!.longest / 1e9 },
      },
    ];
  });
}
