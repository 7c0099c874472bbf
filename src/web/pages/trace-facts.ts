/** What is known of a trace besides its events. */
import type { TraceItem } from "../api-types.ts";
import { h } from "../dom.ts";
import { formatBytes, formatDuration, formatMoment, formatNumber, zoneName } from "../format.ts";

const clocks = { snapshot: "its own clock", recorded_at: "given at upload", upload: "time of upload" } as const;

/** Name and value of each fact that is known. */
export function describeTrace(trace: TraceItem, now: number): [string, string][] {
  const list: [string, string][] = [];
  if (trace.version !== undefined) list.push(["Format", `Go 1.${trace.version}`]);
  if (trace.events !== undefined) list.push(["Events", formatNumber(trace.events)]);
  if (trace.start !== undefined && trace.end !== undefined) list.push(["Length", formatDuration((trace.end - trace.start) * 1e6)]);
  if (trace.start !== undefined) list.push(["Started", `${formatMoment(trace.start, now)} · ${zoneName(trace.start)}`]);
  if (trace.clock !== undefined) {
    const bound =
      trace.clockErrorMillis === undefined || trace.clockErrorMillis === 0 ? "" : `, ± ${formatDuration(trace.clockErrorMillis * 1e6)}`;
    const shift =
      trace.clockShiftMillis === undefined || trace.clockShiftMillis === 0
        ? ""
        : `, shifted by ${formatDuration(trace.clockShiftMillis * 1e6)}`;
    list.push(["Wall clock", clocks[trace.clock] + bound + shift]);
  }
  list.push(["Size", formatBytes(trace.bytes)]);
  if (trace.status === "partial" || trace.status === "failed")
    list.push([trace.status === "partial" ? "Read in part" : "Not readable", trace.error ?? "the file is broken"]);
  return list;
}

export const traceFacts = (trace: TraceItem): HTMLElement =>
  h(
    "dl",
    { class: "facts" },
    describeTrace(trace, Date.now()).map(([title, value]) => h("div", {}, h("dt", {}, title), h("dd", { class: "number" }, value))),
  );
