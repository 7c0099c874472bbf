/** The wall clock of a trace, from the clock snapshots that Go ≥ 1.25 writes. */
import { type EpochMillis, epochMillis } from "../lib/units.ts";
import type { ClockSnapshot, TraceInfo } from "../trace/model.ts";

/** Wall clock at relative time 0, in milliseconds with fractions (a double holds them to about 0.2 µs). */
export function wallClockOrigin(info: Pick<TraceInfo, "origin">, clock: Pick<ClockSnapshot, "trace" | "wall">): EpochMillis {
  const nanos = clock.wall - (clock.trace - info.origin);
  return epochMillis(Number(nanos / 1_000_000n) + Number(nanos % 1_000_000n) / 1e6);
}
