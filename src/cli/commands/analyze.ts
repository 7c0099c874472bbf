/** `foretrace analyze`: what a trace shows, in words, JSON, CSV, HTML or Prometheus text. */
import { stat } from "node:fs/promises";
import { Command, Option } from "commander";
import { errorTable, ForetraceError, isForetraceError } from "../../lib/errors.ts";
import { parseDurationNanos } from "../../lib/units.ts";
import { formats, seriesSets, type Format, type SeriesSet } from "../analyze/answer.ts";
import { breakText } from "../break-text.ts";
import { openSink, type Sink } from "../sink.ts";
import { progressBar, wantsColor } from "../terminal.ts";

type Options = {
  window: string;
  format: Format;
  series: SeriesSet;
  out?: string;
  from?: string;
  to?: string;
  assumeVersion?: string;
  paranoid?: boolean;
  threads: number;
  jobs?: number;
  resume?: string;
  salvage?: boolean;
  color?: boolean;
};

export function analyzeCommand(): Command {
  return new Command("analyze")
    .summary("what a trace, or a folder of traces, shows: in words, JSON, CSV, HTML or Prometheus text")
    .description("Reads Go execution traces (Go 1.11–1.26; from 1.22 on as a stream) and says what the program did and what looks wrong.")
    .argument("<file...>", "traces, or folders of traces; .gz and .zst are read as they are; - is standard input")
    .option("--window <duration>", "length of a window of the series", "100ms")
    .addOption(new Option("--format <format>", "form of the answer").choices(formats).default("text"))
    .addOption(
      new Option("--series <set>", "series of csv, json and prom: the core ones, or all of docs/series.md")
        .choices(seriesSets)
        .default("core"),
    )
    .option("--out <file>", "write there instead of standard output")
    .option(
      "--from <time>",
      "only from here, in whole windows: a duration since the first event (1.5s), or RFC 3339 where the wall clock is known",
    )
    .option("--to <time>", "only up to here, as --from")
    .option("--assume-version <version>", "read a format version that is not known as this one (1.26)")
    .option("--paranoid", "check every event against the rules of docs/validation.md (takes two to three times as long)")
    .option(
      "--threads <n>",
      "with --format csv and the core series: read the parts of a file at once (Go 1.22 and later, 8 MB a thread and more, not compressed); all else takes one",
      wholeNumber("--threads"),
      1,
    )
    .option("--jobs <n>", "of a folder: read so many traces at once (default: 1)", wholeNumber("--jobs"))
    .option("--resume <file>", "of a folder: keep the rows there, and read no trace again that has not changed since")
    .option("--salvage", "read on behind the break of a broken trace: what can be had there, marked as partial")
    .option("--no-color", "plain text, also on a terminal")
    .addHelpText(
      "after",
      `
Get a trace:
  curl -o trace.out http://localhost:6060/debug/pprof/trace?seconds=5      (import _ "net/http/pprof")
  go test -trace trace.out ./...

Then:
  foretrace analyze trace.out
  foretrace analyze --window 10ms --format csv trace.out > series.csv
  curl -s http://localhost:6060/debug/pprof/trace?seconds=5 | foretrace analyze -
  foretrace analyze traces/ --jobs 2 --resume rows.json                    (a table, one line a trace)
  foretrace analyze --salvage of-a-killed-program.trace                    (what a salvage gives: docs/salvage.md)

The forms of the answer are described in docs/analyze.md, the series in docs/series.md.
Exit status: 0 read to the end; 3 the trace breaks off (what came before has been printed), or --paranoid found a broken rule; 2 not a trace, an unknown version, or wrong use.`,
    )
    .action(analyze);
}

const mostThreads = 64;

const wholeNumber =
  (option: string) =>
  (text: string): number => {
    const number = /^\d+$/.test(text) ? Number(text) : 0;
    if (number >= 1 && number <= mostThreads) return number;
    throw new ForetraceError("bad_usage", `${option}: "${text}" is not a whole number from 1 to ${mostThreads}`, { input: option });
  };

async function analyze(files: string[], options: Options): Promise<void> {
  if (await hasFolder(files)) {
    await analyzeFolders(files, options);
    return;
  }
  for (const option of ["jobs", "resume"] as const) {
    if (options[option] !== undefined)
      throw new ForetraceError("bad_usage", `--${option} is for folders, and ${files.join(", ")} is none`, { input: `--${option}` });
  }
  if (files.length > 1 && options.format !== "text" && options.format !== "json") {
    throw new ForetraceError("bad_usage", `--format ${options.format} takes one trace at a time; ${files.length} were given`);
  }
  const windowNanos = windowOf(options);
  const sink = await openSink(options.out, files);
  let worst = 0;
  let answered = 0;
  try {
    for (const file of files) {
      const status = await analyzeFile(file, windowNanos, options, sink, files.length > 1 && answered > 0);
      if (status !== 2) answered++;
      worst = Math.max(worst, status);
    }
    if (answered > 0) await sink.commit();
    else await sink.discard();
  } catch (error) {
    await sink.discard();
    throw error;
  }
  if (worst > 0) process.exitCode = worst;
}

function windowOf({ window }: Options): number {
  const windowNanos = parseDurationNanos(window, "--window");
  if (windowNanos >= 1) return windowNanos;
  throw new ForetraceError("bad_usage", "--window must be longer than 0, for example 100ms", { input: "--window" });
}

async function hasFolder(paths: readonly string[]): Promise<boolean> {
  for (const path of paths) {
    if (path !== "-" && (await stat(path).catch(() => undefined))?.isDirectory() === true) return true;
  }
  return false;
}

/** One table over all traces. */
async function analyzeFolders(paths: string[], options: Options): Promise<void> {
  const { format } = options;
  const refused = [
    ["-", paths.includes("-")],
    [`--format ${format}`, format === "prom" || format === "html"],
    ["--series all", options.series !== "core"],
    ["--threads", options.threads !== 1],
    ["--from", options.from !== undefined],
    ["--to", options.to !== undefined],
  ].find(([, isGiven]) => isGiven);
  if (refused !== undefined || format === "prom" || format === "html") {
    throw new ForetraceError(
      "bad_usage",
      `${String(refused?.[0])} does not go with a folder, which gives one row for each whole trace; name a single trace`,
    );
  }
  const windowNanos = windowOf(options);
  const [{ analyzeMany }, { parseVersion }] = await Promise.all([import("../many/run.ts"), import("../analyze.ts")]);
  const assumeVersion = parseVersion(options.assumeVersion);
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  const sink = await openSink(options.out);
  const toTerminal = options.out === undefined;
  try {
    const { status } = await analyzeMany(paths, sink, {
      windowNanos,
      assumeVersion,
      salvage: options.salvage === true,
      paranoid: options.paranoid === true,
      format,
      jobs: options.jobs ?? 1,
      resume: options.resume,
      width: toTerminal ? (process.stdout.columns ?? 140) : 140,
      color: options.color !== false && toTerminal && wantsColor(process.stdout),
      warn: (message) => void process.stderr.write(`foretrace: ${message}\n`),
      signal: stop.signal,
    });
    await sink.commit();
    if (status > 0) process.exitCode = status;
  } catch (error) {
    await sink.discard();
    throw error;
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
}

/** Exit status of this file. Its fault is told on standard error, so that the other files have their turn. */
async function analyzeFile(file: string, windowNanos: number, options: Options, sink: Sink, separate: boolean): Promise<number> {
  const name = file === "-" ? "standard input" : file;
  const size = file === "-" ? undefined : (await stat(file).catch(() => undefined))?.size;
  const bar = progressBar(name, /\.(gz|zst)$/.test(file) ? undefined : size);
  const toTerminal = options.out === undefined;
  const [{ analyzeTrace }, { openBytes }, { beginningOf }] = await Promise.all([
    import("../analyze.ts"),
    import("../../sources/bytes.ts"),
    import("../../sources/trace-index-file.ts"),
  ]);
  const warn = (message: string): void => void process.stderr.write(`foretrace: ${message}\n`);
  try {
    const outcome = await analyzeTrace(() => openBytes(file, { reuse: true }), {
      input: file,
      windowNanos,
      format: options.format,
      series: options.series,
      from: options.from,
      to: options.to,
      assumeVersion: options.assumeVersion,
      paranoid: options.paranoid === true,
      threads: options.threads,
      salvage: options.salvage === true,
      write: (text) => sink.write(separate && options.format === "text" ? `\n${text}` : text),
      ready: () => sink.ready(),
      color: options.color !== false && toTerminal && wantsColor(process.stdout),
      width: toTerminal ? (process.stdout.columns ?? 100) : 100,
      progress: (bytes) => bar.update(bytes),
      ...(file === "-" ? {} : { beginning: (to) => beginningOf(file, to, warn) }),
    }).finally(() => bar.end());
    if (outcome.error === undefined) return 0;
    const isWhole = outcome.error.code === "trace_rule_broken";
    process.stderr.write(`foretrace: ${name}: ${isWhole ? outcome.error.message : breakText(outcome, "printed")}\n`);
    return errorTable[outcome.error.code].exit;
  } catch (error) {
    if (!isForetraceError(error)) throw error;
    process.stderr.write(`foretrace: ${error.message.includes(name) ? "" : `${name}: `}${error.message}\n`);
    return errorTable[error.code].exit;
  }
}
