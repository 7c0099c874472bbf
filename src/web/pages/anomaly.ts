/** `/anomalies/{id}`: one anomalous window: how strong, what stood out, the charts around it, the way to the trace. */
import { getJson, isAbort } from "../api.ts";
import type { Anomaly, Items, SeriesItem } from "../api-types.ts";
import { h, icon } from "../dom.ts";
import {
  formatAge,
  formatInterval,
  formatMoment,
  formatNumber,
  formatShare,
  formatSpan,
  formatValue,
  shortId,
  zoneName,
} from "../format.ts";
import { seriesTitle } from "../group.ts";
import { failed, loading } from "../parts/states.ts";
import type { Span } from "../range.ts";
import { anomalyHref, traceHref } from "../url.ts";
import type { Page, Shell } from "./page.ts";
import { sameSeries, seriesCard, type SeriesCard } from "./series-card.ts";

/** Shown before and after the window: twice its length, at least ten minutes. */
export function aroundWindow(anomaly: Pick<Anomaly, "from" | "to">): Span {
  const pad = Math.max(2 * (anomaly.to - anomaly.from), 600_000);
  return { from: anomaly.from - pad, to: anomaly.to + pad };
}

export function anomalyPage(root: HTMLElement, id: string, shell: Shell): Page {
  const abort = new AbortController();
  let cards: SeriesCard[] = [];
  let observer: IntersectionObserver | undefined;
  shell.setTitle("Anomaly · Foretrace");
  root.replaceChildren(loading("the anomaly"));

  const load = async (): Promise<void> => {
    const anomaly = await getJson<Anomaly>(`anomalies/${encodeURIComponent(id)}`, {}, abort.signal);
    const query = { target: anomaly.target };
    const [series, windows] = await Promise.all([
      getJson<Items<SeriesItem>>("series", query, abort.signal),
      getJson<Items<Anomaly>>("anomalies", { ...query, limit: 200 }, abort.signal),
    ]);
    show(anomaly, series.items, windows.items);
  };
  const show = (anomaly: Anomaly, series: readonly SeriesItem[], windows: readonly Anomaly[]): void => {
    shell.setTitle(`Anomaly ${formatMoment(anomaly.from)} · ${anomaly.target} · Foretrace`);
    const parts = [...anomaly.contributions].sort((a, b) => b.share - a.share);
    const find = (labels: Readonly<Record<string, string>>): SeriesItem | undefined =>
      series.find((item) => sameSeries(item.labels, labels));
    const whole = aroundWindow(anomaly);
    let span = whole;
    const zoom = (next: Span): void => {
      span = next;
      cards.forEach((card) => card.refresh());
    };
    const context = {
      target: anomaly.target,
      syncKey: "anomaly",
      span: () => span,
      now: () => Date.now(),
      onZoom: zoom,
      onReset: () => zoom(whole),
    };
    cards = parts
      .slice(0, 12)
      .map((part) => find(part.labels))
      .filter((item) => item !== undefined)
      .map((item) => seriesCard(item, context));
    observer?.disconnect();
    observer = new IntersectionObserver((entries) => {
      for (const entry of entries) cards.find((card) => card.element === entry.target)?.setVisible(entry.isIntersecting);
    });
    root.replaceChildren(
      h(
        "div",
        { class: "anomaly-page" },
        head(anomaly, windows),
        h(
          "section",
          { class: "panel", "aria-labelledby": "parts-title" },
          h("h2", { id: "parts-title" }, "What stood out", h("small", {}, "each series' share of the score at the peak")),
          h(
            "div",
            { class: "table-scroll" },
            h(
              "table",
              { class: "contributions" },
              h(
                "thead",
                {},
                h(
                  "tr",
                  {},
                  h("th", { scope: "col" }, "Series"),
                  h("th", { scope: "col", class: "right" }, "Observed"),
                  h("th", { scope: "col", class: "right" }, "Expected"),
                  h("th", { scope: "col", class: "right" }, "Factor"),
                  h("th", { scope: "col" }, "Share"),
                ),
              ),
              h(
                "tbody",
                {},
                parts.map((part) => contributionRow(part, find(part.labels))),
              ),
            ),
          ),
        ),
        h(
          "section",
          { class: "group", "aria-label": "Series around the window" },
          h("h2", {}, "Around the window", h("small", {}, "drag to zoom, double-click to go back")),
          h(
            "div",
            { class: "cards wide" },
            cards.map((card) => card.element),
          ),
        ),
      ),
    );
    for (const card of cards) observer.observe(card.element);
  };
  const start = (): void => {
    load().catch((error: unknown) => {
      if (!isAbort(error)) root.replaceChildren(failed(error, start));
    });
  };
  start();
  return {
    refresh: () => cards.forEach((card) => card.refresh()),
    dispose() {
      abort.abort();
      observer?.disconnect();
      for (const card of cards) card.dispose();
    },
  };
}

function head(anomaly: Anomaly, windows: readonly Anomaly[]): HTMLElement {
  const now = Date.now();
  const sorted = [...windows].sort((a, b) => a.from - b.from);
  const place = sorted.findIndex((one) => one.id === anomaly.id);
  const before = place > 0 ? sorted[place - 1] : undefined;
  const after = place >= 0 ? sorted[place + 1] : undefined;
  const tile = (title: string, value: string, note: string, tone = ""): HTMLElement =>
    h("div", { class: `tile ${tone}` }, h("dt", {}, title), h("dd", {}, h("b", {}, value), h("span", { class: "muted" }, note)));
  return h(
    "div",
    { class: "overview" },
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
      tile("Series", formatNumber(anomaly.contributions.length), "contributed"),
      h(
        "div",
        { class: "tile" },
        h("dt", {}, anomaly.traces.length === 1 ? "Trace" : "Traces"),
        h(
          "dd",
          { class: "trace-links" },
          anomaly.traces.length === 0
            ? h("span", { class: "muted" }, "No stored trace covers this window.")
            : anomaly.traces.map((trace) =>
                h(
                  "a",
                  { class: "button trace-link", href: traceHref(trace.id, anomaly.from, anomaly.to) },
                  icon("trace"),
                  `Slice of ${shortId(trace.id)}`,
                ),
              ),
        ),
      ),
    ),
  );
}

function contributionRow(part: Anomaly["contributions"][number], item: SeriesItem | undefined): HTMLElement {
  const unit = item?.unit ?? "";
  const bar = h("span", { class: "meter-fill" });
  bar.style.width = `${Math.round(Math.min(1, Math.max(0, part.share)) * 100)}%`;
  return h(
    "tr",
    {},
    h(
      "th",
      { scope: "row", title: item?.help ?? "" },
      seriesTitle(part.labels),
      h("code", { class: "metric" }, item?.labels["__name__"] ?? part.labels["__name__"] ?? ""),
    ),
    h("td", { class: "right number" }, h("b", {}, formatValue(part.observed, unit))),
    h("td", { class: "right number" }, formatValue(part.expected, unit)),
    h("td", { class: "right number" }, factorText(part.observed, part.expected)),
    h(
      "td",
      { class: "share-cell" },
      h("span", { class: "meter", "aria-hidden": "true" }, bar),
      h("span", { class: "number" }, formatShare(part.share)),
    ),
  );
}

/** `× 3.2` of observed over expected; `–` where that says nothing. */
export function factorText(observed: number | null, expected: number | null): string {
  if (observed === null || expected === null || expected === 0 || observed / expected < 0) return "–";
  return `× ${formatNumber(observed / expected)}`;
}
