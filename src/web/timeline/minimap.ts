/** The whole trace in one strip: how busy the processors were, with GC and pauses; the view is framed and can be dragged. */
import type { Timeline } from "../api-types.ts";
import { h } from "../dom.ts";
import { palette } from "../theme.ts";
import { clampView, type View } from "./view.ts";

export type Minimap = { readonly element: HTMLCanvasElement; draw(view: View, gutter: number, marks: readonly View[]): void };

/** Busy share 0..1 of all procs in each of `columns` equal parts of the timeline. */
export function busyColumns(timeline: Timeline, columns: number): Float64Array {
  const busy = new Float64Array(columns);
  const procs = timeline.lanes.filter((lane) => lane.kind === "proc");
  const scale = columns / (timeline.to - timeline.from || 1);
  for (const lane of procs) {
    for (let index = 0; index < lane.start.length; index++) {
      const from = Math.max(0, (lane.start[index]! - timeline.from) * scale);
      const to = Math.min(columns, (lane.end[index]! - timeline.from) * scale);
      const share = lane.share[index] ?? 1;
      for (let column = Math.floor(from); column < to; column++)
        busy[column]! += (Math.min(to, column + 1) - Math.max(from, column)) * share;
    }
  }
  for (let column = 0; column < columns; column++) busy[column] = Math.min(1, busy[column]! / Math.max(1, procs.length));
  return busy;
}

export function minimap(timeline: Timeline, onView: (view: View, change: "moving" | "done") => void): Minimap {
  const element = h("canvas", { class: "minimap", "aria-hidden": "true" });
  let view: View = timeline;
  let gutter = 0;
  let grip: number | undefined;
  const at = (event: PointerEvent): number =>
    timeline.from + ((event.offsetX - gutter) / Math.max(1, element.clientWidth - gutter)) * (timeline.to - timeline.from);
  const move = (event: PointerEvent, change: "moving" | "done"): void => {
    if (grip === undefined) return;
    const from = at(event) - grip;
    onView(clampView({ from, to: from + (view.to - view.from) }, timeline), change);
  };
  element.addEventListener("pointerdown", (event) => {
    const where = at(event);
    grip = where >= view.from && where <= view.to ? where - view.from : (view.to - view.from) / 2;
    element.setPointerCapture(event.pointerId);
    move(event, "moving");
  });
  element.addEventListener("pointermove", (event) => move(event, "moving"));
  element.addEventListener("pointercancel", () => (grip = undefined));
  element.addEventListener("pointerup", (event) => {
    move(event, "done");
    grip = undefined;
  });
  return {
    element,
    draw(nextView, nextGutter, marks) {
      view = nextView;
      gutter = nextGutter;
      const width = element.clientWidth;
      const height = 40;
      const ratio = devicePixelRatio;
      element.width = Math.round(width * ratio);
      element.height = Math.round(height * ratio);
      const ctx = element.getContext("2d")!;
      ctx.scale(ratio, ratio);
      const ink = palette();
      const inner = Math.max(1, Math.floor(width - gutter));
      const x = (time: number): number => gutter + ((time - timeline.from) / (timeline.to - timeline.from || 1)) * inner;
      ctx.fillStyle = ink.laneBack;
      ctx.fillRect(gutter, 0, inner, height);
      ctx.fillStyle = ink.several;
      busyColumns(timeline, inner).forEach((share, column) =>
        ctx.fillRect(gutter + column, height - 6 - share * (height - 10), 1, share * (height - 10)),
      );
      for (const kind of ["gc", "stw"] as const) {
        ctx.fillStyle = ink[kind];
        for (const lane of timeline.lanes) {
          if (lane.kind !== kind) continue;
          lane.start.forEach((start, index) =>
            ctx.fillRect(x(start), height - 5, Math.max(1, x(lane.end[index]!) - x(start)), kind === "gc" ? 5 : 3),
          );
        }
      }
      ctx.fillStyle = ink.anomalyEdge;
      for (const mark of marks) ctx.fillRect(x(mark.from), 0, Math.max(2, x(mark.to) - x(mark.from)), 3);
      const left = x(view.from);
      const right = Math.max(left + 3, x(view.to));
      ctx.fillStyle = ink.surface;
      ctx.globalAlpha = 0.6;
      ctx.fillRect(gutter, 0, left - gutter, height);
      ctx.fillRect(right, 0, width - right, height);
      ctx.globalAlpha = 1;
      ctx.strokeStyle = ink.observed;
      ctx.lineWidth = 1.5;
      ctx.strokeRect(left + 0.75, 0.75, right - left - 1.5, height - 1.5);
    },
  };
}
