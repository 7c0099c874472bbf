/** The tracks of a Go trace in Perfetto: their numbers, names and order. Each is described once, before its first event. */
import type { ProtoWriter } from "../protobuf.ts";
import { ChildOrdering, Counter, Process, Thread, Track, Unit } from "./fields.ts";
import { pid, type PacketWriter } from "./packets.ts";

/** The low three bits of a track's number; above them lies the id of what it shows. */
const kind = { fixed: 0, goroutine: 1, proc: 2, thread: 3, task: 4, regions: 5, sweep: 6, assist: 7 } as const;
const kinds = 8;
const track = (of: number, id: number): number => id * kinds + of;

export const goroutineTrack = (id: number): number => track(kind.goroutine, id);
export const procTrack = (id: number): number => track(kind.proc, id);
export const threadTrack = (id: number): number => track(kind.thread, id);
export const taskTrack = (id: number): number => track(kind.task, id);
export const regionsTrack = (goroutine: number): number => track(kind.regions, goroutine);
export const sweepTrack = (proc: number): number => track(kind.sweep, proc);
export const assistTrack = (goroutine: number): number => track(kind.assist, goroutine);

const fixed = (n: number): number => track(kind.fixed, n);
export const Fixed = {
  process: fixed(1),
  procs: fixed(2),
  goroutines: fixed(3),
  tasks: fixed(4),
  stops: fixed(5),
  gcMark: fixed(6),
  gomaxprocs: fixed(7),
  heapLive: fixed(8),
  heapGoal: fixed(9),
  runnable: fixed(10),
  running: fixed(11),
  inSyscall: fixed(12),
} as const;

export function describeFixed(packets: PacketWriter, programName: string): void {
  packets.describe((out) => {
    out.varint(Track.uuid, Fixed.process);
    const mark = out.begin(Track.process);
    out.varint(Process.pid, pid);
    out.string(Process.name, programName);
    out.end(mark);
    out.varint(Track.childOrdering, ChildOrdering.explicit);
  });
  let rank = 0;
  const group = (uuid: number, name: string, ordering?: number): void => child(packets, uuid, Fixed.process, name, ++rank, ordering);
  const counter = (uuid: number, name: string, unit: (out: ProtoWriter) => void): void =>
    packets.describe((out) => {
      out.varint(Track.uuid, uuid);
      out.varint(Track.parent, Fixed.process);
      out.string(Track.name, name);
      out.varint(Track.rank, ++rank);
      const mark = out.begin(Track.counter);
      unit(out);
      out.end(mark);
    });
  const bytes = (out: ProtoWriter): void => out.varint(Counter.unit, Unit.bytes);
  const count =
    (name: string) =>
    (out: ProtoWriter): void =>
      out.string(Counter.unitName, name);
  counter(Fixed.runnable, "Goroutines runnable", count("goroutines"));
  counter(Fixed.running, "Goroutines running", count("goroutines"));
  counter(Fixed.inSyscall, "Goroutines in system calls", count("goroutines"));
  counter(Fixed.heapLive, "Heap in use", bytes);
  counter(Fixed.heapGoal, "Heap goal", bytes);
  counter(Fixed.gomaxprocs, "GOMAXPROCS", count("processors"));
  group(Fixed.stops, "Stop the world");
  group(Fixed.gcMark, "GC mark phase");
  group(Fixed.procs, "Processors (P)", ChildOrdering.explicit);
  group(Fixed.tasks, "Tasks", ChildOrdering.chronological);
  group(Fixed.goroutines, "Goroutines (G)", ChildOrdering.chronological);
}

/** @param rank place among its siblings where their parent orders explicitly. */
export function child(packets: PacketWriter, uuid: number, parent: number, name: string, rank?: number, ordering?: number): void {
  packets.describe((out) => {
    out.varint(Track.uuid, uuid);
    out.varint(Track.parent, parent);
    out.string(Track.name, name);
    if (rank !== undefined) out.varint(Track.rank, rank);
    if (ordering !== undefined) out.varint(Track.childOrdering, ordering);
  });
}

export function describeThread(packets: PacketWriter, id: number): void {
  packets.describe((out) => {
    out.varint(Track.uuid, threadTrack(id));
    out.varint(Track.parent, Fixed.process);
    const mark = out.begin(Track.thread);
    out.varint(Thread.pid, pid);
    out.varint(Thread.tid, id);
    out.string(Thread.name, `M ${id}`);
    out.end(mark);
  });
}
