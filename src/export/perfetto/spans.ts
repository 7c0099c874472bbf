/** Slices whose track is their own: ranges of the runtime, tasks, and regions (which nest in their goroutine). */
import { EventType } from "./fields.ts";
import type { PacketWriter } from "./packets.ts";

export type Span = {
  readonly track: number;
  readonly name: number;
  readonly category: number;
  /** Annotations. */
  readonly notes: readonly (readonly [name: number, value: number])[];
  /** Describes the track; called before the first slice on it. */
  readonly describe?: (() => void) | undefined;
  /** Stack for the wire, of the generation in which the span began. */
  readonly stack?: number;
};

export class Spans {
  private readonly packets: PacketWriter;
  /** By track: innermost last. */
  private readonly open = new Map<number, Span[]>();
  private readonly described = new Set<number>();
  on = false;

  constructor(packets: PacketWriter) {
    this.packets = packets;
  }

  isOpen(track: number): boolean {
    return this.open.has(track);
  }

  begin(span: Span, time: number): void {
    const spans = this.open.get(span.track);
    if (spans === undefined) this.open.set(span.track, [span]);
    else spans.push(span);
    if (this.on) this.write(span, time, span.stack ?? 0);
  }

  /** Ends the innermost span of the track; false where none is open. */
  end(track: number, time: number, notes: Span["notes"] = []): boolean {
    const spans = this.open.get(track);
    if (spans === undefined) return false;
    spans.pop();
    if (spans.length === 0) this.open.delete(track);
    if (this.on) {
      this.packets.event(EventType.end, track, time);
      for (const [name, value] of notes) this.packets.note(name, value);
      this.packets.done();
    }
    return true;
  }

  /** What is open is written from here on, without the stacks, whose generation may be over. */
  beginRange(time: number): void {
    this.on = true;
    for (const spans of this.open.values()) for (const span of spans) this.write(span, time, 0);
  }

  finish(time: number): void {
    for (const [track, spans] of this.open) for (let left = spans.length; left > 0; left--) this.end(track, time);
  }

  /** Forgets that the track was described: what it shows is over, and the number may not come again. */
  forget(track: number): void {
    this.described.delete(track);
  }

  describeOnce(track: number, describe: () => void): void {
    if (this.described.has(track)) return;
    this.described.add(track);
    describe();
  }

  private write(span: Span, time: number, stack: number): void {
    if (span.describe !== undefined) this.describeOnce(span.track, span.describe);
    const name = this.packets.name(span.name);
    this.packets.event(EventType.begin, span.track, time);
    this.packets.category(span.category);
    this.packets.named(name);
    this.packets.callstack(stack);
    for (const [key, value] of span.notes) this.packets.note(key, value);
    this.packets.done();
  }
}
