/** CSV: a line for each window and series, written while the trace streams. */
import { createAllSeries } from "../../features/all-series.ts";
import { createCoreSeries } from "../../features/core-series.ts";
import type { FeatureWindow } from "../../features/window.ts";
import type { Answer, AnswerOptions } from "./answer.ts";

const head = "window_start_ns,name,value\n";

export function csvAnswer({ windowNanos, from, to, write, series: set }: AnswerOptions): Answer {
  let begun = false;
  // Not before it is known that the input is a trace.
  const begin = (): void => {
    if (!begun) write(head);
    begun = true;
  };
  const onWindow = (window: FeatureWindow): void => {
    if (window.start < from || window.start >= to) return;
    begin();
    write(formatWindow(window));
  };
  const series = (set === "all" ? createAllSeries : createCoreSeries)({ windowNanos, onWindow });
  return {
    visitor: series,
    // The wide series have no parts that could be read apart.
    ...(set === "all" ? {} : { onWindow }),
    finish() {
      series.finish();
      begin();
    },
  };
}

function formatWindow({ start, values }: FeatureWindow): string {
  let text = "";
  for (const name of [...values.keys()].sort()) text += `${start},${quoted(name)},${values.get(name)}\n`;
  return text;
}

/** RFC 4180. */
const quoted = (field: string): string => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field);
