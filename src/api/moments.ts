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

/** A report of more than ten years would hold nothing but gaps. */
const longestReportMillis = 3653 * 86_400_000;

/** @throws ForetraceError bad_json when the bounds of a report are the wrong way round or too far apart. */
export function checkReportRange({ from, to }: { readonly from: number; readonly to: number }): void {
  if (to < from) throw new ForetraceError("bad_json", 'field "to" lies before "from"', { input: "to" });
  if (to - from > longestReportMillis)
    throw new ForetraceError("bad_json", 'fields "from" and "to" are more than ten years apart; ask for a shorter range', { input: "to" });
}

/** Years 1 to 9999: RFC 3339 writes these, and with a shift and the length of any trace they stay within what a Date holds. */
const recordings = { from: Date.parse("0001-01-01T00:00:00Z"), to: Date.parse("9999-12-31T23:59:59.999Z") };

/** When a recording began, as {@link parseInstant}. @throws ForetraceError bad_usage also outside of the years 1 to 9999. */
export function parseRecordedAt(text: string): EpochMillis {
  const at = parseInstant(text, "recorded_at");
  if (at < recordings.from || at > recordings.to) {
    throw new ForetraceError("bad_usage", `query parameter "recorded_at": "${text}" does not lie in the years 1 to 9999`, {
      input: "recorded_at",
    });
  }
  return at;
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
