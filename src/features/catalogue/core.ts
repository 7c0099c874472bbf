/** The core series: names and definitions that do not move. */
import { entryOf } from "./entry.ts";

const entry = entryOf("core");

const goState = { state: "runnable, running, waiting or syscall" };
const reason = { reason: "why, in the runtime's words (`sync`, `chan receive`, `select`, `network`, `sleep`, …); empty = not known" };
const stopKind = { kind: "what the world was stopped for (`GC mark termination`, `start trace`, …)" };

export const coreEntries = [
  entry(
    "go_trace_events",
    "count",
    "Events in the trace",
    "All events, statuses, CPU samples and the markers between generations included.",
  ),
  entry(
    "go_trace_goroutines",
    "mean",
    "Goroutines by state, mean over the window",
    "Sum over all goroutines (user, system and the tracer's own) of their time in the state inside the window, divided by its length.",
    goState,
  ),
  entry(
    "go_trace_goroutines_max",
    "max",
    "Goroutines by state, largest number at once",
    "The largest of the number carried into the window and the number after every change of state in it.",
    goState,
  ),
  entry(
    "go_trace_goroutines_created",
    "count",
    "Goroutines created",
    "Changes from not existing to any state; goroutines made by C threads included.",
  ),
  entry("go_trace_goroutines_ended", "count", "Goroutines ended", "Changes from any state to not existing."),
  entry(
    "go_trace_sched_latency_seconds_count",
    "count",
    "Times a runnable goroutine got to run",
    "Stays in runnable whose begin was seen and that end in running in this window. Coroutine switches count, with 1–2 ns.",
  ),
  entry(
    "go_trace_sched_latency_seconds_sum",
    "sum",
    "Time goroutines were runnable before they ran, in all",
    "Full length of the stays counted by go_trace_sched_latency_seconds_count, not cut at window borders.",
  ),
  entry(
    "go_trace_sched_latency_seconds",
    "quantile",
    "Scheduling latency: how long a runnable goroutine waited to run",
    "Exact nearest rank over the stays counted by go_trace_sched_latency_seconds_count; absent when there were none.",
    { quantile: "0.5, 0.99 or 1 (the longest)" },
  ),
  entry("go_trace_blocks", "count", "Times goroutines blocked, by reason", "Changes from running to waiting.", reason),
  entry(
    "go_trace_block_seconds",
    "sum",
    "Time goroutines spent blocked, by reason",
    "Time in waiting inside the window, summed over goroutines; the reason is the one given when the wait began, empty when it began before the trace.",
    reason,
  ),
  entry("go_trace_unblocks", "count", "Times blocked goroutines were woken", "Changes from waiting to runnable.", {
    by: "`goroutine` when another goroutine did it, `runtime` for network, timers and the like",
  }),
  entry("go_trace_syscalls", "count", "System calls begun", "Changes from running to syscall."),
  entry(
    "go_trace_syscalls_blocked",
    "count",
    "System calls that lost their processor",
    "Changes from syscall to runnable: the call took so long that its P was taken.",
  ),
  entry(
    "go_trace_syscall_seconds",
    "sum",
    "Time goroutines spent in system calls",
    "Time in syscall inside the window, summed over goroutines. Traces of Go 1.21 and older give calls that did not block 1 ns.",
  ),
  entry(
    "go_trace_procs",
    "mean",
    "Processors (Ps) by state, mean over the window",
    "A P in a system call is running until it is stopped or taken; one taken away by a smaller GOMAXPROCS stays idle.",
    { state: "running or idle" },
  ),
  entry(
    "go_trace_gomaxprocs",
    "last",
    "GOMAXPROCS at the end of the window",
    "The last value reported up to the end of the window; absent before the first. Traces of Go 1.21 and older have it only when it changes.",
  ),
  entry(
    "go_trace_gc_cycles",
    "count",
    "Garbage collections begun",
    "Begins of the concurrent mark phase; one that ran already when the trace began does not count.",
  ),
  entry(
    "go_trace_gc_active_seconds",
    "sum",
    "Time the garbage collector was marking",
    "Overlap of the concurrent mark phase with the window.",
  ),
  entry("go_trace_stw_count", "count", "Times the world was stopped, by kind", "Stop-the-world ranges that end in the window.", stopKind),
  entry(
    "go_trace_stw_seconds",
    "sum",
    "Time the world was stopped, by kind",
    "Overlap of stop-the-world ranges with the window; stopping is part of the range.",
    stopKind,
  ),
  entry(
    "go_trace_stw_max_seconds",
    "max",
    "Longest stop of the world, by kind",
    "Full length of the longest stop-the-world range that ends in the window.",
    stopKind,
  ),
  entry(
    "go_trace_gc_pause_seconds",
    "sum",
    "Time the garbage collector stopped the world",
    "go_trace_stw_seconds of the kinds GC sweep termination and GC mark termination together.",
  ),
  entry(
    "go_trace_gc_pause_max_seconds",
    "max",
    "Longest stop of the world by the garbage collector",
    "The larger go_trace_stw_max_seconds of the kinds GC sweep termination and GC mark termination.",
  ),
  entry(
    "go_trace_gc_assist_seconds",
    "sum",
    "Time goroutines helped the garbage collector instead of working",
    "Overlap of GC mark assists with the window over all goroutines; wall time, also when the helper was not running.",
  ),
  entry("go_trace_gc_sweep_seconds", "sum", "Time spent sweeping", "Overlap of incremental sweeping with the window over all processors."),
  entry(
    "go_trace_heap_live_bytes",
    "last",
    "Heap in use at the end of the window",
    "Last value of /memory/classes/heap/objects:bytes, carried forward; absent before the first.",
  ),
  entry(
    "go_trace_heap_goal_bytes",
    "last",
    "Heap size at which the next garbage collection is to end",
    "Last value of /gc/heap/goal:bytes, carried forward; absent before the first.",
  ),
  entry("go_trace_tasks_started", "count", "User tasks started", "runtime/trace.NewTask."),
  entry("go_trace_tasks_ended", "count", "User tasks ended", "Task.End; an end without a known begin counts."),
  entry("go_trace_regions", "count", "User regions begun, by type", "runtime/trace.StartRegion and WithRegion.", {
    type: "type of the region",
  }),
  entry("go_trace_logs", "count", "User log lines, by category", "runtime/trace.Log and Logf.", { category: "category of the line" }),
] as const;
