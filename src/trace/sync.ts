/** Clock of a generation (sync batch) and its CPU samples. */
import { malformed } from "./broken.ts";
import { BatchKind, type Generation } from "./generation.ts";
import type { ClockSnapshot } from "./model.ts";
import { Wire } from "./spec.ts";
import type { Tables } from "./tables.ts";
import { ByteCursor, idOrNone } from "./varint.ts";

export type GenerationClock = {
  /** Nanoseconds per tick; undefined when the generation has no frequency. */
  readonly nanosPerTick: number | undefined;
  readonly snapshot: ClockSnapshot | undefined;
};

/** @throws Break for a second frequency or snapshot, and for foreign records. */
export function readClock(generation: Pick<Generation, "batches" | "bytes">, version: number): GenerationClock {
  const reader = new ByteCursor();
  let nanosPerTick: number | undefined;
  let raw: { ticks: number; mono: bigint; seconds: bigint; nanos: bigint } | undefined;
  for (const batch of generation.batches) {
    if (batch.kind !== BatchKind.Sync) continue;
    reader.set(generation.bytes, version >= 25 ? batch.begin + 1 : batch.begin, batch.end);
    let ticks = batch.time;
    while (!reader.done) {
      const at = batch.offset + reader.position - batch.begin;
      const type = reader.byte("sync batch");
      if (type === Wire.Frequency) {
        if (nanosPerTick !== undefined) throw malformed("found multiple frequency events", at);
        const perSecond = reader.uvarint("frequency");
        if (perSecond === 0) throw malformed("no frequency event found, only one of 0 ticks per second", at);
        nanosPerTick = 1 / (perSecond / 1e9);
      } else if (type === Wire.ClockSnapshot && version >= 25) {
        if (raw !== undefined) throw malformed("found multiple clock snapshot events", at);
        ticks += reader.uvarint("clock snapshot");
        raw = {
          ticks,
          mono: reader.uvarintBig("clock snapshot"),
          seconds: reader.uvarintBig("clock snapshot"),
          nanos: reader.uvarintBig("clock snapshot"),
        };
      } else {
        throw malformed(`expected frequency or clock snapshot event, got ${type}`, at);
      }
    }
  }
  if (raw === undefined || nanosPerTick === undefined) return { nanosPerTick, snapshot: undefined };
  const trace = BigInt(Math.trunc(raw.ticks * nanosPerTick));
  return { nanosPerTick, snapshot: { trace, mono: raw.mono, wall: raw.seconds * 1_000_000_000n + raw.nanos } };
}

/** CPU profile samples of one generation in order of time. */
export class CpuSamples {
  count = 0;
  /** Nanoseconds since the origin; ticks until {@link convert} has run. */
  time: Float64Array = new Float64Array(0);
  thread: Float64Array = new Float64Array(0);
  proc: Float64Array = new Float64Array(0);
  goroutine: Float64Array = new Float64Array(0);
  stack: Float64Array = new Float64Array(0);

  /** @throws Break for foreign records. */
  load(generation: Pick<Generation, "batches" | "bytes">): void {
    this.count = 0;
    const rows: number[][] = [];
    const reader = new ByteCursor();
    for (const batch of generation.batches) {
      if (batch.kind !== BatchKind.CpuSamples) continue;
      reader.set(generation.bytes, batch.begin + 1, batch.end);
      while (!reader.done) {
        const type = reader.byte("CPU sample");
        if (type !== Wire.CPUSample)
          throw malformed(`expected CPU sample event, got ${type}`, batch.offset + reader.position - 1 - batch.begin);
        rows.push([0, 1, 2, 3, 4].map(() => reader.uvarint("CPU sample")));
      }
    }
    if (rows.length === 0) return;
    this.count = rows.length;
    rows.sort((a, b) => a[0] - b[0]);
    const column = (index: number): Float64Array => Float64Array.from(rows, (row) => row[index]);
    this.time = column(0);
    this.thread = column(1).map(idOrNone);
    this.proc = column(2).map(idOrNone);
    this.goroutine = column(3).map((id) => (id === 0 ? -1 : idOrNone(id)));
    this.stack = column(4);
  }

  /** Stack of a sample. The reference does not look at it; one that is not there is no stack. */
  stackIn(tables: Tables, index: number): number {
    return tables.stacks.find(this.stack[index]) < 0 ? 0 : this.stack[index];
  }

  /** Ticks to nanoseconds since `origin`. */
  convert(nanosPerTick: number, origin: number): void {
    for (let i = 0; i < this.count; i++) this.time[i] = Math.trunc(this.time[i] * nanosPerTick) - origin;
  }
}
