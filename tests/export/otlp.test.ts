/** Spans against the rules of OTLP/JSON, and against what the scenario is known to do: 20 requests, each with parse, render and a child task db with query. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { otlpExporter } from "../../src/export/otlp/exporter.ts";
import { EventKind, GoState, type TraceVisitor } from "../../src/trace/model.ts";
import { traceNanos } from "../../src/lib/units.ts";
import { fixtureTrace, oldTrace } from "../helpers/fixtures.ts";
import { checkOtlp, type OtlpSpan } from "./otlp-rules.ts";
import { exported } from "./run.ts";

const wallAtOrigin = 1_767_323_045_000_000_000n;
const options = { service: "checkout", clock: { wallAtOrigin, source: "time given", errorMillis: undefined } };
const spansOf = async (range = {}): Promise<OtlpSpan[]> =>
  checkOtlp((await exported(readFileSync(oldTrace), (target) => otlpExporter(options, target), range)).bytes).spans;
const attributes = (span: OtlpSpan): Record<string, unknown> =>
  Object.fromEntries(span.attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
const nanos = (span: OtlpSpan): number => Number(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano));

describe("scenario tasks", async () => {
  const spans = await spansOf();
  const byId = new Map(spans.map((span) => [span.spanId, span]));

  test("one trace a request, with the child task and the regions in it", () => {
    expect(spans).toHaveLength(100);
    const requests = spans.filter(({ parentSpanId }) => parentSpanId === undefined);
    expect(requests).toHaveLength(20);
    expect(requests.every(({ name }) => name.startsWith("request-"))).toBe(true);
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(20);
    for (const span of spans) {
      const parent = span.parentSpanId === undefined ? undefined : byId.get(span.parentSpanId)!;
      expect(parent?.traceId ?? span.traceId).toBe(span.traceId);
      const expected = { parse: "request", render: "request", db: "request", query: "db" }[span.name];
      expect(parent?.name.replace(/-\d$/, "")).toBe(expected);
      expect(BigInt(parent?.startTimeUnixNano ?? 0) <= BigInt(span.startTimeUnixNano)).toBe(true);
    }
  });

  test("times: parse 1 ms, render 2 ms running; query sleeps 5 ms", () => {
    for (const span of spans) {
      const times = attributes(span);
      expect(Number(times["go.waiting_ns.sleep"] ?? 0) > 5e6).toBe(span.name === "query" || span.name === "db");
      const least = { parse: 1e6, render: 2e6, query: 5e6, db: 5e6 }[span.name] ?? 8e6;
      expect(nanos(span)).toBeGreaterThanOrEqual(least);
      // A region's states fill it.
      const sum = ["running", "runnable", "waiting", "syscall"].reduce((all, state) => all + Number(times[`go.${state}_ns`] ?? 0), 0);
      expect(span.name === "db" || span.name.startsWith("request-") || sum === nanos(span)).toBe(true);
      expect(BigInt(span.startTimeUnixNano) >= wallAtOrigin).toBe(true);
    }
  });

  test("logs are events of the request", () => {
    const logs = spans.flatMap((span) => (span.events ?? []).map((event) => [span.name.slice(0, 8), event.name]));
    expect(logs).toEqual(Array.from({ length: 20 }, () => ["request-", "key"]));
  });

  test("ids stay, whatever the range; spans that overlap it are whole", async () => {
    expect(await spansOf()).toEqual(spans);
    const part = await spansOf({ from: 5_000_000, to: 12_000_000 });
    expect(part.length).toBeGreaterThan(10);
    expect(part.length).toBeLessThan(100);
    for (const span of part) {
      const whole = byId.get(span.spanId)!;
      const unfinished = attributes(span)["go.unfinished"] === true;
      expect(unfinished ? span.endTimeUnixNano : span).toEqual(unfinished ? String(wallAtOrigin + 12_000_000n) : whole);
      expect(BigInt(whole.endTimeUnixNano) >= wallAtOrigin + 5_000_000n).toBe(true);
    }
  });
});

/** Feeds events to a fresh exporter; gives its spans and remarks. */
function fed(events: (event: TraceVisitor["event"]) => void, end: number): { spans: OtlpSpan[]; remarks: readonly string[] } {
  const pieces: Uint8Array[] = [];
  const exporter = otlpExporter(options, { from: 0, to: Number.POSITIVE_INFINITY, write: (bytes) => pieces.push(bytes) });
  exporter.visitor.start?.({ version: 22, origin: 5n });
  const texts = ["", "outer", "inner", "sync", "hello"];
  exporter.visitor.generation?.({
    generation: 1,
    string: (id) => texts[id]!,
    stack: () => [],
    clock: undefined,
    experiments: new Map(),
  });
  events(exporter.visitor.event.bind(exporter.visitor));
  const remarks = exporter.finish({ end: traceNanos(end), error: undefined });
  return { spans: checkOtlp(Buffer.concat(pieces)).spans, remarks };
}

const at = traceNanos;

test("regions nest; without a task they are a trace of their own; what is open at the end is marked", () => {
  const { spans } = fed((event) => {
    event(EventKind.RegionBegin, at(10), 1, 0, 7, 0, 0, 1, 0, 0, 0, 0);
    event(EventKind.RegionBegin, at(20), 1, 0, 7, 0, 0, 2, 0, 0, 0, 0);
    event(EventKind.Log, at(25), 1, 0, 7, 0, 0, 0, 4, 0, 0, 0);
    event(EventKind.GoTransition, at(30), 1, 0, 7, 0, 7, GoState.Running, GoState.Waiting, 3, 0, 0);
    event(EventKind.GoTransition, at(70), 1, 0, -1, 0, 7, GoState.Waiting, GoState.Runnable, 0, 0, 0);
    event(EventKind.GoTransition, at(75), 1, 0, -1, 0, 7, GoState.Runnable, GoState.Running, 0, 0, 0);
    event(EventKind.RegionEnd, at(80), 1, 0, 7, 0, 0, 2, 0, 0, 0, 0);
  }, 100);
  const [inner, outer] = spans as [OtlpSpan, OtlpSpan];
  expect([inner.name, outer.name]).toEqual(["inner", "outer"]);
  expect(inner.parentSpanId).toBe(outer.spanId);
  expect(outer.parentSpanId).toBeUndefined();
  expect(inner.traceId).toBe(outer.traceId);
  expect(attributes(inner)).toMatchObject({
    "go.running_ns": "15",
    "go.waiting_ns": "40",
    "go.waiting_ns.sync": "40",
    "go.runnable_ns": "5",
  });
  expect(attributes(outer)).toMatchObject({ "go.running_ns": "45", "go.unfinished": true });
  expect(inner.events).toHaveLength(1);
});

test("a task that began before the trace ends at its end; a task begun in another's region links to it", () => {
  const { spans } = fed((event) => {
    event(EventKind.TaskEnd, at(5), 1, 0, 7, 0, 40, 39, 1, 0, 0, 0);
    event(EventKind.TaskBegin, at(10), 1, 0, 7, 0, 41, -1, 1, 0, 0, 0);
    event(EventKind.RegionBegin, at(20), 1, 0, 7, 0, 41, 2, 0, 0, 0, 0);
    event(EventKind.TaskBegin, at(30), 1, 0, 7, 0, 42, 0, 1, 0, 0, 0);
    // The goroutine ends, and its region with it.
    event(EventKind.GoTransition, at(40), 1, 0, 7, 0, 7, GoState.Running, GoState.NotExist, 0, 0, 0);
    event(EventKind.TaskEnd, at(60), 1, 0, 8, 0, 41, -1, 1, 0, 0, 0);
    event(EventKind.TaskEnd, at(70), 1, 0, 8, 0, 42, 0, 1, 0, 0, 0);
  }, 100);
  const [before, region, task, linked] = spans as [OtlpSpan, OtlpSpan, OtlpSpan, OtlpSpan];
  expect(attributes(before)).toMatchObject({ "go.begin_before_trace": true, "go.task.parent_id": "39" });
  expect(before.startTimeUnixNano).toBe(String(wallAtOrigin));
  expect([region.name, nanos(region), region.parentSpanId]).toEqual(["inner", 20, task.spanId]);
  expect(linked.links).toEqual([{ traceId: region.traceId, spanId: region.spanId }]);
  expect(linked.parentSpanId).toBeUndefined();
  expect(linked.traceId).not.toBe(task.traceId);
});

test("logs beyond 1,000 a span are counted as dropped", () => {
  const { spans } = fed((event) => {
    event(EventKind.TaskBegin, at(10), 1, 0, 7, 0, 41, -1, 1, 0, 0, 0);
    for (let i = 0; i < 1003; i++) event(EventKind.Log, at(20 + i), 1, 0, 7, 0, 41, 2, 4, 0, 0, 0);
  }, 2000);
  expect(spans[0]!.events).toHaveLength(1000);
  expect(spans[0]!.droppedEventsCount).toBe(3);
});

test("the trace's own clock comes before what was given; a trace without spans is a document without spans", async () => {
  const { bytes, remarks } = await exported(readFileSync(fixtureTrace), (target) => otlpExporter(options, target));
  const { spans, resource } = checkOtlp(bytes);
  expect(spans).toEqual([]);
  expect(resource).toMatchObject({ "service.name": "checkout", "foretrace.clock.source": "trace", "process.runtime.version": "go1.26" });
  expect(remarks.join()).toContain("no tasks and no regions");
});
