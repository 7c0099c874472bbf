/** What happened in a time range, as Markdown and HTML. */
import { ForetraceError } from "../../lib/errors.ts";
import { epochMillis } from "../../lib/units.ts";
import { recordId } from "../hash.ts";
import type { JobInput } from "../inputs.ts";
import { composeReport, reportTitle } from "../report/compose.ts";
import { gatherFacts, type TargetFacts } from "../report/gather.ts";
import { toHtml } from "../report/html.ts";
import { toMarkdown } from "../report/markdown.ts";
import { timesIn } from "../report/words.ts";
import type { Step } from "../step.ts";

export type ReportOutput = { readonly report: string; readonly targets: number; readonly anomalies: number };

const defaultRangeMillis = 7 * 86_400_000;
/** Milliseconds from 1970 to the ends of the calendar (ECMA-262, time values). */
const lastMoment = 8.64e15;
const defaultZone = "UTC";

/**
 * A report of [from, to] over all targets; without bounds of the configured range up to now. The same range again replaces the report.
 * @throws ForetraceError bad_usage when a bound is no moment, or `to` lies before `from`; canceled.
 */
export const report: Step<JobInput<"report">, ReportOutput> = async (input, context) => {
  const { store, config, clock } = context;
  const to = epochMillis(input.to ?? clock());
  const from = epochMillis(input.from ?? to - (config.report?.rangeMillis ?? defaultRangeMillis));
  for (const [field, value] of Object.entries({ from, to })) {
    if (!(Math.abs(value) <= lastMoment)) {
      const remedy = "give milliseconds since 1970";
      throw new ForetraceError("bad_usage", `the report would reach ${field} ${value}, which is no moment of the calendar; ${remedy}`, {
        input: field,
      });
    }
  }
  if (to < from) throw new ForetraceError("bad_usage", 'field "to" of the report lies before "from"', { input: "to" });
  const range = { from, to };
  const times = timesIn(config.report?.timezone ?? defaultZone);
  const known = await store.targets.list();
  const names = [...new Set([...config.targets.map(({ name }) => name), ...known.map(({ name }) => name)])].sort();
  const targets: TargetFacts[] = [];
  for (const [index, name] of names.entries()) {
    if (context.signal.aborted) throw new ForetraceError("canceled", "the report was cancelled");
    targets.push(await gatherFacts(context, name, range));
    context.progress((index + 1) / names.length);
  }
  const document = composeReport({ range, targets }, times);
  const id = recordId("report", from, to);
  const record = { id, createdAt: clock(), from, to, title: reportTitle(range, times) };
  await store.outcomes.putReport(record, { markdown: toMarkdown(document), html: toHtml(document) });
  return { report: id, targets: names.length, anomalies: targets.reduce((sum, { anomalies }) => sum + anomalies.length, 0) };
};
