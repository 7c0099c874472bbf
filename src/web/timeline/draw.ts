/** Paints a timeline on a canvas: axis, lanes, counters. Knows pixels and colours, nothing of events or requests. */
import type { Timeline, TimelineCounter, TimelineLane } from "../api-types.ts";
import { functionInk, shortFunction } from "../color.ts";
import { formatValue } from "../format.ts";
import { canvasFont, isDark, palette } from "../theme.ts";
import { lastAtOrBefore, type Layout } from "./layout.ts";
import { formatOffset, formatWall, niceTicks, type View } from "./view.ts";

export type Scene = {
  readonly layout: Layout;
  /** Finer data first choice, the whole trace behind it. */
  readonly detail: Timeline | undefined;
  readonly whole: Timeline;
  readonly view: View;
  readonly gutter: number;
  readonly width: number;
  /** Wall clock of the trace's first event, epoch ms. */
  readonly start: number | undefined;
  /** Function to stand out (a name), or undefined. */
  readonly highlight: string | undefined;
  /** Selection being dragged, in trace nanoseconds. */
  readonly selection: View | undefined;
  /** Anomalous windows, in trace nanoseconds. */
  readonly marks: readonly View[];
};

export const laneKey = (lane: TimelineLane): string => `${lane.kind}:${lane.id}`;

/** Paints everything; `ctx` is scaled to CSS pixels. */
export function drawTimeline(ctx: CanvasRenderingContext2D, scene: Scene): void {
  const { layout, gutter, width, view } = scene;
  const ink = palette();
  ctx.clearRect(0, 0, width, layout.height);
  drawAxis(ctx, scene);
  const x = (at: number): number => gutter + ((at - view.from) / (view.to - view.from)) * (width - gutter);
  ctx.fillStyle = ink.anomalyEdge;
  for (const mark of scene.marks) {
    const [left, right] = [Math.max(gutter, x(mark.from)), Math.min(width, x(mark.to))];
    if (right >= gutter && left <= width) ctx.fillRect(left, 36, Math.max(2, right - left), 3);
  }
  for (const row of layout.rows) {
    ctx.fillStyle = ink.muted;
    ctx.font = canvasFont(11);
    ctx.textBaseline = "middle";
    ctx.textAlign = "right";
    const label = row.type === "lane" ? row.lane.label : row.counter.label;
    if (row.height >= 11) ctx.fillText(fit(ctx, label, gutter - 14), gutter - 10, row.y + (row.type === "lane" ? row.height / 2 : 10));
    ctx.fillStyle = ink.laneBack;
    ctx.fillRect(gutter, row.y, width - gutter, row.height);
    for (const { data, from, to } of sources(scene)) {
      ctx.save();
      ctx.beginPath();
      ctx.rect(Math.max(gutter, x(from)), row.y, Math.min(width, x(to)) - Math.max(gutter, x(from)), row.height);
      ctx.clip();
      if (row.type === "lane") {
        const lane = data.lanes.find((one) => laneKey(one) === laneKey(row.lane));
        if (lane !== undefined) drawLane(ctx, lane, data.names, row.y, row.height, x, scene);
      } else {
        const counter = data.counters.find((one) => one.label === row.counter.label);
        if (counter !== undefined) drawCounter(ctx, counter, topOf(scene, row.counter.label), row.y, row.height, x, view);
      }
      ctx.restore();
    }
    if (row.type === "counter" && row.counter.v.length > 0)
      drawCounterTop(ctx, topOf(scene, row.counter.label), row.counter.unit, row.y, gutter);
  }
  if (scene.selection !== undefined) {
    const left = x(Math.min(scene.selection.from, scene.selection.to));
    const right = x(Math.max(scene.selection.from, scene.selection.to));
    ctx.fillStyle = ink.brush;
    ctx.fillRect(left, 0, right - left, layout.height);
    ctx.strokeStyle = ink.observed;
    ctx.strokeRect(left + 0.5, 0.5, right - left, layout.height - 1);
  }
}

/** Finer data where they reach, the whole trace elsewhere. */
function sources(scene: Scene): { data: Timeline; from: number; to: number }[] {
  const { detail, whole, view } = scene;
  if (detail === undefined) return [{ data: whole, from: view.from, to: view.to }];
  const parts = [{ data: detail, from: Math.max(detail.from, view.from), to: Math.min(detail.to, view.to) }];
  if (detail.from > view.from) parts.push({ data: whole, from: view.from, to: Math.min(detail.from, view.to) });
  if (detail.to < view.to) parts.push({ data: whole, from: Math.max(detail.to, view.from), to: view.to });
  return parts.filter((part) => part.to > part.from);
}

function drawAxis(ctx: CanvasRenderingContext2D, scene: Scene): void {
  const { view, gutter, width, layout, start } = scene;
  const ink = palette();
  const { step, ticks } = niceTicks(view.from, view.to, (width - gutter) / 92);
  ctx.textBaseline = "alphabetic";
  ctx.textAlign = "right";
  ctx.font = canvasFont(11);
  ctx.fillStyle = ink.muted;
  ctx.fillText("ms", gutter - 10, 15);
  if (start !== undefined) ctx.fillText("clock", gutter - 10, 30);
  ctx.textAlign = "left";
  for (const at of ticks) {
    const x = Math.round(gutter + ((at - view.from) / (view.to - view.from)) * (width - gutter)) + 0.5;
    ctx.strokeStyle = ink.grid;
    ctx.lineWidth = 1;
    ctx.beginPath();
    ctx.moveTo(x, 4);
    ctx.lineTo(x, layout.height);
    ctx.stroke();
    const put = (text: string, y: number, color: string): void => {
      ctx.fillStyle = color;
      if (x + 4 + ctx.measureText(text).width <= width) ctx.fillText(text, x + 4, y);
    };
    put(formatOffset(at, step), 15, ink.text);
    if (start !== undefined) put(formatWall(start + at / 1e6, step), 30, ink.muted);
  }
  ctx.strokeStyle = ink.axis;
  ctx.beginPath();
  ctx.moveTo(gutter, layout.axis - 3.5);
  ctx.lineTo(width, layout.axis - 3.5);
  ctx.stroke();
}

function drawLane(
  ctx: CanvasRenderingContext2D,
  lane: TimelineLane,
  names: readonly string[],
  y: number,
  height: number,
  x: (at: number) => number,
  scene: Scene,
): void {
  const dark = isDark();
  const ink = palette();
  const runtimeFill = lane.kind === "proc" ? undefined : ink[lane.kind];
  for (let index = Math.max(0, lastAtOrBefore(lane.start, scene.view.from)); index < lane.start.length; index++) {
    if (lane.start[index]! > scene.view.to) break;
    const left = x(lane.start[index]!);
    const right = Math.max(x(lane.end[index]!), left + 0.75);
    const name = names[lane.name[index]!];
    const color = name === undefined ? undefined : functionInk(name, dark);
    const share = Math.min(1, lane.share[index] ?? 1);
    const tall = Math.max(2, height * (0.12 + 0.88 * share));
    ctx.globalAlpha = scene.highlight !== undefined && lane.kind === "proc" && name !== scene.highlight ? 0.16 : 1;
    ctx.fillStyle = runtimeFill ?? color?.fill ?? ink.several;
    const gap = right - left > 3 ? 0.5 : 0;
    ctx.fillRect(left, y + height - tall, right - left - gap, tall);
    if (color !== undefined && height >= 15 && right - left > 34 && share > 0.6) {
      ctx.fillStyle = runtimeFill === undefined ? color.text : ink.surface;
      ctx.font = canvasFont(11);
      ctx.textAlign = "left";
      ctx.textBaseline = "middle";
      const from = Math.max(left, scene.gutter);
      const text = fit(ctx, shortFunction(name!), right - from - 8);
      if (text.length > 2) ctx.fillText(text, from + 4, y + height / 2 + 0.5);
    }
  }
  ctx.globalAlpha = 1;
}

function drawCounter(
  ctx: CanvasRenderingContext2D,
  counter: TimelineCounter,
  top: number,
  y: number,
  height: number,
  x: (at: number) => number,
  view: View,
): void {
  const ink = palette();
  const first = Math.max(0, lastAtOrBefore(counter.t, view.from));
  if (counter.t.length === 0) return;
  const base = y + height;
  const level = (value: number): number => base - (value / top) * (height - 16);
  ctx.beginPath();
  ctx.moveTo(x(counter.t[first]!), base);
  let last = first;
  for (let index = first; index < counter.t.length; index++) {
    ctx.lineTo(x(counter.t[index]!), level(counter.v[Math.max(first, index - 1)]!));
    ctx.lineTo(x(counter.t[index]!), level(counter.v[index]!));
    last = index;
    if (counter.t[index]! > view.to) break;
  }
  const end = Math.max(x(counter.t[last]!), x(view.to));
  ctx.lineTo(end, level(counter.v[last]!));
  ctx.lineTo(end, base);
  ctx.closePath();
  ctx.fillStyle = ink.counterFill;
  ctx.fill();
  ctx.strokeStyle = ink.counter;
  ctx.lineWidth = 1;
  ctx.stroke();
}

/** The highest value known of a counter: finer data may show peaks that the whole trace's thinned points lack. */
function topOf(scene: Scene, label: string): number {
  let top = 1e-12;
  for (const data of [scene.whole, scene.detail])
    for (const counter of data?.counters ?? []) if (counter.label === label) for (const value of counter.v) top = Math.max(top, value);
  return top;
}

function drawCounterTop(ctx: CanvasRenderingContext2D, value: number, unit: string, y: number, gutter: number): void {
  ctx.fillStyle = palette().muted;
  ctx.font = canvasFont(10);
  ctx.textAlign = "right";
  ctx.textBaseline = "middle";
  const top = formatValue(value, unit);
  const words = `max ${top}`;
  ctx.fillText(ctx.measureText(words).width <= gutter - 12 ? words : top, gutter - 10, y + 26);
}

/** The text, cut with an ellipsis to the width. */
export function fit(ctx: Pick<CanvasRenderingContext2D, "measureText">, text: string, width: number): string {
  if (width <= 0) return "";
  if (ctx.measureText(text).width <= width) return text;
  let low = 0;
  let high = text.length;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (ctx.measureText(`${text.slice(0, middle)}…`).width <= width) low = middle;
    else high = middle - 1;
  }
  return low === 0 ? "" : `${text.slice(0, low)}…`;
}
