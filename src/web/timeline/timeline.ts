/** The timeline of a trace: canvas, minimap, tooltip, and finer data fetched as the reader zooms. */
import { getJson, isAbort } from "../api.ts";
import type { Timeline } from "../api-types.ts";
import { h } from "../dom.ts";
import { onTheme } from "../theme.ts";
import { writeTracePoint } from "../url.ts";
import { drawTimeline } from "./draw.ts";
import { listenGestures } from "./gestures.ts";
import { layoutRows } from "./layout.ts";
import { minimap } from "./minimap.ts";
import { describeHover } from "./hover.ts";
import { clampView, type View } from "./view.ts";

/** An anomalous window over the trace, in trace nanoseconds, cut to it. */
export type WindowMark = { readonly from: number; readonly to: number; readonly href: string; readonly words: string };
/** `moving`: within a gesture; `done`: its end, worth an entry in the history; `quiet`: the address said so. */
export type ViewChange = "moving" | "done" | "quiet";

export type TimelineView = {
  readonly element: HTMLElement;
  view(): View;
  setView(view: View, change: ViewChange): void;
  mark(windows: readonly WindowMark[]): void;
  highlight(name: string | undefined): void;
  dispose(): void;
};

export type TimelineOptions = {
  readonly traceId: string;
  readonly whole: Timeline;
  /** Wall clock of the first event, epoch ms. */
  readonly start: number | undefined;
  readonly view: View;
  /** After each change of the view. */
  readonly onView: (view: View, change: ViewChange) => void;
  /** When finer data arrived (legend). */
  readonly onData: (data: Timeline, view: View) => void;
};

const settle = 120;

export function timelineView(options: TimelineOptions): TimelineView {
  const { whole } = options;
  const bounds: View = { from: whole.from, to: whole.to };
  const abort = new AbortController();
  const layout = layoutRows(whole);
  let view = clampView(options.view, bounds);
  let detail: Timeline | undefined;
  let highlight: string | undefined;
  let selection: View | undefined;
  let fetching: AbortController | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let frame = 0;

  const canvas = h("canvas", {
    class: "timeline-canvas",
    tabindex: 0,
    role: "application",
    "aria-label":
      "Timeline of the trace. Arrow keys move and zoom, plus and minus zoom, 0 shows the whole trace. The table below lists the functions in view.",
  });
  const tooltip = h("div", { class: "tooltip", hidden: true });
  const map = minimap(whole, (next, change) => setView(next, change));
  const busy = h("div", { class: "timeline-busy", hidden: true, role: "status" });
  const links = h("div", { class: "timeline-marks" });
  let marks: readonly WindowMark[] = [];
  const element = h("div", { class: "timeline" }, map.element, h("div", { class: "timeline-stage" }, canvas, links, tooltip, busy));
  const gutter = (): number => (canvas.clientWidth < 560 ? 92 : 118);

  const paint = (): void => {
    frame = 0;
    const width = canvas.clientWidth;
    if (width === 0) return;
    const ratio = devicePixelRatio;
    canvas.style.height = `${layout.height}px`;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(layout.height * ratio);
    const ctx = canvas.getContext("2d")!;
    ctx.scale(ratio, ratio);
    drawTimeline(ctx, { layout, detail, whole, view, gutter: gutter(), width, start: options.start, highlight, selection, marks });
    placeMarks(width);
    map.draw(view, gutter(), marks);
  };
  const placeMarks = (width: number): void => {
    const x = (at: number): number =>
      gutter() + ((Math.min(view.to, Math.max(view.from, at)) - view.from) / (view.to - view.from)) * (width - gutter());
    links.replaceChildren(
      ...marks
        .filter((mark) => mark.to >= view.from && mark.from <= view.to)
        .map((mark) => {
          const link = h("a", { class: "timeline-mark", href: mark.href, title: mark.words, "aria-label": mark.words });
          link.style.left = `${x(mark.from)}px`;
          link.style.width = `${Math.max(6, x(mark.to) - x(mark.from))}px`;
          return link;
        }),
    );
  };
  const draw = (): void => {
    if (frame === 0) frame = requestAnimationFrame(paint);
  };
  const inner = (): number => Math.max(100, canvas.clientWidth - gutter());

  const fine = (): boolean => {
    if (detail === undefined || detail.from > view.from || detail.to < view.to) return false;
    const asked = detailWidths.get(detail) ?? 1;
    return (detail.to - detail.from) / asked <= ((view.to - view.from) / inner()) * 1.2;
  };
  const load = async (): Promise<void> => {
    if (fine()) {
      options.onData(detail!, view);
      return;
    }
    fetching?.abort();
    const own = (fetching = new AbortController());
    const margin = (view.to - view.from) * 0.3;
    const from = Math.max(bounds.from, Math.floor(view.from - margin));
    const to = Math.min(bounds.to, Math.ceil(view.to + margin));
    const width = Math.min(4000, Math.round((inner() * (to - from)) / (view.to - view.from)));
    const slow = setTimeout(() => {
      busy.textContent = "Loading detail …";
      busy.hidden = false;
    }, 250);
    try {
      const query = { from: writeTracePoint(from), to: writeTracePoint(to), width };
      const data = await getJson<Timeline>(`traces/${encodeURIComponent(options.traceId)}/timeline`, query, own.signal);
      detailWidths.set(data, width);
      detail = data;
      options.onData(data, view);
      draw();
      busy.hidden = true;
    } catch (error) {
      if (isAbort(error)) return;
      busy.textContent = "Detail could not be loaded; this is a coarser view.";
      busy.hidden = false;
    } finally {
      clearTimeout(slow);
    }
  };
  const setView = (next: View, change: ViewChange): void => {
    view = clampView(next, bounds);
    draw();
    options.onView(view, change);
    clearTimeout(timer);
    timer = setTimeout(() => void load(), settle);
  };

  listenGestures(
    canvas,
    {
      view: () => view,
      bounds,
      gutter,
      layout: () => layout,
      onView: setView,
      onSelection(next) {
        selection = next;
        draw();
      },
      onHover(x, y) {
        const text = describeHover({
          x,
          y,
          layout,
          view,
          gutter: gutter(),
          width: canvas.clientWidth,
          data: detail ?? whole,
          start: options.start,
        });
        tooltip.hidden = text === undefined;
        if (text === undefined) return;
        tooltip.replaceChildren(...text);
        const flip = x + tooltip.offsetWidth + 24 > canvas.clientWidth;
        tooltip.style.transform = `translate(${Math.max(0, flip ? x - tooltip.offsetWidth - 14 : x + 14)}px, ${y + 14}px)`;
      },
      onLeave() {
        tooltip.hidden = true;
      },
    },
    abort.signal,
  );
  const resize = new ResizeObserver(draw);
  resize.observe(element);
  const stopTheme = onTheme(draw);
  requestAnimationFrame(() => void load());

  return {
    element,
    view: () => view,
    setView,
    mark(windows) {
      marks = windows;
      draw();
    },
    highlight(name) {
      highlight = name;
      draw();
    },
    dispose() {
      abort.abort();
      fetching?.abort();
      clearTimeout(timer);
      cancelAnimationFrame(frame);
      resize.disconnect();
      stopTheme();
    },
  };
}

/** The width each answer was asked for: its level of detail. */
const detailWidths = new WeakMap<Timeline, number>();
