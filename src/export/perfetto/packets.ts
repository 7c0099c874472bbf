/**
 * Packets of a Perfetto trace on one sequence, written as they come.
 *
 * Times are differences to the packet before (an incremental clock), names and stacks are sent once and then called by number.
 * Both begin anew with each generation of the Go trace, so that memory is bounded by one generation, as the reader's is.
 */
import type { GenerationTables } from "../../trace/model.ts";
import { ProtoWriter } from "../protobuf.ts";
import type { Texts } from "../texts.ts";
import {
  Annotation,
  Callstack,
  Clock,
  ClockId,
  Clocks,
  CpuMode,
  Defaults,
  EventType,
  Interned,
  InternedText,
  Mapping,
  Packet,
  Sample,
  SequenceFlags,
  StackFrame,
  Trace,
  TrackEvent,
} from "./fields.ts";

const sequence = 1;
/** Pieces of the output. */
const pieceBytes = 256 * 1024;
/** The one process of the trace; Go traces do not say its number. */
export const pid = 1;

/** Categories of events, as the viewer filters them; their numbers on the wire. */
export const Category = { state: 1, running: 2, gc: 3, user: 4, wakeup: 5 } as const;
export const Note = { goroutine: 1, task: 2, parentTask: 3, message: 4, bytesSwept: 5, bytesReclaimed: 6 } as const;
const categoryTexts = ["state", "running", "gc", "user", "wakeup"];
const noteTexts = ["goroutine", "task", "parent task", "message", "bytes swept", "bytes reclaimed"];

export class PacketWriter {
  readonly out = new ProtoWriter();
  private readonly write: (bytes: Uint8Array) => void;
  private readonly texts: Texts;
  private tables: GenerationTables | undefined;
  private origin = 0n;
  private first = true;
  private last = 0;
  /** Of the open packet and the message in it. */
  private packetMark = 0;
  private eventMark = 0;
  /** By number of the text: the generation that sent it. */
  private readonly sentIn: number[] = [];
  private generationCount = 0;
  private readonly stackIids = new Map<number, number>();
  private readonly frameIids = new Map<bigint, number>();
  private readonly functionIids = new Map<string, number>();
  private readonly pathIids = new Map<string, number>();

  constructor(write: (bytes: Uint8Array) => void, texts: Texts) {
    this.write = write;
    this.texts = texts;
  }

  /** Clocks and numbering begin anew. @param time now, trace nanoseconds; @param wall nanoseconds since 1970 now, where known. */
  generation(tables: GenerationTables, origin: bigint, time: number, wall: bigint | undefined): void {
    this.tables = tables;
    // Traces of Go 1.21 and older have no clock but their own, which begins at 0.
    this.origin = origin < 0n ? 0n : origin;
    this.generationCount++;
    for (const map of [this.stackIids, this.frameIids, this.functionIids, this.pathIids]) map.clear();
    const now = this.origin + BigInt(Math.round(time));
    this.last = time;
    const { out } = this;
    const mark = out.begin(Trace.packet);
    out.bigVarint(Packet.timestamp, now);
    out.varint(Packet.timestampClockId, ClockId.boottime);
    out.varint(Packet.sequenceId, sequence);
    out.varint(Packet.sequenceFlags, SequenceFlags.incrementalStateCleared);
    if (this.first) out.varint(Packet.firstOnSequence, 1);
    this.first = false;
    const defaults = out.begin(Packet.defaults);
    out.varint(Defaults.timestampClockId, ClockId.incremental);
    out.end(defaults);
    const clocks = out.begin(Packet.clockSnapshot);
    this.clock(ClockId.boottime, now);
    this.clock(ClockId.monotonic, now);
    if (wall !== undefined) this.clock(ClockId.realtime, wall);
    this.clock(ClockId.incremental, now, true);
    out.varint(Clocks.primary, ClockId.boottime);
    out.end(clocks);
    const interned = out.begin(Packet.internedData);
    categoryTexts.forEach((text, i) => this.internedText(Interned.categories, i + 1, text));
    noteTexts.forEach((text, i) => this.internedText(Interned.annotationNames, i + 1, text));
    this.internedText(Interned.mappingPaths, 1, "go");
    const mapping = out.begin(Interned.mappings);
    out.varint(Mapping.iid, 1);
    out.varint(Mapping.paths, 1);
    out.end(mapping);
    out.end(interned);
    out.end(mark);
  }

  /** Number of an event's name for the wire; sends the text where this generation has not. @param text its number in the texts. */
  name(text: number): number {
    if (this.sentIn[text] !== this.generationCount) {
      this.sentIn[text] = this.generationCount;
      this.beginInterned();
      this.internedText(Interned.eventNames, text + 1, this.texts.all[text]!);
      this.endInterned();
    }
    return text + 1;
  }

  /** Number of a stack for the wire, 0 = none. @param id stack id of the current generation. */
  stack(id: number): number {
    if (id === 0) return 0;
    let iid = this.stackIids.get(id);
    if (iid === undefined) {
      iid = this.stackIids.size + 1;
      this.stackIids.set(id, iid);
      this.sendStack(id, iid);
    }
    return iid;
  }

  private sendStack(id: number, iid: number): void {
    const { out } = this;
    this.beginInterned();
    const places: number[] = [];
    for (const { pc, func, file, line } of this.tables!.stack(id)) {
      let place = this.frameIids.get(pc);
      if (place === undefined) {
        place = this.frameIids.size + 1;
        this.frameIids.set(pc, place);
        const functionIid = this.internedOnce(this.functionIids, Interned.functionNames, func);
        const pathIid = this.internedOnce(this.pathIids, Interned.sourcePaths, file);
        const mark = out.begin(Interned.frames);
        out.varint(StackFrame.iid, place);
        out.varint(StackFrame.functionName, functionIid);
        out.varint(StackFrame.mapping, 1);
        out.bigVarint(StackFrame.relativePc, pc);
        out.varint(StackFrame.sourcePath, pathIid);
        out.varint(StackFrame.line, line);
        out.end(mark);
      }
      places.push(place);
    }
    const mark = out.begin(Interned.callstacks);
    out.varint(Callstack.iid, iid);
    // Perfetto has the root first.
    for (const place of places.toReversed()) out.varint(Callstack.frames, place);
    out.end(mark);
    this.endInterned();
  }

  private internedOnce(known: Map<string, number>, field: number, text: string): number {
    let iid = known.get(text);
    if (iid === undefined) {
      iid = known.size + 1;
      known.set(text, iid);
      this.internedText(field, iid, text);
    }
    return iid;
  }

  private internedText(field: number, iid: number, text: string): void {
    const mark = this.out.begin(field);
    this.out.varint(InternedText.iid, iid);
    this.out.string(InternedText.text, text);
    this.out.end(mark);
  }

  private beginInterned(): void {
    this.beginPacket();
    this.eventMark = this.out.begin(Packet.internedData);
  }

  private endInterned(): void {
    this.out.end(this.eventMark);
    this.out.end(this.packetMark);
  }

  private clock(id: number, timestamp: bigint, isIncremental = false): void {
    const mark = this.out.begin(Clocks.clock);
    this.out.varint(Clock.id, id);
    this.out.bigVarint(Clock.timestamp, timestamp);
    if (isIncremental) this.out.varint(Clock.isIncremental, 1);
    this.out.end(mark);
  }

  /** A track's description; `fill` writes its fields. */
  describe(fill: (out: ProtoWriter) => void): void {
    this.beginPacket();
    const mark = this.out.begin(Packet.trackDescriptor);
    fill(this.out);
    this.out.end(mark);
    this.out.end(this.packetMark);
  }

  private beginPacket(): void {
    this.packetMark = this.out.begin(Trace.packet);
    this.out.varint(Packet.sequenceId, sequence);
    this.out.varint(Packet.sequenceFlags, SequenceFlags.needsIncrementalState);
  }

  private timestamp(time: number): void {
    if (time >= this.last) {
      this.out.varint(Packet.timestamp, time - this.last);
      this.last = time;
    } else {
      // What began before it was seen.
      this.out.bigVarint(Packet.timestamp, this.origin + BigInt(Math.round(time)));
      this.out.varint(Packet.timestampClockId, ClockId.boottime);
    }
  }

  /** Opens a track event; its fields follow, then {@link done}. Numbers for the wire must be had before: getting them may write packets. */
  event(type: number, track: number, time: number): void {
    this.beginPacket();
    this.timestamp(time);
    this.eventMark = this.out.begin(Packet.trackEvent);
    this.out.varint(TrackEvent.type, type);
    this.out.varint(TrackEvent.track, track);
  }

  category(category: number): void {
    this.out.varint(TrackEvent.categories, category);
  }

  named(iid: number): void {
    this.out.varint(TrackEvent.nameIid, iid);
  }

  callstack(iid: number): void {
    if (iid !== 0) this.out.varint(TrackEvent.callstack, iid);
  }

  flow(id: number): void {
    this.out.fixed64(TrackEvent.flows, id);
  }

  endFlow(id: number): void {
    this.out.fixed64(TrackEvent.endingFlows, id);
  }

  note(name: number, value: number): void {
    const mark = this.out.begin(TrackEvent.annotations);
    this.out.varint(Annotation.nameIid, name);
    this.out.varint(value >= 0 ? Annotation.uint : Annotation.int, value);
    this.out.end(mark);
  }

  noteText(name: number, text: string): void {
    const mark = this.out.begin(TrackEvent.annotations);
    this.out.varint(Annotation.nameIid, name);
    this.out.string(Annotation.text, text);
    this.out.end(mark);
  }

  done(): void {
    this.out.end(this.eventMark);
    this.out.end(this.packetMark);
    if (this.out.length >= pieceBytes) this.flush();
  }

  endSlice(track: number, time: number): void {
    this.event(EventType.end, track, time);
    this.done();
  }

  counter(track: number, time: number, value: number): void {
    this.event(EventType.counter, track, time);
    this.out.varint(TrackEvent.counterValue, value);
    this.done();
  }

  /** A sample of a CPU profile. */
  sample(time: number, cpu: number, tid: number, stack: number): void {
    const callstack = this.stack(stack);
    this.beginPacket();
    this.timestamp(time);
    this.eventMark = this.out.begin(Packet.perfSample);
    if (cpu >= 0) this.out.varint(Sample.cpu, cpu);
    this.out.varint(Sample.pid, pid);
    if (tid >= 0) this.out.varint(Sample.tid, tid);
    if (callstack !== 0) this.out.varint(Sample.callstack, callstack);
    this.out.varint(Sample.cpuMode, CpuMode.user);
    this.done();
  }

  flush(): void {
    if (this.out.length > 0) this.write(this.out.take());
  }
}
