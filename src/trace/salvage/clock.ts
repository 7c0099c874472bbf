/** The clock of a damaged generation, and its CPU samples as far as they can be read. */
import { Break } from "../broken.ts";
import { BatchKind, type Batch, type Generation } from "../generation.ts";
import type { Salvaged } from "../model.ts";
import { Wire } from "../spec.ts";
import { CpuSamples, readClock, type GenerationClock } from "../sync.ts";
import { longEnd, longUvarint } from "../varint.ts";
import { timesOf } from "./stretches.ts";

/** Ticks per second of Linux, macOS and the BSDs: all that write formats from 1.22 on, but Windows. */
const usualTicks = 15_625_000;
/** Clocks outside of this are damage. */
const fewestTicks = 1e3;
const mostTicks = 1e10;
/** Where the clock counts nanoseconds of the monotonic clock in ticks of 64, as it does in most systems, it differs from it by less. */
const sameNanos = 1e6;
const sampleFields = 5;

type FoundClock = { readonly clock: Required<GenerationClock> & { readonly nanosPerTick: number }; readonly source: Salvaged["clock"] };

/**
 * @param before nanoseconds per tick of the generation before; undefined = there is none.
 * @param last absolute nanoseconds of the last event delivered.
 */
export function salvageClock(generation: Generation, version: number, before: number | undefined, last: number): FoundClock {
  let snapshot: GenerationClock["snapshot"];
  let nanosPerTick: number | undefined;
  for (const batch of generation.batches) {
    if (batch.kind !== BatchKind.Sync) continue;
    const found = attempt(() => readClock({ bytes: generation.bytes, batches: [batch] }, version));
    const nanos = found?.nanosPerTick;
    if (nanos === undefined || 1e9 / nanos < fewestTicks || 1e9 / nanos > mostTicks) continue;
    nanosPerTick ??= nanos;
    snapshot ??= found?.snapshot;
  }
  if (nanosPerTick !== undefined && !isWrong(generation, nanosPerTick, snapshot, before, last))
    return { clock: { nanosPerTick, snapshot }, source: "file" };
  if (before !== undefined) return { clock: { nanosPerTick: before, snapshot: undefined }, source: "earlier" };
  return { clock: { nanosPerTick: 1e9 / usualTicks, snapshot: undefined }, source: "assumed" };
}

/** With a wrong frequency the generation lies elsewhere: ticks count from long before the trace. */
function isWrong(
  generation: Generation,
  nanosPerTick: number,
  snapshot: GenerationClock["snapshot"],
  before: number | undefined,
  last: number,
): boolean {
  if (before !== undefined) {
    const begin = timesOf(generation, 1e9 / before).from;
    return Math.abs(begin * before - last) < Math.abs(begin * nanosPerTick - last);
  }
  const usual = 1e9 / usualTicks;
  if (snapshot === undefined || nanosPerTick === usual) return false;
  return Math.abs((Number(snapshot.trace) / nanosPerTick) * usual - Number(snapshot.mono)) < sameNanos;
}

/** Whole samples whose time lies between two times in ticks. */
export function salvageSamples(samples: CpuSamples, generation: Generation, from: number, to: number): void {
  const batches: Batch[] = [];
  for (const batch of generation.batches) {
    if (batch.kind !== BatchKind.CpuSamples) continue;
    const end = endOfSamples(generation.bytes, batch.begin + 1, batch.end);
    batches.push({ ...batch, end });
  }
  samples.load({ bytes: generation.bytes, batches });
  let kept = 0;
  for (let i = 0; i < samples.count; i++) {
    if (samples.time[i] < from || samples.time[i] > to) continue;
    for (const column of [samples.time, samples.thread, samples.proc, samples.goroutine, samples.stack]) column[kept] = column[i];
    kept++;
  }
  samples.count = kept;
}

function endOfSamples(bytes: Uint8Array, begin: number, end: number): number {
  for (let at = begin; at < end;) {
    let next = at + 1;
    if (bytes[at] !== Wire.CPUSample) return at;
    for (let i = 0; i < sampleFields; i++) {
      longUvarint(bytes, next, end);
      if (longEnd < 0) return at;
      next = longEnd;
    }
    at = next;
  }
  return end;
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof Break) return undefined;
    throw error;
  }
}
