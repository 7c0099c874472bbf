/** The list of targets beside the page; on a phone a row to scroll. */
import type { TargetItem } from "../api-types.ts";
import { h, renderKeyed } from "../dom.ts";
import { formatAge } from "../format.ts";

export type TargetsNav = { readonly element: HTMLElement; update(items: readonly TargetItem[], chosen: string | null): void };

export function targetsNav(): TargetsNav {
  const list = h("ul", {});
  const element = h("nav", { class: "targets", "aria-labelledby": "targets-title" }, h("h2", { id: "targets-title" }, "Targets"), list);
  return {
    element,
    update(items, chosen) {
      element.hidden = items.length === 0;
      const now = Date.now();
      renderKeyed(list, JSON.stringify([items, chosen, Math.floor(now / 15_000)]), () =>
        items.map((item) =>
          h(
            "li",
            {},
            h(
              "a",
              { href: `/?target=${encodeURIComponent(item.name)}`, "aria-current": item.name === chosen ? "page" : undefined },
              h("span", { class: "target-name" }, item.name),
              item.openAnomalies > 0 ? h("span", { class: "badge anomaly", title: "Open anomalies" }, `${item.openAnomalies} open`) : null,
              h("span", { class: "muted target-age" }, item.lastSampleAt === null ? "no samples" : formatAge(item.lastSampleAt, now)),
            ),
          ),
        ),
      );
    },
  };
}
