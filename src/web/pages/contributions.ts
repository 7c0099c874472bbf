/** The table of what stood out in an anomalous window: observed, expected, factor and share of the score. */
import type { Contribution, LabelSet, SeriesItem } from "../api-types.ts";
import { h } from "../dom.ts";
import { formatClock, formatNumber, formatShare, formatValue } from "../format.ts";
import { metricName, seriesTitle } from "../group.ts";

/** Unit from the metric's name by Prometheus' rules, for a series that is not listed any more. */
export const unitOfName = (labels: LabelSet): string => /_(seconds|bytes|ratio)(?:_total|_sum)?$/.exec(metricName(labels))?.[1] ?? "";

export function contributionTable(parts: readonly Contribution[], find: (part: Contribution) => SeriesItem | undefined): HTMLElement {
  if (parts.length === 0) return h("p", { class: "muted" }, "The model named no single series.");
  const columns = ["At", "Observed", "Expected", "Factor"].map((title) => h("th", { scope: "col", class: "right" }, title));
  return h(
    "table",
    { class: "contributions" },
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Series"), columns, h("th", { scope: "col" }, "Share"))),
    h(
      "tbody",
      {},
      parts.map((part) => contributionRow(part, find(part))),
    ),
  );
}

function contributionRow(part: Contribution, item: SeriesItem | undefined): HTMLElement {
  const unit = item?.unit ?? unitOfName(part.labels);
  const bar = h("span", { class: "meter-fill" });
  bar.style.width = `${Math.round(Math.min(1, Math.max(0, part.share)) * 100)}%`;
  return h(
    "tr",
    {},
    h(
      "th",
      { scope: "row", title: item?.help },
      h("span", { class: "contribution-name" }, seriesTitle(part.labels)),
      h("code", { class: "metric" }, metricName(part.labels)),
    ),
    number("At", part.at === undefined ? "–" : formatClock(part.at)),
    number("Observed", h("b", {}, formatValue(part.observed, unit))),
    number("Expected", formatValue(part.expected, unit)),
    number("Factor", factorText(part.observed, part.expected)),
    h(
      "td",
      { class: "share-cell", "data-title": "Share" },
      h("span", { class: "meter", "aria-hidden": "true" }, bar),
      h("span", { class: "number" }, formatShare(part.share)),
    ),
  );
}

const number = (title: string, value: string | HTMLElement): HTMLElement => h("td", { class: "right number", "data-title": title }, value);

/** `× 3.2` of observed over expected, `÷ 120` where it fell far below; `–` where a ratio says nothing. */
export function factorText(observed: number | null, expected: number | null): string {
  if (observed === null || expected === null || expected === 0 || observed / expected < 0) return "–";
  const factor = observed / expected;
  return factor !== 0 && factor < 0.1 ? `÷ ${formatNumber(1 / factor)}` : `× ${formatNumber(factor)}`;
}
