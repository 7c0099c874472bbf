/** The anomalous windows of a target, newest first: when, how long, how strong, which series, and the way to the trace. */
import type { Anomaly, Contribution } from "../api-types.ts";
import { h, icon, renderKeyed } from "../dom.ts";
import { formatAge, formatInterval, formatNumber, formatShare, formatSpan, formatValue } from "../format.ts";
import { metricName, seriesTitle } from "../group.ts";
import { anomalyHref, traceHref } from "../url.ts";

/** Windows asked of the API at once. */
export const anomalyLimit = 200;
const first = 3;

export type AnomalyList = { readonly element: HTMLElement; update(anomalies: readonly Anomaly[], look: Lookup): void };
export type Lookup = {
  unitOf(part: Contribution): string;
  /** Ids of the traces that cover a window. */
  tracesOf(anomaly: Anomaly): readonly string[];
  /** A detector has looked at the target. */
  readonly scored: boolean;
};

export function anomalyList(): AnomalyList {
  const body = h("div", { class: "anomalies" });
  const count = h("small", {});
  let all = false;
  let last: [readonly Anomaly[], Lookup] | undefined;
  const update = (anomalies: readonly Anomaly[], look: Lookup): void => {
    last = [anomalies, look];
    count.textContent =
      anomalies.length === 0 ? "" : `${anomalies.length >= anomalyLimit ? "the newest " : ""}${anomalies.length}, newest first`;
    const key = JSON.stringify([anomalies, anomalies.map(look.tracesOf), all, look.scored, Math.floor(Date.now() / 60_000)]);
    renderKeyed(body, key, () => {
      if (anomalies.length === 0 && !look.scored)
        return [
          h("p", { class: "quiet" }, "Not scored yet: a detector is trained as soon as there are enough samples to learn what is normal."),
        ];
      if (anomalies.length === 0) return [h("p", { class: "quiet" }, icon("check"), "No anomalous windows. Everything moved as expected.")];
      const shown = all ? anomalies : anomalies.slice(0, first);
      const more = anomalies.length - first;
      return [
        h(
          "ol",
          { class: "anomaly-rows" },
          shown.map((anomaly) => anomalyRow(anomaly, look)),
        ),
        more > 0
          ? h(
              "button",
              { class: "button", type: "button", onclick: toggle, "aria-expanded": String(all) },
              all ? "Show fewer" : `Show ${more} more`,
            )
          : null,
      ];
    });
  };
  const toggle = (): void => {
    all = !all;
    if (last !== undefined) update(...last);
  };
  return {
    element: h(
      "section",
      { class: "panel", "aria-labelledby": "anomalies-title" },
      h("h2", { id: "anomalies-title" }, "Anomalous windows", count),
      body,
    ),
    update,
  };
}

function anomalyRow(anomaly: Anomaly, look: Lookup): HTMLElement {
  const now = Date.now();
  const [trace] = look.tracesOf(anomaly);
  const top = [...anomaly.contributions].sort((a, b) => b.share - a.share).slice(0, 2);
  return h(
    "li",
    { class: anomaly.open ? "anomaly-row open" : "anomaly-row" },
    h(
      "div",
      { class: "anomaly-when" },
      h("a", { class: "anomaly-link", href: anomalyHref(anomaly.id) }, formatInterval(anomaly.from, anomaly.to, now)),
      h(
        "span",
        { class: "muted" },
        anomaly.open ? h("span", { class: "badge anomaly" }, "open") : formatAge(anomaly.to, now),
        ` · ${formatSpan(anomaly.to - anomaly.from)} long`,
      ),
    ),
    scoreMeter(anomaly.peakScore),
    h(
      "ul",
      { class: "contributors" },
      top.map((part) => contributor(part, look.unitOf(part))),
    ),
    h(
      "div",
      { class: "anomaly-actions" },
      trace !== undefined
        ? h("a", { class: "button", href: traceHref(trace, anomaly.from, anomaly.to) }, icon("trace"), "Trace slice")
        : h("span", { class: "muted" }, "no trace covers it"),
    ),
  );
}

/** `6.2 × threshold` with a bar on a logarithmic scale up to 10 ×. */
export function scoreMeter(score: number): HTMLElement {
  const filled = Math.min(1, Math.max(0.04, Math.log10(Math.max(score, 1)) + 0.08));
  const bar = h("span", { class: "meter-fill" });
  bar.style.width = `${Math.round(filled * 100)}%`;
  return h(
    "div",
    { class: "score", title: "Highest score as a multiple of the threshold; above 1 is anomalous" },
    h("b", { class: "number" }, `× ${formatNumber(score)}`),
    h("span", { class: "meter", "aria-hidden": "true" }, bar),
    h("span", { class: "muted" }, "of threshold"),
  );
}

function contributor(part: Contribution, unit: string): HTMLElement {
  return h(
    "li",
    {},
    h("span", { class: "contributor-name", title: metricName(part.labels) }, seriesTitle(part.labels)),
    h(
      "span",
      { class: "number" },
      h("b", {}, formatValue(part.observed, unit)),
      h("span", { class: "muted" }, ` expected ${formatValue(part.expected, unit)}`),
    ),
    h("span", { class: "muted number share" }, formatShare(part.share)),
  );
}
