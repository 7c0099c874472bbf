/** Branded times and the words for lengths, bytes and moments. All conversions between clocks live here. */
import { ForetraceError } from "./errors.ts";

type Brand<T, B extends string> = T & { readonly __unit: B };

/** Nanoseconds since the first event of one trace. A double holds 104 days exactly (2^53 ns). */
export type TraceNanos = Brand<number, "TraceNanos">;
/** Milliseconds since 1970-01-01 UTC. */
export type EpochMillis = Brand<number, "EpochMillis">;

export const traceNanos = (value: number): TraceNanos => value as TraceNanos;
export const epochMillis = (value: number): EpochMillis => value as EpochMillis;

/** Wall clock of an instant of a trace, given the wall clock of the trace's first event. */
export const traceToEpoch = (origin: EpochMillis, at: TraceNanos): EpochMillis => epochMillis(origin + at / 1e6);
/** Inverse of {@link traceToEpoch}; may be negative or beyond the trace. */
export const epochToTrace = (origin: EpochMillis, at: EpochMillis): TraceNanos => traceNanos(Math.round((at - origin) * 1e6));

export type Clock = () => EpochMillis;

const unitNanos: Record<string, number> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9, d: 86400e9, w: 7 * 86400e9 };

/**
 * Parses a duration such as `100ms`, `1.5s`, `1h30m`, `5m`, `2d` to whole nanoseconds.
 * @throws ForetraceError bad_usage naming `what` when the text is not a duration.
 */
export function parseDurationNanos(text: string, what = "duration"): number {
  const part = /(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d|w)/gy;
  let nanos = 0;
  let end = 0;
  for (let match = part.exec(text); match !== null; match = part.exec(text)) {
    nanos += Number(match[1]) * unitNanos[match[2]!]!;
    end = part.lastIndex;
  }
  if (end === 0 || end !== text.length) {
    throw new ForetraceError("bad_usage", `${what}: "${text}" is not a duration; write for example 100ms, 1.5s, 5m or 1h30m`, {
      input: what,
    });
  }
  return Math.round(nanos);
}

/** As {@link parseDurationNanos}, in milliseconds (fractions kept). */
export const parseDurationMillis = (text: string, what = "duration"): number => parseDurationNanos(text, what) / 1e6;

/** A length of time for people: three significant digits and the unit that fits (`5.76 µs`, `1.20 s`, `3 min 05 s`). */
export function formatDuration(nanos: number): string {
  if (!Number.isFinite(nanos)) return "–";
  const size = Math.abs(nanos);
  if (size === 0) return "0 s";
  if (size < 999.5) return `${round3(nanos)} ns`;
  if (size < 999.5e3) return `${round3(nanos / 1e3)} µs`;
  if (size < 999.5e6) return `${round3(nanos / 1e6)} ms`;
  if (size < 59.95e9) return `${round3(nanos / 1e9)} s`;
  const seconds = Math.round(size / 1e9);
  const sign = nanos < 0 ? "-" : "";
  if (seconds < 3600) return `${sign}${Math.floor(seconds / 60)} min ${pad2(seconds % 60)} s`;
  return `${sign}${Math.floor(seconds / 3600)} h ${pad2(Math.floor((seconds % 3600) / 60))} min`;
}

export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return "–";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1023.5 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : round3(value)} ${units[unit]!}`;
}

/** A plain number for people: three significant digits below 1000, thousands grouped above. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return "–";
  return Math.abs(value) >= 999.5 ? Math.round(value).toLocaleString("en-US") : round3(value);
}

function round3(value: number): string {
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value) || 1)));
  return String(Number(value.toFixed(Math.min(digits, 12))));
}

const pad2 = (value: number): string => String(value).padStart(2, "0");
