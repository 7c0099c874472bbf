/** A chart as a picture in the page: lines told apart by colour and dash, the highest value and the ends of the range in words. */
import type { Block } from "./document.ts";
import { escapeHtml } from "./escape.ts";

type Chart = Extract<Block, { kind: "chart" }>;

const width = 1000;
const height = 140;

export const chartStyle = `figure { margin: 1rem 0 1.4rem; } figcaption { font-weight: 600; } .keys { color: var(--muted); font-weight: 400; }
.keys i { display: inline-block; width: 1.4em; height: 0; margin: 0 .35em .25em .9em; border-top: 2px solid; vertical-align: middle; }
.chart { display: block; width: 100%; height: 140px; margin: .3rem 0 .1rem; background: var(--soft); border-radius: 3px; }
.chart path { fill: none; stroke-width: 1.6; vector-effect: non-scaling-stroke; } .chart rect { fill: var(--bad); opacity: .18; }
.chart .line0 { stroke: var(--link); } .chart .line1 { stroke: #d9822b; stroke-dasharray: 6 3; } .chart .line2 { stroke: #3f9d62; stroke-dasharray: 2 3; }
.keys .line0 { border-top-color: var(--link); } .keys .line1 { border-top: 2px dashed #d9822b; } .keys .line2 { border-top: 2px dotted #3f9d62; } .ends { display: flex; justify-content: space-between; color: var(--muted); font-size: .85em; }`;

export function writeChart({ title, top, begin, end, lines, marks }: Chart): string {
  const keys = lines.map(({ label }, i) => `<i class="line${i}"></i>${escapeHtml(label)}`).join("");
  const shades = marks.map(({ from, to }) => {
    const x = Math.max(0, from) * width;
    return `<rect x="${x.toFixed(1)}" y="0" width="${Math.max(2, Math.min(1, to) * width - x).toFixed(1)}" height="${height}"/>`;
  });
  const paths = lines.map(({ points }, i) => `<path class="line${i}" d="${pathOf(points)}"/>`);
  const label = escapeHtml(`${title}: ${lines.map((line) => line.label).join(", ")}; highest ${top}`);
  return `<figure>
<figcaption>${escapeHtml(title)} <span class="keys">${keys}</span></figcaption>
<svg class="chart" viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" role="img" aria-label="${label}">${shades.join("")}${paths.join("")}</svg>
<div class="ends"><span>${escapeHtml(begin)}</span><span>top of the chart: ${escapeHtml(top)}</span><span>${escapeHtml(end)}</span></div>
</figure>`;
}

/** A line with gaps where nothing is known; a point alone is a short stroke. */
function pathOf(points: readonly number[]): string {
  const step = points.length > 1 ? width / (points.length - 1) : 0;
  let path = "";
  let drawing = false;
  points.forEach((point, i) => {
    if (Number.isNaN(point)) {
      drawing = false;
      return;
    }
    const at = `${(i * step).toFixed(1)} ${(height - 3 - point * (height - 8)).toFixed(1)}`;
    path += drawing ? `L${at}` : `M${at}h1`;
    drawing = true;
  });
  return path;
}
