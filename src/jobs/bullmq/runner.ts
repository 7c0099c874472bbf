/** Runs jobs: hands them to their handlers, writes progress, aborts them, and decides whether a failure is worth another attempt. */
import { UnrecoverableError, WaitingError } from "bullmq";
import { ForetraceError, isForetraceError } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import type { JobHandler, JobName } from "../queue.ts";
import type { CanceledJobs } from "./canceled.ts";
import type { QueuedJob } from "./connection.ts";

export type Handlers = Readonly<Partial<Record<JobName, JobHandler>>>;

/** Progress is for people: more often than this nobody sees it. */
const progressMillis = 500;

type Running = { readonly controller: AbortController; canceled: boolean };

export class JobRunner {
  readonly #handlers: Handlers;
  readonly #canceled: CanceledJobs;
  readonly #log: Logger;
  readonly #running = new Map<string, Running>();
  readonly #waiters = new Set<() => void>();
  #stopping = false;

  constructor(handlers: Handlers, canceled: CanceledJobs, log: Logger) {
    this.#handlers = handlers;
    this.#canceled = canceled;
    this.#log = log;
  }

  /** BullMQ's processor. */
  readonly process = async (job: QueuedJob, token?: string): Promise<unknown> => {
    const id = job.id!;
    if (this.#stopping) return giveBack(job, token);
    const running: Running = { controller: new AbortController(), canceled: false };
    this.#running.set(id, running);
    try {
      // Also when it was cancelled while it ran in a process that was killed since.
      if ((await this.#canceled.get(id)) !== undefined) return drop(job);
      const result = await this.#run(job, running.controller.signal);
      // It ended before it noticed.
      if (running.canceled) await this.#canceled.remove(id);
      return result;
    } catch (error) {
      if (running.canceled) return drop(job);
      if (this.#stopping && running.controller.signal.aborted) return await giveBack(job, token);
      throw this.#failure(job, error);
    } finally {
      this.#running.delete(id);
      if (this.#running.size === 0) for (const waiter of this.#waiters) waiter();
    }
  };

  async #run(job: QueuedJob, signal: AbortSignal): Promise<unknown> {
    const handler = this.#handlers[job.name as JobName];
    if (handler === undefined) throw new ForetraceError("internal", `no handler for jobs named ${job.name}`);
    const writer = new ProgressWriter(job, this.#log);
    try {
      signal.throwIfAborted();
      return (await handler(job.data.input, { id: job.id!, signal, progress: (done) => writer.set(done) })) ?? null;
    } finally {
      await writer.end();
    }
  }

  /** Aborts the job when it runs here. */
  cancel(id: string): void {
    const running = this.#running.get(id);
    if (running === undefined || running.canceled) return;
    running.canceled = true;
    running.controller.abort(new ForetraceError("canceled", `job ${id} was cancelled`));
  }

  /** Aborts the jobs that another process has cancelled. */
  async checkCanceled(): Promise<void> {
    for (const [id, { canceled }] of this.#running) if (!canceled && (await this.#canceled.get(id)) !== undefined) this.cancel(id);
  }

  /** No further job starts here; resolves when none runs any more, at the latest after `graceMillis` and a little. False: some still do. */
  async stop(graceMillis: number): Promise<boolean> {
    this.#stopping = true;
    if (await this.#ended(graceMillis)) return true;
    for (const [id, { controller }] of this.#running) {
      controller.abort(new ForetraceError("unavailable", `job ${id} was interrupted by the shutdown; it runs again`));
    }
    return this.#ended(abortMillis);
  }

  #ended(millis: number): Promise<boolean> {
    if (this.#running.size === 0) return Promise.resolve(true);
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        this.#waiters.delete(finish);
        resolve(this.#running.size === 0);
      };
      const timer = setTimeout(finish, millis);
      this.#waiters.add(finish);
    });
  }

  #failure(job: QueuedJob, error: unknown): Error {
    const failure = error instanceof Error ? error : new Error(String(error));
    const again = !isForetraceError(error) || error.retryable;
    const last = job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
    const fields = { job: job.id, name: job.name, attempt: job.attemptsMade + 1, error: failure.message, stack: failure.stack };
    if (again && !last) this.#log.warn(fields, "job failed, will be tried again");
    else this.#log.error(fields, "job failed");
    return again ? failure : new UnrecoverableError(failure.message);
  }
}

/** How long aborted jobs get to notice. */
const abortMillis = 2000;

/** The job leaves the real queue; its record lies with the cancelled ones. */
function drop(job: QueuedJob): never {
  job.opts.removeOnFail = true;
  throw new UnrecoverableError("cancelled");
}

/** Back to the waiting ones, without counting as a failed attempt. */
async function giveBack(job: QueuedJob, token: string | undefined): Promise<never> {
  await job.moveToWait(token);
  throw new WaitingError();
}

/** Writes the newest value now and then, one write at a time. */
class ProgressWriter {
  readonly #job: QueuedJob;
  readonly #log: Logger;
  #wanted: number | undefined;
  #writing: Promise<void> | undefined;
  #ended = false;
  #lastWrite = 0;

  constructor(job: QueuedJob, log: Logger) {
    this.#job = job;
    this.#log = log;
  }

  set(done: number): void {
    if (this.#ended || !Number.isFinite(done)) return;
    this.#wanted = Math.min(Math.max(done, 0), 1);
    if (this.#writing === undefined && performance.now() - this.#lastWrite >= progressMillis) this.#write();
  }

  #write(): void {
    const value = this.#wanted!;
    this.#wanted = undefined;
    this.#lastWrite = performance.now();
    this.#writing = this.#job
      .updateProgress(value)
      .catch((error: unknown) => this.#log.debug({ job: this.#job.id, error: String(error) }, "progress not written"))
      .finally(() => (this.#writing = undefined));
  }

  /** After this no write is under way: it would fall on a job that has ended. */
  async end(): Promise<void> {
    this.#ended = true;
    await this.#writing;
  }
}
