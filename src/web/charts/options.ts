/** What all charts share: axes in the reader's zone, synchronised cursor, drag to zoom, theme colours read at each drawing. */
import type uPlot from "uplot";
import { formatClock, formatDay, formatValue, unitKind } from "../format.ts";
import { canvasFont, palette } from "../theme.ts";
import type { Shade } from "./shades.ts";

const minute = 60_000;
const day = 86_400_000;

/** Labels of time ticks: as fine as the step; the day under the first tick and under each midnight. */
export function timeLabels(splits: readonly (number | null)[], step: number): string[] {
  let dayBefore = "";
  return splits.map((at) => {
    if (at === null) return "";
    const today = formatDay(at);
    const newDay = today !== dayBefore;
    dayBefore = today;
    const milliseconds = step < 1000 ? `.${String(new Date(at).getMilliseconds()).padStart(3, "0")}` : "";
    const clock = step >= day ? today : formatClock(at, step < minute) + milliseconds;
    return newDay && step < day ? `${clock}\n${today}` : clock;
  });
}

const byteSteps = Array.from({ length: 50 }, (_, power) => 2 ** power);

export function timeAxis(): uPlot.Axis {
  return {
    stroke: () => palette().muted,
    grid: { stroke: () => palette().grid, width: 1 },
    ticks: { stroke: () => palette().axis, width: 1, size: 4 },
    font: canvasFont(11),
    size: 36,
    gap: 3,
    space: 74,
    values: (_chart, splits, _axis, _space, step) => timeLabels(splits, step),
  };
}

export function valueAxis(unit: string): uPlot.Axis {
  return {
    stroke: () => palette().muted,
    grid: { stroke: () => palette().grid, width: 1 },
    ticks: { show: false },
    font: canvasFont(11),
    // As wide as "16 min 40 s".
    size: 76,
    gap: 6,
    space: 32,
    ...(unitKind(unit) === "bytes" ? { incrs: byteSteps } : {}),
    values: (_chart, splits) => splits.map((value) => (value === 0 ? "0" : formatValue(value, unit))),
  };
}

const moves = (type: string): boolean => type === "mousemove" || type === "mouseleave";

/** The chart's own listeners heed the plot alone; links over its windows are part of it. */
const fromInside: uPlot.Cursor.MouseListenerFactory = (_chart, target, handle) => (event: MouseEvent) => {
  if (event.button === 0 && target.contains(event.target as Node)) handle(event);
  return null;
};

/** Cursor shared by all charts of the page; drags stay with the chart that was dragged, the range then moves all. */
export function sharedCursor(key: string, drag = true): uPlot.Cursor {
  return {
    x: true,
    y: false,
    drag: { x: drag, y: false, setScale: false, dist: 4 },
    points: { show: false },
    bind: { mousedown: fromInside, mousemove: fromInside, dblclick: fromInside },
    sync: { key, scales: ["x", null], filters: { pub: moves, sub: moves } },
  };
}

/** Windows behind the lines: at least two pixels wide, with an edge on top so that they do not rest on colour alone. */
export function drawShades(chart: uPlot, shades: readonly Shade[]): void {
  const { ctx, bbox } = chart;
  const ink = palette();
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const shade of shades) {
    const left = chart.valToPos(shade.from, "x", true);
    const width = Math.max(2, chart.valToPos(shade.to, "x", true) - left);
    ctx.fillStyle = shade.strong ? ink.anomaly : ink.anomalyFaint;
    ctx.fillRect(left, bbox.top, width, bbox.height);
    ctx.fillStyle = ink.anomalyEdge;
    ctx.globalAlpha = shade.strong ? 1 : 0.35;
    ctx.fillRect(left, bbox.top, width, Math.max(2, 2 * devicePixelRatio));
    ctx.globalAlpha = 1;
  }
  ctx.restore();
}

/** A dashed upright line with a word on top, e.g. `now`. */
export function drawMark(chart: uPlot, at: number, word: string): void {
  const { ctx, bbox } = chart;
  const x = Math.round(chart.valToPos(at, "x", true));
  if (x < bbox.left || x > bbox.left + bbox.width) return;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = palette().now;
  ctx.globalAlpha = 0.65;
  ctx.lineWidth = ratio;
  ctx.setLineDash([3 * ratio, 3 * ratio]);
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.font = canvasFont(10 * ratio, "600");
  const width = ctx.measureText(word).width;
  const right = x + width + 6 * ratio > bbox.left + bbox.width;
  ctx.textAlign = right ? "right" : "left";
  ctx.textBaseline = "top";
  // Lines may pass behind the word.
  ctx.fillStyle = palette().surface;
  ctx.globalAlpha = 0.8;
  ctx.fillRect(x + (right ? -width - 6 * ratio : 2 * ratio), bbox.top + 2 * ratio, width + 4 * ratio, 13 * ratio);
  ctx.globalAlpha = 1;
  ctx.fillStyle = palette().text;
  ctx.fillText(word, x + (right ? -4 : 4) * ratio, bbox.top + 3 * ratio);
  ctx.restore();
}

/** The side of a chart that has not happened yet. */
export function drawFuture(chart: uPlot, now: number): void {
  const { ctx, bbox } = chart;
  const left = Math.max(bbox.left, chart.valToPos(now, "x", true));
  const width = bbox.left + bbox.width - left;
  if (width <= 0) return;
  ctx.fillStyle = palette().future;
  ctx.fillRect(left, bbox.top, width, bbox.height);
}
