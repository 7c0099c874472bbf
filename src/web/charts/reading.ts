/** What a chart says apart from its lines: where the mark stands, and the whole in a sentence. Pure. */
import type { SeriesData } from "../api-types.ts";
import { formatMoment, formatNumber, formatValue } from "../format.ts";
import type { Span } from "../range.ts";

/** What the upright mark stands for: now, or where the forecast begins when the data are old. */
export type Mark = { readonly at: number; readonly word: string };

/** Undefined when neither lies in the range. */
export function markOf(data: Pick<SeriesData, "forecast">, span: Span, now: number): Mark | undefined {
  if (now >= span.from && now <= span.to) return { at: now, word: "now" };
  const issued = data.forecast?.issuedAt;
  return issued !== undefined && issued >= span.from && issued <= span.to ? { at: issued, word: "forecast made" } : undefined;
}

/** The chart in a sentence, for readers who do not see it. */
export function chartWords(title: string, unit: string, data: SeriesData, span: Span): string {
  const last = data.samples.findLast((sample) => sample[1] !== null);
  const median = data.forecast?.quantiles[data.forecast.levels.indexOf(0.5)];
  const end = data.forecast === null ? undefined : data.forecast.start + ((median?.length ?? 1) - 1) * data.forecast.step;
  const windows = data.anomalies.filter((anomaly) => anomaly.to >= span.from && anomaly.from <= span.to).length;
  return [
    `Chart of ${title}`,
    last === undefined ? "no samples in this range" : `last value ${formatValue(last[1], unit)} at ${formatMoment(last[0])}`,
    median === undefined || end === undefined ? "no forecast" : `forecast ${formatValue(median.at(-1), unit)} at ${formatMoment(end)}`,
    `${formatNumber(windows)} anomalous ${windows === 1 ? "window" : "windows"}`,
    "arrow keys read the points",
  ].join(", ");
}
