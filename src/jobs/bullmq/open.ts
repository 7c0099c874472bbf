/** The queue port on BullMQ. */
import { setTimeout as sleep } from "node:timers/promises";
import type { JobsOptions } from "bullmq";
import type { Pool } from "pg";
import { ForetraceError, isForetraceError } from "../../lib/errors.ts";
import { type Logger, silentLogger } from "../../lib/log.ts";
import type { Clock } from "../../lib/units.ts";
import type { JobName, JobQueue, JobRecord, JobState } from "../queue.ts";
import { CanceledJobs } from "./canceled.ts";
import {
  connectDatabase,
  connectPool,
  connectRedis,
  type JobsQueue,
  type JobsWorker,
  type QueueConnection,
  type QueuedJob,
} from "./connection.ts";
import { LastCompleted, type LastCompletions } from "./last-completed.ts";
import { bullStates, hasEnded, newestFirst, recordOf, stateOf } from "./records.ts";
import { type Handlers, JobRunner } from "./runner.ts";

export type QueueOptions = {
  /** The first of these that is given carries the queue: Redis, the pool of `openStore`, a PostgreSQL server. */
  readonly redisUrl?: string | undefined;
  readonly pool?: Pool | undefined;
  readonly databaseUrl?: string | undefined;
  readonly clock: Clock;
  readonly log?: Logger;
  /** How often a job that fails with a retryable error is tried in all; 4 unless told. */
  readonly attempts?: number;
  /** Wait before the second attempt; doubles with each further one. One second unless told. */
  readonly backoffMillis?: number;
  /** Several processes on one server: a job whose process was killed is taken over when its lock is this old (and ten seconds more at most). */
  readonly lockMillis?: number;
};

const queueName = "foretrace";
const canceledName = "foretrace-canceled";
const lastName = "foretrace-last";
/** Ended jobs that are kept to be looked at. */
const kept = { age: 7 * 86_400, count: 5000 };
/** Starts of one job in all, those after a kill included: one that takes its process down does not do so for ever. */
const maxStarts = 20;
const stalledCheckMillis = 5000;
const cancelCheckMillis = 1000;
const pageSize = 200;
const listLimit = 1000;
/** Longest wait for one step of closing, each a round trip or two. */
const closeStepMillis = 2000;
/** Jobs of each state among which a name is looked for; each takes about a millisecond to read. */
const searched = 1000;

/** @throws ForetraceError store_failed when the database or Redis does not answer; data_newer when a newer BullMQ wrote it. */
export async function openQueue(options: QueueOptions): Promise<JobQueue> {
  const log = options.log ?? silentLogger;
  return new BullQueue(await connect(options, log), options, log);
}

function connect({ redisUrl, pool, databaseUrl }: QueueOptions, log: Logger): Promise<QueueConnection> {
  if (redisUrl) return connectRedis(redisUrl, log);
  if (pool !== undefined) return connectPool(pool);
  if (databaseUrl) return connectDatabase(databaseUrl);
  throw new ForetraceError("internal", "openQueue needs a pool, a databaseUrl or a redisUrl");
}

class BullQueue implements JobQueue {
  readonly #connection: QueueConnection;
  readonly #options: QueueOptions;
  readonly #log: Logger;
  readonly #queue: JobsQueue;
  readonly #canceledQueue: JobsQueue;
  readonly #canceled: CanceledJobs;
  readonly #lastQueue: JobsQueue;
  readonly #last: LastCompleted;
  #runner: JobRunner | undefined;
  #worker: JobsWorker | undefined;
  #cancelCheck: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;
  /** Later than `#closing`: jobs that still end may hand on work. */
  #closed = false;

  constructor(connection: QueueConnection, options: QueueOptions, log: Logger) {
    this.#connection = connection;
    this.#options = options;
    this.#log = log;
    this.#queue = connection.queue(queueName);
    this.#canceledQueue = connection.queue(canceledName);
    this.#lastQueue = connection.queue(lastName);
    for (const queue of [this.#queue, this.#canceledQueue, this.#lastQueue]) queue.on("error", (error) => this.#complain(error));
    this.#canceled = new CanceledJobs(this.#canceledQueue, options.clock);
    this.#last = new LastCompleted(this.#lastQueue, this.#queue, log);
  }

  async enqueue(
    name: JobName,
    input: Readonly<Record<string, unknown>>,
    { id, again = false, delayMillis = 0 }: { id: string; again?: boolean; delayMillis?: number },
  ): Promise<JobRecord> {
    return this.#guard(async () => {
      const known = await this.get(id);
      if (known !== undefined) {
        if (!hasEnded(known.state) || !again) return known;
        await this.#queue.remove(id);
        await this.#canceled.remove(id);
      }
      const options: JobsOptions = { ...this.#jobOptions(), jobId: id, delay: delayMillis, timestamp: this.#options.clock() };
      const job = await this.#queue.add(name, { input }, options);
      const state = stateOf(await this.#queue.getJobState(id)) ?? "waiting";
      // It may have run already.
      return state === "waiting" || state === "delayed" ? recordOf(job, state) : ((await this.get(id)) ?? recordOf(job, state));
    });
  }

  async get(id: string): Promise<JobRecord | undefined> {
    return this.#guard(async () => {
      const canceled = await this.#canceled.get(id);
      if (canceled !== undefined) return canceled;
      // The state first: a job that ends in between is then read with its result.
      for (;;) {
        const state = stateOf(await this.#queue.getJobState(id));
        if (state === undefined) return undefined;
        const job = await this.#queue.getJob(id);
        if (!job) return undefined;
        if (hasEnded(state) === (job.finishedOn !== undefined)) return recordOf(job, state);
      }
    });
  }

  async list({ name, state, limit = listLimit }: { name?: JobName; state?: JobState; limit?: number }): Promise<JobRecord[]> {
    return this.#guard(async () => {
      const canceled = await this.#canceled.list(listLimit);
      const records =
        state === undefined || state === "canceled" ? canceled.filter((record) => name === undefined || record.name === name) : [];
      const hidden = new Set(canceled.map(({ id }) => id));
      for (const [ours, types] of Object.entries(bullStates)) {
        if (state !== undefined && state !== ours) continue;
        let found = 0;
        const end = name === undefined ? Number.POSITIVE_INFINITY : Math.max(searched, limit);
        for (let at = 0; found < limit && at < end; at += pageSize) {
          const jobs = (await this.#queue.getJobs([...types], at, at + pageSize - 1, false)).filter(
            (job) => job !== undefined && job !== null,
          );
          for (const job of jobs) {
            if ((name !== undefined && job.name !== name) || hidden.has(job.id!)) continue;
            records.push(recordOf(job, ours as JobState));
            found++;
          }
          if (jobs.length === 0) break;
        }
      }
      if (name !== undefined && (state === undefined || state === "completed") && !records.some((record) => record.state === "completed")) {
        const id = await this.#last.idOf(name);
        const last = id === undefined ? undefined : await this.get(id);
        if (last?.state === "completed") records.push(last);
      }
      return [...new Map(records.map((record) => [record.id, record])).values()].sort(newestFirst).slice(0, limit);
    });
  }

  async cancel(id: string): Promise<boolean> {
    return this.#guard(async () => {
      const record = await this.get(id);
      if (record === undefined || hasEnded(record.state)) return false;
      await this.#canceled.put(record);
      // Fails for the next run of a scheduled job, and for one that runs: both look for the record.
      await this.#queue
        .remove(id)
        .catch((error: unknown) => this.#log.debug({ job: id, error: String(error) }, "cancelled job not removed"));
      this.#runner?.cancel(id);
      return true;
    });
  }

  async schedule(
    key: string,
    name: JobName,
    input: Readonly<Record<string, unknown>>,
    when: { everyMillis: number } | { pattern: string; timezone?: string },
  ): Promise<void> {
    const repeat =
      "everyMillis" in when
        ? { every: when.everyMillis }
        : { pattern: when.pattern, ...(when.timezone === undefined ? {} : { tz: when.timezone }) };
    try {
      await this.#queue.upsertJobScheduler(encodeURIComponent(key), repeat, { name, data: { input }, opts: this.#jobOptions() });
    } catch (error) {
      if ("everyMillis" in when) throw storeError(error);
      throw new ForetraceError(
        "bad_config",
        `schedule ${key}: "${when.pattern}" in zone ${when.timezone ?? "UTC"}: ${(error as Error).message}`,
        {
          input: key,
          cause: error,
        },
      );
    }
  }

  async unschedule(key: string): Promise<void> {
    await this.#guard(() => this.#queue.removeJobScheduler(encodeURIComponent(key)));
  }

  async work(handlers: Handlers, { concurrency = 2 }: { concurrency?: number } = {}): Promise<void> {
    if (this.#worker !== undefined) throw new ForetraceError("internal", "this queue works already");
    const runner = new JobRunner(handlers, this.#canceled, this.#log);
    this.#runner = runner;
    const { exclusive } = this.#connection;
    if (exclusive) await this.#guard(() => this.#reclaim());
    this.#worker = this.#connection.worker(queueName, (job, token) => runner.process(job, token), {
      concurrency,
      lockDuration: this.#options.lockMillis ?? 20_000,
      stalledInterval: Math.min(stalledCheckMillis, this.#options.lockMillis ?? stalledCheckMillis),
      skipStalledCheck: exclusive,
      maxStalledCount: maxStarts,
      maxStartedAttempts: maxStarts,
      runRetryDelay: 2000,
    });
    this.#worker.on("error", (error) => this.#complain(error));
    this.#worker.on("completed", (job) => this.#last.note(job));
    if (!exclusive) {
      this.#cancelCheck = setInterval(() => {
        runner.checkCanceled().catch((error: unknown) => this.#complain(error as Error));
      }, cancelCheckMillis);
      this.#cancelCheck.unref();
    }
    await this.#worker.waitUntilReady();
  }

  /** Nobody else works here, so what is active now was left by a process that is gone. */
  async #reclaim(): Promise<void> {
    for (;;) {
      const jobs = await this.#queue.getJobs(["active"], 0, pageSize - 1, true);
      if (jobs.length === 0) return;
      for (const job of jobs) {
        await job.moveToWait("0");
        this.#log.info({ job: job.id, name: job.name }, "job of an ended process runs again");
      }
    }
  }

  async idle(signal?: AbortSignal): Promise<void> {
    for (;;) {
      signal?.throwIfAborted();
      if (await this.#guard(() => this.#isIdle())) return;
      await sleep(idleCheckMillis, undefined, signal === undefined ? {} : { signal });
    }
  }

  /**
   * Delayed jobs count, the next runs of schedules do not. BullMQ counts all states at one instant, but which jobs are delayed is another
   * question; only an answer that is the same before and after the counting holds for its instant.
   */
  async #isIdle(): Promise<boolean> {
    const before = await this.#delayed();
    const counts = await this.#queue.getJobCounts("waiting", "prioritized", "active", "delayed");
    if ((counts["waiting"] ?? 0) + (counts["prioritized"] ?? 0) + (counts["active"] ?? 0) > 0) return false;
    if ((counts["delayed"] ?? 0) === 0) return true;
    const after = await this.#delayed();
    const same = before.length === counts["delayed"] && before.map(({ id }) => id).join() === after.map(({ id }) => id).join();
    return same && before.every((job) => job.repeatJobKey);
  }

  async #delayed(): Promise<QueuedJob[]> {
    const jobs = await this.#queue.getJobs(["delayed"], 0, -1, true);
    return jobs.filter((job) => job !== undefined && job !== null);
  }

  async counts(): Promise<Record<JobState, number>> {
    return this.#guard(async () => {
      const counts = await this.#queue.getJobCounts(...Object.values(bullStates).flat());
      const sum = (state: keyof typeof bullStates): number => bullStates[state].reduce((total, type) => total + (counts[type] ?? 0), 0);
      return {
        waiting: sum("waiting"),
        active: sum("active"),
        delayed: sum("delayed"),
        completed: sum("completed"),
        failed: sum("failed"),
        canceled: await this.#canceled.count(),
      };
    });
  }

  async lastCompleted(): Promise<LastCompletions> {
    return this.#guard(() => this.#last.read());
  }

  close(graceMillis = 5000): Promise<void> {
    this.#closing ??= this.#close(graceMillis);
    return this.#closing;
  }

  async #close(graceMillis: number): Promise<void> {
    clearInterval(this.#cancelCheck);
    if (this.#worker !== undefined && this.#runner !== undefined) {
      await this.#bounded("pausing the worker", this.#worker.pause(true));
      const ended = await this.#runner.stop(graceMillis);
      if (!ended) this.#log.warn({}, "jobs still ran at the end of the shutdown; they run again at the next start");
      await this.#bounded("closing the worker", this.#worker.close(!ended));
    }
    this.#closed = true;
    await this.#bounded("noting the last completions", this.#last.written());
    for (const queue of [this.#queue, this.#canceledQueue, this.#lastQueue]) await this.#bounded("closing a queue", queue.close());
    await this.#bounded("closing the connection", this.#connection.close());
  }

  /** A command that a broken connection took along may never be answered; it must not hold up the end of the process. */
  async #bounded(what: string, work: Promise<unknown>): Promise<void> {
    const late = Symbol("late");
    const timer = new AbortController();
    const end = await Promise.race([
      work.catch((error: unknown) => this.#log.debug({ error: String(error) }, what)),
      sleep(closeStepMillis, late, { signal: timer.signal, ref: false }).catch(() => undefined),
    ]);
    timer.abort();
    if (end === late) this.#log.warn({}, `${what} took too long and was given up`);
  }

  #jobOptions(): JobsOptions {
    const { attempts = 4, backoffMillis = 1000 } = this.#options;
    return { attempts, backoff: { type: "exponential", delay: backoffMillis }, removeOnComplete: kept, removeOnFail: kept };
  }

  async #guard<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new ForetraceError("unavailable", "the queue is closed: the service is shutting down");
    try {
      return await work();
    } catch (error) {
      throw storeError(error);
    }
  }

  #complain(error: Error): void {
    if (this.#closing === undefined) this.#log.warn({ error: error.message }, "queue");
  }
}

const idleCheckMillis = 100;

const storeError = (error: unknown): ForetraceError | DOMException =>
  isForetraceError(error) || error instanceof DOMException
    ? error
    : new ForetraceError("store_failed", `the queue did not do it: ${(error as Error).message}`, { cause: error });
