/** `foretrace index`: the index of a trace, beside it. */
import { refuseInput } from "../sink.ts";
import { Command } from "commander";
import { stat } from "node:fs/promises";
import { ForetraceError } from "../../lib/errors.ts";
import { formatBytes, formatDuration, formatNumber } from "../../lib/units.ts";
import { progressBar } from "../terminal.ts";

export function indexCommand(): Command {
  return new Command("index")
    .summary("write an index beside a trace, so that parts of it are found at once")
    .description(
      "Reads FILE once and writes FILE.fti: where each generation lies, when it happened, and what is in it. slice and analyze use it where " +
        "it lies beside the trace and fits it. Traces of Go 1.21 and older have no generations and need none.",
    )
    .argument("<file>", "a Go execution trace (.gz and .zst are read as they are)")
    .option("--out <file>", "where the index goes; it is looked for only beside the trace")
    .addHelpText("after", "\nExample:\n  foretrace index trace.out\n  foretrace slice trace.out --from 30s --to 31s --out moment.trace")
    .action(async (file: string, options: { out?: string }) => {
      if (file === "-") throw new ForetraceError("bad_usage", "an index is written beside a file; standard input has no place");
      const [{ buildIndex, indexPath, writeIndex }, { traceCores }] = await Promise.all([
        import("../../sources/trace-index-file.ts"),
        import("../../sources/trace-core.ts"),
      ]);
      const bar = progressBar(file, /\.(gz|zst)$/.test(file) ? undefined : (await stat(file).catch(() => undefined))?.size);
      const index = await buildIndex(file, { core: traceCores, progress: (bytes) => bar.update(bytes) }).finally(() => bar.end());
      if (index === undefined) {
        throw new ForetraceError(
          "bad_usage",
          `${file}: a trace of Go 1.21 or older is one piece without generations, so that an index would say nothing`,
        );
      }
      const out = options.out ?? indexPath(file);
      await refuseInput(out, [file]);
      await writeIndex(file, index, out);
      const { size } = await stat(out);
      process.stdout.write(
        `${out}: ${formatNumber(index.generations.length)} generations in ${formatDuration(index.end)}, ${formatNumber(index.events)} events; ${formatBytes(size)}\n`,
      );
      if (index.error === undefined) return;
      process.stderr.write(`foretrace: ${file}: ${index.error.message}; the index holds the whole generations before that\n`);
      process.exitCode = 3;
    });
}
