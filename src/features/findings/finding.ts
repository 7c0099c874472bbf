/** What looks wrong in a trace: the form that every rule answers in. docs/findings.md lists the rules. */
export const findingKinds = [
  "goroutine-leak",
  "blocked-forever",
  "deadlock-suspect",
  "lock-contention",
  "excessive-goroutines",
  "run-queue",
  "idle-with-work",
  "sched-latency",
  "long-slice",
  "cpu-throttling",
  "gc-pause",
  "gc-pressure",
  "syscall-io-file",
  "syscall-io-network",
  "syscall-contention",
  "syscall-kernel",
  "network-wait",
  "timer-storm",
  "thundering-herd",
  "pipeline-bottleneck",
  "mostly-idle",
] as const;
export type FindingKind = (typeof findingKinds)[number];

/** From what explains to what wants to be mended today. */
export const severities = ["info", "warning", "critical"] as const;
export type Severity = (typeof severities)[number];
/** -1 for what is no severity. */
export const severityRank = (severity: string): number => (severities as readonly string[]).indexOf(severity);

/** A place in the program, `pkg.Func (file.go:12)`, and what it has to do with the finding. */
export type FindingSite = { readonly role: string; readonly site: string };

export type Finding = {
  readonly kind: FindingKind;
  /** The same for the same trouble in another trace of the program: the kind and the function it is about, never a number. */
  readonly id: string;
  /** `critical`: act today; `warning`: act; `info`: explains the rest of the numbers. */
  readonly severity: Severity;
  /** How sure the rule is that this is what it says, 0–1. */
  readonly confidence: number;
  /** Time lost to it, summed over goroutines; what exactly, the rule says. */
  readonly costNanos: number;
  /** Where to look, nanoseconds of the trace. */
  readonly from: number;
  readonly to: number;
  readonly title: string;
  /** The evidence in one to three sentences. */
  readonly text: string;
  readonly advice: string;
  readonly sites: readonly FindingSite[];
  /** The same numbers for programs. */
  readonly evidence: Readonly<Record<string, number | string>>;
};

/** What is worst, and of that what costs most, first. */
export const byWeight = (one: Finding, two: Finding): number =>
  severityRank(two.severity) - severityRank(one.severity) || two.costNanos - one.costNanos || (one.id < two.id ? -1 : 1);

/** The function of a site, without file and line, which change from version to version. */
export const functionOf = (site: string): string => site.replace(/ \([^()]*:\d+\)$/, "");

/** As findings are in JSON (docs/findings.md): times in seconds and nanoseconds by name. */
export const findingJson = ({ costNanos, from, to, ...finding }: Finding): Record<string, unknown> => ({
  ...finding,
  cost_seconds: costNanos / 1e9,
  from_ns: from,
  to_ns: to,
});
