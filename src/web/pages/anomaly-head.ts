/** The head of an anomaly: when, how strong, and the way to the trace that shows the cause. */
import type { Anomaly } from "../api-types.ts";
import { h, icon } from "../dom.ts";
import { formatAge, formatInterval, formatMoment, formatNumber, formatSpan, formatValue, shortId, zoneName } from "../format.ts";
import { seriesTitle } from "../group.ts";
import { anomalyHref, traceHref } from "../url.ts";
import { unitOfName } from "./contributions.ts";

/** Windows before and after this one in time. */
export function neighbours(anomaly: Pick<Anomaly, "id">, windows: readonly Anomaly[]): { before?: Anomaly; after?: Anomaly } {
  const sorted = [...windows].sort((a, b) => a.from - b.from || (a.id < b.id ? -1 : 1));
  const place = sorted.findIndex((one) => one.id === anomaly.id);
  const before = place > 0 ? sorted[place - 1] : undefined;
  const after = place >= 0 ? sorted[place + 1] : undefined;
  return { ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) };
}

export function anomalyHead(anomaly: Anomaly, windows: readonly Anomaly[], traces: readonly string[]): HTMLElement[] {
  const now = Date.now();
  const { before, after } = neighbours(anomaly, windows);
  const top = [...anomaly.contributions].sort((a, b) => b.share - a.share)[0];
  const [trace, ...others] = traces;
  const toTrace = (id: string, words: string, kind = ""): HTMLElement =>
    h("a", { class: `button ${kind} trace-link`, href: traceHref(id, anomaly.from, anomaly.to) }, icon("trace"), words);
  return [
    h(
      "div",
      { class: "target-head" },
      h(
        "div",
        {},
        h(
          "p",
          { class: "crumb" },
          h("a", { href: `/?target=${encodeURIComponent(anomaly.target)}` }, anomaly.target),
          " / anomalous window",
        ),
        h("h1", {}, formatInterval(anomaly.from, anomaly.to, now)),
        h("p", { class: "muted zone" }, `Times in ${zoneName(anomaly.from)}`),
      ),
      h(
        "div",
        { class: "button-row" },
        before === undefined ? null : h("a", { class: "button", href: anomalyHref(before.id) }, icon("left"), "Earlier"),
        after === undefined ? null : h("a", { class: "button", href: anomalyHref(after.id) }, "Later", icon("right")),
        trace === undefined ? null : toTrace(trace, "Open the trace slice", "primary"),
      ),
    ),
    h(
      "dl",
      { class: "tiles" },
      tile("Peak score", `× ${formatNumber(anomaly.peakScore)}`, `of threshold, at ${formatMoment(anomaly.peakAt, now)}`, "bad"),
      tile(
        "Length",
        formatSpan(anomaly.to - anomaly.from),
        anomaly.open ? "still open" : `ended ${formatAge(anomaly.to, now)}`,
        anomaly.open ? "bad" : "",
      ),
      top === undefined
        ? null
        : tile(
            "Stood out most",
            formatValue(top.observed, unitOfName(top.labels)),
            `${seriesTitle(top.labels)}, expected ${formatValue(top.expected, unitOfName(top.labels))}`,
          ),
      h(
        "div",
        { class: "tile" },
        h("dt", {}, others.length > 0 ? "Traces" : "Trace"),
        h(
          "dd",
          {},
          h("b", {}, trace === undefined ? "none" : shortId(trace)),
          trace === undefined
            ? h("span", { class: "muted" }, "No stored trace covers this window.")
            : others.length === 0
              ? h("span", { class: "muted" }, "covers the window")
              : h(
                  "span",
                  { class: "trace-links" },
                  others.slice(0, 4).map((other) => h("a", { href: traceHref(other, anomaly.from, anomaly.to) }, shortId(other))),
                ),
        ),
      ),
    ),
  ].filter((part) => part !== null);
}

const tile = (title: string, value: string, note: string, tone = ""): HTMLElement =>
  h("div", { class: `tile ${tone}` }, h("dt", {}, title), h("dd", {}, h("b", {}, value), h("span", { class: "muted" }, note)));
