/** CSV: a line for each window and series, written while the trace streams. */
import { createAllSeries } from "../../features/all-series.ts";
import { createCoreSeries } from "../../features/core-series.ts";
import type { FeatureWindow } from "../../features/window.ts";
import type { Answer, AnswerOptions } from "./answer.ts";

const head = "window_start_ns,name,value\n";

export function csvAnswer({ windowNanos, from, to, write, series: set }: AnswerOptions): Answer {
  let begun = false;
  const lines = new Lines();
  // Not before it is known that the input is a trace.
  const begin = (): void => {
    if (!begun) write(head);
    begun = true;
  };
  const onWindow = (window: FeatureWindow): void => {
    if (window.start < from || window.start >= to) return;
    begin();
    write(lines.format(window));
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

/** Names that are remembered as they are quoted: a program may make up a label value for each request. */
const mostFields = 10_000;

/** Lines of windows. A name is quoted once. */
class Lines {
  private readonly fields = new Map<string, string>();

  format({ start, values }: FeatureWindow): string {
    let text = "";
    for (const name of [...values.keys()].sort()) text += `${start},${this.field(name)},${values.get(name)}\n`;
    return text;
  }

  private field(name: string): string {
    let field = this.fields.get(name);
    if (field === undefined) {
      if (this.fields.size >= mostFields) this.fields.clear();
      field = quoted(name);
      this.fields.set(name, field);
    }
    return field;
  }
}

/** RFC 4180. */
const quoted = (field: string): string => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field);
