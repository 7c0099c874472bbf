/** `foretrace export`: a trace in the formats of other tools. */
import { stat } from "node:fs/promises";
import { Command, Option } from "commander";
import { errorTable, ForetraceError } from "../../lib/errors.ts";
import { salvagedText } from "../break-text.ts";
import { exportFormats, type ExportFormat } from "../export.ts";
import { gzipped, openSink } from "../sink.ts";
import { progressBar } from "../terminal.ts";

type Options = {
  format: ExportFormat;
  out?: string;
  from?: string;
  to?: string;
  recordedAt?: string;
  service?: string;
  profile?: string;
  salvage?: boolean;
};

const isBinary: Readonly<Record<ExportFormat, boolean>> = {
  perfetto: true,
  otlp: false,
  speedscope: false,
  pprof: true,
  text: false,
  binary: true,
};

export function exportCommand(): Command {
  return new Command("export")
    .summary("a trace in the formats of other tools: Perfetto, OTLP, speedscope, pprof; as text")
    .description("Writes a Go execution trace in the format of another tool, as a stream: memory does not grow with the trace.")
    .argument("<file>", "a Go execution trace; .gz and .zst are read as they are; - is standard input")
    .addOption(new Option("--format <format>", "format of the output").choices(exportFormats).makeOptionMandatory())
    .option("--out <file>", "write there instead of standard output")
    .option("--from <time>", "only from here: a duration since the first event (1.5s), or RFC 3339 where the wall clock is known")
    .option("--to <time>", "only up to here, as --from")
    .option("--recorded-at <time>", "otlp: wall clock of the first event (RFC 3339), for traces without one (Go < 1.25)")
    .option("--service <name>", "otlp: service.name of the spans")
    .option("--profile <waits>", "pprof: net, sync (channels, mutexes, select), syscall, or sched (runnable until it runs)")
    .option("--salvage", "read on behind the break of a broken trace: what can be had there (docs/salvage.md); not for text and binary")
    .addHelpText(
      "after",
      `
Formats, and what opens them:
  perfetto    ui.perfetto.dev: the whole trace as a timeline; --out NAME.gz compresses it to an eighth
  otlp        a collector, Jaeger, Tempo: tasks and regions as spans, logs as their events (OTLP/JSON, one document)
  speedscope  speedscope.app: CPU samples, and on- and off-CPU time by stack, as flame graphs
  pprof       go tool pprof, Pyroscope, speedscope: where goroutines waited, with the totals of go tool trace -pprof=…
  text        people and tests: every record as it lies in the file, as go tool trace -d=wire has it; Go 1.11-1.21 in a form of our own
  binary      the way back: FILE is such a text, the result the trace

Examples:
  foretrace export trace.out --format perfetto --out trace.pftrace.gz
  foretrace export trace.out --format perfetto --from 1.5s --to 2s --out moment.pftrace
  foretrace export trace.out --format otlp | curl -H 'Content-Type: application/json' --data-binary @- http://localhost:4318/v1/traces
  foretrace export trace.out --format pprof --profile sync --out sync.pb.gz && go tool pprof -top sync.pb.gz

What each format holds is described in docs/export.md.
Exit status: 0 read to the end; 3 the trace breaks off (what came before has been written); 2 not a trace, an unknown version, or wrong use.`,
    )
    .action(runExport);
}

async function runExport(input: string, options: Options): Promise<void> {
  if (options.out === undefined && isBinary[options.format] && process.stdout.isTTY) {
    throw new ForetraceError(
      "bad_usage",
      `--format ${options.format} is binary and would disturb the terminal; give --out FILE, or a pipe`,
    );
  }
  const name = input === "-" ? "standard input" : input;
  const size = input === "-" ? undefined : (await stat(input).catch(() => undefined))?.size;
  const [{ exportTrace }, { openBytes }] = await Promise.all([import("../export.ts"), import("../../sources/bytes.ts")]);
  const bar = progressBar(name, /\.(gz|zst)$/.test(input) ? undefined : size);
  const file = await openSink(options.out, [input]);
  // A profile is compressed by itself.
  // Interrupted, it takes its unfinished file away.
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  const sink = options.out?.endsWith(".gz") === true && options.format !== "pprof" ? gzipped(file) : file;
  try {
    const { error, salvaged, remarks } = await exportTrace(options.format, {
      ...options,
      input,
      open: () => openBytes(input, { reuse: true }),
      sink,
      progress: (bytes) => bar.update(bytes),
      signal: stop.signal,
    }).finally(() => bar.end());
    await sink.commit();
    for (const remark of remarks) process.stderr.write(`foretrace: ${name}: ${remark}\n`);
    if (error === undefined) return;
    const written = salvaged === undefined ? "what came before it is written" : `what came before it is written; ${salvagedText(salvaged)}`;
    process.stderr.write(`foretrace: ${name}: ${error.message}; ${written}\n`);
    process.exitCode = errorTable[error.code].exit;
  } catch (error) {
    await sink.discard();
    throw error;
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
}
