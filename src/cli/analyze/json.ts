/** JSON: one document, one line a window, so that it streams; the summary comes last. Shape and stability: docs/analyze.md. */
import { findingJson } from "../../features/findings.ts";
import { createSummary } from "../../features/summary.ts";
import { breakFields } from "../break-text.ts";
import type { Answer, AnswerOptions } from "./answer.ts";

/** Raised when a field changes its meaning or goes away; new fields may come at any time. */
const schemaVersion = 2;

export function jsonAnswer({ input, windowNanos, from, to, write, series: set }: AnswerOptions): Answer {
  let windows = 0;
  const open = (): string => `{"schema":${schemaVersion},"input":${JSON.stringify(input)},"windowNanos":${windowNanos},"windows":[\n`;
  const summary = createSummary({
    windowNanos,
    from,
    to,
    onWindow({ start, length, values }, wide) {
      const all = set === "all" ? [...values, ...wide] : [...values];
      const series = Object.fromEntries(all.sort(([one], [two]) => (one < two ? -1 : 1)));
      write(`${windows === 0 ? open() : ",\n"}${JSON.stringify({ start, nanos: length, series })}`);
      windows++;
    },
  });
  return {
    visitor: summary,
    finish(outcome) {
      const { findings, ...found } = summary.finish();
      const { error, salvaged } = breakFields(outcome);
      write(
        `${windows === 0 ? open() : "\n"}],"summary":${JSON.stringify(found)},"findings":${JSON.stringify(findings.map(findingJson))},"error":${JSON.stringify(error)},"salvaged":${JSON.stringify(salvaged)}}\n`,
      );
    },
  };
}
