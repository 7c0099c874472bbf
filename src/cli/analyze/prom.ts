/**
 * Prometheus text (version 0.0.4): the whole trace, or the asked range, as one window, without timestamps.
 * Quantiles are exact, which takes 8 bytes of memory for each time a goroutine was scheduled.
 */
import { catalogue } from "../../features/catalogue.ts";
import { createAllSeries } from "../../features/all-series.ts";
import { createCoreSeries } from "../../features/core-series.ts";
import type { FeatureWindow } from "../../features/window.ts";
import type { Answer, AnswerOptions } from "./answer.ts";

export function promAnswer({ from, to, write, series: set }: AnswerOptions): Answer {
  let found: FeatureWindow | undefined;
  const longest = Number.MAX_SAFE_INTEGER;
  // Window 0 is what lies before the range, window 1 the range; without --from there is nothing before it.
  const wanted = from > 0 ? 1 : 0;
  const length = Math.min(longest, to) - from;
  const create = set === "all" ? createAllSeries : createCoreSeries;
  const series = create({
    windowNanos: length,
    ...(from > 0 ? { firstWindowNanos: from } : {}),
    onWindow(window) {
      if (window.index === wanted) found = window;
    },
  });
  return {
    visitor: series,
    finish() {
      series.finish();
      write(formatExposition(found?.values ?? new Map()));
    },
  };
}

/** HELP and TYPE once a metric, in the order of the catalogue. */
export function formatExposition(values: ReadonlyMap<string, number>): string {
  const families = new Map<string, string[]>();
  for (const [name, value] of values) {
    const family = name.split("{", 1)[0]!;
    const line = `${name} ${value}`;
    const lines = families.get(family);
    if (lines === undefined) families.set(family, [line]);
    else lines.push(line);
  }
  let text = "";
  for (const { name, help, type } of catalogue) {
    const lines = families.get(name);
    if (lines !== undefined) text += `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.sort().join("\n")}\n`;
  }
  return text;
}
