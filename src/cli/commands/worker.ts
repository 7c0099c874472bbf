/** `foretrace worker`: runs jobs beside a `serve --api-only`. */
import { Command } from "commander";
import { ForetraceError } from "../../lib/errors.ts";
import type { ServiceFlags } from "../service.ts";
import { withServiceOptions } from "./serve.ts";

export function workerCommand(): Command {
  return withServiceOptions(new Command("worker"))
    .summary("runs jobs for a serve --api-only")
    .description(
      "Runs the jobs of a fleet: any number of workers beside `foretrace serve --api-only`, on one DATABASE_URL (and REDIS_URL).",
    )
    .action(async (flags: ServiceFlags) => {
      if (!process.env["DATABASE_URL"]) {
        throw new ForetraceError(
          "bad_usage",
          "worker needs DATABASE_URL: the embedded database belongs to one process, and `foretrace serve` runs its jobs itself",
        );
      }
      const { runService } = await import("../service.ts");
      await runService(flags, "worker");
    });
}
