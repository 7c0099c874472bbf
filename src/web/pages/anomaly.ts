/** `/anomalies/{id}`: one anomalous window: how strong, what stood out, the charts around it, the way to the trace. */
import { getJson, isAbort } from "../api.ts";
import type { Anomaly, Items, SeriesItem, TraceItem } from "../api-types.ts";
import { coveringTraces } from "../covering.ts";
import { h, renderKeyed } from "../dom.ts";
import { formatMoment } from "../format.ts";
import { seriesId } from "../group.ts";
import { chartLegend } from "../parts/legend.ts";
import { failed, loading } from "../parts/states.ts";
import type { Span } from "../range.ts";
import { anomalyHref } from "../url.ts";
import { anomalyHead } from "./anomaly-head.ts";
import { anomalyLimit } from "./anomaly-list.ts";
import { contributionTable } from "./contributions.ts";
import type { Page, Shell } from "./page.ts";
import { seriesCard, type SeriesCard } from "./series-card.ts";

/** Shown before and after the window: twice its length, at least ten minutes. */
export function aroundWindow(anomaly: Pick<Anomaly, "from" | "to">): Span {
  const pad = Math.max(2 * (anomaly.to - anomaly.from), 600_000);
  return { from: anomaly.from - pad, to: anomaly.to + pad };
}

export function anomalyPage(root: HTMLElement, id: string, shell: Shell): Page {
  const abort = new AbortController();
  const head = h("div", { class: "overview" });
  const table = h("div", {});
  const grid = h("div", { class: "cards wide" });
  const cards = new Map<string, SeriesCard>();
  const observer = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) [...cards.values()].find((card) => card.element === entry.target)?.setVisible(entry.isIntersecting);
    },
    { rootMargin: "240px 0px" },
  );
  let anomaly: Anomaly | undefined;
  let zoomed: Span | undefined;
  shell.setTitle("Anomaly · Foretrace");
  root.replaceChildren(loading("the anomaly"));

  const load = async (): Promise<void> => {
    const found = await getJson<Anomaly>(`anomalies/${encodeURIComponent(id)}`, {}, abort.signal);
    const query = { target: found.target };
    const [series, windows, traces] = await Promise.all([
      getJson<Items<SeriesItem>>("series", query, abort.signal),
      getJson<Items<Anomaly>>("anomalies", { ...query, limit: anomalyLimit }, abort.signal),
      getJson<Items<TraceItem>>("traces", { ...query, from: Math.floor(found.from), to: Math.ceil(found.to), limit: 20 }, abort.signal),
    ]);
    const isFirst = anomaly === undefined;
    anomaly = found;
    if (isFirst) frame();
    show(found, series.items, windows.items, coveringTraces(found, traces.items));
  };
  const frame = (): void => {
    root.replaceChildren(
      h(
        "div",
        { class: "anomaly-page" },
        head,
        h(
          "section",
          { class: "panel", "aria-labelledby": "parts-title" },
          h(
            "h2",
            { id: "parts-title" },
            "What stood out",
            h("small", {}, "where each series lay farthest from what was expected; share is its part of the score around the peak"),
          ),
          table,
        ),
        h(
          "section",
          { class: "group", "aria-labelledby": "around-title" },
          h("h2", { id: "around-title" }, "Around the window", h("small", {}, "drag to zoom, double-click to go back")),
          chartLegend(),
          grid,
        ),
      ),
    );
  };
  const zoom = (next: Span | undefined): void => {
    zoomed = next;
    cards.forEach((card) => card.refresh());
  };
  const context = {
    syncKey: "anomaly",
    span: () => zoomed ?? aroundWindow(anomaly!),
    now: () => Date.now(),
    onZoom: zoom,
    onReset: () => zoom(undefined),
    onWindow: (other: string) => other !== id && shell.go(anomalyHref(other)),
  };
  const show = (found: Anomaly, series: readonly SeriesItem[], windows: readonly Anomaly[], traces: readonly string[]): void => {
    shell.setTitle(`Anomaly ${formatMoment(found.from)} · ${found.target} · Foretrace`);
    const byId = new Map(series.map((item) => [seriesId(item.labels), item]));
    const parts = [...found.contributions].sort((a, b) => b.share - a.share);
    const minute = Math.floor(Date.now() / 60_000);
    renderKeyed(head, JSON.stringify([found, traces, windows.map((one) => one.id), minute]), () => anomalyHead(found, windows, traces));
    renderKeyed(table, JSON.stringify([parts, series.map((item) => [item.name, item.unit])]), () => [
      contributionTable(parts, (part) => byId.get(seriesId(part.labels))),
    ]);
    for (const part of parts.slice(0, 12)) {
      const item = byId.get(seriesId(part.labels));
      if (item === undefined || cards.has(item.name)) continue;
      const card = seriesCard(item, { ...context, target: found.target });
      cards.set(item.name, card);
      grid.append(card.element);
      observer.observe(card.element);
    }
    cards.forEach((card) => card.refresh());
  };
  const start = (): void => {
    load().catch((error: unknown) => {
      // A failed refresh leaves what is shown; the strip at the foot tells that nothing answers.
      if (!isAbort(error) && anomaly === undefined) root.replaceChildren(failed(error, start));
    });
  };
  start();
  return {
    refresh: () => anomaly !== undefined && start(),
    dispose() {
      abort.abort();
      observer.disconnect();
      cards.forEach((card) => card.dispose());
    },
  };
}
