/** Moments of a trace on the command line: a duration since its first event, or RFC 3339 where its wall clock is known. */
import { ForetraceError } from "../lib/errors.ts";
import { epochMillis, epochToTrace, parseDurationNanos, type EpochMillis } from "../lib/units.ts";
import { wallClockOrigin } from "../features/wall-clock.ts";
import type { ByteSource, GenerationTables, TraceInfo } from "../trace/model.ts";
import { readTrace } from "../trace/read.ts";
import { rfc3339Millis } from "./rfc3339.ts";

/** Whether a moment is given by the wall clock, so that the trace's own clock is needed to place it. */
export const isWallClock = (text: string): boolean => rfc3339Millis(text) !== undefined;

/** Nanoseconds since the first event. `origin` is the wall clock of the first event, where it is known. */
export function parseMoment(text: string, option: string, origin: EpochMillis | undefined): number {
  const at = rfc3339Millis(text);
  if (at === undefined) return parseDurationNanos(text, option);
  if (origin === undefined) {
    throw new ForetraceError(
      "bad_usage",
      `${option} ${text}: this trace has no wall clock (Go ≥ 1.25 writes one); give a duration since its first event, such as 1.5s`,
    );
  }
  if (Number.isNaN(at)) throw new ForetraceError("bad_usage", `${option}: there is no such moment as ${text}`, { input: option });
  return epochToTrace(origin, epochMillis(at));
}

/** Wall clock of a trace's first event from the clock snapshot of its first generation; reads no further, and not at all unless a text needs it. */
export async function traceClock(open: () => ByteSource, texts: readonly (string | undefined)[]): Promise<EpochMillis | undefined> {
  if (!texts.some((text) => text !== undefined && isWallClock(text))) return undefined;
  const stop = new AbortController();
  let info: TraceInfo | undefined;
  let origin: EpochMillis | undefined;
  const visitor = {
    start(found: TraceInfo) {
      info = found;
    },
    generation(tables: GenerationTables) {
      if (tables.clock !== undefined && info !== undefined) origin ??= wallClockOrigin(info, tables.clock);
      stop.abort();
    },
    event() {},
  };
  try {
    await readTrace(open(), visitor, { signal: stop.signal });
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  }
  return origin;
}
