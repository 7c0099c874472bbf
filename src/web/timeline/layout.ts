/** Where lanes and counters lie, what is under the pointer, and which functions fill the view. Pure. */
import type { Timeline, TimelineCounter, TimelineLane } from "../api-types.ts";
import type { View } from "./view.ts";

export type Row =
  | { readonly type: "lane"; readonly y: number; readonly height: number; readonly lane: TimelineLane }
  | { readonly type: "counter"; readonly y: number; readonly height: number; readonly counter: TimelineCounter };

export type Layout = { readonly rows: readonly Row[]; readonly height: number; readonly axis: number };

const order = { stw: 0, gc: 1, assist: 2, proc: 3 } as const;

/** Axis on top, then runtime lanes, procs, counters; procs get thinner when there are many. */
export function layoutRows(timeline: Pick<Timeline, "lanes" | "counters">, axis = 44): Layout {
  const lanes = [...timeline.lanes].sort((a, b) => order[a.kind] - order[b.kind] || a.id - b.id);
  const procs = lanes.filter((lane) => lane.kind === "proc").length;
  const procHeight = procs <= 8 ? 30 : procs <= 24 ? 22 : procs <= 64 ? 15 : 11;
  const rows: Row[] = [];
  let y = axis + 6;
  let before: string | undefined;
  for (const lane of lanes) {
    const height = lane.kind === "proc" ? procHeight : 18;
    if (before !== undefined && (before === "proc") !== (lane.kind === "proc")) y += 8;
    rows.push({ type: "lane", y, height, lane });
    y += height + (lane.kind === "proc" && procs > 24 ? 1 : 3);
    before = lane.kind;
  }
  for (const counter of timeline.counters) {
    y += 10;
    rows.push({ type: "counter", y, height: 54, counter });
    y += 54;
  }
  return { rows, height: y + 10, axis };
}

export const rowAt = (layout: Layout, y: number): Row | undefined => layout.rows.find((row) => y >= row.y && y < row.y + row.height);

/** Index of the span of a lane that covers `at`, or lies within `slack` of it; -1 when none does. */
export function spanAt(lane: Pick<TimelineLane, "start" | "end">, at: number, slack = 0): number {
  const last = lastAtOrBefore(lane.start, at);
  if (last >= 0 && at < lane.end[last]!) return last;
  let best = -1;
  let distance = slack;
  if (last >= 0 && at - lane.end[last]! <= distance) {
    best = last;
    distance = at - lane.end[last]!;
  }
  if (last + 1 < lane.start.length && lane.start[last + 1]! - at <= distance) best = last + 1;
  return best;
}

/** Index of the last element ≤ at in an ascending list; -1 when all are later. */
export function lastAtOrBefore(sorted: readonly number[], at: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! <= at) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

export type Usage = { readonly name: number; readonly nanos: number; readonly share: number };

/**
 * Running time by function over the visible part of all procs, most first; name -1 = spans merged at this zoom.
 * `share` is of the visible processor time (procs × length).
 */
export function visibleUsage(timeline: Timeline, view: View): Usage[] {
  const total = new Map<number, number>();
  let procs = 0;
  for (const lane of timeline.lanes) {
    if (lane.kind !== "proc") continue;
    procs++;
    for (let index = Math.max(0, lastAtOrBefore(lane.start, view.from)); index < lane.start.length; index++) {
      if (lane.start[index]! >= view.to) break;
      const overlap = Math.min(lane.end[index]!, view.to) - Math.max(lane.start[index]!, view.from);
      if (overlap <= 0) continue;
      const name = lane.name[index]!;
      total.set(name, (total.get(name) ?? 0) + overlap * (lane.share[index] ?? 1));
    }
  }
  const all = procs * (view.to - view.from) || 1;
  return [...total].map(([name, nanos]) => ({ name, nanos, share: nanos / all })).sort((a, b) => b.nanos - a.nanos);
}
