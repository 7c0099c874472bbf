/** `/traces/{id}?from&to`: the timeline of a trace, the functions in view, its facts, and the slice to download. */
import { getJson, isAbort } from "../api.ts";
import type { Anomaly, Items, Timeline, TraceItem } from "../api-types.ts";
import { h, icon } from "../dom.ts";
import { formatDuration, formatInterval, formatNumber, shortId } from "../format.ts";
import { failed, loading, nothing } from "../parts/states.ts";
import { carryToken } from "../parts/save.ts";
import { timelineView, type TimelineView, type WindowMark } from "../timeline/timeline.ts";
import { formatOffset, zoomView, type View } from "../timeline/view.ts";
import { onTheme } from "../theme.ts";
import { anomalyHref, parseTracePoint, sliceHref, writeTracePoint } from "../url.ts";
import { functionTable } from "./function-table.ts";
import type { Page, Shell } from "./page.ts";
import { traceFacts } from "./trace-facts.ts";

type Open = { readonly timeline: TimelineView; readonly whole: Timeline; readonly start: number | undefined; stop(): void };

export function tracePage(root: HTMLElement, id: string, params: URLSearchParams, shell: Shell): Page {
  const abort = new AbortController();
  const path = `traces/${encodeURIComponent(id)}`;
  let asked = params;
  let open: Open | undefined;
  shell.setTitle(`Trace ${shortId(id)} · Foretrace`);
  root.replaceChildren(loading("the trace"));

  const start = (): void => {
    getJson<TraceItem>(path, {}, abort.signal)
      .then(frame)
      .catch((error: unknown) => {
        if (!isAbort(error)) root.replaceChildren(failed(error, start));
      });
  };
  /** Facts at once; reading a large trace for its timeline takes longer. */
  const frame = (trace: TraceItem): void => {
    const stage = h("div", { class: "trace-stage" });
    const download = h("a", { class: "button", download: "", hidden: true }, icon("download"), "Download this slice");
    download.title = "A valid Go trace: the whole generations that cover this view, for go tool trace or foretrace analyze";
    const note = h("p", { class: "view-note", role: "status", hidden: true });
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
            h("h1", { class: "mono", title: id }, shortId(id)),
          ),
          h("div", { class: "button-row" }, download),
        ),
        traceFacts(trace),
        note,
        stage,
      ),
    );
    const readTimeline = async (): Promise<void> => {
      const whole = await getJson<Timeline>(`${path}/timeline`, { width: 900 }, abort.signal);
      if (whole.to <= whole.from) {
        const hint = trace.error ?? "It holds no events, or all of them at one moment.";
        stage.replaceChildren(h("section", { class: "panel timeline-panel" }, nothing("This trace covers no time", hint)));
        return;
      }
      open = showTimeline(id, trace, whole, asked, { stage, download, note });
      await markWindows(trace, whole, open.timeline, abort.signal);
    };
    const read = (): void => {
      stage.replaceChildren(h("section", { class: "panel timeline-panel" }, loading("the timeline")));
      readTimeline().catch((error: unknown) => {
        if (!isAbort(error)) stage.replaceChildren(h("section", { class: "panel timeline-panel" }, failed(error, read)));
      });
    };
    read();
  };
  start();
  return {
    follow(next) {
      asked = next;
      open?.timeline.setView(viewOf(next, open.whole, open.start).view, "quiet");
      return true;
    },
    dispose() {
      abort.abort();
      open?.stop();
      open?.timeline.dispose();
    },
  };
}

type Places = { readonly stage: HTMLElement; readonly download: HTMLAnchorElement; readonly note: HTMLElement };

function showTimeline(id: string, trace: TraceItem, whole: Timeline, params: URLSearchParams, { stage, download, note }: Places): Open {
  const words = h("span", { class: "view-words number" });
  let data = whole;
  let writing: ReturnType<typeof setTimeout> | undefined;
  const asked = viewOf(params, whole, trace.start);
  const describe = (view: View): void => {
    const step = (view.to - view.from) / 1000;
    words.textContent = `${formatOffset(view.from, step)} – ${formatOffset(view.to, step)} ms · ${formatDuration(view.to - view.from)}`;
    download.href = sliceHref(id, view.from, view.to);
  };
  const timeline = timelineView({
    traceId: id,
    whole,
    start: trace.start,
    view: asked.view,
    onView(view, change) {
      describe(view);
      note.hidden = true;
      clearTimeout(writing);
      const write = (): void => {
        const url = `${location.pathname}?from=${writeTracePoint(view.from)}&to=${writeTracePoint(view.to)}`;
        history[change === "done" ? "pushState" : "replaceState"](null, "", url);
      };
      if (change === "done") write();
      else if (change === "moving") writing = setTimeout(write, 150);
    },
    onData(next, view) {
      data = next;
      functions.update(data, view);
    },
  });
  const functions = functionTable((name) => timeline.highlight(name));
  const zoom = (factor: number) => (): void => {
    const view = timeline.view();
    timeline.setView(zoomView(view, factor, (view.from + view.to) / 2, whole), "done");
  };
  stage.replaceChildren(
    h(
      "section",
      { class: "panel timeline-panel", "aria-label": "Timeline" },
      h(
        "div",
        { class: "timeline-bar" },
        words,
        h("span", { class: "hint muted" }, "Wheel or drag to zoom · Shift-drag to move · keys: arrows, + − 0"),
        h(
          "div",
          { class: "button-row" },
          button("zoomOut", "Zoom out", zoom(2)),
          button("zoomIn", "Zoom in", zoom(0.5)),
          button("fit", "Whole trace", () => timeline.setView(whole, "done")),
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
      functions.element,
    ),
  );
  download.hidden = false;
  carryToken(download, `${shortId(id)}.trace`, (reason) => {
    note.textContent = `The slice was not downloaded: ${reason}`;
    note.hidden = false;
  });
  describe(asked.view);
  if (asked.missed) {
    note.textContent = "The range in the address lies outside this trace. This is the whole trace.";
    note.hidden = false;
  }
  functions.update(data, timeline.view());
  const stopTheme = onTheme(() => functions.update(data, timeline.view()));
  return {
    timeline,
    whole,
    start: trace.start,
    stop() {
      clearTimeout(writing);
      stopTheme();
    },
  };
}

const button = (name: "zoomIn" | "zoomOut" | "fit", label: string, act: () => void): HTMLElement =>
  h("button", { class: "button icon-button", type: "button", title: label, "aria-label": label, onclick: act }, icon(name));

/** Marks the anomalous windows that the trace covers; without them the timeline stands as it is. */
async function markWindows(trace: TraceItem, whole: Timeline, timeline: TimelineView, signal: AbortSignal): Promise<void> {
  const { start } = trace;
  if (start === undefined) return;
  const end = start + whole.to / 1e6;
  const query = { target: trace.target, from: Math.floor(start), to: Math.ceil(end), limit: 50 };
  const found = await getJson<Items<Anomaly>>("anomalies", query, signal).catch(() => ({ items: [] }));
  const marks: WindowMark[] = found.items
    .filter((one) => one.to >= start && one.from <= end)
    .map((one) => ({
      from: Math.max(whole.from, (one.from - start) * 1e6),
      to: Math.min(whole.to, (one.to - start) * 1e6),
      href: anomalyHref(one.id),
      words: `Anomalous window ${formatInterval(one.from, one.to)} · × ${formatNumber(one.peakScore)} of threshold`,
    }));
  timeline.mark(marks);
}

/** The view of an address, inside the trace; the whole trace when it names none, or (`missed`) one that lies outside. */
export function viewOf(params: URLSearchParams, whole: View, start: number | undefined): { readonly view: View; readonly missed: boolean } {
  const [askedFrom, askedTo] = [parseTracePoint(params.get("from"), start), parseTracePoint(params.get("to"), start)];
  const from = Math.max(whole.from, askedFrom ?? whole.from);
  const to = Math.min(whole.to, askedTo ?? whole.to);
  if (to > from) return { view: { from, to }, missed: false };
  return { view: { from: whole.from, to: whole.to }, missed: askedFrom !== undefined || askedTo !== undefined };
}
