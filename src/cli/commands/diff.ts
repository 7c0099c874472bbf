/** `foretrace diff`: what differs between two traces, for people and for CI. */
import { Command, Option } from "commander";
import { errorTable, ForetraceError, type ErrorCode } from "../../lib/errors.ts";
import { parseDurationNanos } from "../../lib/units.ts";
import { diffFormats, type DiffFormat } from "../diff/format.ts";
import { openSink } from "../sink.ts";
import { statusLine } from "../terminal.ts";

type Options = { format: DiffFormat; window?: string; out?: string; failOn: string[]; salvage?: boolean };

export function diffCommand(): Command {
  return new Command("diff")
    .summary("what differs between two traces by more than they vary in themselves")
    .description(
      "Compares trace B with trace A: findings that are new, gone or grown, series and places in the program that differ by more than both vary in themselves. Amounts are compared a second.",
    )
    .argument("<a>", "the trace before (.gz and .zst are read as they are)")
    .argument("<b>", "the trace after")
    .addOption(new Option("--format <format>", "form of the answer").choices(diffFormats).default("text"))
    .option("--window <duration>", "length of a window (default: 100ms, less where a trace is shorter than 4.8 s)")
    .option("--out <file>", "write there instead of standard output")
    .option(
      "--fail-on <rule>",
      "exit with 1 when this holds; may be given more than once",
      (rule: string, all: string[]) => [...all, rule],
      [],
    )
    .option("--salvage", "read on behind the break of a broken trace (Go 1.22 and later)")
    .addHelpText(
      "after",
      `
Rules of --fail-on:
  findings.new.severity>=warning           also findings.gone, findings.grown, findings.b (all of B)
  findings.b.kind=goroutine-leak
  findings.new>0                           also places.appeared, places.gone, series.differing
  go_trace_gc_cpu_share>+20%               a rise by a fifth, beyond the noise; <-20% a fall; >+0.1 in its unit
  'go_trace_goroutines{state="runnable"}>8'   the value in B alone

Examples:
  foretrace diff before.trace after.trace
  foretrace diff main.trace pr.trace --format md --fail-on 'findings.new.severity>=warning'

docs/diff.md describes the test and the forms of the answer.
Exit status: 0 done; 1 a rule of --fail-on holds; 2 not a trace, or wrong use; 3 no rule holds, and a trace breaks off (what came before it has been compared).`,
    )
    .action(diff);
}

async function diff(a: string, b: string, options: Options): Promise<void> {
  if (a === "-" || b === "-")
    throw new ForetraceError("bad_usage", "diff may have to read a trace twice, so it cannot be standard input; save it to a file first");
  const [{ diffTraces }, { formatDiff }, { parseRule }] = await Promise.all([
    import("../diff.ts"),
    import("../diff/format.ts"),
    import("../../features/compare/rules.ts"),
  ]);
  const rules = options.failOn.map(parseRule);
  const windowNanos = options.window === undefined ? undefined : parseDurationNanos(options.window, "--window");
  if (windowNanos !== undefined && windowNanos < 1)
    throw new ForetraceError("bad_usage", "--window must be longer than 0, for example 100ms", { input: "--window" });
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  const line = statusLine();
  const sink = await openSink(options.out, [a, b]);
  try {
    const progress = (file: string, bytes: number): void => line.show(`${file}: ${Math.round(bytes / 1e6)} MB`);
    const found = await diffTraces(a, b, { windowNanos, salvage: options.salvage === true, progress, signal: stop.signal });
    line.clear();
    const results = rules.map((rule) => ({ rule: rule.text, ...rule.check(found) }));
    sink.write(formatDiff(options.format, [a, b], found, results));
    await sink.commit();
    for (const [file, { error }] of [[a, found.a] as const, [b, found.b] as const]) {
      if (error === null) continue;
      process.stderr.write(`foretrace: ${file}: ${error.message}; what came before it is compared\n`);
      process.exitCode = errorTable[error.code as ErrorCode].exit;
    }
    if (results.some(({ holds }) => holds)) process.exitCode = 1;
  } catch (error) {
    await sink.discard();
    throw error;
  } finally {
    line.clear();
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
}
