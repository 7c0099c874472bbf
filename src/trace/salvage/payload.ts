/** Events of a batch that may be damaged: how far they can be parsed, and how far their times are to be believed. */
import { argumentCounts } from "../spec.ts";
import { longEnd, longUvarint } from "../varint.ts";

/** Ticks of the last event that {@link endOfEvents} walked over, since the batch's time. */
export let walkedTicks = 0;

/**
 * Where the events end that can be parsed and lie no later than `mostTicks` after the batch's time; `end` when all can.
 * Sets {@link walkedTicks}.
 */
export function endOfEvents(bytes: Uint8Array, begin: number, end: number, mostTicks: number = Number.POSITIVE_INFINITY): number {
  walkedTicks = 0;
  for (let at = begin; at < end;) {
    const count = argumentCounts[bytes[at]];
    if (count < 0) return at;
    const ticks = longUvarint(bytes, at + 1, end);
    if (longEnd < 0 || walkedTicks + ticks > mostTicks) return at;
    let next = longEnd;
    for (let i = 0; i < count; i++) {
      longUvarint(bytes, next, end);
      if (longEnd < 0) return at;
      next = longEnd;
    }
    walkedTicks += ticks;
    at = next;
  }
  return end;
}
