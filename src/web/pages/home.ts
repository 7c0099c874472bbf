/** `/`: the targets, and for the chosen one its overview, anomalous windows and series. */
import { getJson, isAbort } from "../api.ts";
import type { Anomaly, Forecast, Items, ReportItem, SeriesData, SeriesItem, TargetItem, TraceItem } from "../api-types.ts";
import { h } from "../dom.ts";
import { coveringTraces } from "../covering.ts";
import { formatAge } from "../format.ts";
import { seriesId } from "../group.ts";
import { failed, firstTrace, loading, nothing } from "../parts/states.ts";
import { fittingSpan, rangeAnchor, resolveRange, shortestRange, type Range, type Span } from "../range.ts";
import { anomalyHref, parseRange, writeRange } from "../url.ts";
import { anomalyLimit, anomalyList } from "./anomaly-list.ts";
import { overview } from "./overview.ts";
import type { Page, Shell } from "./page.ts";
import { reportList } from "./report-list.ts";
import { seriesSection } from "./series-section.ts";
import { targetsNav } from "./targets-nav.ts";
import { toolbar } from "./toolbar.ts";
import { traceLimit, traceList } from "./trace-list.ts";

const week = 7 * 86_400_000;

export function homePage(root: HTMLElement, params: URLSearchParams, shell: Shell): Page {
  const abort = new AbortController();
  const main = h("div", { class: "target" }, loading("targets"));
  const nav = targetsNav();
  root.replaceChildren(h("div", { class: "home" }, nav.element, main));
  let view: TargetView | undefined;

  const load = async (): Promise<void> => {
    try {
      const { items } = await getJson<Items<TargetItem>>("targets", {}, abort.signal);
      nav.update(items, view?.name ?? params.get("target"));
      if (items.length === 0) {
        shell.setTitle("Foretrace");
        if (main.querySelector(".welcome") === null)
          main.replaceChildren(firstTrace(params.get("target") ?? "my-service", () => void load()));
        return;
      }
      const wanted = view?.name ?? params.get("target") ?? mostUrgent(items);
      const target = items.find((item) => item.name === wanted);
      if (target === undefined) {
        main.replaceChildren(nothing(`There is no target “${wanted}”`, "Choose one from the list."));
        return;
      }
      nav.update(items, target.name);
      if (view === undefined) {
        shell.setTitle(`${target.name} · Foretrace`);
        view = targetView(main, target, params, abort.signal, shell, () => void load());
      } else await view.update(target);
    } catch (error) {
      if (!isAbort(error) && view === undefined) main.replaceChildren(failed(error, () => void load()));
    }
  };
  void load();
  return {
    refresh: () => void load(),
    follow(next) {
      return view !== undefined && (next.get("target") ?? view.name) === view.name && view.follow(next);
    },
    dispose() {
      abort.abort();
      view?.dispose();
    },
  };
}

/** The target a reader most likely came for: open anomalies first, then one with traces to look into, then the newest sample. */
export function mostUrgent(items: readonly TargetItem[]): string {
  const sorted = [...items].sort(
    (a, b) =>
      b.openAnomalies - a.openAnomalies || Number(b.traces > 0) - Number(a.traces > 0) || (b.lastSampleAt ?? 0) - (a.lastSampleAt ?? 0),
  );
  return sorted[0]!.name;
}

type TargetView = {
  readonly name: string;
  update(target: TargetItem): Promise<void>;
  follow(params: URLSearchParams): boolean;
  dispose(): void;
};

function targetView(
  main: HTMLElement,
  first: TargetItem,
  params: URLSearchParams,
  signal: AbortSignal,
  shell: Shell,
  reload: () => void,
): TargetView {
  let target = first;
  let range: Range | undefined = parseRange(params);
  let fitted: Range = { kind: "live", span: 6 * 3_600_000 };
  let anomalies: readonly Anomaly[] = [];
  let forecasts: readonly Forecast[] = [];
  let score: SeriesData["samples"] = [];
  let series: readonly SeriesItem[] = [];
  let stored: readonly TraceItem[] = [];
  let units = new Map<string, string>();
  let ready = false;

  const current = (): Range => range ?? fitted;
  const forecastEnd = (): number | null =>
    forecasts.reduce<number | null>(
      (latest, one) => Math.max(latest ?? 0, one.start + ((one.quantiles[0]?.length ?? 1) - 1) * one.step),
      null,
    );
  const span = (): Span => resolveRange(current(), Date.now(), target.lastSampleAt, forecastEnd());
  const setRange = (next: Range | undefined, push: boolean): void => {
    if (next?.kind === "fixed" && next.to - next.from < shortestRange) return;
    range = next;
    const query = new URLSearchParams(location.search);
    query.set("target", target.name);
    if (next === undefined) for (const key of ["span", "from", "to"]) query.delete(key);
    else writeRange(query, next);
    history[push ? "pushState" : "replaceState"](null, "", `/?${query.toString()}`);
    draw();
    section.refresh();
  };
  const onZoom = (next: Span): void => setRange({ kind: "fixed", ...next }, true);
  const onReset = (): void => setRange(undefined, true);

  const onWindow = (id: string): void => shell.go(anomalyHref(id));

  const head = overview(target.name, { onZoom, onReset, onWindow, onUploaded: reload });
  const list = anomalyList();
  const section = seriesSection({ target: target.name, syncKey: "series", span, now: () => Date.now(), onZoom, onReset, onWindow });
  const traces = traceList();
  const reports = reportList();
  const bar = toolbar({
    query: params.get("q") ?? "",
    onRange: (next) => setRange(next, true),
    onBack: onReset,
    onFilter: (query, only) => section.filter(query, only),
  });
  section.filter(params.get("q") ?? "", false);
  main.replaceChildren(loading(`“${target.name}”`));

  const draw = (): void => {
    const shown = span();
    const anchor = rangeAnchor(current(), Date.now(), target.lastSampleAt);
    const old = current().kind === "live" && Date.now() - anchor > 60_000;
    bar.show(current(), shown, old ? `newest sample ${formatAge(anchor, Date.now())}` : "");
    head.facts(target, anomalies, forecasts, score.length > 0);
    const firstAt = score[0]?.[0] ?? shown.from;
    const whole = { from: Math.min(firstAt, shown.from), to: Math.max(score.at(-1)?.[0] ?? 0, shown.to) };
    head.score(score, anomalies, whole, shown, Date.now());
    list.update(anomalies, {
      unitOf: (part) => units.get(seriesId(part.labels)) ?? "",
      tracesOf: (anomaly) => coveringTraces(anomaly, stored),
      scored: score.length > 0,
    });
    section.setSeries(
      series.filter((item) => !/^foretrace_anomaly_(score|active)$/.test(item.labels["__name__"] ?? "")),
      anomalies.filter((anomaly) => anomaly.to >= shown.from && anomaly.from <= shown.to),
    );
  };

  const load = async (): Promise<void> => {
    const last = target.lastSampleAt ?? Date.now();
    const query = { target: target.name };
    const [listed, windows, said, kept, made] = await Promise.all([
      getJson<Items<SeriesItem>>("series", query, signal),
      getJson<Items<Anomaly>>("anomalies", { ...query, limit: anomalyLimit }, signal),
      getJson<Items<Forecast>>("forecasts", query, signal),
      getJson<Items<TraceItem>>("traces", { ...query, limit: traceLimit }, signal),
      // The target stands without them.
      getJson<Items<ReportItem>>("reports", {}, signal).catch(() => ({ items: [] })),
    ]);
    series = listed.items;
    stored = kept.items;
    units = new Map(series.map((item) => [seriesId(item.labels), item.unit]));
    anomalies = [...windows.items].sort((a, b) => b.from - a.from);
    forecasts = said.items;
    const scored = series.find((item) => item.labels["__name__"] === "foretrace_anomaly_score");
    if (scored !== undefined) {
      // The first answer brings the week, later ones only what came since.
      const known = score.at(-1)?.[0] ?? last - week;
      const asked = { ...query, name: scored.name, from: known, to: Math.max(last, Date.now()) };
      const fresh = (await getJson<SeriesData>("series/data", asked, signal)).samples;
      score = [...score.filter(([t]) => t >= last - week && t < (fresh[0]?.[0] ?? Infinity)), ...fresh];
    }
    const starts = stored.flatMap((trace) => trace.start ?? []);
    const earliest = starts.length === 0 ? null : Math.min(...starts);
    fitted = { kind: "live", span: fittingSpan(score[0]?.[0] ?? earliest, target.lastSampleAt) };
    if (!ready) {
      ready = true;
      main.replaceChildren(head.element, list.element, bar.element, section.element, traces.element, reports.element);
    }
    traces.update(stored);
    reports.update(made.items);
    draw();
    section.refresh();
  };
  const start = (): void => {
    load().catch((error: unknown) => {
      if (!isAbort(error)) main.replaceChildren(failed(error, start));
    });
  };
  start();

  return {
    name: target.name,
    async update(next) {
      target = next;
      if (ready) await load();
    },
    follow(next) {
      range = parseRange(next);
      if (ready) {
        draw();
        section.refresh();
      }
      return true;
    },
    dispose() {
      head.dispose();
      section.dispose();
    },
  };
}
