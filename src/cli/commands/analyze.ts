/** `foretrace analyze`: what a trace shows, in words, JSON, CSV or Prometheus text. */
import { createWriteStream } from "node:fs";
import { rename, stat } from "node:fs/promises";
import { finished } from "node:stream/promises";
import type { Writable } from "node:stream";
import { Command, Option } from "commander";
import { errorTable, ForetraceError } from "../../lib/errors.ts";
import { parseDurationNanos } from "../../lib/units.ts";
import { openBytes } from "../../sources/bytes.ts";
import { analyzeTrace, formats, type Format } from "../analyze.ts";
import { progressBar, wantsColor } from "../terminal.ts";

type Options = { window: string; format: Format; out?: string; from?: string; to?: string; assumeVersion?: string; color?: boolean };

export function analyzeCommand(): Command {
  return new Command("analyze")
    .summary("what one trace shows: in words, JSON, CSV or Prometheus text")
    .description("Reads Go execution traces (Go 1.22–1.26) as a stream and says what the program did and what looks wrong.")
    .argument("<file...>", "traces; .gz and .zst are read as they are; - is standard input")
    .option("--window <duration>", "length of a window of the series", "100ms")
    .addOption(new Option("--format <format>", "form of the answer").choices(formats).default("text"))
    .option("--out <file>", "write there instead of standard output")
    .option("--from <time>", "only windows from here: a duration since the first event (1.5s) or RFC 3339 where the wall clock is known")
    .option("--to <time>", "only windows up to here, as --from")
    .option("--assume-version <version>", "read a format version that is not known as this one (1.26)")
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

The series are described in docs/series.md. Exit status 3: the trace breaks off; what came before has been printed.`,
    )
    .action(async (files: string[], options: Options) => {
      if (files.length > 1 && options.format !== "text" && options.format !== "json") {
        throw new ForetraceError("bad_usage", `--format ${options.format} takes one trace at a time; ${files.length} were given`);
      }
      const windowNanos = parseDurationNanos(options.window, "--window");
      if (windowNanos < 1) throw new ForetraceError("bad_usage", "--window must be longer than 0, for example 100ms", { input: "--window" });
      const part = options.out === undefined ? undefined : `${options.out}.part`;
      const out: Writable = part === undefined ? process.stdout : createWriteStream(part);
      for (const file of files) {
        const size = file === "-" ? undefined : (await stat(file).catch(() => undefined))?.size;
        const bar = progressBar(file === "-" ? "standard input" : file, /\.(gz|zst)$/.test(file) ? undefined : size);
        if (files.length > 1 && options.format === "text") out.write(`── ${file} ──\n`);
        const outcome = await analyzeTrace(() => openBytes(file), {
          input: file,
          windowNanos,
          format: options.format,
          from: options.from,
          to: options.to,
          assumeVersion: options.assumeVersion,
          write: (text) => void out.write(text),
          color: options.color !== false && part === undefined && wantsColor(process.stdout),
          width: part === undefined ? (process.stdout.columns ?? 100) : 100,
          progress: (bytes) => bar.update(bytes),
        }).finally(() => bar.end());
        if (outcome.error !== undefined) {
          process.stderr.write(`foretrace: ${file}: ${outcome.error.message}; what came before it is printed\n`);
          process.exitCode = errorTable[outcome.error.code].exit;
        }
      }
      if (part !== undefined) {
        out.end();
        await finished(out);
        await rename(part, options.out!);
      }
    });
}
