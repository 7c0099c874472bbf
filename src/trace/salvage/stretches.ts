/** The timed batches of a damaged generation as stretches of whole events, thread by thread, with times that are to be believed. */
import { batchKind, BatchKind, type Batch, type Generation } from "../generation.ts";
import type { Stretch } from "./lanes.ts";
import { endOfEvents, walkedTicks } from "./payload.ts";
import { type Expected, findHeader, headerAt } from "./headers.ts";
import type { SalvageReport } from "./report.ts";

/** A batch's time may differ so much from that of the others in the middle: generations last a second or some; idle ones longer. */
const farSeconds = 100;
/** Events behind the begin of a thread's last batch: so much, or as long as the generation is. */
const tailSeconds = 10;
/** Clocks of two processors may differ. */
const toleranceSeconds = 0.001;

/** Batches cut where their events cannot be parsed; those that were swallowed by a wrong size come out of what lies behind. */
export function mendBatches(
  generation: Generation,
  batches: readonly Batch[],
  expected: Pick<Expected, "version" | "padded">,
  report: SalvageReport,
): Batch[] {
  const mended: Batch[] = [];
  for (const whole of batches) {
    for (let batch: Batch | undefined = whole; batch !== undefined;) {
      const end: number = batch.kind === BatchKind.Timed ? endOfEvents(generation.bytes, batch.begin, batch.end) : batch.end;
      mended.push(end === batch.end ? batch : { ...batch, end });
      const inner: Batch | undefined = end < whole.end ? swallowed(generation, whole, end, expected) : undefined;
      report.skippedBytes += (inner?.begin ?? whole.end) - end;
      batch = inner;
    }
  }
  return mended;
}

/** The first batch in another one from a place on. */
function swallowed(
  generation: Generation,
  { begin, end, time, offset }: Batch,
  from: number,
  expected: Pick<Expected, "version" | "padded">,
): Batch | undefined {
  const { bytes, number } = generation;
  const at = findHeader(bytes, from, end, end, { ...expected, generation: number, time }, true);
  if (at < 0) return undefined;
  const { length, size, experiment, generation: named, thread, time: own } = headerAt(bytes, at, end)!;
  if (named !== number) return undefined;
  const start = at + length;
  const kind = batchKind(bytes, start, Math.min(size, end - start), experiment, expected.version);
  return { kind, thread, time: own, experiment, begin: start, end: Math.min(end, start + size), offset: offset + start - begin };
}

export type TimeRange = { readonly from: number; readonly to: number };

/** First and last time of the generation's batches in ticks, those apart that lie far from the one in the middle. */
export function timesOf(generation: Generation, ticksPerSecond: number): TimeRange {
  const times = Float64Array.from(generation.batches, (batch) => batch.time).sort();
  const middle = times[times.length >> 1] ?? 0;
  const far = farSeconds * ticksPerSecond;
  const near = times.filter((time) => Math.abs(time - middle) <= far);
  return { from: near[0] ?? 0, to: near.at(-1) ?? 0 };
}

/**
 * Stretches by thread, in the order of the batches. A batch whose time lies apart, or behind that of the thread's next one, goes on where the one
 * before it ended; events later than the thread's next batch are damage.
 */
export function stretchesOf(
  bytes: Uint8Array,
  batches: readonly Batch[],
  range: TimeRange,
  nanosPerTick: number,
  origin: number,
  report: SalvageReport,
): Map<number, Stretch[]> {
  const byThread = new Map<number, Batch[]>();
  for (const batch of batches) {
    if (batch.kind !== BatchKind.Timed) continue;
    const list = byThread.get(batch.thread);
    if (list === undefined) byThread.set(batch.thread, [batch]);
    else list.push(batch);
  }
  const second = 1e9 / nanosPerTick;
  const latest = range.to + Math.max(range.to - range.from, tailSeconds * second);
  const stretches = new Map<number, Stretch[]>();
  for (const [thread, own] of byThread) {
    const times = believedTimes(own, range);
    const list: Stretch[] = [];
    let ended = range.from;
    for (const [i, batch] of own.entries()) {
      const time = times[i] ?? ended;
      const until = (times[i + 1] ?? latest) + toleranceSeconds * second;
      const end = endOfEvents(bytes, batch.begin, batch.end, Math.max(0, until - time));
      report.skippedBytes += batch.end - end;
      ended = time + walkedTicks;
      list.push({ begin: batch.begin, end, time: Math.trunc(time * nanosPerTick) - origin });
    }
    stretches.set(thread, list);
  }
  return stretches;
}

/** Times of a thread's batches, which cannot fall; undefined where one cannot be right. */
function believedTimes(batches: readonly Batch[], { from, to }: TimeRange): (number | undefined)[] {
  const times: (number | undefined)[] = batches.map(({ time }) => (time >= from && time <= to ? time : undefined));
  const kept: number[] = [];
  for (let i = 0; i < times.length; i++) {
    const time = times[i];
    if (time === undefined) continue;
    const last = kept.at(-1);
    if (last === undefined || times[last]! <= time) {
      kept.push(i);
      continue;
    }
    // One of the two is wrong: the earlier one where this one fits to both its neighbours.
    const before = kept.at(-2);
    const fits = (before === undefined || times[before]! <= time) && (times[i + 1] ?? Number.POSITIVE_INFINITY) < times[last]!;
    times[fits ? kept.pop()! : i] = undefined;
    if (fits) kept.push(i);
  }
  return times;
}
