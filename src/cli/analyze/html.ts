/** One HTML file with pictures that needs nothing else: what the text says, and how it went over the time of the trace. */
import { shortFunction } from "../../features/goroutine-names.ts";
import { createSummary, type Summary } from "../../features/summary.ts";
import type { Block, Line } from "../../jobs/report/document.ts";
import { toHtml } from "../../jobs/report/html.ts";
import { formatBytes, formatDuration, formatNumber } from "../../lib/units.ts";
import type { TraceOutcome } from "../../trace/model.ts";
import { breakText } from "../break-text.ts";
import type { Answer, AnswerOptions } from "./answer.ts";
import { Curves } from "./html/curves.ts";
import { count, mergePlaces, moment, numberRows } from "./words.ts";

/** What is drawn, and how windows are put together where there are more than points. */
const drawn = {
  running: "mean",
  runnable: "mean",
  syscall: "mean",
  waiting: "mean",
  procs: "mean",
  gomaxprocs: "most",
  created: "mean",
  ended: "mean",
  latency99: "most",
  latencyMax: "most",
  pause: "most",
  collecting: "mean",
  live: "most",
  goal: "most",
  calls: "mean",
  lost: "mean",
} as const;
type Drawn = keyof typeof drawn;

const state = (name: string): string => `go_trace_goroutines{state="${name}"}`;

export function htmlAnswer({ input, windowNanos, from, to, write }: AnswerOptions): Answer {
  const curves = new Curves(drawn);
  const summary = createSummary({
    windowNanos,
    from,
    to,
    onWindow({ values, length }) {
      if (length === 0) return;
      const gauge = (name: string): number => values.get(name) ?? Number.NaN;
      const amount = (name: string): number => values.get(name) ?? 0;
      const seconds = length / 1e9;
      const point: Readonly<Record<Drawn, number>> = {
        running: gauge(state("running")),
        runnable: gauge(state("runnable")),
        syscall: gauge(state("syscall")),
        waiting: gauge(state("waiting")),
        procs: gauge('go_trace_procs{state="running"}'),
        gomaxprocs: gauge("go_trace_gomaxprocs"),
        created: amount("go_trace_goroutines_created") / seconds,
        ended: amount("go_trace_goroutines_ended") / seconds,
        latency99: gauge('go_trace_sched_latency_seconds{quantile="0.99"}'),
        latencyMax: gauge('go_trace_sched_latency_seconds{quantile="1"}'),
        pause: amount("go_trace_gc_pause_max_seconds"),
        collecting: amount("go_trace_gc_active_seconds") / seconds,
        live: gauge("go_trace_heap_live_bytes"),
        goal: gauge("go_trace_heap_goal_bytes"),
        calls: amount("go_trace_syscalls") / seconds,
        lost: amount("go_trace_syscalls_blocked") / seconds,
      };
      curves.add((Object.keys(drawn) as Drawn[]).map((name) => point[name]));
    },
  });
  return {
    visitor: summary,
    finish(outcome) {
      const name = input === "-" ? "standard input" : input;
      write(toHtml({ title: `${name} · Foretrace`, blocks: blocksOf(summary.finish(), outcome, curves, name) }));
    },
  };
}

function blocksOf(summary: Summary, outcome: TraceOutcome, curves: Curves, name: string): Block[] {
  const { range, version, events, generations, wallClock, findings } = summary;
  const heading = (level: 1 | 2 | 3, text: string): Block => ({ kind: "heading", level, text });
  if (version === null) return [heading(1, name), { kind: "paragraph", line: ["Nothing could be read."] }];
  const recorded = wallClock === null ? "" : `, recorded ${new Date(wallClock).toISOString().replace("T", " ").replace("Z", " UTC")}`;
  const what =
    `${formatDuration(range.nanos)} of a Go program (trace format 1.${version}), ${count(events, "event")} in ${count(generations, "generation")}${recorded}. ` +
    (range.nanos === summary.traceNanos ? "" : `From ${moment(range.start)} on, of ${formatDuration(summary.traceNanos)}.`);
  const blocks: Block[] = [heading(1, name), { kind: "paragraph", line: [what] }];
  if (outcome.error !== undefined) blocks.push({ kind: "paragraph", line: [{ strong: breakText(outcome, "below") }] });
  if (range.nanos === 0) return [...blocks, { kind: "paragraph", line: ["Too short to say anything about."] }];
  blocks.push(heading(2, "What looks wrong"));
  if (findings.length === 0) blocks.push({ kind: "paragraph", line: ["Nothing by the rules of docs/findings.md."] });
  for (const found of findings) blocks.push(...findingBlocks(found, summary));
  return [
    ...blocks,
    heading(2, "Over time"),
    ...charts(curves, summary),
    heading(2, "Numbers that matter"),
    { kind: "table", head: ["what", "how much"], rows: numberRows(summary).map((row) => row.map((text): Line => [text])) },
    heading(2, "What it did"),
    ...functionBlocks(summary),
    heading(2, "Where it waited"),
    waitTable(summary),
  ];
}

function findingBlocks(found: Summary["findings"][number], { range }: Summary): Block[] {
  const { severity, title, costNanos, text, advice, sites, from, to, confidence } = found;
  const share = (at: number): number => (at - range.start) / range.nanos;
  const cost = costNanos > 0 ? `costs ${formatDuration(costNanos)}, ` : "";
  return [
    { kind: "heading", level: 3, text: title },
    {
      kind: "paragraph",
      line: [{ strong: severity }, ` · ${cost}${moment(from)} to ${moment(to)}, ${formatNumber(confidence * 100)} % sure`],
    },
    { kind: "strip", label: `${title}: when`, marks: [{ from: share(from), to: share(to) }] },
    { kind: "paragraph", line: [text] },
    { kind: "paragraph", line: [`→ ${advice}`] },
    ...(sites.some(({ site }) => site !== "")
      ? [
          {
            kind: "list" as const,
            items: sites.filter(({ site }) => site !== "").map(({ role, site }): Line => [`${role} `, { code: site }]),
          },
        ]
      : []),
  ];
}

function charts(curves: Curves, { range, findings }: Summary): Block[] {
  const marks = findings
    .filter(({ severity, from, to }) => severity !== "info" && to - from < range.nanos)
    .map(({ from, to }) => ({ from: (from - range.start) / range.nanos, to: (to - range.start) / range.nanos }));
  const chart = (title: string, words: (value: number) => string, lines: Readonly<Partial<Record<Drawn, string>>>): Block[] => {
    const found = Object.entries(lines).map(([name, label]) => ({ label, points: curves.of(name) }));
    const most = Math.max(0, ...found.flatMap(({ points }) => points.filter((point) => !Number.isNaN(point))));
    if (most === 0) return [];
    return [
      {
        kind: "chart",
        title,
        top: words(most),
        begin: moment(range.start),
        end: moment(range.start + range.nanos),
        lines: found.map(({ label, points }) => ({ label, points: points.map((point) => point / most) })),
        marks,
      },
    ];
  };
  const number = formatNumber;
  const perSecond = (value: number): string => `${formatNumber(value)} a second`;
  const time = (seconds: number): string => formatDuration(seconds * 1e9);
  return [
    ...chart("Goroutines at work", number, { running: "running", runnable: "waiting to run", syscall: "in system calls" }),
    ...chart("Goroutines blocked", number, { waiting: "blocked" }),
    ...chart("Processors", number, { procs: "running", gomaxprocs: "GOMAXPROCS" }),
    ...chart("Time to run, once runnable", time, { latency99: "99 % below", latencyMax: "longest" }),
    ...chart("Goroutines come and go", perSecond, { created: "created", ended: "ended" }),
    ...chart("Heap", formatBytes, { live: "in use", goal: "goal of the collector" }),
    ...chart("Share of the time spent collecting", (share) => `${formatNumber(share * 100)} %`, { collecting: "marking" }),
    ...chart("Longest pause by the collector", time, { pause: "longest" }),
    ...chart("System calls", perSecond, { calls: "calls", lost: "lost their processor" }),
  ];
}

const shown = 15;

function functionBlocks({ functions, tasks }: Summary): Block[] {
  const own = functions.filter(({ system }) => !system);
  const rows = own
    .slice(0, shown)
    .map(({ name, goroutines, runningNanos, runnableNanos, syscallNanos, blocked }): Line[] => [
      [{ code: shortFunction(name) }],
      [formatNumber(goroutines)],
      [formatDuration(runningNanos)],
      [formatDuration(runnableNanos)],
      [formatDuration(syscallNanos)],
      [blocked[0] === undefined || blocked[0].nanos === 0 ? "" : `${blocked[0].reason || "(unknown)"} ${formatDuration(blocked[0].nanos)}`],
    ]);
  const rest = own.length - rows.length;
  const blocks: Block[] = [
    { kind: "table", head: ["goroutines of", "count", "running", "runnable", "system calls", "blocked most in"], rows },
    {
      kind: "paragraph",
      line: [
        `Times are sums over goroutines.${rest > 0 ? ` ${count(rest, "function")} more, and those of the runtime, are left out.` : ""}`,
      ],
    },
  ];
  if (tasks.length === 0) return blocks;
  const byTime = tasks.toSorted((one, two) => two.totalNanos - one.totalNanos).slice(0, shown);
  const taskRows = byTime.map(({ type, begun, measured, totalNanos, longestNanos }): Line[] => [
    [type],
    [formatNumber(begun)],
    [measured === 0 ? "" : formatDuration(totalNanos / measured)],
    [measured === 0 ? "" : formatDuration(longestNanos)],
  ]);
  return [...blocks, { kind: "table", head: ["task", "begun", "mean", "longest"], rows: taskRows }];
}

function waitTable(summary: Summary): Block {
  const rows = mergePlaces(summary)
    .slice(0, shown)
    .map(({ reason, caller, place, count: times, nanos }): Line[] => [
      [formatDuration(nanos)],
      [formatNumber(times)],
      [reason || "(before the trace)"],
      [{ code: `${shortFunction(caller)} (${place.slice(place.lastIndexOf("/") + 1)})` }],
    ]);
  return { kind: "table", head: ["time", "times", "for", "at"], rows };
}
