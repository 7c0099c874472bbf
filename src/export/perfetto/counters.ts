/** A counter that changes with every few events: at most one value in a step of time is written, the last one, at its own time. */
import type { PacketWriter } from "./packets.ts";

/** Nanoseconds. The viewer cannot show more, and one value an event would be a third of the file. */
const step = 20_000;

export class SteppedCounter {
  private readonly packets: PacketWriter;
  private readonly track: number;
  /** Undefined until it is known. */
  private value: number | undefined;
  private changedAt = 0;
  private written: number | undefined;
  private writtenAt = Number.NEGATIVE_INFINITY;

  constructor(packets: PacketWriter, track: number, initial?: number) {
    this.value = initial;
    this.packets = packets;
    this.track = track;
  }

  add(change: number, time: number, on: boolean): void {
    this.set((this.value ?? 0) + change, time, on);
  }

  /** @param on whether values are written yet. */
  set(value: number, time: number, on: boolean): void {
    if (on) this.flush(time);
    this.value = value;
    this.changedAt = time;
  }

  /** Writes the value that lasted until now, where the step is over. */
  private flush(time: number): void {
    if (this.value === undefined || this.value === this.written || time - this.writtenAt < step) return;
    this.packets.counter(this.track, this.changedAt, this.value);
    this.written = this.value;
    this.writtenAt = this.changedAt;
  }

  /** The range begins. */
  begin(time: number): void {
    if (this.value === undefined) return;
    this.packets.counter(this.track, time, this.value);
    this.written = this.value;
    this.writtenAt = time;
  }

  finish(): void {
    if (this.value !== undefined && this.value !== this.written) this.packets.counter(this.track, this.changedAt, this.value);
  }
}
