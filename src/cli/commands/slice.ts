/** `foretrace slice`: the part of a trace that covers a range, as a trace of its own. */
import { Command } from "commander";
import { ForetraceError } from "../../lib/errors.ts";
import { traceNanos } from "../../lib/units.ts";
import { openSink } from "../sink.ts";

export function sliceCommand(): Command {
  return new Command("slice")
    .summary("cut a time range out of a trace, as a valid trace")
    .description(
      "Writes the generations of FILE that cover a time range as a valid Go trace, which go tool trace and Foretrace read. " +
        "With an index beside it (foretrace index FILE) nothing else is read. Traces of Go 1.21 and older have no generations and are refused. " +
        "It takes whole generations only: of a broken one nothing is taken, and nothing is salvaged.",
    )
    .argument("<file>", "a Go execution trace (.gz and .zst are read as they are)")
    .requiredOption("--from <time>", "start: a duration since the first event (1.5s, 200ms) or RFC 3339 where the wall clock is known")
    .requiredOption("--to <time>", "end, as --from")
    .requiredOption("--out <file>", "where the slice goes")
    .addHelpText("after", "\nExample:\n  foretrace slice trace.out --from 1.5s --to 2s --out moment.trace\n  go tool trace moment.trace")
    .action(async (file: string, options: { from: string; to: string; out: string }) => {
      if (file === "-")
        throw new ForetraceError("bad_usage", "slice reads its input twice, so it cannot be standard input; save it to a file first");
      const [{ openBytes, openRanges }, { loadIndex }, { traceCores }, { sliceTrace }, { parseMoment, traceClock }] = await Promise.all([
        import("../../sources/bytes.ts"),
        import("../../sources/trace-index-file.ts"),
        import("../../sources/trace-core.ts"),
        import("../../trace/slice.ts"),
        import("../moment.ts"),
      ]);
      const clock = await traceClock(() => openBytes(file), [options.from, options.to]);
      const from = parseMoment(options.from, "--from", clock);
      const to = parseMoment(options.to, "--to", clock);
      if (to < from) throw new ForetraceError("bad_usage", `--to ${options.to} lies before --from ${options.from}`);
      const sink = await openSink(options.out, [file]);
      try {
        const onWarning = (message: string): void => void process.stderr.write(`foretrace: ${file}: ${message}\n`);
        const index = await loadIndex(file, onWarning);
        const range = { from: traceNanos(from), to: traceNanos(to) };
        for await (const bytes of sliceTrace(openRanges(file, { reuse: true }), range, { index, core: traceCores, onWarning })) {
          sink.write(bytes);
          await sink.ready();
        }
        await sink.commit();
      } catch (error) {
        await sink.discard();
        throw error;
      }
    });
}
