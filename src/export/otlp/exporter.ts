/**
 * Tasks and regions of a Go trace → spans in OTLP/JSON, one document, written as spans end.
 *
 * A task is a span, its parent task the parent span; all tasks under one root are one trace. A region is a child of the region around it when both
 * belong to one task, else of its task; without a task it begins a trace of its own. Logs are events of the region around them, else of their task.
 * Links: from a task to the region it was begun in, and from a region to the region around it, where those belong to another task.
 *
 * Memory: one record an open task or region with its logs ({@link limits}), the root of each task, one number a living goroutine.
 */
import type { TraceNanos } from "../../lib/units.ts";
import { NumberTable } from "../../features/core/number-table.ts";
import { GoroutineNames, unnamed } from "../../features/goroutine-names.ts";
import { EventKind, GoState, type GenerationTables, type TraceInfo, type TraceVisitor } from "../../trace/model.ts";
import type { Exporter, ExportTarget } from "../exporter.ts";
import { spanId, traceId } from "./ids.ts";
import { attributesJson, spanJson, type Attributes, type AttributeValue, type Span } from "./span.ts";
import { difference, StateTimes, type Times } from "./state-times.ts";

export type OtlpOptions = {
  /** Resource attribute service.name. */
  readonly service: string;
  /** Where the trace has no clock of its own (Go < 1.25). */
  readonly clock: { readonly wallAtOrigin: bigint; readonly source: string; readonly errorMillis: number | undefined };
};

/** What is beyond is left out and counted: dropped events of a span, a remark for tasks and regions. */
const limits = { open: 500_000, eventsOfSpan: 1000, logBytes: 64 * 1024 * 1024, roots: 2_000_000 } as const;
/** Events whose times tell one recording from another. */
const fingerprintEvents = 256;
const background = 0;
const pieceChars = 128 * 1024;

type Task = {
  readonly span: Span;
  readonly type: string;
  readonly goroutine: number;
  readonly parent: number;
  readonly beginSeen: boolean;
  /** Sum over its outermost regions. */
  readonly times: Map<string, number>;
};
type Region = {
  readonly span: Span;
  readonly type: string;
  readonly task: number;
  readonly before: Times;
  readonly place: Attributes;
  readonly beginSeen: boolean;
};
type InRegions = { readonly times: StateTimes; readonly regions: Region[] };

export function otlpExporter(options: OtlpOptions, target: ExportTarget): Exporter {
  const visitor = new OtlpVisitor(options, target);
  return { visitor, finish: ({ end }) => visitor.finish(end) };
}

class OtlpVisitor implements TraceVisitor {
  private readonly options: OtlpOptions;
  private readonly target: ExportTarget;
  private readonly encoder = new TextEncoder();
  private readonly tasks = new Map<number, Task>();
  /** Root of every task that was seen, oldest first. */
  private readonly roots = new Map<number, number>();
  private readonly inRegions = new Map<number, InRegions>();
  private readonly names = new GoroutineNames();
  private readonly nameOf = new NumberTable(unnamed);
  private tables: GenerationTables | undefined;
  private info: TraceInfo | undefined;
  private wallAtOrigin: bigint | undefined;
  private seed = "";
  private seen = 0;
  private openRegions = 0;
  private logBytes = 0;
  private leftOut = 0;
  private written = 0;
  private pending = "";
  private over = false;

  constructor(options: OtlpOptions, target: ExportTarget) {
    this.options = options;
    this.target = target;
  }

  start(info: TraceInfo): void {
    this.info = info;
    this.seed = `${info.version}/${info.origin}`;
  }

  generation(tables: GenerationTables): void {
    this.tables = tables;
    this.names.generation(tables);
    const { clock } = tables;
    if (clock !== undefined && this.written === 0) this.wallAtOrigin ??= clock.wall - (clock.trace - this.info!.origin);
  }

  event(
    kind: EventKind,
    time: TraceNanos,
    _thread: number,
    _proc: number,
    goroutine: number,
    stack: number,
    a: number,
    b: number,
    c: number,
    d: number,
    e: number,
  ): void {
    if (this.over) return;
    if (time >= this.target.to) {
      this.endAll(this.target.to);
      return;
    }
    if (this.seen < fingerprintEvents) this.addToFingerprint(kind, time);
    switch (kind) {
      case EventKind.GoTransition:
        this.goTransition(a, c, d, e, time);
        break;
      case EventKind.TaskBegin:
        this.beginTask(a, b, this.text(c), goroutine, time);
        break;
      case EventKind.TaskEnd:
        this.endTask(a, b, this.text(c), goroutine, time);
        break;
      case EventKind.RegionBegin:
        this.beginRegion(goroutine, a, this.text(b), time, this.placeOf(stack));
        break;
      case EventKind.RegionEnd:
        this.endRegion(goroutine, a, this.text(b), time);
        break;
      case EventKind.Log:
        this.log(goroutine, a, this.text(b), this.text(c), time);
        break;
    }
  }

  /** @param end time of the last event. */
  finish(end: number): readonly string[] {
    this.endAll(Math.min(end, this.target.to));
    if (this.written === 0) this.put(this.head());
    this.put("]}]}]}\n");
    this.flush();
    const remarks: string[] = [];
    if (this.written === 0) {
      remarks.push("it has no tasks and no regions (runtime/trace: NewTask, WithRegion) in this range: the document has no spans");
    }
    if (this.leftOut > 0) remarks.push(`${this.leftOut} tasks and regions were left out: more than ${limits.open} were open at once`);
    const { source, errorMillis } = this.clock();
    if (this.written > 0 && source !== "trace") {
      const bound = errorMillis === undefined ? "as exact as what was given" : `about ${errorMillis} ms, more if the file was copied`;
      remarks.push(`it has no wall clock (Go < 1.25): times are from the ${source}, error ${bound}`);
    }
    return remarks;
  }

  /** Ids need the fingerprint: the first task, region or log ends it. */
  private addToFingerprint(kind: number, time: number): void {
    this.seen = kind >= EventKind.TaskBegin && kind <= EventKind.Log ? fingerprintEvents : this.seen + 1;
    this.seed = traceId(`${this.seed}/${kind}/${time}`);
  }

  private clock(): { wallAtOrigin: bigint; source: string; errorMillis: number | undefined } {
    return this.wallAtOrigin === undefined ? this.options.clock : { wallAtOrigin: this.wallAtOrigin, source: "trace", errorMillis: 1 };
  }

  private text(id: number): string {
    return id === 0 ? "" : this.tables!.string(id);
  }

  private goTransition(id: number, to: number, reason: number, ownStack: number, time: number): void {
    if (ownStack !== 0 && this.nameOf.get(id) === unnamed) this.nameOf.set(id, this.names.ofStack(ownStack));
    const found = this.inRegions.get(id);
    if (found !== undefined) {
      found.times.change(to, this.text(reason), time);
      if (to === GoState.NotExist) while (this.inRegions.has(id)) this.closeRegion(id, time, false);
    }
    if (to === GoState.NotExist) this.nameOf.remove(id);
  }

  private mayOpen(): boolean {
    if (this.tasks.size + this.openRegions < limits.open) return true;
    this.leftOut++;
    return false;
  }

  private rootOf(task: number, parent: number): number {
    const known = this.roots.get(task);
    if (known !== undefined) return known;
    const root = parent > background ? this.rootOf(parent, -1) : task;
    this.roots.set(task, root);
    if (this.roots.size > limits.roots) this.roots.delete(this.roots.keys().next().value!);
    return root;
  }

  private traceOf(task: number): string {
    return traceId(`${this.seed}/task/${this.rootOf(task, -1)}`);
  }

  private spanOf(task: number): string {
    return spanId(`${this.seed}/task/${task}`);
  }

  private beginTask(task: number, parent: number, type: string, goroutine: number, time: number): void {
    if (!this.mayOpen()) return;
    this.rootOf(task, parent);
    const around = this.inRegions.get(goroutine)?.regions.at(-1);
    const link = around === undefined || (around.task === parent && parent > background) ? [] : [linkTo(around.span)];
    this.tasks.set(task, {
      span: this.newTaskSpan(task, parent, type, time, link),
      type,
      goroutine,
      parent,
      beginSeen: true,
      times: new Map(),
    });
  }

  private newTaskSpan(task: number, parent: number, type: string, start: number, links: Span["links"]): Span {
    return {
      traceId: this.traceOf(task),
      spanId: this.spanOf(task),
      parentSpanId: parent > background ? this.spanOf(parent) : undefined,
      name: type === "" ? "task" : type,
      start,
      events: [],
      links,
      droppedEvents: 0,
    };
  }

  private endTask(task: number, parent: number, type: string, goroutine: number, time: number): void {
    let found = this.tasks.get(task);
    if (found === undefined) {
      // It began before the trace.
      this.rootOf(task, parent);
      found = { span: this.newTaskSpan(task, parent, type, 0, []), type, goroutine, parent, beginSeen: false, times: new Map() };
    }
    this.closeTask(task, found, time, true);
  }

  private closeTask(id: number, task: Task, time: number, ended: boolean): void {
    this.tasks.delete(id);
    this.write(task.span, time, [
      ["go.task.id", id],
      ["go.task.type", task.type],
      ...(task.parent > background ? [["go.task.parent_id", task.parent] as const] : []),
      ...this.goroutine(task.goroutine),
      ...task.times,
      ...marks(task.beginSeen, ended),
    ]);
  }

  private beginRegion(goroutine: number, task: number, type: string, time: number, place: Attributes): void {
    if (!this.mayOpen()) return;
    let found = this.inRegions.get(goroutine);
    if (found === undefined) {
      found = { times: new StateTimes(GoState.Running, time), regions: [] };
      this.inRegions.set(goroutine, found);
    }
    const around = found.regions.at(-1);
    const span = this.newRegionSpan(goroutine, task, type, time, around);
    found.regions.push({ span, type, task, before: found.times.snapshot(time), place, beginSeen: true });
    this.openRegions++;
  }

  private newRegionSpan(goroutine: number, task: number, type: string, start: number, around: Region | undefined): Span {
    const own = `${this.seed}/region/${goroutine}/${start}/${type}`;
    const inside = around !== undefined && around.task === task;
    const ofTask = task > background;
    return {
      traceId: inside ? around.span.traceId : ofTask ? this.traceOf(task) : traceId(own),
      spanId: spanId(own),
      parentSpanId: inside ? around.span.spanId : ofTask ? this.spanOf(task) : undefined,
      name: type === "" ? "region" : type,
      start,
      events: [],
      links: around === undefined || inside ? [] : [linkTo(around.span)],
      droppedEvents: 0,
    };
  }

  private endRegion(goroutine: number, task: number, type: string, time: number): void {
    if (this.inRegions.has(goroutine)) {
      this.closeRegion(goroutine, time, true);
      return;
    }
    // It began before the trace.
    const span = this.newRegionSpan(goroutine, task, type, 0, undefined);
    this.writeRegion({ span, type, task, before: new Map(), place: [], beginSeen: false }, goroutine, new Map(), time, true);
  }

  private closeRegion(goroutine: number, time: number, ended: boolean): void {
    const found = this.inRegions.get(goroutine)!;
    const region = found.regions.pop()!;
    this.openRegions--;
    if (found.regions.length === 0) this.inRegions.delete(goroutine);
    const times = difference(found.times.snapshot(time), region.before);
    const task = this.tasks.get(region.task);
    if (task !== undefined && !found.regions.some((around) => around.task === region.task)) {
      for (const [key, nanos] of times) task.times.set(key, (task.times.get(key) ?? 0) + nanos);
    }
    this.writeRegion(region, goroutine, times, time, ended);
  }

  private writeRegion(region: Region, goroutine: number, times: Times, time: number, ended: boolean): void {
    this.write(region.span, time, [
      ["go.region.type", region.type],
      ...(region.task > background ? [["go.task.id", region.task] as const] : []),
      ...this.goroutine(goroutine),
      ...region.place,
      ...times,
      ...marks(region.beginSeen, ended),
    ]);
  }

  private log(goroutine: number, task: number, category: string, message: string, time: number): void {
    const around = this.inRegions.get(goroutine)?.regions.findLast((region) => region.task === task);
    const span = around?.span ?? this.tasks.get(task)?.span;
    if (span === undefined) return;
    const name = category === "" ? "log" : category;
    const bytes = textBytes(name, message);
    if (span.events.length >= limits.eventsOfSpan || this.logBytes + bytes > limits.logBytes) {
      span.droppedEvents++;
      return;
    }
    this.logBytes += bytes;
    const attributes: (readonly [string, AttributeValue])[] = [["message", message]];
    if (goroutine >= 0) attributes.push(["go.goroutine.id", goroutine]);
    span.events.push({ time, name, attributes });
  }

  private goroutine(id: number): Attributes {
    if (id < 0) return [];
    const name = this.names.texts[this.nameOf.get(id)]!;
    return [["go.goroutine.id", id], ...(name === "" ? [] : [["go.goroutine.function", name] as const])];
  }

  /** Where the region was begun: the first frame outside package runtime/trace. */
  private placeOf(stack: number): Attributes {
    if (stack === 0) return [];
    const frame = this.tables!.stack(stack).find(({ func }) => !func.startsWith("runtime/trace."));
    if (frame === undefined) return [];
    return [
      ["code.function.name", frame.func],
      ["code.file.path", frame.file],
      ["code.line.number", frame.line],
    ];
  }

  /** What is open ends here: regions before tasks. */
  private endAll(time: number): void {
    if (this.over) return;
    this.over = true;
    for (const goroutine of this.inRegions.keys()) while (this.inRegions.has(goroutine)) this.closeRegion(goroutine, time, false);
    for (const [id, task] of this.tasks) this.closeTask(id, task, time, false);
  }

  private write(span: Span, end: number, attributes: Attributes): void {
    for (const { name, attributes: own } of span.events) this.logBytes -= textBytes(name, String(own[0]![1]));
    if (end < this.target.from) return;
    const json = spanJson(span, end, attributes, this.clock().wallAtOrigin);
    this.put(this.written === 0 ? this.head() + json : `,${json}`);
    this.written++;
  }

  private head(): string {
    const { source, errorMillis } = this.clock();
    const version = this.info === undefined ? [] : [["process.runtime.version", `go1.${this.info.version}`] as const];
    const resource = attributesJson([
      ["service.name", this.options.service],
      ["process.runtime.name", "go"],
      ...version,
      ["foretrace.clock.source", source],
      ...(errorMillis === undefined ? [] : [["foretrace.clock.error_ms", errorMillis] as const]),
    ]);
    return `{"resourceSpans":[{"resource":{"attributes":${JSON.stringify(resource)}},"scopeSpans":[{"scope":{"name":"foretrace"},"spans":[`;
  }

  private put(text: string): void {
    this.pending += text;
    if (this.pending.length >= pieceChars) this.flush();
  }

  private flush(): void {
    if (this.pending === "") return;
    this.target.write(this.encoder.encode(this.pending));
    this.pending = "";
  }
}

/** A bound on what a log holds in memory. */
const textBytes = (name: string, message: string): number => 2 * (name.length + message.length);

const linkTo = (span: Span): Span["links"][number] => ({ traceId: span.traceId, spanId: span.spanId });

/** What the trace does not show of a span. */
function marks(beginSeen: boolean, endSeen: boolean): Attributes {
  return [...(beginSeen ? [] : [["go.begin_before_trace", true] as const]), ...(endSeen ? [] : [["go.unfinished", true] as const])];
}
