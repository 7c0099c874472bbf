/** Values, lengths and moments as text for people: units scaled, the reader's zone, 24-hour clock. */
import { formatBytes, formatDuration, formatNumber } from "../lib/units.ts";

export { formatBytes, formatDuration, formatNumber };

export type UnitKind = "seconds" | "bytes" | "ratio" | "number";

/** What a unit word of the catalogue or of a metric name means for display. */
export function unitKind(unit: string): UnitKind {
  const word = unit.toLowerCase();
  if (word === "s" || word === "seconds" || word === "second") return "seconds";
  if (word === "bytes" || word === "byte" || word === "b") return "bytes";
  if (word === "ratio" || word === "share") return "ratio";
  return "number";
}

/** One value with its unit: 0.00042 seconds → `420 µs`, 3145728 bytes → `3 MiB`; missing → `–`. */
export function formatValue(value: number | null | undefined, unit: string): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  switch (unitKind(unit)) {
    case "seconds":
      return formatDuration(value * 1e9);
    case "bytes":
      return formatBytes(Math.round(value));
    case "ratio":
      return `${formatNumber(value * 100)} %`;
    default:
      return Math.abs(value) >= 1e6 ? formatLarge(value) : formatNumber(value);
  }
}

function formatLarge(value: number): string {
  const size = Math.abs(value);
  const [scale, suffix] = size >= 1e9 ? [1e9, " G"] : [1e6, " M"];
  return `${formatNumber(value / scale)}${suffix}`;
}

/** A share 0..1 as per cent: `12 %`, `0.4 %`, `< 0.1 %`. */
export function formatShare(share: number): string {
  if (!Number.isFinite(share)) return "–";
  const percent = share * 100;
  if (percent > 0 && percent < 0.1) return "< 0.1 %";
  return `${percent >= 9.95 ? Math.round(percent) : Number(percent.toFixed(1))} %`;
}

/** `3 min ago`, `in 58 min`, `just now`; both in epoch ms. */
export function formatAge(at: number, now: number): string {
  const seconds = Math.round((now - at) / 1000);
  const size = Math.abs(seconds);
  if (size < 5) return "just now";
  const text =
    size < 90
      ? `${size} s`
      : size < 5400
        ? `${Math.round(size / 60)} min`
        : size < 129_600
          ? `${Math.round(size / 3600)} h`
          : `${Math.round(size / 86_400)} d`;
  return seconds >= 0 ? `${text} ago` : `in ${text}`;
}

/** A span of epoch ms as text, `2 min 05 s`. */
export const formatSpan = (millis: number): string => formatDuration(millis * 1e6);

const pad = (value: number, width = 2): string => String(value).padStart(width, "0");
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `14:05:09`, or `14:05` without seconds, in the reader's zone. */
export function formatClock(at: number, seconds = true): string {
  const date = new Date(at);
  return `${pad(date.getHours())}:${pad(date.getMinutes())}${seconds ? `:${pad(date.getSeconds())}` : ""}`;
}

/** `24 Nov` in the reader's zone. */
export function formatDay(at: number): string {
  const date = new Date(at);
  return `${date.getDate()} ${months[date.getMonth()]!}`;
}

/** `24 Nov 14:05:09`; the year is named only when it is not the current one. */
export function formatMoment(at: number, now: number = at): string {
  const year = new Date(at).getFullYear();
  return `${formatDay(at)}${year === new Date(now).getFullYear() ? "" : ` ${year}`} ${formatClock(at)}`;
}

/** `24 Nov 14:05:09 – 14:07:12`; the day of the end is named only when it differs. */
export function formatInterval(from: number, to: number, now: number = from): string {
  const sameDay = new Date(from).toDateString() === new Date(to).toDateString();
  return `${formatMoment(from, now)} – ${sameDay ? formatClock(to) : formatMoment(to, now)}`;
}

/** The reader's zone with its present offset: `Europe/Berlin (UTC+1)`. */
export function zoneName(at: number): string {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "local time";
  const minutes = -new Date(at).getTimezoneOffset();
  if (minutes === 0) return zone === "UTC" ? "UTC" : `${zone} (UTC)`;
  const size = Math.abs(minutes);
  const offset = `${minutes < 0 ? "−" : "+"}${Math.floor(size / 60)}${size % 60 === 0 ? "" : `:${pad(size % 60)}`}`;
  return `${zone} (UTC${offset})`;
}

/** Short id for people: the first ten characters of a hash. */
export const shortId = (id: string): string => (id.length > 12 ? id.slice(0, 10) : id);
