/** The head of a target: four facts and the score of its whole history. */
import type { Anomaly, Forecast, TargetItem } from "../api-types.ts";
import { scoreChart, type ScoreChart } from "../charts/score-chart.ts";
import { h, renderKeyed } from "../dom.ts";
import { formatAge, formatClock, formatDay, formatMoment, formatNumber, zoneName } from "../format.ts";
import type { Span } from "../range.ts";
import { uploadButton } from "../parts/upload.ts";
import { anomalyHref } from "../url.ts";

export type Overview = {
  readonly element: HTMLElement;
  facts(target: TargetItem, anomalies: readonly Anomaly[], forecasts: readonly Forecast[], scored: boolean): void;
  score(samples: readonly (readonly [number, number | null])[], anomalies: readonly Anomaly[], whole: Span, shown: Span, now: number): void;
  dispose(): void;
};

export type OverviewActions = {
  onZoom(span: Span): void;
  onReset(): void;
  onWindow(id: string): void;
  onUploaded(): void;
};

export function overview(target: string, actions: OverviewActions): Overview {
  const tiles = h("dl", { class: "tiles" });
  const host = h("div", { class: "chart score-chart" });
  const panel = h(
    "section",
    { class: "panel", hidden: true, "aria-labelledby": "score-title" },
    h(
      "h2",
      { id: "score-title" },
      "Anomaly score",
      h("small", {}, "as a multiple of the threshold; drag across it to choose the range below"),
    ),
    host,
  );
  let chart: ScoreChart | undefined;
  return {
    element: h(
      "div",
      { class: "overview" },
      h(
        "div",
        { class: "target-head" },
        h("div", { class: "head-words" }, h("h1", {}, target), h("p", { class: "muted zone" }, `Times in ${zoneName(Date.now())}`)),
        uploadButton(target, actions.onUploaded),
      ),
      tiles,
      panel,
    ),
    facts(item, anomalies, forecasts, scored) {
      const facts = describeTarget(item, anomalies, forecasts, scored, Date.now());
      renderKeyed(tiles, JSON.stringify(facts), () =>
        facts.map((fact) =>
          h(
            "div",
            { class: `tile ${fact.tone}` },
            h("dt", {}, fact.title),
            h(
              "dd",
              {},
              h("b", {}, fact.value),
              fact.href === undefined ? h("span", { class: "muted" }, fact.note) : h("a", { href: fact.href }, fact.note),
            ),
          ),
        ),
      );
    },
    score(samples, anomalies, whole, shown, now) {
      panel.hidden = samples.length === 0;
      if (panel.hidden) return;
      chart ??= scoreChart(host, actions.onZoom, actions.onReset, actions.onWindow);
      chart.update(samples, anomalies, whole, shown, now);
    },
    dispose: () => chart?.destroy(),
  };
}

export type Fact = {
  readonly title: string;
  readonly value: string;
  readonly note: string;
  readonly tone: "" | "bad" | "good" | "forecast";
  /** Where the note leads. */
  readonly href?: string;
};

/** The four tiles in words; `scored`: a detector has looked at the target. */
export function describeTarget(
  target: TargetItem,
  anomalies: readonly Anomaly[],
  forecasts: readonly Forecast[],
  scored: boolean,
  now: number,
): Fact[] {
  const newest = anomalies[0];
  const oldestOpen = anomalies.findLast((anomaly) => anomaly.open);
  const said = oldestOpen ?? newest;
  const ends = forecasts.map((forecast) => forecast.start + ((forecast.quantiles[0]?.length ?? 0) - 1) * forecast.step);
  const end = ends.length === 0 ? undefined : Math.max(...ends);
  const models = [...new Set(forecasts.map((forecast) => forecast.model))].sort();
  const open = target.openAnomalies;
  return [
    {
      title: "Open anomalies",
      value: scored || open > 0 ? String(open) : "–",
      note:
        said === undefined || newest === undefined
          ? scored
            ? "none recorded"
            : "not scored yet"
          : open > 0
            ? `since ${formatMoment(said.from, now)}`
            : `last one ${formatAge(newest.to, now)}`,
      tone: open > 0 ? "bad" : scored ? "good" : "",
      ...(said === undefined ? {} : { href: anomalyHref(said.id) }),
    },
    {
      title: "Last sample",
      value: target.lastSampleAt === null ? "–" : formatAge(target.lastSampleAt, now),
      note:
        target.lastSampleAt === null
          ? "nothing stored yet"
          : `${formatMoment(target.lastSampleAt, now)} · ${formatNumber(target.series)} series`,
      tone: "",
    },
    {
      title: "Forecasts",
      value:
        forecasts.length === 0
          ? "–"
          : `until ${formatDay(end!) === formatDay(now) ? "" : `${formatDay(end!)} `}${formatClock(end!, false)}`,
      note:
        forecasts.length === 0 ? "none yet; they need recent samples" : `${formatNumber(forecasts.length)} series · ${models.join(", ")}`,
      tone: "forecast",
    },
    {
      title: "Traces",
      value: formatNumber(target.traces),
      note: target.traces === 0 ? "upload one to see inside" : "stored, see the list",
      tone: "",
      ...(target.traces === 0 ? {} : { href: "#traces" }),
    },
  ];
}
