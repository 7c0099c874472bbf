/** Range presets, the range in words, search and the anomalies-only switch. Sticks to the top while scrolling. */
import { h, icon } from "../dom.ts";
import { formatInterval } from "../format.ts";
import { presets, type Range, type Span } from "../range.ts";

export type Toolbar = { readonly element: HTMLElement; show(range: Range, span: Span, note: string): void };

export function toolbar(options: {
  query: string;
  onRange: (range: Range) => void;
  onBack: () => void;
  onFilter: (query: string, onlyAnomalous: boolean) => void;
}): Toolbar {
  const buttons = presets.map((preset) =>
    h(
      "button",
      {
        class: "segment",
        type: "button",
        "aria-label": `Last ${preset.title}`,
        onclick: () => options.onRange({ kind: "live", span: preset.span }),
      },
      preset.label,
    ),
  );
  const back = h("button", { class: "button small", type: "button", onclick: options.onBack, hidden: true }, icon("left"), "Zoom out");
  const words = h("span", { class: "range-words number" });
  const search = h("input", {
    type: "search",
    class: "search",
    placeholder: "Search series …",
    "aria-label": "Search series",
    value: options.query,
    autocomplete: "off",
    spellcheck: "false",
  });
  const only = h("input", { type: "checkbox", id: "only-anomalous" });
  const filter = (): void => options.onFilter(search.value, only.checked);
  search.addEventListener("input", filter);
  only.addEventListener("change", filter);
  const element = h(
    "div",
    { class: "toolbar", role: "toolbar", "aria-label": "Range and filter" },
    h("div", { class: "segments", role: "group", "aria-label": "Time range" }, buttons),
    back,
    words,
    h("label", { class: "switch", for: "only-anomalous" }, only, "Only anomalous"),
    search,
  );
  return {
    element,
    show(range, span, note) {
      buttons.forEach((button, index) => {
        const active = range.kind === "live" && range.span === presets[index]!.span;
        button.setAttribute("aria-pressed", String(active));
      });
      back.hidden = range.kind === "live";
      words.textContent = `${formatInterval(span.from, span.to, Date.now())}${note === "" ? "" : ` · ${note}`}`;
    },
  };
}
