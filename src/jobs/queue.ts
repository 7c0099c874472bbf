/**
 * The queue port: what is slow or may fail runs as a job. Implemented by BullMQ on the embedded Postgres, on PostgreSQL, or on Redis;
 * tests/contract/queue.ts runs on all of them.
 */
import type { EpochMillis } from "../lib/units.ts";

export type JobName = "ingest" | "extract" | "train" | "score" | "forecast" | "report";
export type JobState = "waiting" | "active" | "delayed" | "completed" | "failed" | "canceled";

export type JobRecord = {
  /** Idempotency key made from name, input and parameters: the same work twice is one job while it waits or runs. */
  readonly id: string;
  readonly name: JobName;
  readonly state: JobState;
  readonly input: Readonly<Record<string, unknown>>;
  /** Share done 0..1. */
  readonly progress: number;
  readonly attempts: number;
  readonly createdAt: EpochMillis;
  readonly finishedAt?: EpochMillis;
  readonly result?: unknown;
  readonly error?: string;
};

export type JobContext = { readonly id: string; readonly signal: AbortSignal; progress(done: number): void };
export type JobHandler = (input: Readonly<Record<string, unknown>>, context: JobContext) => Promise<unknown>;

export type JobQueue = {
  /** Durable when it resolves. A finished job of the same id runs again only with `again`. */
  enqueue(
    name: JobName,
    input: Readonly<Record<string, unknown>>,
    options: { id: string; again?: boolean; delayMillis?: number },
  ): Promise<JobRecord>;
  get(id: string): Promise<JobRecord | undefined>;
  /** Newest first. With a name: those among the newest of each state (1,000, or `limit` where that is more), and the last that completed. */
  list(filter: { name?: JobName; state?: JobState; limit?: number }): Promise<JobRecord[]>;
  /** A waiting job never runs; a running one gets its signal aborted. Resolves false when it had already ended. */
  cancel(id: string): Promise<boolean>;
  /** Repeats by BullMQ's job schedulers: every `everyMillis`, or by a cron `pattern`. The same key replaces. */
  schedule(
    key: string,
    name: JobName,
    input: Readonly<Record<string, unknown>>,
    when: { everyMillis: number } | { pattern: string; timezone?: string },
  ): Promise<void>;
  unschedule(key: string): Promise<void>;
  /** Starts workers; jobs that were active in a killed process run again. */
  work(handlers: Readonly<Partial<Record<JobName, JobHandler>>>, options?: { concurrency?: number }): Promise<void>;
  /** Resolves when no job waits or runs (demo, tests). */
  idle(signal?: AbortSignal): Promise<void>;
  /** Counts by state, for /metrics. */
  counts(): Promise<Record<JobState, number>>;
  /** When a job of each name last completed, in any process; a name that never did is absent. Costs the same however many jobs are kept. */
  lastCompleted(): Promise<Partial<Record<JobName, EpochMillis>>>;
  /** Stops taking jobs, gives running ones `graceMillis`, aborts them, closes. */
  close(graceMillis?: number): Promise<void>;
};
