/** The stored traces of a target, newest first, each with the way to its timeline. */
import type { TraceItem } from "../api-types.ts";
import { h, renderKeyed } from "../dom.ts";
import { formatBytes, formatDuration, formatMoment, formatNumber, shortId } from "../format.ts";
import { traceHref } from "../url.ts";

/** Traces asked of the API at once. */
export const traceLimit = 100;
const first = 8;

export type TraceList = { readonly element: HTMLElement; update(traces: readonly TraceItem[]): void };

/** In words how far a trace has been read. */
export const traceStatus = (status: TraceItem["status"]): string =>
  ({ stored: "not read yet", extracted: "read", partial: "read in part", failed: "not readable" })[status];

export function traceList(): TraceList {
  const body = h("div", {});
  let all = false;
  let last: readonly TraceItem[] = [];
  const element = h(
    "section",
    { class: "panel", id: "traces", "aria-labelledby": "traces-title", hidden: true },
    h("h2", { id: "traces-title" }, "Traces"),
    body,
  );
  const update = (traces: readonly TraceItem[]): void => {
    last = traces;
    element.hidden = traces.length === 0;
    renderKeyed(body, JSON.stringify([traces, all]), () => [
      h("ul", { class: "trace-rows" }, (all ? traces : traces.slice(0, first)).map(row)),
      traces.length > first
        ? h(
            "button",
            { class: "button", type: "button", "aria-expanded": String(all), onclick: toggle },
            all ? "Show fewer" : `Show ${traces.length - first} more`,
          )
        : null,
    ]);
  };
  const toggle = (): void => {
    all = !all;
    update(last);
  };
  return { element, update };
}

function row(trace: TraceItem): HTMLElement {
  const facts = [
    trace.start === undefined || trace.end === undefined ? "" : formatDuration((trace.end - trace.start) * 1e6),
    trace.events === undefined ? "" : `${formatNumber(trace.events)} events`,
    formatBytes(trace.bytes),
    trace.version === undefined ? "" : `Go 1.${trace.version}`,
  ];
  const good = trace.status === "extracted";
  return h(
    "li",
    { class: "trace-row" },
    h("a", { href: traceHref(trace.id) }, formatMoment(trace.start ?? trace.uploadedAt, Date.now())),
    h("span", { class: "muted number" }, facts.filter((fact) => fact !== "").join(" · ")),
    good
      ? null
      : h("span", { class: trace.status === "stored" ? "badge" : "badge anomaly", title: trace.error }, traceStatus(trace.status)),
    h("code", { class: "muted" }, shortId(trace.id)),
  );
}
