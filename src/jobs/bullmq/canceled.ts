/**
 * Cancelled jobs. BullMQ has no such state, so each lies as a job of the same id in a queue that nobody works on, with its record as data.
 * A record here is the truth: whatever the job of that id still is in the real queue, it does not run (again).
 */
import type { Clock } from "../../lib/units.ts";
import { epochMillis } from "../../lib/units.ts";
import type { JobRecord } from "../queue.ts";
import type { JobsQueue } from "./connection.ts";

const keptMillis = 7 * 86_400_000;

export class CanceledJobs {
  readonly #queue: JobsQueue;
  readonly #clock: Clock;

  constructor(queue: JobsQueue, clock: Clock) {
    this.#queue = queue;
    this.#clock = clock;
  }

  /** Durable when it resolves. */
  async put(record: JobRecord): Promise<void> {
    const { result: _result, ...rest } = record;
    const canceled: JobRecord = { ...rest, state: "canceled", finishedAt: this.#clock() };
    await this.#queue.add(record.name, { input: canceled }, { jobId: record.id, timestamp: record.createdAt });
    await this.#queue.clean(keptMillis, 1000, "wait");
  }

  async get(id: string): Promise<JobRecord | undefined> {
    return asRecord(await this.#queue.getJob(id));
  }

  async remove(id: string): Promise<void> {
    await this.#queue.remove(id);
  }

  /** Newest first. */
  async list(limit: number): Promise<JobRecord[]> {
    const jobs = await this.#queue.getJobs(["waiting"], 0, limit - 1, false);
    return jobs.map((job) => asRecord(job)!);
  }

  async count(): Promise<number> {
    return (await this.#queue.getJobCounts("waiting"))["waiting"] ?? 0;
  }
}

function asRecord(job: Awaited<ReturnType<JobsQueue["getJob"]>>): JobRecord | undefined {
  if (job === undefined || job === null) return undefined;
  const record = job.data.input as JobRecord;
  return { ...record, createdAt: epochMillis(record.createdAt) };
}
