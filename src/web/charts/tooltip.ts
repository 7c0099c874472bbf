/** What lies under the cursor of a chart: time, observed, expected, forecast. */
import type uPlot from "uplot";
import type { ChartColumn, ChartData } from "../align.ts";
import { h } from "../dom.ts";
import { formatMoment, formatNumber, formatValue } from "../format.ts";
import { shadeAt, type Shade } from "./shades.ts";

export type Tooltip = { attach(chart: uPlot): void; show(chart: uPlot, data: ChartData, shades: readonly Shade[]): void };

/** A tooltip for one chart; only the chart under the pointer shows it, synchronised ones show the line alone. */
export function chartTooltip(unit: string): Tooltip {
  const box = h("div", { class: "tooltip", role: "status", hidden: true });
  let inside = false;
  return {
    attach(chart) {
      chart.root.append(box);
      chart.over.addEventListener("mouseenter", () => (inside = true));
      chart.over.addEventListener("focus", () => (inside = true));
      chart.over.addEventListener("blur", () => {
        inside = false;
        box.hidden = true;
      });
      chart.over.addEventListener("mouseleave", () => {
        inside = false;
        box.hidden = true;
      });
    },
    show(chart, data, shades) {
      const { left, idx } = chart.cursor;
      if (!inside || left === undefined || left < 0 || idx === null || idx === undefined || data.x.length === 0) {
        box.hidden = true;
        return;
      }
      const rows = describePoint(data, idx, unit);
      const at = data.x[idx]!;
      box.replaceChildren(
        h("div", { class: "tooltip-time" }, formatMoment(at, Date.now())),
        ...rows.map((row) => h("div", { class: `tooltip-row ${row.kind}` }, h("span", {}, row.label), h("b", {}, row.value))),
      );
      const shade = shadeAt(shades, at);
      if (shade !== undefined)
        box.append(h("div", { class: "tooltip-anomaly" }, `Anomalous window, × ${formatNumber(shade.score)}: click to open`));
      box.hidden = false;
      const plotLeft = chart.over.offsetLeft + left;
      const flip = plotLeft + box.offsetWidth + 20 > chart.root.clientWidth;
      box.style.transform = `translate(${Math.max(0, flip ? plotLeft - box.offsetWidth - 12 : plotLeft + 12)}px, ${chart.over.offsetTop + 6}px)`;
    },
  };
}

type PointRow = { readonly kind: "observed" | "expected" | "forecast"; readonly label: string; readonly value: string };

/** The lines of a tooltip for one index of the aligned data. */
export function describePoint(data: ChartData, index: number, unit: string): PointRow[] {
  const value = (column: ChartColumn): number | undefined => data.columns[column][index] ?? undefined;
  const rows: PointRow[] = [];
  const observed = data.columns.observed[index];
  if (observed !== undefined)
    rows.push({ kind: "observed", label: "observed", value: observed === null ? "missing" : formatValue(observed, unit) });
  const add = (
    kind: PointRow["kind"],
    label: string,
    middle: number | undefined,
    low: number | undefined,
    high: number | undefined,
  ): void => {
    if (middle === undefined) return;
    rows.push({ kind, label, value: formatValue(middle, unit) });
    if (low !== undefined && high !== undefined)
      rows.push({ kind, label: "95 % of cases", value: `${formatValue(low, unit)} – ${formatValue(high, unit)}` });
  };
  add("expected", "expected", value("expected"), value("pastLower"), value("pastUpper"));
  add("forecast", "forecast", value("median"), value("lower95"), value("upper95"));
  return rows;
}
