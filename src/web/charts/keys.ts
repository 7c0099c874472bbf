/** A chart by keyboard: arrows move the cursor from point to point, Home and End to its ends, Enter opens the window there. */
import type uPlot from "uplot";
import { shadeAt, type Shade } from "./shades.ts";

/**
 * The index a key leads to among ascending times, staying inside the range shown; undefined for other keys.
 * `index` is the present one, or null when the cursor is not on the chart.
 */
export function keyIndex(key: string, index: number | null, x: readonly number[], from: number, to: number): number | undefined {
  const first = x.findIndex((t) => t >= from);
  const last = x.findLastIndex((t) => t <= to);
  if (first < 0 || last < first) return undefined;
  const inside = (wanted: number): number => Math.min(last, Math.max(first, wanted));
  if (key === "Home") return first;
  if (key === "End") return last;
  if (key === "ArrowRight") return index === null ? first : inside(index + 1);
  if (key === "ArrowLeft") return index === null ? last : inside(index - 1);
  return undefined;
}

/** Makes the chart focusable. `open` gets the window under the cursor. */
export function listenKeys(chart: uPlot, shades: () => readonly Shade[], open: (shade: Shade) => void): void {
  const { over } = chart;
  over.tabIndex = 0;
  over.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== over) return;
    const x = Array.from(chart.data[0]);
    const index = (chart.cursor.left ?? -1) < 0 ? null : (chart.cursor.idx ?? null);
    const { min, max } = chart.scales["x"]!;
    if (event.key === "Enter" && index !== null) {
      const shade = shadeAt(shades(), x[index]!);
      if (shade !== undefined) open(shade);
      return;
    }
    if (event.key === "Escape") {
      chart.setCursor({ left: -10, top: -10 });
      return;
    }
    const next = keyIndex(event.key, index, x, min ?? 0, max ?? 0);
    if (next === undefined) return;
    event.preventDefault();
    chart.setCursor({ left: chart.valToPos(x[next]!, "x"), top: over.clientHeight / 2 });
  });
  over.addEventListener("blur", () => chart.setCursor({ left: -10, top: -10 }));
}
