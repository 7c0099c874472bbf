/** The steps as the queue runs them: input checked, context made, follow-ups handed on. */
import { createRandom } from "../lib/random.ts";
import type { Logger } from "../lib/log.ts";
import type { Clock } from "../lib/units.ts";
import type { Store } from "../store/ports.ts";
import type { Config } from "./config.ts";
import { enqueueJob, jobId } from "./enqueue.ts";
import { checkInput, type JobInput } from "./inputs.ts";
import { createLocks } from "./locks.ts";
import type { JobHandler, JobName, JobQueue } from "./queue.ts";
import { scheduleTarget } from "./schedule.ts";
import type { Enqueue, Step } from "./step.ts";
import { extract } from "./steps/extract.ts";
import { forecast } from "./steps/forecast.ts";
import { ingest } from "./steps/ingest.ts";
import { report } from "./steps/report.ts";
import { score } from "./steps/score.ts";
import { train } from "./steps/train.ts";

export type HandlerParts = {
  readonly store: Store;
  readonly queue: JobQueue;
  readonly config: Config;
  readonly log: Logger;
  readonly clock: Clock;
  /** Targets that come to be known by an upload get their schedule; off where nothing runs by itself (the demo). */
  readonly scheduled?: boolean;
};

/**
 * One handler for each job. Two jobs of one name and target never run at the same time in one process, so that the later one sees what
 * the earlier one wrote.
 */
export function createHandlers(parts: HandlerParts): Record<JobName, JobHandler> {
  const { store, queue, config, clock } = parts;
  const alone = createLocks();
  const enqueue: Enqueue = (name, input, options = {}) => enqueueFollowUp(queue, name, input, options);
  const handler =
    <Name extends JobName, Result>(name: Name, step: Step<JobInput<Name>, Result>): JobHandler =>
    async (input, { id, signal, progress }) => {
      const checked = checkInput(name, input);
      const log = withFields(parts.log, { job: id });
      const random = createRandom(`${config.models.seed}/${jobId(name, input)}`);
      const context = { store, config, signal, progress, log, clock, random, enqueue };
      const subject = "target" in checked ? checked.target : "trace" in checked ? checked.trace : "";
      return alone(`${name} ${subject}`, signal, () => step(checked, context));
    };
  const ingested = handler("ingest", ingest);
  const scheduled = new Set(config.targets.map(({ name }) => name));
  return {
    ingest: async (input, context) => {
      const result = await ingested(input, context);
      const { target } = checkInput("ingest", input);
      if (parts.scheduled === true && !scheduled.has(target)) {
        await scheduleTarget({ queue, config }, target);
        scheduled.add(target);
      }
      return result;
    },
    extract: handler("extract", extract),
    train: handler("train", train),
    score: handler("score", score),
    forecast: handler("forecast", forecast),
    report: handler("report", report),
  };
}

/**
 * Work that is asked for while the same work runs must run once more, for the running job may have read before the change:
 * it waits as a second job. More of the same are one with that. Training alone is not repeated for what came in meanwhile: it takes
 * long, and its schedule comes back to it.
 */
async function enqueueFollowUp(
  queue: JobQueue,
  name: JobName,
  input: Readonly<Record<string, unknown>>,
  options: { delayMillis?: number },
): Promise<void> {
  const running = await queue.get(jobId(name, input));
  if (running?.state === "active" && name !== "train") await queue.enqueue(name, input, { id: `${running.id}-next`, again: true, ...options });
  else await enqueueJob(queue, name, input, { again: true, ...options });
}

function withFields(log: Logger, fields: object): Logger {
  return {
    debug: (more, message) => log.debug({ ...fields, ...more }, message),
    info: (more, message) => log.info({ ...fields, ...more }, message),
    warn: (more, message) => log.warn({ ...fields, ...more }, message),
    error: (more, message) => log.error({ ...fields, ...more }, message),
  };
}
