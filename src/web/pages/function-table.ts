/** The functions that ran in the view of a timeline, most first; a row lights its spans up, a click keeps them lit. */
import type { Timeline } from "../api-types.ts";
import { functionInk, shortFunction } from "../color.ts";
import { h, renderKeyed } from "../dom.ts";
import { formatDuration, formatShare } from "../format.ts";
import { isDark } from "../theme.ts";
import { visibleUsage, type Usage } from "../timeline/layout.ts";
import type { View } from "../timeline/view.ts";

const most = 12;

export type FunctionTable = { readonly element: HTMLElement; update(data: Timeline, view: View): void };

/** `highlight` gets the function to stand out, undefined for none. */
export function functionTable(highlight: (name: string | undefined) => void): FunctionTable {
  const element = h("div", { class: "legend" });
  let pinned: string | undefined;
  let last: [Timeline, View] | undefined;
  const update = (data: Timeline, view: View): void => {
    last = [data, view];
    const usage = visibleUsage(data, view);
    const shown = usage.slice(0, most);
    const key = JSON.stringify([shown.map((one) => [data.names[one.name], one.share.toFixed(3)]), usage.length, pinned, isDark()]);
    renderKeyed(element, key, () =>
      shown.length === 0
        ? [h("p", { class: "muted" }, "Nothing ran in this view.")]
        : [
            h(
              "table",
              {},
              h(
                "thead",
                {},
                h(
                  "tr",
                  {},
                  h("th", { scope: "col" }, "Function"),
                  h("th", { scope: "col", class: "right" }, "Running"),
                  h("th", { scope: "col", class: "right" }, "Of processors"),
                ),
              ),
              h(
                "tbody",
                {},
                shown.map((one) => row(one, data.names[one.name])),
              ),
            ),
            usage.length > most ? h("p", { class: "muted more-functions" }, `and ${usage.length - most} more with less time`) : null,
          ],
    );
  };
  const pin = (name: string): void => {
    pinned = pinned === name ? undefined : name;
    highlight(pinned);
    if (last !== undefined) update(...last);
  };
  const row = (one: Usage, name: string | undefined): HTMLElement => {
    const swatch = h("span", { class: "swatch", "aria-hidden": "true" });
    if (name !== undefined) swatch.style.background = functionInk(name, isDark()).fill;
    const label =
      name === undefined
        ? h("span", { class: "muted" }, "several, merged at this zoom")
        : h(
            "button",
            { class: "link", type: "button", title: name, "aria-pressed": String(pinned === name), onclick: () => pin(name) },
            shortFunction(name),
          );
    return h(
      "tr",
      {
        class: pinned !== undefined && pinned === name ? "pinned" : "",
        onmouseenter: () => highlight(name ?? pinned),
        onmouseleave: () => highlight(pinned),
      },
      h("td", {}, h("span", { class: "function" }, swatch, label)),
      h("td", { class: "right number" }, formatDuration(one.nanos)),
      h("td", { class: "right number" }, formatShare(one.share)),
    );
  };
  return { element, update };
}
