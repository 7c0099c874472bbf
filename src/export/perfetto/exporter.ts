/**
 * Events → a Perfetto trace (perfetto.dev): a track a processor, thread and goroutine, states with reasons and stacks, who woke whom,
 * counters, garbage collection, tasks, regions, logs, CPU samples.
 *
 * Memory: one record a living goroutine, processor, thread, open task and region; names and stacks of the current generation.
 * What was open at the end of the trace ends there; what ran since before its first event begins there.
 */
import type { TraceNanos } from "../../lib/units.ts";
import { EventKind, Metric, ProcState, Scope, type GenerationTables, type TraceInfo, type TraceVisitor } from "../../trace/model.ts";
import type { Exporter, ExportTarget } from "../exporter.ts";
import { Texts } from "../texts.ts";
import { Annotations } from "./annotations.ts";
import { SteppedCounter } from "./counters.ts";
import { Goroutines } from "./goroutines.ts";
import { Lanes } from "./lanes.ts";
import type { Output } from "./output.ts";
import { Category, PacketWriter } from "./packets.ts";
import { Spans } from "./spans.ts";
import { child, describeFixed, describeThread, Fixed, goroutineTrack, procTrack, regionsTrack, taskTrack, threadTrack } from "./tracks.ts";

export function perfettoExporter(programName: string, target: ExportTarget): Exporter {
  const visitor = new PerfettoVisitor(programName, target);
  return { visitor, finish: ({ end }) => visitor.finish(end) };
}

class PerfettoVisitor implements TraceVisitor {
  private readonly programName: string;
  private readonly target: ExportTarget;
  private readonly output: Output;
  private readonly goroutines: Goroutines;
  private readonly annotations: Annotations;
  private readonly metrics: ReadonlyMap<number, SteppedCounter>;
  private readonly counters: readonly SteppedCounter[];
  private info: TraceInfo | undefined;
  private syncs = 0;
  private over = false;

  constructor(programName: string, target: ExportTarget) {
    this.programName = programName;
    this.target = target;
    const texts = new Texts();
    const packets = new PacketWriter(target.write, texts);
    this.output = {
      packets,
      texts,
      spans: new Spans(packets),
      procs: new Lanes(packets, procTrack, (id) => child(packets, procTrack(id), Fixed.procs, `P${id}`, id)),
      threads: new Lanes(packets, threadTrack, (id) => describeThread(packets, id)),
      tables: undefined,
      on: false,
    };
    this.goroutines = new Goroutines(this.output);
    this.annotations = new Annotations(this.output, this.goroutines);
    this.metrics = new Map([
      [Metric.GoMaxProcs, new SteppedCounter(packets, Fixed.gomaxprocs)],
      [Metric.HeapLive, new SteppedCounter(packets, Fixed.heapLive)],
      [Metric.HeapGoal, new SteppedCounter(packets, Fixed.heapGoal)],
    ]);
    this.counters = [...this.goroutines.counters, ...this.metrics.values()];
  }

  start(info: TraceInfo): void {
    this.info = info;
  }

  generation(tables: GenerationTables): void {
    this.output.tables = tables;
    this.output.texts.generation(tables);
    this.goroutines.generation(tables);
  }

  event(
    kind: EventKind,
    time: TraceNanos,
    thread: number,
    proc: number,
    goroutine: number,
    stack: number,
    a: number,
    b: number,
    c: number,
    d: number,
    e: number,
    f: number,
  ): void {
    if (this.over) return;
    const { output, goroutines, annotations } = this;
    const { spans, texts } = output;
    if (kind === EventKind.Sync) this.sync(time);
    if (!output.on && time >= this.target.from) this.begin(time);
    if (time >= this.target.to) {
      this.close(this.target.to);
      return;
    }
    switch (kind) {
      case EventKind.GoTransition:
        goroutines.transition(time, thread, proc, goroutine, stack, a, b, c, d, e, this.syncs <= 1);
        break;
      case EventKind.ProcTransition:
        if (c !== ProcState.Running && b !== c) output.procs.clear(a, time);
        break;
      case EventKind.Metric:
        this.metrics.get(a)?.set(b, time, output.on);
        break;
      case EventKind.Label:
        if (b === Scope.Goroutine) goroutines.mark(goroutineTrack(c), texts.ofId(a), time, Category.state, c);
        break;
      case EventKind.RangeBegin:
        annotations.rangeBegin(a, b, d, time, stack);
        break;
      case EventKind.RangeActive:
        annotations.rangeActive(a, b, d, this.syncs <= 1 ? 0 : time);
        break;
      case EventKind.RangeEnd:
        annotations.rangeEnd(a, d, time, e, f);
        break;
      case EventKind.TaskBegin:
        annotations.taskBegin(a, b, texts.ofId(c), time, stack, goroutine);
        break;
      case EventKind.TaskEnd:
        if (spans.end(taskTrack(a), time)) spans.forget(taskTrack(a));
        break;
      case EventKind.RegionBegin:
        annotations.regionBegin(a, texts.ofId(b), time, stack, goroutine);
        break;
      case EventKind.RegionEnd:
        spans.end(regionsTrack(goroutine), time);
        break;
      case EventKind.Log:
        annotations.log(a, b, c, time, goroutine, stack);
        break;
      case EventKind.StackSample:
        if (output.on) output.packets.sample(time, proc, thread, stack);
        break;
    }
  }

  /** @param end time of the last event. */
  finish(end: number): readonly string[] {
    if (this.info === undefined) return [];
    if (!this.output.on) this.begin(Math.min(this.target.from, end));
    this.close(Math.min(end, this.target.to));
    return [];
  }

  private close(time: number): void {
    if (this.over) return;
    this.over = true;
    const { spans, procs, threads, packets } = this.output;
    for (const counter of this.counters) counter.finish();
    spans.finish(time);
    procs.finish(time);
    threads.finish(time);
    this.goroutines.finish(time);
    packets.flush();
  }

  private sync(time: number): void {
    this.syncs++;
    if (this.output.on) this.openSequence(time);
  }

  private openSequence(time: number): void {
    const { packets, tables } = this.output;
    const { clock } = tables!;
    const { origin } = this.info!;
    const wall = clock === undefined ? undefined : clock.wall + origin + BigInt(Math.round(time)) - clock.trace;
    packets.generation(tables!, origin, time, wall);
  }

  /** The range begins: what is known by now is written as beginning here. */
  private begin(time: number): void {
    const from = Math.max(0, Math.min(this.target.from, time));
    const { packets, procs, threads, spans } = this.output;
    this.output.on = true;
    this.openSequence(from);
    describeFixed(packets, this.programName);
    procs.begin(from);
    threads.begin(from);
    spans.beginRange(from);
    this.goroutines.begin(from);
    for (const counter of this.counters) counter.begin(from);
  }
}
