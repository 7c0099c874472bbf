/** All series of a target in groups; search and filter hide cards, the screen decides which ones load. */
import type { Anomaly, SeriesItem } from "../api-types.ts";
import { h } from "../dom.ts";
import { groupSeries, matchesQuery } from "../group.ts";
import { sameSeries, seriesCard, type CardContext, type SeriesCard } from "./series-card.ts";

export type SeriesSection = {
  readonly element: HTMLElement;
  /** Builds cards when the set of series changed; else keeps them. */
  setSeries(series: readonly SeriesItem[], anomalies: readonly Anomaly[]): void;
  filter(query: string, onlyAnomalous: boolean): void;
  refresh(): void;
  dispose(): void;
};

export function seriesSection(context: CardContext): SeriesSection {
  const element = h("div", { class: "groups" });
  const count = h("p", { class: "muted series-count", role: "status" });
  let cards: SeriesCard[] = [];
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

  const clear = (): void => {
    observer.disconnect();
    for (const card of cards) card.dispose();
    cards = [];
    byElement.clear();
  };
  const apply = (): void => {
    let shown = 0;
    for (const card of cards) {
      const fits = matchesQuery(card.item, query) && (!onlyAnomalous || contributing.has(card.item.name));
      card.element.hidden = !fits;
      if (fits) shown++;
    }
    for (const group of element.querySelectorAll<HTMLElement>(".group")) {
      group.hidden = group.querySelector(".card:not([hidden])") === null;
    }
    const filtered = query !== "" || onlyAnomalous;
    count.textContent =
      shown === 0 ? "No series fits the filter." : filtered ? `${shown} of ${cards.length} series` : `${cards.length} series`;
  };

  return {
    element: h("section", { class: "series", "aria-label": "Series" }, count, element),
    setSeries(series, anomalies) {
      const contributors = anomalies.flatMap((anomaly) => anomaly.contributions.map((part) => part.labels));
      contributing = new Set(
        series.filter((item) => contributors.some((labels) => sameSeries(labels, item.labels))).map((item) => item.name),
      );
      const nextKey = series.map((item) => item.name).join("\n") + [...contributing].join("\n");
      if (nextKey !== key) {
        key = nextKey;
        clear();
        element.replaceChildren(
          ...groupSeries(series).map((group) => {
            const made = group.series.map((item) => seriesCard(item, context, { contributes: contributing.has(item.name) }));
            cards.push(...made);
            for (const card of made) byElement.set(card.element, card);
            return h(
              "section",
              { class: "group", "aria-labelledby": `group-${group.id}` },
              h("h2", { id: `group-${group.id}` }, group.title, h("small", {}, group.about)),
              h(
                "div",
                { class: "cards" },
                made.map((card) => card.element),
              ),
            );
          }),
        );
        for (const card of cards) observer.observe(card.element);
      }
      apply();
    },
    filter(nextQuery, nextOnly) {
      query = nextQuery.trim();
      onlyAnomalous = nextOnly;
      apply();
    },
    refresh: () => cards.forEach((card) => card.refresh()),
    dispose: clear,
  };
}
