/** `foretrace demo`: a real recording from ingest to forecast and report, then the page. */
import { Command } from "commander";
import type { DemoFlags } from "../demo.ts";

export function demoCommand(): Command {
  return new Command("demo")
    .summary("a real recording, from ingest to forecast, with page and API")
    .description(
      "Loads 45 minutes of a real Go 1.26 server under load with a fault in the middle, and the metrics of a real application server;\n" +
        "trains, scores, forecasts and writes a report through the same queue and store as `serve`; then serves page and API until Ctrl-C.\n" +
        "The recordings are moved to end now.",
    )
    .option("--once", "end after the summary")
    .option("--port <number>", "TCP port (0: a free one)", "9464")
    .option("--data <dir>", "keep everything in this folder (default: a temporary one, removed at the end)")
    .option("--log-level <level>", "debug, info, warn or error", "warn")
    .action(async (flags: DemoFlags) => {
      const { runDemo } = await import("../demo.ts");
      await runDemo(flags);
    });
}
