/** How much of a broken trace a salvage gives, and how much of that the whole trace confirms. */
import { traceCores } from "../../src/sources/trace-core.ts";
import { EventKind, type TraceOutcome } from "../../src/trace/model.ts";
import { assumedTicks } from "../../src/trace/old/salvage/salvage.ts";
import { Scan } from "../../src/trace/old/scan.ts";
import { oldVersions } from "../../src/trace/old/spec.ts";
import { OldTables } from "../../src/trace/old/tables.ts";
import { readTrace } from "../../src/trace/read.ts";

/** Ticks of the events by what happened: names, stacks and the context apart, which a damaged trace may have lost. */
export type Reading = { readonly ticks: ReadonlyMap<string, number[]>; readonly events: number; readonly outcome: TraceOutcome };

const headerBytes = 16;
/** Formats from 1.22 on count in ticks of 64 ns; a time may have been moved by some nanoseconds so that two events do not share one. */
const newTicks = 1e9 / 64;

const isOld = (bytes: Uint8Array): boolean => oldVersions.includes(Number(new TextDecoder().decode(bytes.subarray(5, 7))));

/** Ticks per second that a whole trace tells. */
export function ticksOf(bytes: Uint8Array): number {
  if (!isOld(bytes)) return newTicks;
  const body = bytes.subarray(headerBytes);
  const scan = new Scan(body, 0, 21, new OldTables(body, ["-"]));
  while (scan.step(1 << 20));
  return scan.frequency;
}

/** @param perSecond ticks of the whole trace. Times of one whose clock is assumed are as wrong as that; what is compared is ticks. */
export async function reading(bytes: Uint8Array, salvage: boolean, perSecond: number): Promise<Reading> {
  const events: [what: string, time: number][] = [];
  const outcome = await readTrace(
    [bytes],
    {
      event(kind, time, _thread, _proc, _goroutine, _stack, a, b, c) {
        const isTransition = kind === EventKind.GoTransition || kind === EventKind.ProcTransition;
        events.push([isTransition ? `${kind} ${a} ${b} ${c}` : kind === EventKind.Metric ? `${kind} ${a} ${b}` : `${kind}`, time]);
      },
    },
    { core: traceCores, salvage },
  );
  const scale = (isOld(bytes) && outcome.salvaged?.clock === "assumed" ? assumedTicks : perSecond) / 1e9;
  const ticks = new Map<string, number[]>();
  for (const [what, time] of events) {
    const list = ticks.get(what);
    const tick = isOld(bytes) ? Math.round((time - 1) * scale) : Math.floor(time * scale);
    if (list === undefined) ticks.set(what, [tick]);
    else list.push(tick);
  }
  return { ticks, events: events.length, outcome };
}

/**
 * How many of the events the whole trace has too, at most `tolerance` ticks from there.
 * Where the first events were lost, times count from a later one: what most events agree on is taken for that.
 */
export function confirmedBy(whole: Reading, part: Reading, tolerance: number): number {
  const shift = shiftBetween(whole, part);
  let count = 0;
  for (const [what, ticks] of part.ticks) {
    const there = whole.ticks.get(what) ?? [];
    let next = 0;
    for (const tick of ticks) {
      while (next < there.length && there[next]! < tick + shift - tolerance) next++;
      if (next === there.length || there[next]! > tick + shift + tolerance) continue;
      next++;
      count++;
    }
  }
  return count;
}

/** The difference in time of what happens once, as often as not. */
function shiftBetween(whole: Reading, part: Reading): number {
  const counts = new Map<number, number>();
  let best = 0;
  for (const [what, [tick, more]] of part.ticks) {
    const there = whole.ticks.get(what);
    if (more !== undefined || there?.length !== 1) continue;
    const shift = there[0]! - tick!;
    const count = (counts.get(shift) ?? 0) + 1;
    counts.set(shift, count);
    if (count > (counts.get(best) ?? 0)) best = shift;
  }
  return best;
}
