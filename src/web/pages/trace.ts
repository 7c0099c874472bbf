/** `/traces/{id}?from&to`: the timeline of a trace, the functions in view, its facts, and the slice to download. */
import { getJson, isAbort, request } from "../api.ts";
import { storedToken } from "../parts/token.ts";
import type { Timeline, TraceItem } from "../api-types.ts";
import { functionInk, shortFunction } from "../color.ts";
import { h, icon, renderKeyed } from "../dom.ts";
import { formatBytes, formatDuration, formatMoment, formatNumber, formatShare, shortId, zoneName } from "../format.ts";
import { failed, loading } from "../parts/states.ts";
import { visibleUsage } from "../timeline/layout.ts";
import { timelineView, type TimelineView } from "../timeline/timeline.ts";
import { formatOffset, zoomView, type View } from "../timeline/view.ts";
import { isDark, onTheme } from "../theme.ts";
import { parseTracePoint, sliceHref, writeTracePoint } from "../url.ts";
import type { Page, Shell } from "./page.ts";

export function tracePage(root: HTMLElement, id: string, params: URLSearchParams, shell: Shell): Page {
  const abort = new AbortController();
  let open: { timeline: TimelineView; whole: Timeline; start: number | undefined; stop: () => void } | undefined;
  shell.setTitle(`Trace ${shortId(id)} · Foretrace`);
  root.replaceChildren(loading("the trace"));

  const load = async (): Promise<void> => {
    const path = `traces/${encodeURIComponent(id)}`;
    const trace = await getJson<TraceItem>(path, {}, abort.signal);
    const whole = await getJson<Timeline>(`${path}/timeline`, { width: 900 }, abort.signal);
    open = show(trace, whole);
  };
  const start = (): void => {
    load().catch((error: unknown) => {
      if (!isAbort(error)) root.replaceChildren(failed(error, start));
    });
  };

  const show = (trace: TraceItem, whole: Timeline): NonNullable<typeof open> => {
    const legend = h("div", { class: "legend" });
    const words = h("span", { class: "view-words number", role: "status" });
    const slice = h(
      "a",
      { class: "button", href: sliceHref(id, whole.from, whole.to), download: "" },
      icon("download"),
      "Slice of this view",
    );
    slice.addEventListener("click", (event) => {
      if (storedToken() === null) return;
      event.preventDefault();
      void saveWithToken(slice.href, `${shortId(id)}.trace`);
    });
    let data = whole;
    let pinned: string | undefined;
    let writing: ReturnType<typeof setTimeout> | undefined;
    const showLegend = (): void => {
      const usage = visibleUsage(data, timeline.view()).slice(0, 12);
      const key = JSON.stringify([usage.map((one) => [data.names[one.name], one.share.toFixed(3)]), pinned, isDark()]);
      renderKeyed(legend, key, () => [
        legendTable(
          data,
          usage,
          pinned,
          (name) => timeline.highlight(name ?? pinned),
          (name) => {
            pinned = pinned === name ? undefined : name;
            timeline.highlight(pinned);
            showLegend();
          },
        ),
      ]);
    };
    const onView = (view: View, done: boolean): void => {
      const step = (view.to - view.from) / 1000;
      words.textContent = `${formatOffset(view.from, step)} – ${formatOffset(view.to, step)} ms · ${formatDuration(view.to - view.from)}`;
      slice.href = sliceHref(id, view.from, view.to);
      clearTimeout(writing);
      const write = (): void => {
        const url = `${location.pathname}?from=${writeTracePoint(view.from)}&to=${writeTracePoint(view.to)}`;
        history[done ? "pushState" : "replaceState"](null, "", url);
      };
      if (done) write();
      else writing = setTimeout(write, 150);
    };
    const timeline = timelineView({
      traceId: id,
      whole,
      start: trace.start,
      view: viewOf(params, whole, trace.start),
      onView,
      onData(next) {
        data = next;
        showLegend();
      },
    });
    const zoom = (factor: number) => (): void => {
      const view = timeline.view();
      timeline.setView(zoomView(view, factor, (view.from + view.to) / 2, whole), true);
    };
    const button = (name: "zoomIn" | "zoomOut" | "fit", label: string, act: () => void): HTMLElement =>
      h("button", { class: "button icon-button", type: "button", title: label, "aria-label": label, onclick: act }, icon(name));
    root.replaceChildren(
      h(
        "div",
        { class: "trace-page" },
        h(
          "div",
          { class: "target-head" },
          h(
            "div",
            {},
            h("p", { class: "crumb" }, h("a", { href: `/?target=${encodeURIComponent(trace.target)}` }, trace.target), " / trace"),
            h("h1", { class: "mono" }, shortId(id)),
          ),
          slice,
        ),
        facts(trace),
        h(
          "section",
          { class: "panel timeline-panel", "aria-label": "Timeline" },
          h(
            "div",
            { class: "timeline-bar" },
            words,
            h("span", { class: "hint muted" }, "Wheel or drag to zoom · Shift-drag to move · arrows, + − 0"),
            h(
              "div",
              { class: "button-row" },
              button("zoomOut", "Zoom out", zoom(2)),
              button("zoomIn", "Zoom in", zoom(0.5)),
              button("fit", "Whole trace", () => timeline.setView(whole, true)),
            ),
          ),
          timeline.element,
        ),
        h(
          "section",
          { class: "panel", "aria-labelledby": "legend-title" },
          h(
            "h2",
            { id: "legend-title" },
            "Functions in view",
            h("small", {}, "by running time; goroutines are named by the function they began with"),
          ),
          legend,
        ),
      ),
    );
    const view = timeline.view();
    const step = (view.to - view.from) / 1000;
    words.textContent = `${formatOffset(view.from, step)} – ${formatOffset(view.to, step)} ms · ${formatDuration(view.to - view.from)}`;
    slice.href = sliceHref(id, view.from, view.to);
    showLegend();
    const stopTheme = onTheme(showLegend);
    return {
      timeline,
      whole,
      start: trace.start,
      stop() {
        clearTimeout(writing);
        stopTheme();
      },
    };
  };
  start();
  return {
    follow(next) {
      if (open === undefined) return false;
      const view = viewOf(next, open.whole, open.start);
      open.timeline.setView(view, false);
      return true;
    },
    dispose() {
      abort.abort();
      open?.stop();
      open?.timeline.dispose();
    },
  };
}

/** The view of an address, inside the trace; the whole trace when it names none or lies outside. */
export function viewOf(params: URLSearchParams, whole: View, start: number | undefined): View {
  const from = Math.max(whole.from, parseTracePoint(params.get("from"), start) ?? whole.from);
  const to = Math.min(whole.to, parseTracePoint(params.get("to"), start) ?? whole.to);
  return to > from ? { from, to } : { from: whole.from, to: whole.to };
}

function legendTable(
  data: Timeline,
  usage: ReturnType<typeof visibleUsage>,
  pinned: string | undefined,
  onHover: (name: string | undefined) => void,
  onPin: (name: string) => void,
): HTMLElement {
  if (usage.length === 0) return h("p", { class: "muted" }, "Nothing ran in this view.");
  return h(
    "table",
    {},
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        h("th", { scope: "col" }, "Function"),
        h("th", { scope: "col", class: "right" }, "Running"),
        h("th", { scope: "col", class: "right" }, "Of processors"),
      ),
    ),
    h(
      "tbody",
      {},
      usage.map((one) => {
        const name = data.names[one.name];
        const swatch = h("span", { class: "swatch", "aria-hidden": "true" });
        if (name !== undefined) swatch.style.background = functionInk(name, isDark()).fill;
        const label =
          name === undefined
            ? h("span", { class: "muted" }, "several, merged at this zoom")
            : h(
                "button",
                { class: "link", type: "button", title: name, "aria-pressed": String(pinned === name), onclick: () => onPin(name) },
                shortFunction(name),
              );
        return h(
          "tr",
          {
            class: pinned !== undefined && pinned === name ? "pinned" : "",
            onmouseenter: () => onHover(name),
            onmouseleave: () => onHover(undefined),
          },
          h("td", { class: "function" }, swatch, label),
          h("td", { class: "right number" }, formatDuration(one.nanos)),
          h("td", { class: "right number" }, formatShare(one.share)),
        );
      }),
    ),
  );
}

const clocks = { snapshot: "its own clock", recorded_at: "given at upload", upload: "time of upload" } as const;

function facts(trace: TraceItem): HTMLElement {
  const list: [string, string][] = [];
  if (trace.version !== undefined) list.push(["Format", `Go 1.${trace.version}`]);
  if (trace.events !== undefined) list.push(["Events", formatNumber(trace.events)]);
  if (trace.start !== undefined && trace.end !== undefined) list.push(["Length", formatDuration((trace.end - trace.start) * 1e6)]);
  if (trace.start !== undefined) list.push(["Started", `${formatMoment(trace.start, Date.now())} (${zoneName(trace.start)})`]);
  if (trace.clock !== undefined) {
    const bound =
      trace.clockErrorMillis === undefined || trace.clockErrorMillis === 0 ? "" : `, ± ${formatDuration(trace.clockErrorMillis * 1e6)}`;
    list.push(["Wall clock", clocks[trace.clock] + bound]);
  }
  list.push(["Size", formatBytes(trace.bytes)]);
  if (trace.status === "partial" || trace.status === "failed")
    list.push([trace.status === "partial" ? "Read in part" : "Not read", trace.error ?? "the file is broken"]);
  return h(
    "dl",
    { class: "facts" },
    list.map(([title, value]) => h("div", {}, h("dt", {}, title), h("dd", { class: "number" }, value))),
  );
}

/** A link cannot carry the token: fetched, then saved. */
async function saveWithToken(href: string, name: string): Promise<void> {
  const response = await request(href);
  const url = URL.createObjectURL(await response.blob());
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
