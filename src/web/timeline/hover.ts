/** Words for what lies under the pointer of the timeline. */
import type { Timeline } from "../api-types.ts";
import { h } from "../dom.ts";
import { formatDuration, formatShare, formatValue } from "../format.ts";
import { laneKey } from "./draw.ts";
import { lastAtOrBefore, rowAt, spanAt, type Layout } from "./layout.ts";
import { formatOffset, formatWall, type View } from "./view.ts";

export type HoverPlace = {
  readonly x: number;
  readonly y: number;
  readonly layout: Layout;
  readonly view: View;
  readonly gutter: number;
  readonly width: number;
  readonly data: Timeline;
  readonly start: number | undefined;
};

/** Lines of the tooltip; undefined where there is nothing. */
export function describeHover(place: HoverPlace): HTMLElement[] | undefined {
  if (place.x < place.gutter) return undefined;
  const row = rowAt(place.layout, place.y);
  if (row === undefined) return undefined;
  const perPixel = (place.view.to - place.view.from) / Math.max(1, place.width - place.gutter);
  const at = place.view.from + (place.x - place.gutter) * perPixel;
  if (row.type === "counter") {
    const counter = place.data.counters.find((one) => one.label === row.counter.label);
    const index = counter === undefined ? -1 : lastAtOrBefore(counter.t, at);
    if (counter === undefined || index < 0) return undefined;
    return [line(row.counter.label, formatValue(counter.v[index], counter.unit)), when(at, perPixel, place.start)];
  }
  const lane = place.data.lanes.find((one) => laneKey(one) === laneKey(row.lane));
  const index = lane === undefined ? -1 : spanAt(lane, at, perPixel * 2);
  if (lane === undefined || index < 0) return undefined;
  const share = lane.share[index] ?? 1;
  const name = place.data.names[lane.name[index]!];
  const goroutine = lane.goroutine[index]!;
  const length = lane.end[index]! - lane.start[index]!;
  const merged = share < 1 || lane.name[index] === -1;
  return [
    h("div", { class: "tooltip-name" }, name ?? (lane.kind === "proc" ? "Several goroutines" : lane.label)),
    line("on", lane.label),
    goroutine >= 0 ? line("goroutine", String(goroutine)) : undefined,
    merged ? line("busy", `${formatShare(share)} of ${formatDuration(length)}`) : line("duration", formatDuration(length)),
    merged ? h("div", { class: "muted" }, "Spans merged at this zoom; come closer.") : undefined,
    when(lane.start[index]!, Math.min(perPixel, 1e6), place.start),
  ].filter((one) => one !== undefined);
}

const line = (label: string, value: string): HTMLElement => h("div", { class: "tooltip-row" }, h("span", {}, label), h("b", {}, value));

const when = (at: number, step: number, start: number | undefined): HTMLElement =>
  h(
    "div",
    { class: "muted number" },
    `at ${formatOffset(at, step)} ms`,
    start === undefined ? "" : ` · ${formatWall(start + at / 1e6, step)}`,
  );
