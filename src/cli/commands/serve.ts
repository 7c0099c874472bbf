/** `foretrace serve`: page, API and worker in one process (or the API alone). */
import { Command } from "commander";
import type { ServiceFlags } from "../service.ts";

export function serveCommand(): Command {
  return withServiceOptions(new Command("serve"))
    .summary("page, API and worker")
    .description("Serves the page and the API, and runs the jobs (ingest, train, score, forecast, report).")
    .option("--port <number>", "TCP port (0: a free one)")
    .option("--host <address>", "address to listen on; beyond loopback a token is wanted")
    .option("--insecure", "listen beyond loopback without a token")
    .option("--api-only", "run no jobs here; `foretrace worker` does (needs DATABASE_URL)")
    .addHelpText(
      "after",
      `
Examples:
  foretrace serve                                   empty, ready for uploads, on http://127.0.0.1:9464
  foretrace serve --config foretrace.yaml           with the targets of a configuration
  FORETRACE_TOKEN=… foretrace serve --host 0.0.0.0  beyond loopback

Environment: FORETRACE_TOKEN bearer token; DATABASE_URL PostgreSQL instead of the embedded one; REDIS_URL Redis for the queue.
SIGTERM or Ctrl-C drains and ends within a few seconds.`,
    )
    .action(async (flags: ServiceFlags & { apiOnly?: boolean }) => {
      const { runService } = await import("../service.ts");
      await runService(flags, flags.apiOnly === true ? "api" : "all");
    });
}

export function withServiceOptions(command: Command): Command {
  return command
    .option("--config <file>", "configuration (default: foretrace.yaml where it exists)")
    .option("--data <dir>", "folder for everything that is kept", "foretrace-data")
    .option("--log-level <level>", "debug, info, warn or error", "info");
}
