/** What runs on a processor or a thread: a slice a goroutine; on threads with its system calls nested in it. */
import { EventType } from "./fields.ts";
import { Category, Note, type PacketWriter } from "./packets.ts";

const nobody = -1;

type Lane = {
  readonly id: number;
  readonly track: number;
  goroutine: number;
  name: number;
  /** Name of the open system call; none = 0. */ syscall: number;
};

export class Lanes {
  private readonly packets: PacketWriter;
  private readonly trackOf: (id: number) => number;
  private readonly describe: (id: number) => void;
  private readonly lanes = new Map<number, Lane>();
  private readonly described = new Set<number>();
  /** Before the range only the state is followed. */
  on = false;

  constructor(packets: PacketWriter, trackOf: (id: number) => number, describe: (id: number) => void) {
    this.packets = packets;
    this.trackOf = trackOf;
    this.describe = describe;
  }

  /** @param name number of the goroutine's name. */
  start(id: number, goroutine: number, name: number, time: number): void {
    let lane = this.lanes.get(id);
    if (lane === undefined) {
      lane = { id, track: this.trackOf(id), goroutine: nobody, name: 0, syscall: 0 };
      this.lanes.set(id, lane);
    } else this.stopLane(lane, time);
    lane.goroutine = goroutine;
    lane.name = name;
    if (this.on) this.open(lane, time);
  }

  /** The goroutine begins a system call there; nothing where another one runs. */
  enterSyscall(id: number, goroutine: number, name: number, time: number): void {
    const lane = this.of(id, goroutine);
    if (lane === undefined || lane.syscall !== 0) return;
    lane.syscall = name;
    if (this.on) this.openSyscall(lane, time);
  }

  leaveSyscall(id: number, goroutine: number, time: number): void {
    const lane = this.of(id, goroutine);
    if (lane === undefined || lane.syscall === 0) return;
    lane.syscall = 0;
    if (this.on) this.packets.endSlice(lane.track, time);
  }

  /** The goroutine leaves, where it is there. */
  stop(id: number, goroutine: number, time: number): void {
    const lane = this.of(id, goroutine);
    if (lane !== undefined) this.stopLane(lane, time);
  }

  /** Whoever is there leaves. */
  clear(id: number, time: number): void {
    const lane = this.lanes.get(id);
    if (lane !== undefined) this.stopLane(lane, time);
  }

  holds(id: number, goroutine: number): boolean {
    return this.of(id, goroutine) !== undefined;
  }

  /** The range begins: what runs already is written from here on. */
  begin(time: number): void {
    this.on = true;
    for (const lane of this.lanes.values()) {
      if (lane.goroutine === nobody) continue;
      this.open(lane, time);
      if (lane.syscall !== 0) this.openSyscall(lane, time);
    }
  }

  finish(time: number): void {
    for (const lane of this.lanes.values()) this.stopLane(lane, time);
  }

  /** Before something else is written on its track. */
  describeOnly(id: number): void {
    if (this.described.has(id)) return;
    this.described.add(id);
    this.describe(id);
  }

  private of(id: number, goroutine: number): Lane | undefined {
    const lane = this.lanes.get(id);
    return lane !== undefined && lane.goroutine === goroutine ? lane : undefined;
  }

  private open(lane: Lane, time: number): void {
    this.describeOnly(lane.id);
    const name = this.packets.name(lane.name);
    this.packets.event(EventType.begin, lane.track, time);
    this.packets.category(Category.running);
    this.packets.named(name);
    this.packets.note(Note.goroutine, lane.goroutine);
    this.packets.done();
  }

  private openSyscall(lane: Lane, time: number): void {
    const name = this.packets.name(lane.syscall);
    this.packets.event(EventType.begin, lane.track, time);
    this.packets.category(Category.running);
    this.packets.named(name);
    this.packets.done();
  }

  private stopLane(lane: Lane, time: number): void {
    if (lane.goroutine === nobody) return;
    if (this.on) {
      if (lane.syscall !== 0) this.packets.endSlice(lane.track, time);
      this.packets.endSlice(lane.track, time);
    }
    lane.syscall = 0;
    lane.goroutine = nobody;
  }
}
