/** Moments and ranges as the REST routes take them. */
import { ForetraceError } from "../lib/errors.ts";
import { type EpochMillis, epochMillis, epochToTrace, parseDurationNanos } from "../lib/units.ts";
import type { TimeRange, TraceRecord } from "../store/ports.ts";

const rfc3339 = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?([Zz]|[+-]\d{2}:?\d{2})$/;

/** Epoch milliseconds or RFC 3339. @throws ForetraceError bad_usage naming the parameter. */
export function parseInstant(text: string, what: string): EpochMillis {
  const millis = /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : rfc3339.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isFinite(millis) || Math.abs(millis) > 8.64e15) {
    throw new ForetraceError("bad_usage", `query parameter "${what}": "${text}" is neither milliseconds since 1970 nor RFC 3339`, {
      input: what,
    });
  }
  return epochMillis(millis);
}

/** @throws ForetraceError bad_usage when a bound cannot be read or `to` lies before `from`. */
export function parseRange(query: { from?: string; to?: string }, fallback: TimeRange): TimeRange {
  const range = {
    from: query.from === undefined ? fallback.from : parseInstant(query.from, "from"),
    to: query.to === undefined ? fallback.to : parseInstant(query.to, "to"),
  };
  if (range.to < range.from) throw new ForetraceError("bad_usage", 'query parameter "to" lies before "from"', { input: "to" });
  return range;
}

/**
 * A range of one trace in nanoseconds since its first event, cut at 0.
 * @throws ForetraceError bad_usage; conflict when wall-clock times are asked of a trace whose clock is not known yet.
 */
export function parseTraceRange(query: { from?: string; to?: string }, trace: TraceRecord): { from: number; to: number } {
  const read = (text: string, what: string): number => {
    if (/^\d[\d.]*(ns|us|µs|ms|s|m|h)/.test(text)) return parseDurationNanos(text, what);
    const at = parseInstant(text, what);
    if (trace.start === undefined) {
      throw new ForetraceError(
        "conflict",
        `trace ${trace.id} has not been read yet, so its wall clock is unknown; give "${what}" as a duration such as 1.5s`,
        {
          input: what,
        },
      );
    }
    return epochToTrace(trace.start, at);
  };
  const from = Math.max(0, query.from === undefined ? 0 : read(query.from, "from"));
  const to = query.to === undefined ? Number.POSITIVE_INFINITY : read(query.to, "to");
  if (to < from) throw new ForetraceError("bad_usage", 'query parameter "to" lies before "from", or before the trace', { input: "to" });
  return { from, to };
}
