/** The steps as the queue runs them: input checked, context made, follow-ups handed on. */
import { createRandom } from "../lib/random.ts";
import type { Logger } from "../lib/log.ts";
import type { Clock } from "../lib/units.ts";
import type { Store } from "../store/ports.ts";
import type { Config } from "./config.ts";
import { enqueueJob, jobId } from "./enqueue.ts";
import { checkInput, type JobInput } from "./inputs.ts";
import type { JobHandler, JobName, JobQueue } from "./queue.ts";
import { scheduleTarget } from "./schedule.ts";
import type { Enqueue, Step } from "./step.ts";
import { extract } from "./steps/extract.ts";
import { forecast } from "./steps/forecast.ts";
import { ingest } from "./steps/ingest.ts";
import { report } from "./steps/report.ts";
import { score } from "./steps/score.ts";
import { train } from "./steps/train.ts";
import { createTurns, type Turns } from "./turns.ts";

export type HandlerParts = {
  readonly store: Store;
  readonly queue: JobQueue;
  readonly config: Config;
  readonly log: Logger;
  readonly clock: Clock;
  /** Targets that come to be known by an upload get their schedule; off where nothing runs by itself (the demo). */
  readonly scheduled?: boolean;
};

/** One handler for each job. */
export function createHandlers(parts: HandlerParts): Record<JobName, JobHandler> {
  const { store, queue, config, clock } = parts;
  const turns = createTurns();
  const enqueue: Enqueue = (name, input, options = {}) => enqueueFollowUp(queue, turns, name, input, options);
  const handler =
    <Name extends JobName, Result>(name: Name, step: Step<JobInput<Name>, Result>): JobHandler =>
    async (input, { id, signal, progress }) => {
      const checked = checkInput(name, input);
      const key = jobId(name, input);
      if (!turns.begin(key)) return { skipped: "the same work was running already; it runs once more after that" };
      const log = withFields(parts.log, { job: id });
      try {
        const random = createRandom(`${config.models.seed}/${key}`);
        return await step(checked, { store, config, signal, progress, log, clock, random, enqueue });
      } finally {
        if (turns.end(key) && repeats(name)) {
          await queue
            .enqueue(name, input, { id: id === key ? nextId(key) : key, again: true })
            .catch((error: unknown) => log.warn({ error: String(error) }, "work that was asked for meanwhile was not queued"));
        }
      }
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

/** Training takes long, and its schedule comes back to what came in meanwhile. */
const repeats = (name: JobName): boolean => name !== "train";
const nextId = (key: string): string => `${key}-next`;

/** Work that runs now runs once more afterwards, told by its process or, where that is another one, by a second job. */
async function enqueueFollowUp(
  queue: JobQueue,
  turns: Turns,
  name: JobName,
  input: Readonly<Record<string, unknown>>,
  options: { delayMillis?: number },
): Promise<void> {
  const key = jobId(name, input);
  if (turns.ask(key)) return;
  const elsewhere = (await queue.get(key))?.state === "active" && repeats(name);
  if (elsewhere) await queue.enqueue(name, input, { id: nextId(key), again: true, ...options });
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
