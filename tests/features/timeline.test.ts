/** The timeline against the plain list of spans, which it merges to about two a pixel. */
import { Value } from "typebox/value";
import { describe, expect, it } from "vitest";
import { Timeline as TimelineSchema } from "../../src/api/schemas/records.ts";
import { createTimeline, type Timeline, type TimelineLane } from "../../src/features/timeline.ts";
import { EventKind, GoState, Metric, RangeName, type TraceVisitor } from "../../src/trace/model.ts";
import { feed, hasTraces, readReferenceSummary, tee } from "./traces.ts";

type Span = { start: number; end: number; goroutine: number };

/** Every span of the trace, and every change of the two counters, without any merging. */
class PlainSpans implements TraceVisitor {
  end = 0;
  readonly lanes = new Map<string, Span[]>();
  readonly runnable: [number, number][] = [];
  readonly heap: [number, number][] = [];
  private readonly running = new Map<number, Span & { proc: number }>();
  private readonly open = new Map<string, Span>();
  private readonly assists = new Map<number, number>();
  private runnableNow = 0;
  private syncs = 0;

  event(kind: EventKind, time: number, _t: number, proc: number, _g: number, _s: number, a: number, b: number, c: number, d: number): void {
    this.end = time;
    if (kind === EventKind.Sync) this.syncs = a;
    if (kind === EventKind.Metric && a === Metric.HeapLive) this.heap.push([time, b]);
    if (kind === EventKind.GoTransition && b !== c) {
      const began = this.running.get(a);
      if (b === GoState.Running && began !== undefined) {
        this.running.delete(a);
        this.add(`proc ${began.proc}`, { start: began.start, end: time, goroutine: a });
      }
      // The first goroutine that is found running has been so since the trace began.
      const start = b === GoState.Undetermined && this.syncs === 1 && this.lanes.get(`proc ${proc}`) === undefined ? 0 : time;
      if (c === GoState.Running) this.running.set(a, { start, end: 0, goroutine: a, proc });
      const change = Number(c === GoState.Runnable) - Number(b === GoState.Runnable);
      this.runnableNow += change;
      if (change !== 0) this.runnable.push([time, this.runnableNow]);
    }
    if (kind === EventKind.RangeBegin || kind === EventKind.RangeEnd) this.range(kind === EventKind.RangeBegin, a, d, time);
  }

  private range(begins: boolean, range: number, owner: number, time: number): void {
    const lane = range === RangeName.StopTheWorld ? "stw 0" : range === RangeName.GcMark ? "gc 0" : "assist 0";
    if (range === RangeName.GcSweep) return;
    if (range !== RangeName.GcMarkAssist) {
      if (begins) this.open.set(lane, { start: time, end: 0, goroutine: range === RangeName.GcMark ? -1 : owner });
      else this.add(lane, { ...this.open.get(lane)!, end: time });
      return;
    }
    if (begins) {
      if (this.assists.size === 0) this.open.set(lane, { start: time, end: 0, goroutine: owner });
      else this.open.get(lane)!.goroutine = -1;
      this.assists.set(owner, time);
      return;
    }
    this.assists.delete(owner);
    if (this.assists.size === 0) this.add(lane, { ...this.open.get(lane)!, end: time });
  }

  finish(): void {
    for (const [goroutine, { start, proc }] of this.running) this.add(`proc ${proc}`, { start, end: this.end, goroutine });
    for (const [lane, span] of this.open) this.add(lane, { ...span, end: this.end });
  }

  private add(lane: string, span: Span): void {
    this.open.delete(lane);
    if (!this.lanes.has(lane)) this.lanes.set(lane, []);
    this.lanes.get(lane)!.push(span);
  }
}

/** Long spans stay; neighbours that are short and begin in the same pixel are one. */
function mergePlainly(
  spans: readonly Span[],
  from: number,
  to: number,
  pixel: number,
): Omit<TimelineLane, "kind" | "id" | "label" | "name"> {
  const groups: Span[][] = [];
  const long = ({ start, end }: Span): boolean => end - start >= pixel;
  for (const span of spans.filter(({ start, end }) => end > from && start < to)) {
    const before = groups.at(-1);
    const joins =
      before !== undefined &&
      !long(span) &&
      !long(before[0]!) &&
      Math.floor((span.start - from) / pixel) === Math.floor((before[0]!.start - from) / pixel);
    if (joins) before.push(span);
    else groups.push([span]);
  }
  return {
    start: groups.map((group) => group[0]!.start),
    end: groups.map((group) => group.at(-1)!.end),
    goroutine: groups.map((group) => (new Set(group.map(({ goroutine }) => goroutine)).size === 1 ? group[0]!.goroutine : -1)),
    share: groups.map((group) => group.reduce((sum, { start, end }) => sum + end - start, 0) / (group.at(-1)!.end - group[0]!.start)),
  };
}

/** Value of a step function at a time. */
const at = (t: readonly number[], v: readonly number[], time: number): number | undefined => v[t.findLastIndex((one) => one <= time)];

const traces = [
  "tsgolint-7.0.2007-go1.26.10-tiny",
  "esbuild-0.28.2-go1.26.5-small",
  "go119-scenario-mutex",
  "prometheus-2.42.0-go1.19.8-idle5s",
];
const ranges = [
  { from: 0, to: Number.POSITIVE_INFINITY, width: 900 },
  { from: 0, to: Number.POSITIVE_INFINITY, width: 10 },
  { from: 10_000_000, to: 30_000_000, width: 200 },
  { from: 20_000_000, to: 20_500_000, width: 1000 },
  { from: 3_000_000, to: 900_000_000_000, width: 50 },
];

describe.skipIf(!hasTraces).each(traces)("%s", (trace) => {
  it.each(ranges)("from $from to $to in $width pixels", async (range) => {
    const plain = new PlainSpans();
    const visitor = createTimeline(range);
    await feed(trace, "list", tee([plain, visitor]));
    plain.finish();
    const timeline = visitor.finish();
    const { from, width } = range;
    let pixel = (range.to - from) / width;
    if (range.to === Number.POSITIVE_INFINITY) for (pixel = 1; plain.end > pixel * width;) pixel *= 2;

    const expected = [...plain.lanes].flatMap(([key, spans]) => {
      const merged = mergePlainly(spans, from, range.to, pixel);
      return merged.start.length === 0 && !key.startsWith("proc") ? [] : [[key, merged] as const];
    });
    const found = timeline.lanes.map(
      ({ kind, id, start, end, goroutine, share }) => [`${kind} ${id}`, { start, end, goroutine, share }] as const,
    );
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected));
    for (const { start, name } of timeline.lanes) {
      expect(start.length).toBeLessThanOrEqual(2 * width + 2);
      expect(name).toHaveLength(start.length);
    }
    expect(timeline).toMatchObject({ from: Math.min(from, plain.end), to: Math.min(range.to, plain.end) });
    expect([...Value.Errors(TimelineSchema, timeline)]).toEqual([]);
    checkCounter(timeline, "Runnable", plain.runnable, pixel, range);
    checkCounter(timeline, "Heap", plain.heap, pixel, range);
  });
});

/** At the end of each pixel the level is right, and no pixel hides its highest value. */
function checkCounter(
  timeline: Timeline,
  label: string,
  changes: readonly (readonly [number, number])[],
  pixel: number,
  { from, width }: { from: number; width: number },
): void {
  const t = changes.map(([time]) => time);
  const v = changes.map(([, value]) => value);
  const { t: foundTimes, v: foundValues } = timeline.counters.find((counter) => counter.label === label) ?? { t: [], v: [] };
  expect(foundTimes.length).toBeLessThanOrEqual(2 * width + 2);
  expect(foundTimes).toEqual(foundTimes.toSorted((one, two) => one - two));
  for (let cell = 0; cell < width && from + cell * pixel < timeline.to; cell++) {
    const [begin, end] = [from + cell * pixel, Math.min(from + (cell + 1) * pixel, timeline.to)];
    const inside = (times: readonly number[], values: readonly number[]): number[] =>
      values.filter((_, i) => times[i]! >= begin && times[i]! < end);
    expect(at(foundTimes, foundValues, end - 0.5)).toBe(at(t, v, end - 0.5));
    expect(Math.max(...inside(foundTimes, foundValues), at(foundTimes, foundValues, begin) ?? 0)).toBe(
      Math.max(...inside(t, v), at(t, v, begin) ?? 0),
    );
  }
}

describe.skipIf(!hasTraces)("names", () => {
  it("are the functions of the reference summary, and the kinds of stops", async () => {
    const trace = "esbuild-0.28.2-go1.26.5-watch";
    const visitor = createTimeline({ from: 0, to: 200_000_000, width: 4000 });
    await feed(trace, "reader", visitor);
    const { names, lanes } = visitor.finish();
    const known = new Set(readReferenceSummary(trace).by_name_top60.map(({ Name }) => Name));
    const used = (kinds: readonly string[]): string[] =>
      lanes.filter(({ kind }) => kinds.includes(kind)).flatMap(({ name }) => name.flatMap((index) => (index < 0 ? [] : [names[index]!])));
    expect(used(["proc", "assist"]).filter((name) => !known.has(name))).toEqual([]);
    expect(new Set(used(["stw"]))).toEqual(new Set(["GC mark termination", "GC sweep termination", "start trace"]));
    expect(new Set(used(["gc"]))).toEqual(new Set(["GC concurrent mark phase"]));
    expect(names.length).toBe(new Set(names).size);
    // Spans of one goroutine have one function.
    expect(used(["proc"]).length).toBeGreaterThan(100);
  });
});
