/** When did a trace happen? Its own clock snapshots (Go ≥ 1.25), else what was said at upload, else the upload's time less the trace's length. */
import { type EpochMillis, epochMillis, type TraceNanos } from "../lib/units.ts";
import type { TraceRecord } from "../store/ports.ts";

/** Wall clock of a trace's first event. */
export type TraceOrigin = {
  readonly at: EpochMillis;
  readonly clock: NonNullable<TraceRecord["clock"]>;
  /** Milliseconds; undefined where nothing bounds the error (an upload may come long after the recording). */
  readonly errorMillis: number | undefined;
};

/** A snapshot reads two clocks one after the other, and a moment is told in milliseconds. */
const leastError = 1;
/** `recorded_at` is given by people and scripts, to the second. */
const recordedAtError = 1000;

/**
 * @param snapshots origins by the snapshots of the generations read: their disagreement (a wall clock that was set, or drifts) is part of the error.
 * @param end length of the trace; needed only when neither snapshots nor `recordedAt` are there.
 */
export function originOf(
  record: Pick<TraceRecord, "recordedAt" | "uploadedAt" | "clockShiftMillis">,
  snapshots: readonly EpochMillis[],
  end: TraceNanos | undefined,
): TraceOrigin | undefined {
  const shift = record.clockShiftMillis ?? 0;
  const first = snapshots[0];
  if (first !== undefined) {
    const spread = Math.max(...snapshots.map((each) => Math.abs(each - first)));
    return { at: epochMillis(first + shift), clock: "snapshot", errorMillis: leastError + spread };
  }
  if (record.recordedAt !== undefined) {
    return { at: epochMillis(record.recordedAt + shift), clock: "recorded_at", errorMillis: recordedAtError };
  }
  if (end === undefined) return undefined;
  return { at: epochMillis(record.uploadedAt - end / 1e6 + shift), clock: "upload", errorMillis: undefined };
}
