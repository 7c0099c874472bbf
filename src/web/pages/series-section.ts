/** All series of a target in groups; search and filter hide cards, the screen decides which ones load. */
import type { Anomaly, SeriesItem } from "../api-types.ts";
import { h } from "../dom.ts";
import { groupSeries, matchesQuery, seriesId, standingOut, type SeriesGroup } from "../group.ts";
import { chartLegend } from "../parts/legend.ts";
import { seriesCard, type CardContext, type SeriesCard } from "./series-card.ts";

export type SeriesSection = {
  readonly element: HTMLElement;
  /** Places a card for each series, those with a part in the given windows first. Cards that are there already stay. */
  setSeries(series: readonly SeriesItem[], anomalies: readonly Anomaly[]): void;
  filter(query: string, onlyAnomalous: boolean): void;
  refresh(): void;
  dispose(): void;
};

export function seriesSection(context: CardContext): SeriesSection {
  const element = h("div", { class: "groups" });
  const count = h("p", { class: "muted series-count", role: "status" });
  let cards = new Map<string, SeriesCard>();
  let contributing = new Set<string>();
  let key = "";
  let query = "";
  let onlyAnomalous = false;
  const byElement = new Map<Element, SeriesCard>();
  const observer = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) byElement.get(entry.target)?.setVisible(entry.isIntersecting);
    },
    { rootMargin: "240px 0px" },
  );

  const cardOf = (item: SeriesItem): SeriesCard => {
    const known = cards.get(item.name);
    if (known !== undefined) return known;
    const card = seriesCard(item, context);
    cards.set(item.name, card);
    byElement.set(card.element, card);
    observer.observe(card.element);
    return card;
  };
  const drop = (card: SeriesCard): void => {
    observer.unobserve(card.element);
    byElement.delete(card.element);
    card.dispose();
  };
  const group = ({ id, title, about, series }: SeriesGroup): HTMLElement =>
    h(
      "section",
      { class: "group", "aria-labelledby": `group-${id}` },
      h("h2", { id: `group-${id}` }, title, h("small", {}, about)),
      h(
        "div",
        { class: "cards" },
        series.map((item) => cardOf(item).element),
      ),
    );
  const apply = (): void => {
    let shown = 0;
    for (const card of cards.values()) {
      const fits = matchesQuery(card.item, query) && (!onlyAnomalous || contributing.has(card.item.name));
      card.element.hidden = !fits;
      if (fits) shown++;
    }
    for (const one of element.querySelectorAll<HTMLElement>(".group")) one.hidden = one.querySelector(".card:not([hidden])") === null;
    const filtered = query !== "" || onlyAnomalous;
    count.textContent =
      cards.size === 0
        ? "No series yet. They appear when the first trace or scrape has been read."
        : shown === 0
          ? "No series fits the filter."
          : filtered
            ? `${shown} of ${cards.size} series`
            : `${cards.size} series`;
  };

  return {
    element: h("section", { class: "series", "aria-label": "Series" }, h("div", { class: "series-head" }, count, chartLegend()), element),
    setSeries(series, anomalies) {
      const ids = new Set(anomalies.flatMap((anomaly) => anomaly.contributions.map((part) => seriesId(part.labels))));
      contributing = new Set(series.filter((item) => ids.has(seriesId(item.labels))).map((item) => item.name));
      const first = standingOut(series, anomalies);
      const nextKey = JSON.stringify([series.map((item) => item.name), first.map((item) => item.name)]);
      if (nextKey !== key) {
        key = nextKey;
        const wanted = new Set(series.map((item) => item.name));
        for (const [name, card] of cards) if (!wanted.has(name)) drop(card);
        cards = new Map([...cards].filter(([name]) => wanted.has(name)));
        const others = series.filter((item) => !first.includes(item));
        const top: SeriesGroup = {
          id: "stood-out",
          title: "Stood out",
          about: "largest part in the anomalous windows of this range",
          series: first,
        };
        element.replaceChildren(...[...(first.length === 0 ? [] : [top]), ...groupSeries(others)].map(group));
      }
      for (const card of cards.values()) card.setContributes(contributing.has(card.item.name));
      apply();
    },
    filter(nextQuery, nextOnly) {
      query = nextQuery.trim();
      onlyAnomalous = nextOnly;
      apply();
    },
    refresh: () => cards.forEach((card) => card.refresh()),
    dispose() {
      observer.disconnect();
      cards.forEach((card) => card.dispose());
    },
  };
}
