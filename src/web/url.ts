/** What the address says and how it is written: `/`, `/anomalies/{id}`, `/traces/{id}?from=…&to=…`. */
import { parseDurationNanos } from "../lib/units.ts";
import { presets, type Range } from "./range.ts";

export type Route =
  | { readonly page: "home"; readonly params: URLSearchParams }
  | { readonly page: "anomaly"; readonly id: string; readonly params: URLSearchParams }
  | { readonly page: "trace"; readonly id: string; readonly params: URLSearchParams }
  | { readonly page: "lost"; readonly path: string };

/** The page an address names. */
export function parseRoute(path: string, search: string): Route {
  const params = new URLSearchParams(search);
  if (path === "/" || path === "/index.html") return { page: "home", params };
  const match = /^\/(anomalies|traces)\/([^/]+)\/?$/.exec(path);
  if (match === null) return { page: "lost", path };
  const id = safeDecode(match[2]!);
  return match[1] === "anomalies" ? { page: "anomaly", id, params } : { page: "trace", id, params };
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** `span=6h` or `from=…&to=…` (epoch ms or RFC 3339); undefined when the address names no range. */
export function parseRange(params: URLSearchParams): Range | undefined {
  const preset = presets.find((known) => known.label === params.get("span"));
  if (preset !== undefined) return { kind: "live", span: preset.span };
  const from = parseMoment(params.get("from"));
  const to = parseMoment(params.get("to"));
  return from !== undefined && to !== undefined && to > from ? { kind: "fixed", from, to } : undefined;
}

export function writeRange(params: URLSearchParams, range: Range): void {
  for (const key of ["span", "from", "to"]) params.delete(key);
  if (range.kind === "live") {
    params.set("span", presets.find((preset) => preset.span === range.span)?.label ?? "6h");
  } else {
    params.set("from", String(Math.round(range.from)));
    params.set("to", String(Math.round(range.to)));
  }
}

/** Epoch ms of a number or an RFC 3339 text. */
export function parseMoment(text: string | null): number | undefined {
  if (text === null || text === "") return undefined;
  if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  const at = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isFinite(at) ? at : undefined;
}

/**
 * Trace nanoseconds of one end of a view: a duration since the trace's first event (`1.5s`), or a moment when the
 * trace's start is known. Undefined when absent or not understood: the view then shows the whole trace.
 */
export function parseTracePoint(text: string | null, traceStart: number | undefined): number | undefined {
  const moment = parseMoment(text);
  if (moment !== undefined) return traceStart === undefined ? undefined : Math.round((moment - traceStart) * 1e6);
  if (text === null || text === "") return undefined;
  try {
    return parseDurationNanos(text, "from/to");
  } catch {
    return undefined;
  }
}

/** The shortest exact duration for trace nanoseconds: 1500000000 → `1.5s`, 1234567 → `1.234567ms`. */
export function writeTracePoint(nanos: number): string {
  const whole = Math.round(nanos);
  if (whole === 0) return "0s";
  const [unit, scale] = whole >= 1e9 ? (["s", 9] as const) : whole >= 1e6 ? (["ms", 6] as const) : (["ns", 0] as const);
  if (scale === 0) return `${whole}${unit}`;
  const digits = String(whole).padStart(scale + 1, "0");
  const fraction = digits.slice(-scale).replace(/0+$/, "");
  return `${digits.slice(0, -scale)}${fraction === "" ? "" : `.${fraction}`}${unit}`;
}

export const anomalyHref = (id: string): string => `/anomalies/${encodeURIComponent(id)}`;

/** Page of a trace, at a view given in epoch ms when known. */
export function traceHref(id: string, from?: number, to?: number): string {
  const query = from === undefined || to === undefined ? "" : `?from=${Math.round(from)}&to=${Math.round(to)}`;
  return `/traces/${encodeURIComponent(id)}${query}`;
}

/** Download of the trace's generations that cover a range of trace nanoseconds. */
export function sliceHref(id: string, from: number, to: number): string {
  return `/api/foretrace/v1/traces/${encodeURIComponent(id)}/slice?from=${writeTracePoint(from)}&to=${writeTracePoint(to)}`;
}
