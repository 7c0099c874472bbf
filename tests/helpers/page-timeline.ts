/** A timeline from the reference reader's own event list (…/real/NAME.trace.tsv.gz), for tests of the page. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { Timeline, TimelineLane } from "../../src/web/api-types.ts";

type Span = { start: number; end: number; goroutine: number };
export type TraceSpans = {
  end: number;
  events: number;
  procs: Map<number, Span[]>;
  stw: Span[];
  gc: Span[];
  /** Spans of mark assist; a goroutine is one lane's worth of them. */
  assist: Span[];
  names: Map<number, string>;
  heap: [number, number][];
  runnable: [number, number][];
};

/** Spans of running goroutines per proc, pauses, runnable goroutines and live heap. Times relative to the first event. */
export function readSpans(path: string): TraceSpans {
  const spans: TraceSpans = { end: 0, events: 0, procs: new Map(), stw: [], gc: [], assist: [], names: new Map(), heap: [], runnable: [] };
  const running = new Map<number, { start: number; proc: number }>();
  let origin: number | undefined;
  let runnable = 0;
  const ranges = new Map<string, number>();
  for (const line of gunzipSync(readFileSync(path)).toString("utf8").trim().split("\n")) {
    const [time, kind, , proc, doer, , ...rest] = line.split("\t") as string[];
    origin ??= Number(time);
    const at = Number(time) - origin;
    spans.end = at;
    spans.events++;
    if (kind === "Metric" && rest[0]!.includes("heap/objects")) spans.heap.push([at, Number(rest[1])]);
    if (kind === "RangeBegin") ranges.set(`${rest[0]} ${rest[1]}`, at);
    if (kind === "RangeEnd") {
      const span = { start: ranges.get(`${rest[0]} ${rest[1]}`) ?? 0, end: at, goroutine: Number(doer) };
      if (rest[0]!.startsWith("stop-the-world")) spans.stw.push({ ...span, goroutine: -1 });
      if (rest[0] === "GC concurrent mark phase") spans.gc.push({ ...span, goroutine: -1 });
      if (rest[0] === "GC mark assist") spans.assist.push(span);
    }
    if (kind !== "StateTransition" || rest[0] !== "G") continue;
    const [, id, from, to] = rest;
    const goroutine = Number(id);
    // The list names the function a goroutine began with by a hash of its stack.
    if (from === "NotExist") spans.names.set(goroutine, `function ${rest[5]!.split(":")[1] ?? "unknown"}`);
    if (from === to) continue;
    runnable += Number(to === "Runnable") - Number(from === "Runnable");
    spans.runnable.push([at, runnable]);
    if (to === "Running") running.set(goroutine, { start: at, proc: Number(proc) });
    const began = running.get(goroutine);
    if (from === "Running" && began !== undefined) {
      running.delete(goroutine);
      if (!spans.procs.has(began.proc)) spans.procs.set(began.proc, []);
      spans.procs.get(began.proc)!.push({ start: began.start, end: at, goroutine });
    }
  }
  return spans;
}

/** The answer of traces/{id}/timeline: spans nearer than a pixel are merged. */
export function timelineOf(spans: TraceSpans, from: number, to: number, width: number): Timeline {
  const names: string[] = [];
  const index = new Map<string, number>();
  const nameOf = (goroutine: number): number => {
    const name = spans.names.get(goroutine) ?? `goroutine ${goroutine}`;
    if (!index.has(name)) index.set(name, names.push(name) - 1);
    return index.get(name)!;
  };
  const pixel = (to - from) / width;
  const lane = (kind: TimelineLane["kind"], id: number, label: string, list: readonly Span[]): TimelineLane => {
    const out = {
      kind,
      id,
      label,
      start: [] as number[],
      end: [] as number[],
      name: [] as number[],
      goroutine: [] as number[],
      share: [] as number[],
    };
    for (let next = 0; next < list.length;) {
      const span = list[next++]!;
      if (span.end <= from || span.start >= to) continue;
      const group = { ...span, busy: span.end - span.start, same: true };
      while (next < list.length && list[next]!.start - group.end < pixel && list[next]!.end - group.start < pixel * 2) {
        const more = list[next++]!;
        group.same &&= more.goroutine === group.goroutine;
        group.busy += more.end - more.start;
        group.end = more.end;
      }
      out.start.push(group.start);
      out.end.push(group.end);
      out.name.push(kind === "proc" ? (group.same ? nameOf(group.goroutine) : -1) : -1);
      out.goroutine.push(group.same ? group.goroutine : -1);
      out.share.push(Math.min(1, group.busy / Math.max(1, group.end - group.start)));
    }
    return out;
  };
  const thin = (points: readonly [number, number][], label: string, unit: string): Timeline["counters"][number] => {
    const inside = points.filter(([t]) => t >= from && t <= to);
    const every = Math.max(1, Math.floor(inside.length / width));
    const kept = inside.filter((_, place) => place % every === 0);
    return { label, unit, t: kept.map(([t]) => t), v: kept.map(([, v]) => v) };
  };
  return {
    from,
    to,
    names,
    lanes: [
      lane("stw", 0, "Stop the world", spans.stw),
      lane("gc", 0, "GC", spans.gc),
      lane("assist", 0, "Assist", spans.assist),
      ...[...spans.procs].sort((a, b) => a[0] - b[0]).map(([id, list]) => lane("proc", id, `P${id}`, list)),
    ],
    counters: [thin(spans.runnable, "Runnable", "goroutines"), thin(spans.heap, "Heap", "bytes")],
  };
}
