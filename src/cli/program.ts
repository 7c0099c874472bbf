/** The `foretrace` program: parses arguments, runs one command, turns errors into one line and an exit status. */
import { Command, CommanderError } from "commander";
import { errorTable, isForetraceError } from "../lib/errors.ts";
// Each command loads what it runs when it runs: the whole program takes a second to load, `--help` and `analyze` must not wait for it.
import { analyzeCommand } from "./commands/analyze.ts";
import { configCommand } from "./commands/config.ts";
import { demoCommand } from "./commands/demo.ts";
import { diffCommand } from "./commands/diff.ts";
import { exportCommand } from "./commands/export.ts";
import { indexCommand } from "./commands/index.ts";
import { reportCommand } from "./commands/report.ts";
import { serveCommand } from "./commands/serve.ts";
import { sliceCommand } from "./commands/slice.ts";
import { workerCommand } from "./commands/worker.ts";
import { version } from "./version.ts";

const program = new Command("foretrace")
  .description(
    "Reads Go execution traces and Prometheus metrics, learns what is normal and what comes next,\n" +
      "and serves forecasts, anomalous windows with the trace that shows the cause, and replica counts.",
  )
  .version(version)
  .showHelpAfterError("(foretrace COMMAND --help shows how to use it)")
  .showSuggestionAfterError()
  .exitOverride()
  .addHelpText(
    "after",
    `
Start here:
  foretrace analyze trace.out            what one trace shows, in words
  foretrace demo                         a real recording, from ingest to forecast, on http://127.0.0.1:9464
  foretrace serve --config foretrace.yaml   watch your own services

Exit status: 0 done; 1 a service or Foretrace itself failed, or a rule of diff --fail-on holds; 2 wrong use, not a trace, or an unknown version;
3 a Go trace whose reading ended in an error (what came before it has been printed).`,
  );
for (const command of [
  analyzeCommand,
  diffCommand,
  sliceCommand,
  indexCommand,
  exportCommand,
  serveCommand,
  workerCommand,
  demoCommand,
  reportCommand,
  configCommand,
]) {
  program.addCommand(inherit(command()));
}

/** Commander does not hand these settings down to commands added from outside. */
function inherit(command: Command): Command {
  command.copyInheritedSettings(program);
  for (const child of command.commands) inherit(child);
  return command;
}

// A closed pipe (`foretrace analyze … | head`) ends the command quietly.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else if (isForetraceError(error)) {
    process.stderr.write(`foretrace: ${error.message}\n`);
    process.exitCode = errorTable[error.code].exit;
    // Standard input that never ends would keep an interrupted program alive.
    if (error.code === "canceled") process.exit();
  } else {
    process.stderr.write(
      `foretrace: this is a defect of Foretrace, please report it:\n${error instanceof Error ? error.stack : String(error)}\n`,
    );
    process.exitCode = 1;
  }
}
