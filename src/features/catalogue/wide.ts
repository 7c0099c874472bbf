/** The wide series, by section of what they are about. Definitions name the source where another tool measures the same. */
import { entryOf } from "./entry.ts";

const entry = entryOf("wide");

const scope = { scope: "`user`: the program's own goroutines; `system`: those of the runtime and the tracer, and those without a name" };
const waits = { waits: "class of waiting: channel, select, sync, network, sleep, gc, forever, system or other" };
const site = {
  site: "place in the program: the first frame outside the standard library, where there is none the function that the goroutine runs; the 10 largest of a window and 50 of a trace, the rest is `other`",
};

/** A distribution: three metrics, of durations that ended in the window, with their full length. */
const durations = <Name extends string>(name: Name, help: string, definition: string, labels: Readonly<Record<string, string>> = {}) =>
  [
    entry(`${name}_count` as const, "count", `${help}: how many`, definition, labels),
    entry(
      `${name}_sum` as const,
      "sum",
      `${help}: sum`,
      `Sum of what ${name}_count counts, each with its full length, not cut at borders.`,
      labels,
    ),
    entry(name, "quantile", help, `Exact nearest rank over what ${name}_count counts; absent when there was none.`, {
      quantile: "0.5, 0.99 or 1 (the longest)",
      ...labels,
    }),
  ] as const;

const buckets = (help: string) => ({ le: `upper bound in seconds, as ${help} of client_golang has them; cumulative` });

export const wideEntries = [
  entry(
    "go_trace_goroutines_live",
    "last",
    "Goroutines alive at the end of the window",
    "Without a label all of them. runtime.NumGoroutine and /sched/goroutines:goroutines count the program's own only: compare them with scope `user`.",
    scope,
  ),
  ...durations(
    "go_trace_goroutine_lifetime_seconds",
    "How long goroutines lived",
    "From creation to end, of goroutines that ended in the window and whose creation was seen.",
    scope,
  ),
  entry(
    "go_trace_goroutine_lifetimes_unknown",
    "count",
    "Goroutines that ended and were older than the trace",
    "Ends of goroutines whose creation was not seen; they are not in go_trace_goroutine_lifetime_seconds.",
  ),
  entry(
    "go_trace_goroutines_unrun",
    "last",
    "Goroutines created that have not run yet",
    "Runnable at the end of the window, creation seen, never running since.",
  ),
  entry(
    "go_trace_goroutines_ended_unrun",
    "count",
    "Goroutines that ended without having run",
    "Creation and end seen, never in running: a damaged trace, or goroutines made for C threads.",
  ),
  entry(
    "go_trace_goroutines_created_burst",
    "max",
    "Most goroutines created within one millisecond",
    "Milliseconds counted from the trace's first event.",
  ),
  entry(
    "go_trace_goroutines_created_dispersion",
    "mean",
    "How bursty creation is",
    "Variance over mean of the number created by millisecond: 1 when independent, above in bursts, below when even. Absent without a creation.",
  ),
  ...durations(
    "go_trace_goroutine_depth",
    "Generations of goroutines",
    "Creations between a goroutine created in the window and one that was there before the trace; a number, not a time.",
  ),
  entry(
    "go_trace_sched_latency_seconds_bucket",
    "count",
    "Scheduling latency in buckets",
    "Stays in runnable that end in running, coroutine switches left out, as /sched/latencies:seconds has them (which samples one in eight).",
    buckets("go_sched_latencies_seconds"),
  ),
  entry(
    "go_trace_runnable_age_seconds",
    "mean",
    "How long the goroutines that are runnable at the end of the window have been so, mean",
    "0 when none is. Shows a stall before it ends.",
  ),
  entry(
    "go_trace_runnable_age_max_seconds",
    "max",
    "How long the goroutine that waits longest to run has waited, at the end of the window",
    "0 when none is runnable.",
  ),
  entry(
    "go_trace_runnable_per_proc",
    "mean",
    "Runnable goroutines for each processor",
    "Mean over time of goroutines runnable over GOMAXPROCS; absent where GOMAXPROCS is not known (Go 1.21 and older, mostly).",
  ),
  entry(
    "go_trace_queue_time_share",
    "mean",
    "Share of the time in which the run queues were at least this long",
    "Share of the window with runnable ≥ depth × GOMAXPROCS.",
    { depth: "1, 2, 4 or 8 goroutines for each processor" },
  ),
  entry(
    "go_trace_idle_with_work_seconds",
    "sum",
    "Time in which a goroutine was runnable while a processor was idle",
    "Wall time, stops of the world apart. A scheduler that keeps processors busy leaves microseconds a wake-up; more means that threads get no CPU.",
  ),
  entry("go_trace_starts", "count", "Times goroutines got to run", "Changes from runnable to running.", scope),
  entry(
    "go_trace_stolen_starts",
    "count",
    "Goroutines that ran on another processor than the one that made them runnable",
    "Estimate of work stealing: the trace does not tell queues. Goroutines woken without a processor (network poller, timers) and after Gosched do not count.",
  ),
  entry("go_trace_migrations", "count", "Goroutines that ran elsewhere than the time before", "By processor (P) and by thread (M).", {
    of: "processor or thread",
  }),
  ...durations(
    "go_trace_run_slice_seconds",
    "How long goroutines kept their processor",
    "From a start to giving the processor up, system calls that kept it included (as the runtime's own clock for preemption runs).",
    scope,
  ),
  entry(
    "go_trace_long_slices",
    "count",
    "Slices longer than the runtime allows",
    "The runtime asks a goroutine to yield after 10 ms; slices beyond 20 ms say that it could not.",
    { over: "10ms or 20ms" },
  ),
  entry("go_trace_preemptions", "count", "Goroutines that were made to yield", "Changes from running to runnable by preemption."),
  entry(
    "go_trace_suspensions",
    "count",
    "Goroutines suspended for a stack scan or a profile",
    'Changes from running to waiting with the reason "preempted"; not in traces of Go 1.21 and older.',
  ),
  entry("go_trace_yields", "count", "Calls of runtime.Gosched", "The runtime's own (its background sweeper yields all the time) included."),
  entry(
    "go_trace_coroutine_switches",
    "count",
    "Switches between coroutines (iter.Pull)",
    "They go by block, wake and start within 2 ns, and are left out of the scheduling latency by cause, scope and bucket. Go ≥ 1.23.",
  ),
  entry(
    "go_trace_proc_utilization",
    "mean",
    "Share of the processors' time in which they ran",
    "Running time over GOMAXPROCS times the window.",
  ),
  entry("go_trace_proc_utilization_min", "mean", "The same of the processor that ran least", "Of the processors seen so far."),
  entry("go_trace_proc_utilization_max", "mean", "The same of the processor that ran most", "Of the processors seen so far."),
  entry(
    "go_trace_proc_imbalance",
    "mean",
    "How unevenly processors ran",
    "Gini coefficient of the processors' running time: 0 = alike, towards 1 = one ran. Absent when none ran.",
  ),
  entry(
    "go_trace_procs_in_syscall",
    "mean",
    "Processors held by a system call",
    "Mean over time; until the call ends or its processor is taken. Not in traces of Go 1.21 and older.",
  ),
  entry("go_trace_gomaxprocs_changes", "count", "Changes of GOMAXPROCS", "Reports of another value than before."),
  entry("go_trace_proc_starts", "count", "Times a processor began to run", "Changes from idle to running."),
  entry("go_trace_proc_stops", "count", "Times a processor became idle", "Changes from running to idle, taken from system calls included."),
  entry(
    "go_trace_proc_steals",
    "count",
    "Processors taken from a system call",
    "Stops of a processor whose goroutine is in a system call. Not in traces of Go 1.21 and older.",
  ),
  entry("go_trace_proc_handoffs", "count", "Times a processor went to another thread", "Starts on another thread than the start before."),
  ...durations("go_trace_proc_idle_seconds", "How long processors idled", "Stays in idle that end in the window, begin seen."),
  ...durations(
    "go_trace_proc_wake_seconds",
    "From a processor's start to the first goroutine on it",
    "What it spends looking for work, or being woken for nothing until there is some.",
  ),
  entry("go_trace_threads_active", "count", "Threads that did something", "Threads (Ms) with at least one event in the window."),
  entry("go_trace_threads_new", "count", "Threads seen for the first time", "All of them in the first windows of a trace."),
  entry(
    "go_trace_threads_seen",
    "last",
    "Threads seen so far",
    "The process may have more: a thread without an event in the trace cannot be seen.",
  ),
  ...durations(
    "go_trace_block_duration_seconds",
    "How long goroutines were blocked",
    "Waits that end in the window and whose begin was seen, by class.",
    waits,
  ),
  entry("go_trace_waiters_max", "max", "Most goroutines waiting at once, by class", "From the first word of each goroutine on.", waits),
  entry(
    "go_trace_wait_age_max_seconds",
    "max",
    "How long the goroutine that waits longest has waited, by class",
    "At the end of the window; since the trace's first event when it waited before.",
    waits,
  ),
  entry(
    "go_trace_block_site_seconds",
    "sum",
    "Time goroutines were blocked, by place",
    "Full length of the waits that end in the window and whose begin was seen; not cut at borders.",
    { ...site, ...waits },
  ),
  entry(
    "go_trace_lock_wait_seconds",
    "sum",
    "Time goroutines waited for locks and the like, by kind",
    "Waits with the reason sync that end in the window; compare lock `mutex` and `rwmutex` with /sync/mutex/wait/total:seconds, which samples and includes the runtime's own locks.",
    { lock: "mutex, rwmutex, waitgroup, once, cond or other, by the functions on the stack" },
  ),
  entry(
    "go_trace_network_wakes",
    "count",
    "Goroutines woken by the network",
    "Wake-ups from waiting for the network that no goroutine did.",
  ),
  entry(
    "go_trace_network_wake_batch_max",
    "max",
    "Most goroutines woken by one look at the network",
    "By one thread, less than a microsecond apart.",
  ),
  entry(
    "go_trace_timer_wakes",
    "count",
    "Sleeping goroutines woken",
    "Wake-ups from time.Sleep that no goroutine did; timers of channels are not among them.",
  ),
  ...durations(
    "go_trace_syscall_duration_seconds",
    "How long system calls took",
    "Calls that end in the window, begin seen. In traces of Go 1.21 and older a call that kept its processor takes 1 ns.",
    { ended: "`running`: it kept its processor or got one at once; `blocked`: it had to queue for one" },
  ),
  ...durations(
    "go_trace_syscall_retake_seconds",
    "How long system calls held their processor before it was taken",
    "From the begin of the call; the runtime looks every 20 µs to 10 ms. Not in traces of Go 1.21 and older.",
  ),
  entry(
    "go_trace_syscall_site_seconds",
    "sum",
    "Time in system calls, by place",
    "Calls of at least 0.1 ms that end in the window, full length.",
    site,
  ),
  entry(
    "go_trace_syscall_age_max_seconds",
    "max",
    "How long the longest system call has taken so far",
    "Of those going on at the end of the window; each ties up a thread.",
  ),
  ...durations("go_trace_gc_cycle_seconds", "How long collections took", "Concurrent mark phases that end in the window, begin seen."),
  ...durations("go_trace_gc_interval_seconds", "Time between the begins of collections", "Counted at the later begin."),
  entry(
    "go_trace_gc_running_seconds",
    "sum",
    "Processor time spent for the collector, by role",
    "Time in running, cut at the window's borders.",
    {
      role: "assist (the program's goroutines), or a mark worker's: dedicated, fractional, idle",
    },
  ),
  entry(
    "go_trace_gc_cpu_share",
    "mean",
    "Share of the processors' time that the collector took",
    "Stops of the world times GOMAXPROCS, assists, dedicated and fractional workers over GOMAXPROCS times the window; idle workers and sweeping apart. Absent where GOMAXPROCS is not known.",
  ),
  entry("go_trace_gc_assists", "count", "Mark assists begun", "Goroutines that allocate are made to help."),
  entry("go_trace_gc_sweeps", "count", "Sweeps begun", "Incremental sweeping on a processor, in the background or before an allocation."),
  entry("go_trace_gc_swept_bytes", "sum", "Bytes looked at by sweeping", "Of sweeps that end in the window."),
  entry("go_trace_gc_reclaimed_bytes", "sum", "Bytes freed by sweeping", "Of sweeps that end in the window."),
  entry(
    "go_trace_gc_pause_seconds_bucket",
    "count",
    "Stops of the world by the collector in buckets",
    "Stops that end in the window. /sched/pauses/total/gc:seconds begins a little later, so it is never larger.",
    buckets("go_gc_pauses_seconds"),
  ),
  entry(
    "go_trace_other_pause_seconds_bucket",
    "count",
    "Other stops of the world in buckets",
    "As /sched/pauses/total/other:seconds; those of the tracer included.",
    buckets("go_gc_pauses_seconds"),
  ),
  ...durations(
    "go_trace_stw_stopping_seconds",
    "How long it took until everything stood still",
    "Estimate: from the begin of a stop to the last processor or goroutine that stopped in it; the trace has no event for it. Absent for stops that found all idle.",
  ),
  entry(
    "go_trace_mutator_utilization_min",
    "mean",
    "The least share of the processors that the collector left to the program",
    "Smallest mean over any stretch of this length that ends in the window (minimum mutator utilisation). Stops take all processors; sweeping, assists and mark workers one each, idle workers none. Absent where GOMAXPROCS is not known.",
    { over: "length of the stretch: 1ms, 10ms or 100ms" },
  ),
  entry(
    "go_trace_heap_live_min_bytes",
    "mean",
    "Least heap in use",
    "Of the values reported in the window; the one before where there is none.",
  ),
  entry(
    "go_trace_heap_live_max_bytes",
    "max",
    "Most heap in use",
    "Of the values reported in the window; the one before where there is none.",
  ),
  entry(
    "go_trace_heap_headroom_bytes",
    "last",
    "Heap left until the next collection is to be done",
    "Goal less live heap at the end of the window.",
  ),
  entry(
    "go_trace_heap_filled_at_gc",
    "last",
    "How full the heap was when the last collection began",
    "Live heap over goal; the pacer begins early enough to end at 1.",
  ),
  entry(
    "go_trace_heap_after_gc_bytes",
    "last",
    "Heap in use at the end of the last collection",
    "What survives, and what was allocated while marking; a steady rise over collections is a leak.",
  ),
  entry(
    "go_trace_heap_overshoots",
    "count",
    "Collections that ended with more heap than their goal",
    "Live heap above the goal at the end of marking.",
  ),
  entry(
    "go_trace_allocated_bytes",
    "sum",
    "Bytes allocated",
    "Sum of the rises of the live heap, which is reported when a span is taken: coarse over short windows, and low by what is freed and taken again unseen.",
  ),
] as const;

/** Labels that the wide series add to names of the core series: the sums without them stay what they are. */
export const moreLabels: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  go_trace_goroutines: scope,
  go_trace_goroutines_created: scope,
  go_trace_goroutines_ended: scope,
  go_trace_sched_latency_seconds: {
    ...scope,
    cause: "why it was runnable: create, unblock (by a goroutine), wake (by the runtime: network, timers), preempt, yield or syscall",
  },
  go_trace_syscalls: { purpose: "file, metadata, network, contention, process, memory, cgo or other, by the functions on the stack" },
  go_trace_syscalls_blocked: { purpose: "as for go_trace_syscalls" },
  go_trace_syscall_seconds: { purpose: "as for go_trace_syscalls; full length of the calls that end in the window" },
};
