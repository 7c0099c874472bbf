/** Facts → the report's document. Where there is nothing to tell it says so. */
import { formatDuration, formatNumber } from "../../lib/units.ts";
import type { AnomalyRecord, TimeRange, TraceRecord } from "../../store/ports.ts";
import type { Block, Line, ReportDocument } from "./document.ts";
import type { Pauses, TargetFacts, Worst } from "./gather.ts";
import type { Skill } from "./skill.ts";
import { countText, millisText, percentText, seriesText, type Times, valueText } from "./words.ts";

export type ReportFacts = { readonly range: TimeRange; readonly targets: readonly TargetFacts[] };

/** Rows of a table; the rest is counted. */
const mostAnomalies = 20;
const mostTraces = 20;
const mostSeries = 10;
/** Series named with an anomaly. */
const topSeries = 3;
/** Of a score; less is not worth a reader's time. */
const leastShare = 0.01;

export const reportTitle = (range: TimeRange, times: Times): string =>
  `Foretrace report, ${times.span(range.from, range.to)} (${times.zone})`;

export function composeReport({ range, targets }: ReportFacts, times: Times): ReportDocument {
  const title = reportTitle(range, times);
  const anomalies = targets.reduce((sum, { anomalies: each }) => sum + each.length, 0);
  const open = targets.reduce((sum, { anomalies: each }) => sum + each.filter((record) => record.open).length, 0);
  const summary: Line =
    targets.length === 0
      ? ["No target is known: nothing has been uploaded or configured yet."]
      : [
          { strong: anomalies === 0 ? "No anomalous window" : countText(anomalies, "anomalous window") },
          ` in ${countText(targets.length, "target")}${open > 0 ? `, ${formatNumber(open)} still open` : ""}. `,
          `All times are in ${times.zone}. The range is ${lengthText(range.to - range.from)} long.`,
        ];
  return {
    title,
    blocks: [
      { kind: "heading", level: 1, text: title },
      { kind: "paragraph", line: summary },
      ...targets.flatMap((facts) => targetBlocks(facts, range, times)),
    ],
  };
}

function targetBlocks(facts: TargetFacts, range: TimeRange, times: Times): Block[] {
  const { target, series, anomalies, skill, trained, traces, pauses } = facts;
  const heading: Block = { kind: "heading", level: 2, text: target };
  if (series === 0 && anomalies.length === 0 && traces.length === 0) {
    return [heading, { kind: "paragraph", line: ["No sample, no trace and no forecast of this target lies in the range."] }];
  }
  return [
    heading,
    {
      kind: "paragraph",
      line: [`Series with samples: ${formatNumber(series)}. Traces: ${formatNumber(traces.length)}.`],
    },
    ...anomalyBlocks(anomalies, range, times),
    { kind: "heading", level: 3, text: "Forecasts" },
    ...trainedBlocks(trained, times),
    ...skillBlocks(skill),
    ...pauseBlocks(pauses, times),
    ...traceBlocks(traces, times),
  ];
}

function anomalyBlocks(anomalies: readonly AnomalyRecord[], range: TimeRange, times: Times): Block[] {
  const heading: Block = { kind: "heading", level: 3, text: "Anomalous windows" };
  if (anomalies.length === 0) return [heading, { kind: "paragraph", line: ["None."] }];
  const strongest = anomalies.toSorted((a, b) => b.peakScore - a.peakScore).slice(0, mostAnomalies);
  const length = Math.max(1, range.to - range.from);
  const marks = anomalies.map(({ from, to }) => ({ from: (from - range.from) / length, to: (to - range.from) / length }));
  return [
    heading,
    { kind: "strip", label: `${countText(anomalies.length, "anomalous window")} over the range`, marks },
    {
      kind: "table",
      head: ["When", "Length", "Peak", "What stood out (observed, expected)", "Trace"],
      rows: strongest.map((record) => [
        [{ text: times.span(record.from, record.to), href: `/anomalies/${record.id}` }, record.open ? " (open)" : ""],
        [millisText(record.to - record.from)],
        [`${formatNumber(record.peakScore)} × the threshold, ${times.moment(record.peakAt)}`],
        contributionsLine(record),
        tracesLine(record),
      ]),
    },
    ...restOf(anomalies.length, mostAnomalies, "weaker window"),
  ];
}

function contributionsLine({ contributions }: AnomalyRecord): Line {
  const top = contributions
    .filter(({ share }) => share >= leastShare)
    .toSorted((a, b) => b.share - a.share)
    .slice(0, topSeries);
  return top.flatMap(({ labels, share, observed, expected }, index) => [
    index > 0 ? "; " : "",
    { code: seriesText(labels) },
    ` ${valueText(labels, observed)}, ${expected === null ? "no expectation" : valueText(labels, expected)} (${percentText(share)})`,
  ]);
}

const tracesLine = ({ traces }: AnomalyRecord): Line =>
  traces.length === 0 ? ["–"] : traces.flatMap(({ id, url }, index) => [index > 0 ? ", " : "", { text: id.slice(0, 8), href: url }]);

function trainedBlocks(trained: TargetFacts["trained"], times: Times): Block[] {
  if (trained === undefined) return [{ kind: "paragraph", line: ["No forecaster had been trained by the end of the range."] }];
  return trained.parts.map(({ step, skill, coverage95, lstmServed, series }): Block => {
    const found =
      skill === null || coverage95 === null
        ? "there was too little history to hold any out."
        : `on held-out history (which also chose between them, and so flatters a little) skill against the seasonal naive forecast was ${percentText(skill)}, and ${percentText(coverage95)} of the values lay within the 95 % interval.`;
    const line = `Trained ${times.moment(trained.at)} on series of every ${millisText(step)}: the lstm serves ${formatNumber(lstmServed)} of ${formatNumber(series.length)}, the seasonal naive forecast the rest; ${found}`;
    return { kind: "paragraph", line: [line] };
  });
}

function skillBlocks(skill: Skill | undefined): Block[] {
  if (skill === undefined) return [{ kind: "paragraph", line: ["No forecast issued in the range has met a value yet."] }];
  const ranked = skill.series.filter((each) => !Number.isNaN(each.skill)).sort((a, b) => a.skill - b.skill);
  const worst = ranked.slice(0, mostSeries);
  const sentence: Line = [
    `Forecasts of ${countText(skill.series.length, "series", "series")} met ${countText(skill.points, "value")}. `,
    ...(Number.isNaN(skill.median)
      ? ["The seasonal naive forecast made no error on any of them, so there is no skill to state. "]
      : [
          "Median skill against the seasonal naive forecast: ",
          { strong: percentText(skill.median) },
          " less quantile loss (below 0 % the naive forecast was better). ",
        ]),
    `${percentText(skill.coverage)} of the values lay within the 95 % interval.`,
  ];
  if (worst.length === 0) return [{ kind: "paragraph", line: sentence }];
  return [
    { kind: "paragraph", line: sentence },
    {
      kind: "table",
      head: ["Series, least skill first", "Model", "Skill against naive", "Within 95 % interval", "Values"],
      rows: worst.map((each) => [
        [{ code: seriesText(each.labels) }],
        [each.model],
        [percentText(each.skill)],
        [percentText(each.coverage)],
        [formatNumber(each.points)],
      ]),
    },
    ...restOf(ranked.length, mostSeries, "series with more skill", "series with more skill"),
  ];
}

function pauseBlocks(pauses: Pauses | undefined, times: Times): Block[] {
  if (pauses === undefined) return [];
  const worst = (what: string, found: Worst | undefined): Line => [
    `${what}: `,
    ...(found === undefined
      ? ["none seen"]
      : [{ strong: valueText(found.labels, found.value) }, `, in the cell that ends at ${times.moment(found.at)}`]),
    ...(found?.labels["kind"] === undefined ? [] : [" (", { code: found.labels["kind"] }, ")"]),
  ];
  const { gcPauseSeconds } = pauses;
  return [
    { kind: "heading", level: 3, text: "Pauses and waits" },
    { kind: "paragraph", line: [`Traces cover ${millisText(pauses.coveredMillis)} of the range.`] },
    {
      kind: "list",
      items: [
        worst("Longest pause by the garbage collector", pauses.longestGcPause),
        [`Paused by the garbage collector in all: ${gcPauseSeconds === undefined ? "not known" : formatDuration(gcPauseSeconds * 1e9)}`],
        worst("Longest stop of the world", pauses.longestStop),
        worst("Longest wait of a runnable goroutine for a processor", pauses.longestSchedLatency),
      ],
    },
  ];
}

function traceBlocks(traces: readonly TraceRecord[], times: Times): Block[] {
  if (traces.length === 0) return [];
  const newestFirst = traces.toSorted((a, b) => (b.start ?? b.uploadedAt) - (a.start ?? a.uploadedAt));
  return [
    { kind: "heading", level: 3, text: "Traces" },
    {
      kind: "table",
      head: ["Trace", "When", "Length", "Events", "State"],
      rows: newestFirst.slice(0, mostTraces).map((trace) => {
        const { start, end } = trace;
        const known = start !== undefined && end !== undefined;
        return [
          [{ text: trace.id.slice(0, 8), href: `/traces/${trace.id}` }],
          [known ? times.span(start, end) : `uploaded ${times.moment(trace.uploadedAt)}`],
          [known ? millisText(end - start) : "not known"],
          [trace.events === undefined ? "not known" : formatNumber(trace.events)],
          [stateWords[trace.status], ...(trace.error === undefined ? [] : [`: ${trace.error}`])],
        ];
      }),
    },
    ...restOf(traces.length, mostTraces, "older trace"),
  ];
}

const dayMillis = 86_400_000;
const lengthText = (millis: number): string =>
  millis < 2 * dayMillis ? millisText(millis) : countText(Math.round((millis / dayMillis) * 10) / 10, "day");

const stateWords: Readonly<Record<TraceRecord["status"], string>> = {
  stored: "not read yet",
  extracted: "read",
  partial: "read up to a break",
  failed: "could not be read",
};

const restOf = (count: number, shown: number, one: string, many?: string): Block[] =>
  count <= shown ? [] : [{ kind: "paragraph", line: [`and ${countText(count - shown, one, many)}.`] }];
