/** BullMQ's jobs as the records of the port. */
import type { JobState as BullState, JobType } from "bullmq";
import { epochMillis } from "../../lib/units.ts";
import type { JobName, JobRecord, JobState } from "../queue.ts";
import type { QueuedJob } from "./connection.ts";

/** What lies under each state of ours. Cancelled jobs lie in a queue of their own. */
export const bullStates: Readonly<Record<Exclude<JobState, "canceled">, readonly JobType[]>> = {
  waiting: ["waiting", "prioritized"],
  active: ["active"],
  delayed: ["delayed"],
  completed: ["completed"],
  failed: ["failed"],
};

export const hasEnded = (state: JobState): boolean => state === "completed" || state === "failed" || state === "canceled";

/** Undefined where the job is gone by now. */
export function stateOf(state: BullState | "unknown"): JobState | undefined {
  if (state === "unknown") return undefined;
  return state === "prioritized" || state === "waiting-children" ? "waiting" : state;
}

export function recordOf(job: QueuedJob, state: JobState): JobRecord {
  const done = typeof job.progress === "number" ? Math.min(Math.max(job.progress, 0), 1) : 0;
  const ended = hasEnded(state);
  return {
    id: job.id!,
    name: job.name as JobName,
    state,
    input: job.data.input,
    progress: state === "completed" ? 1 : done,
    attempts: job.attemptsStarted,
    createdAt: epochMillis(job.timestamp),
    ...(ended && job.finishedOn !== undefined ? { finishedAt: epochMillis(job.finishedOn) } : {}),
    ...(state === "completed" && job.returnvalue !== null && job.returnvalue !== undefined ? { result: job.returnvalue } : {}),
    // A job that waits for its next attempt says what was wrong with the last one.
    ...(state !== "completed" && job.failedReason ? { error: job.failedReason } : {}),
  };
}

/** Newest first. */
export const newestFirst = (a: JobRecord, b: JobRecord): number => b.createdAt - a.createdAt || (a.id < b.id ? -1 : 1);
