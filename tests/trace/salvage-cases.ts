/** Damage at known places of real traces, and how much of the whole trace a reading of the damaged one gives. */
import { readTrace } from "../../src/trace/read.ts";
import type { TraceCores, TraceOutcome } from "../../src/trace/model.ts";
import { EventLister } from "./event-list.ts";
import { createRandom } from "../../src/lib/random.ts";

export type Batch = { at: number; payload: number; end: number; generation: number; thread: number; first: number };

/** The batches of a trace of Go 1.22 or later, walked over by their headers. */
export function batchesOf(bytes: Uint8Array): Batch[] {
  const batches: Batch[] = [];
  let at = 16;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++]!;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const begin = at;
    const type = bytes[at++]!;
    if (type === 52) continue;
    if (type === 49) at++;
    const [generation, thread, , size] = [varint(), varint(), varint(), varint()];
    batches.push({ at: begin, payload: at, end: at + size, generation, thread, first: type === 49 ? -1 : bytes[at]! });
    at += size;
  }
  return batches;
}

export const isTimed = ({ first }: Batch): boolean => ![-1, 2, 4, 6, 8, 50].includes(first);

export function without(bytes: Uint8Array, from: number, to: number): Uint8Array {
  return Uint8Array.from(Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]));
}

/** A copy with so many bytes behind the header set at random. Same seed, same damage. */
export function spoiled(bytes: Uint8Array, count: number, seed: number, from = 16, to: number = bytes.length): Uint8Array {
  const random = createRandom(seed);
  const copy = Uint8Array.from(bytes);
  for (let left = count; left > 0; left--) copy[from + random.below(to - from)] = random.below(256);
  return copy;
}

export async function listOf(bytes: Uint8Array, salvage: boolean, core?: TraceCores): Promise<{ lines: string[]; outcome: TraceOutcome }> {
  const lines: string[] = [];
  const outcome = await readTrace([bytes], new EventLister((line) => lines.push(line.trimEnd())), { core, salvage });
  return { lines, outcome };
}

/** What happened when: stacks, reasons and other names apart, which a damaged trace may have lost, and the context. */
function essence(line: string): string {
  const [time, kind, , , , , a, b, c, d] = line.split("\t");
  // A time may have been moved by some nanoseconds, so that two events do not share one; the clock of these traces has ticks of 64.
  const tick = Math.floor(Number(time) / 64);
  return kind === "StateTransition" ? `${tick} ${a} ${b} ${c} ${d}` : kind === "Metric" ? `${tick} ${a} ${b}` : `${tick} ${kind}`;
}

/** How many of the lines tell what the whole trace tells at that time, too. */
export function confirmed(lines: readonly string[], whole: readonly string[]): number {
  const left = new Map<string, number>();
  for (const line of whole) left.set(essence(line), (left.get(essence(line)) ?? 0) + 1);
  let count = 0;
  for (const line of lines) {
    const key = essence(line);
    const there = left.get(key) ?? 0;
    if (there === 0) continue;
    left.set(key, there - 1);
    count++;
  }
  return count;
}
