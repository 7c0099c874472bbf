/** The way into the queue: a job's id comes from its name and input, so the same work twice is one job while it waits or runs. */
import { createHash } from "node:crypto";
import type { JobName, JobQueue, JobRecord } from "./queue.ts";

/** `name-` and 24 hex digits; the order of the input's keys does not matter. */
export function jobId(name: JobName, input: Readonly<Record<string, unknown>>): string {
  return `${name}-${createHash("sha256")
    .update(canonical([name, input]))
    .digest("hex")
    .slice(0, 24)}`;
}

/** Durable when it resolves. A job that has ended runs again only with `again`. */
export function enqueueJob(
  queue: Pick<JobQueue, "enqueue">,
  name: JobName,
  input: Readonly<Record<string, unknown>>,
  options: { again?: boolean; delayMillis?: number } = {},
): Promise<JobRecord> {
  return queue.enqueue(name, input, { id: jobId(name, input), ...options });
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    part !== null && typeof part === "object" && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
