/** Which batches tell a time that can be believed: those of one processor lie in the file in order of time. */
import { GrowingFloat64, type GrowingUint32 } from "../growing.ts";

/** A batch that lies further from all others than this, and than 16 times what they span, is damaged: half an hour or so. */
const farTicks = 2 ** 36;
const farShare = 16;
/** Where nothing follows, events may lie so far behind the last batch: some seconds. */
const openTicks = 2 ** 28;

export type BatchTimes = {
  /** By batch: ticks, or NaN where they are not to be believed. */
  readonly begin: Float64Array;
  /** By batch: what its events do not exceed. */
  readonly limit: Float64Array;
  /** The first time of all. */
  readonly least: number;
};

/**
 * @param proc number of the processor of each batch, from 0. @param ticks as they are written.
 * @param hasEnd the end of the file is there: its last batch began behind all events.
 */
export function believedTimes(proc: GrowingUint32, ticks: GrowingFloat64, procs: number, hasEnd: boolean): BatchTimes {
  const { length } = ticks;
  const begin = new Float64Array(length).fill(Number.NaN);
  for (const list of byProc(proc, procs)) for (const batch of risingOf(list, ticks.values)) begin[batch] = ticks.values[batch];
  const [least, most] = withoutFar(begin);
  const last = Array.from({ length: procs }, () => (hasEnd ? most : most + openTicks + (most - least)));
  const limit = new Float64Array(length);
  for (let batch = length - 1; batch >= 0; batch--) {
    limit[batch] = last[proc.values[batch]];
    if (!Number.isNaN(begin[batch])) last[proc.values[batch]] = begin[batch];
  }
  return { begin, limit, least };
}

function byProc(proc: GrowingUint32, procs: number): number[][] {
  const lists = Array.from({ length: procs }, (): number[] => []);
  for (let batch = 0; batch < proc.length; batch++) lists[proc.values[batch]].push(batch);
  return lists;
}

/** The longest part of the list whose values do not fall (patience sorting). */
function risingOf(list: readonly number[], values: Float64Array): number[] {
  /** Place in the list of the last element of the best part of each length. */
  const tails: number[] = [];
  const before = new Int32Array(list.length);
  for (const [i, batch] of list.entries()) {
    let low = 0;
    let high = tails.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (values[list[tails[middle]]] <= values[batch]) low = middle + 1;
      else high = middle;
    }
    before[i] = low > 0 ? tails[low - 1] : -1;
    tails[low] = i;
  }
  const rising: number[] = [];
  for (let i = tails.at(-1) ?? -1; i >= 0; i = before[i]) rising.push(list[i]);
  return rising;
}

/** Takes back those that lie far from all others; returns what the rest spans. */
function withoutFar(begin: Float64Array): [least: number, most: number] {
  const sorted = begin.filter((ticks) => !Number.isNaN(ticks)).sort();
  let [low, high] = [0, sorted.length - 1];
  if (high < 0) return [0, 0];
  for (let cut = true; cut && high - low >= 2;) {
    const isFar = (gap: number, span: number): boolean => gap > farTicks && gap > farShare * span;
    cut = false;
    if (isFar(sorted[high] - sorted[high - 1], sorted[high - 1] - sorted[low])) {
      high--;
      cut = true;
    } else if (isFar(sorted[low + 1] - sorted[low], sorted[high] - sorted[low + 1])) {
      low++;
      cut = true;
    }
  }
  const [least, most] = [sorted[low], sorted[high]];
  for (let batch = 0; batch < begin.length; batch++) if (begin[batch] < least || begin[batch] > most) begin[batch] = Number.NaN;
  return [least, most];
}
