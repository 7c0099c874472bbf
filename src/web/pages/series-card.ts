/** One series as a card: title, last value, chart. Data are asked for only while the card is on the screen. */
import { getJson } from "../api.ts";
import type { SeriesData, SeriesItem } from "../api-types.ts";
import { seriesChart, type SeriesChart } from "../charts/series-chart.ts";
import { h, icon } from "../dom.ts";
import { formatValue } from "../format.ts";
import { seriesId, seriesTitle } from "../group.ts";
import type { Span } from "../range.ts";

export type CardContext = {
  readonly target: string;
  readonly syncKey: string;
  span(): Span;
  now(): number;
  onZoom(span: Span): void;
  onReset(): void;
  /** Opens an anomalous window. */
  onWindow(id: string): void;
};

export type SeriesCard = {
  readonly element: HTMLElement;
  readonly item: SeriesItem;
  setVisible(visible: boolean): void;
  /** Whether it had a part in an anomalous window of the range. */
  setContributes(contributes: boolean): void;
  /** The range or the time changed: asks for data again when on the screen. */
  refresh(): void;
  dispose(): void;
};

const small = 132;
const tall = 300;

export function seriesCard(item: SeriesItem, context: CardContext): SeriesCard {
  const abort = new AbortController();
  let visible = false;
  let stale = true;
  let busy = false;
  let chart: SeriesChart | undefined;
  let height = small;
  const id = seriesId(item.labels);

  const value = h("span", { class: "card-value number" }, formatValue(item.last?.v, item.unit));
  const host = h("div", { class: "chart waiting" });
  const badge = h("span", { class: "badge anomaly", title: "Had a part in an anomalous window of this range", hidden: true }, "anomalous");
  const note = h("p", { class: "chart-note muted", hidden: true, role: "status" });
  const expand = h(
    "button",
    { class: "button icon-button small expand", type: "button", "aria-pressed": "false", title: "Larger" },
    icon("expand"),
  );
  expand.setAttribute("aria-label", `Larger chart of ${seriesTitle(item.labels)}`);
  const element = h(
    "article",
    { class: "card", "data-series": item.name },
    h("header", { class: "card-head" }, h("h3", { title: `${item.name}\n${item.help}` }, seriesTitle(item.labels)), badge, value, expand),
    host,
    note,
  );
  expand.addEventListener("click", () => {
    const large = element.classList.toggle("large");
    expand.setAttribute("aria-pressed", String(large));
    height = large ? tall : small;
    requestAnimationFrame(() => chart?.setHeight(height));
  });

  const load = async (): Promise<void> => {
    if (busy || !visible || !stale || abort.signal.aborted) return;
    busy = true;
    stale = false;
    const span = context.span();
    try {
      const query = { target: context.target, name: item.name, from: Math.round(span.from), to: Math.round(span.to) };
      const data = await getJson<SeriesData>("series/data", query, abort.signal);
      show(data, span);
    } catch (error) {
      if (!abort.signal.aborted) say(`Not loaded: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      busy = false;
    }
    if (stale) void load();
  };
  const say = (text: string | undefined): void => {
    note.hidden = text === undefined;
    note.textContent = text ?? "";
  };
  const show = (data: SeriesData, span: Span): void => {
    host.classList.remove("waiting");
    chart ??= seriesChart(host, {
      title: seriesTitle(item.labels),
      unit: item.unit,
      height,
      syncKey: context.syncKey,
      isContributor: (labels) => seriesId(labels) === id,
      onZoom: context.onZoom,
      onReset: context.onReset,
      onWindow: context.onWindow,
    });
    chart.update(data, span, context.now());
    const last = data.samples.findLast((sample) => sample[1] !== null);
    value.textContent = formatValue(last?.[1] ?? item.last?.v, item.unit);
    say(data.samples.length === 0 && data.forecast === null ? "No samples in this range." : undefined);
  };

  return {
    element,
    item,
    setVisible(next) {
      visible = next;
      void load();
    },
    setContributes(contributes) {
      badge.hidden = !contributes;
    },
    refresh() {
      stale = true;
      void load();
    },
    dispose() {
      abort.abort();
      chart?.destroy();
    },
  };
}
