/** What the answers for people have in common: the same numbers, in the same words. */
import type { Summary } from "../../features/summary.ts";
import { formatBytes, formatDuration, formatNumber } from "../../lib/units.ts";

export const percent = (part: number, whole: number): string => (whole > 0 ? `${formatNumber((part / whole) * 100)} %` : "–");
export const count = (value: number, one: string, many = `${one}s`): string => `${formatNumber(value)} ${value === 1 ? one : many}`;

/** The numbers that say most, each with its name. */
export function numberRows(summary: Summary): [string, string][] {
  const { processors, runQueue, schedulingLatency, pauses, gc, heap, goroutines, syscalls, range } = summary;
  const { longest, p50Nanos, p99Nanos } = schedulingLatency;
  const rows: [string, string][] = [
    [
      "Processors busy",
      `${percent(processors.busyNanos, processors.availableNanos)} of ${processors.gomaxprocs === null ? "all" : formatNumber(processors.gomaxprocs)} (goroutines ran ${percent(processors.runningNanos, processors.availableNanos)})`,
    ],
    ["Waiting to run", `${formatNumber(runQueue.mean)} goroutines on average, ${formatNumber(runQueue.most)} at most${worst(summary)}`],
  ];
  if (p50Nanos !== null && p99Nanos !== null && longest !== null) {
    rows.push([
      "Scheduling latency",
      `half below ${formatDuration(p50Nanos)}, 99 % below ${formatDuration(p99Nanos)}, longest ${formatDuration(longest.nanos)} at ${moment(longest.start)}`,
    ]);
  }
  const [longestPause] = [...pauses].toSorted((one, two) => two.longestNanos - one.longestNanos);
  rows.push([
    "World stopped",
    longestPause === undefined
      ? "never"
      : `${count(
          pauses.reduce((sum, pause) => sum + pause.count, 0),
          "time",
        )}, ${formatDuration(pauses.reduce((sum, pause) => sum + pause.totalNanos, 0))} in all, ` +
        `longest ${formatDuration(longestPause.longestNanos)} (${longestPause.kind}) at ${moment(longestPause.longestStart)}`,
  ]);
  const share = gc.share === null || gc.cycles === 0 ? "" : `, ${formatNumber(gc.share * 100)} % of busy time`;
  rows.push([
    "Garbage collections",
    `${formatNumber(gc.cycles)}${share}${heap === null ? "" : `; heap ${formatBytes(heap.least)} to ${formatBytes(heap.most)}`}`,
  ]);
  const change = `${formatNumber(goroutines.atStart)} at first, ${formatNumber(goroutines.created)} created, ${formatNumber(goroutines.ended)} ended`;
  rows.push(["Goroutines", change]);
  if (syscalls.count > 0) {
    const perSecond = range.nanos === 0 ? "" : ` (${formatNumber(syscalls.count / (range.nanos / 1e9))} a second)`;
    rows.push([
      "System calls",
      `${formatNumber(syscalls.count)}${perSecond}, ${formatNumber(syscalls.lostProcessor)} lost their processor`,
    ]);
  }
  return rows;
}

function worst({ runQueue, range }: Summary): string {
  if (runQueue.worst === null || runQueue.worst.mean < 1 || range.nanos <= range.windowNanos) return "";
  return `; worst at ${moment(runQueue.worst.start)}: ${formatNumber(runQueue.worst.mean)}`;
}

/** Waits in the program's own code; one place may wait in several operations of the runtime. */
export function mergePlaces({ blockSites }: Summary): { reason: string; caller: string; place: string; count: number; nanos: number }[] {
  const merged = new Map<string, { reason: string; caller: string; place: string; count: number; nanos: number }>();
  for (const { reason, caller, place, count: times, nanos } of blockSites) {
    if (caller === "") continue;
    const key = `${reason}\n${caller}\n${place}`;
    const known = merged.get(key);
    if (known === undefined) merged.set(key, { reason, caller, place, count: times, nanos });
    else {
      known.count += times;
      known.nanos += nanos;
    }
  }
  return [...merged.values()].toSorted((one, two) => two.nanos - one.nanos);
}

/** An instant of the trace, to the millisecond. */
export const moment = (nanos: number): string =>
  nanos < 1e9 ? `${Number((nanos / 1e6).toFixed(nanos < 1e7 ? 3 : 1))} ms` : `${(nanos / 1e9).toFixed(3)} s`;
