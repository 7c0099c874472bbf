/** `foretrace report`: what happened in a time range, as Markdown or HTML. */
import { Command, Option } from "commander";
import { ForetraceError } from "../../lib/errors.ts";
import { epochMillis, parseDurationMillis } from "../../lib/units.ts";
import type { TimeRange } from "../../store/ports.ts";
import { rfc3339Millis } from "../rfc3339.ts";
import { openSink } from "../sink.ts";
import { withServiceOptions } from "./serve.ts";

type Options = {
  config?: string;
  data: string;
  logLevel: string;
  from?: string;
  to?: string;
  last?: string;
  format: "md" | "html";
  out?: string;
};

export function reportCommand(): Command {
  return withServiceOptions(new Command("report"))
    .summary("a report of a time range: anomalies, forecasts, traces")
    .description(
      "Writes what happened in a time range: anomalous windows with links, forecasts and their skill, traces. Asks a running `serve` when there is one.",
    )
    .option("--from <time>", "start, RFC 3339 (2026-11-23T00:00:00Z)")
    .option("--to <time>", "end; now unless told")
    .option("--last <duration>", "instead of --from: this long up to the end (7d, 12h); 7d unless told")
    .addOption(new Option("--format <format>", "form of the report").choices(["md", "html"]).default("md"))
    .option("--out <file>", "write there instead of standard output")
    .addHelpText(
      "after",
      `
Examples:
  foretrace report --last 24h
  foretrace report --from 2026-11-16T00:00:00Z --to 2026-11-23T00:00:00Z --format html --out week.html
By schedule: report.cron in the configuration, see deploy/foretrace.yaml.`,
    )
    .action(async (options: Options) => {
      const range = rangeOf(options);
      const { makeReport } = await import("../report.ts");
      const sink = await openSink(options.out);
      try {
        const text = await makeReport(options, range, options.format);
        sink.write(text.endsWith("\n") ? text : `${text}\n`);
        await sink.commit();
      } catch (error) {
        await sink.discard();
        throw error;
      }
    });
}

function rangeOf({ from, to, last }: Options): TimeRange {
  if (from !== undefined && last !== undefined) throw new ForetraceError("bad_usage", "give --from or --last, not both");
  const end = to === undefined ? Date.now() : instant(to, "--to");
  const start = from === undefined ? end - parseDurationMillis(last ?? "7d", "--last") : instant(from, "--from");
  if (start >= end)
    throw new ForetraceError(
      "bad_usage",
      `the report's range is empty: ${new Date(start).toISOString()} is not before ${new Date(end).toISOString()}`,
    );
  return { from: epochMillis(start), to: epochMillis(end) };
}

function instant(text: string, option: string): number {
  const millis = rfc3339Millis(text);
  if (millis !== undefined && Number.isFinite(millis)) return millis;
  const message = `${option} ${text} is not a moment of RFC 3339 with its zone; write for example 2026-11-23T00:00:00Z`;
  throw new ForetraceError("bad_usage", message, { input: option });
}
