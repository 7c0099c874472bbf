/** The way in: a stored upload, a pull from Prometheus, or a file of history. */
import { ForetraceError } from "../../lib/errors.ts";
import type { JobInput } from "../inputs.ts";
import type { Step, StepContext } from "../step.ts";
import { newestModel } from "../stored-models.ts";
import { ingestFile } from "./ingest-file.ts";
import { pullPrometheus } from "./ingest-prometheus.ts";

export type IngestInput = JobInput<"ingest">;
export type IngestOutput = { readonly samples?: number; readonly series?: number; readonly trace?: string };

/**
 * What follows is asked for at the end: `extract` for a trace, `train` after a file of history and after a pull while there is no detector,
 * `score` after the others, also where some queries failed.
 * @throws ForetraceError not_found or conflict for a trace that is not there or another target's; bad_config for a target without Prometheus;
 *   the source's errors.
 */
export const ingest: Step<IngestInput, IngestOutput> = async (input, context) => {
  const { store, clock } = context;
  const { target } = input;
  if ("trace" in input) {
    const record = await store.traces.get(input.trace);
    if (record === undefined) throw new ForetraceError("not_found", `no trace "${input.trace}" is stored`, { input: "trace" });
    if (record.target !== target) {
      throw new ForetraceError("conflict", `trace "${input.trace}" belongs to target "${record.target}", not "${target}"`, {
        input: "target",
      });
    }
    await store.targets.ensure(target, clock());
    await context.enqueue("extract", { trace: input.trace });
    return { trace: input.trace };
  }
  await store.targets.ensure(target, clock());
  const { failure, ...result } =
    "file" in input ? { ...(await ingestFile(input, context)), failure: undefined } : await pullPrometheus(target, context);
  // A history is older than what the models have seen; a pull goes on from there, but the first one is the history.
  if (result.samples > 0) await context.enqueue("file" in input || !(await hasDetector(context, target)) ? "train" : "score", { target });
  if (failure !== undefined) throw failure;
  return result;
};

const hasDetector = async ({ store }: StepContext, target: string): Promise<boolean> =>
  newestModel(await store.models.list(target), "anomaly") !== undefined;
