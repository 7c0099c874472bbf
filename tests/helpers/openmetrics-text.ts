/** Samples as OpenMetrics text, for feeding real servers and our own reader. */
import { formatSeriesName, type Labels, type Sample } from "../../src/lib/series.ts";

export function openMetricsText(series: readonly { labels: Labels; samples: readonly Sample[]; type?: "counter" | "gauge" }[]): string {
  const lines: string[] = [];
  let family = "";
  for (const { labels, samples, type = "gauge" } of series) {
    const name = labels["__name__"]!;
    if (name !== family) {
      family = name;
      lines.push(`# TYPE ${type === "counter" ? name.replace(/_total$/, "") : name} ${type}`);
    }
    const text = formatSeriesName(labels);
    for (const { t, v } of samples) lines.push(`${text} ${formatValue(v)} ${t / 1000}`);
  }
  lines.push("# EOF", "");
  return lines.join("\n");
}

const formatValue = (v: number): string => (v === Infinity ? "+Inf" : v === -Infinity ? "-Inf" : Object.is(v, -0) ? "-0" : String(v));
