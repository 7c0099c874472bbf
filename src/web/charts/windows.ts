/** Anomalous windows of a chart as links over their shading: a click opens the window, a drag across them still zooms. */
import type uPlot from "uplot";
import { h } from "../dom.ts";
import { formatInterval, formatNumber } from "../format.ts";
import { anomalyHref } from "../url.ts";
import type { Shade } from "./shades.ts";

/** A window narrower than this is still easy to hit, CSS pixels. */
const narrowest = 10;

/** Lays one link over each window in view; called after each drawing, since the scale may have moved. */
export function placeWindowLinks(chart: uPlot, shades: readonly Shade[]): void {
  const { over } = chart;
  const width = over.clientWidth;
  const wanted = shades.flatMap((shade) => {
    const [left, right] = [chart.valToPos(shade.from, "x"), chart.valToPos(shade.to, "x")];
    if (right < 0 || left > width) return [];
    const spare = Math.max(0, narrowest - (right - left)) / 2;
    const from = Math.max(0, left - spare);
    return [{ shade, left: from, width: Math.min(width, right + spare) - from }];
  });
  const links = [...over.querySelectorAll<HTMLAnchorElement>(".window-link")];
  for (const link of links.slice(wanted.length)) link.remove();
  wanted.forEach(({ shade, left, width }, index) => {
    const link = links[index] ?? over.appendChild(h("a", { class: "window-link", tabindex: -1, draggable: "false" }));
    link.href = anomalyHref(shade.id);
    link.setAttribute(
      "aria-label",
      `Anomalous window ${formatInterval(shade.from, shade.to)}, × ${formatNumber(shade.score)} of threshold`,
    );
    link.style.left = `${left}px`;
    link.style.width = `${width}px`;
  });
}

/** A drag that began and ended on the same link is a zoom, not a click. */
export function dragsAreNoClicks(chart: uPlot): void {
  let downAt = 0;
  chart.over.addEventListener("mousedown", (event) => (downAt = event.clientX), true);
  chart.over.addEventListener(
    "click",
    (event) => {
      if (event.detail > 0 && Math.abs(event.clientX - downAt) >= 4) event.preventDefault();
    },
    true,
  );
}
