/**
 * When a job of each name last completed. Kept apart from the jobs, as one job a name in a queue that nobody works on: the rare names would
 * otherwise have to be looked for among thousands of frequent ones. Reading costs the same however many jobs are kept.
 */
import type { Logger } from "../../lib/log.ts";
import { type EpochMillis, epochMillis } from "../../lib/units.ts";
import type { JobName } from "../queue.ts";
import type { JobsQueue, QueuedJob } from "./connection.ts";

export type LastCompletions = Partial<Record<JobName, EpochMillis>>;
type Note = { readonly id: string; readonly finishedAt: number };

const jobNames: readonly JobName[] = ["ingest", "extract", "train", "score", "forecast", "report"];
/** Completed jobs that are looked at once, for what a killed process, or an earlier version, has not noted. */
const recentJobs = 100;

export class LastCompleted {
  readonly #queue: JobsQueue;
  readonly #jobs: JobsQueue;
  readonly #log: Logger;
  readonly #unwritten = new Map<JobName, Note>();
  #recent: Promise<LastCompletions> | undefined;
  #writing: Promise<void> | undefined;

  /** @param queue holds the notes; `jobs` the jobs themselves. */
  constructor(queue: JobsQueue, jobs: JobsQueue, log: Logger) {
    this.#queue = queue;
    this.#jobs = jobs;
    this.#log = log;
  }

  /** Of the completions during a write the newest is written; a failed write is made good by the next success of that name. */
  note({ id, name, finishedOn }: QueuedJob): void {
    if (finishedOn === undefined) return;
    this.#unwritten.set(name as JobName, { id: id!, finishedAt: finishedOn });
    this.#writing ??= this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    for (const [name, note] of this.#unwritten) {
      this.#unwritten.delete(name);
      try {
        const job = await this.#queue.getJob(name);
        if (job === undefined || job === null) await this.#queue.add(name, { input: note }, { jobId: name });
        else if (note.finishedAt > noteOf(job).finishedAt) await job.updateData({ input: note });
      } catch (error) {
        this.#log.debug({ name, error: String(error) }, "completion not noted");
      }
    }
    // Here and not in a later turn: what is noted in between would wait for the next completion.
    this.#writing = undefined;
  }

  /** Resolves when nothing is left to be written. */
  async written(): Promise<void> {
    await this.#writing;
  }

  /** Id of the job of this name that completed last; it may be gone, or run again. */
  async idOf(name: JobName): Promise<string | undefined> {
    const job = await this.#queue.getJob(name);
    return job ? noteOf(job).id : undefined;
  }

  async read(): Promise<LastCompletions> {
    this.#recent ??= this.#readRecent();
    const recent = await this.#recent.catch((error: unknown) => {
      this.#recent = undefined;
      throw error;
    });
    const notes = await Promise.all(jobNames.map((name) => this.#queue.getJob(name)));
    const last: LastCompletions = { ...recent };
    for (const [index, job] of notes.entries()) {
      if (job) keepLater(last, jobNames[index]!, noteOf(job).finishedAt);
    }
    return last;
  }

  async #readRecent(): Promise<LastCompletions> {
    const last: LastCompletions = {};
    for (const job of await this.#jobs.getJobs(["completed"], 0, recentJobs - 1, false)) {
      if (job?.finishedOn !== undefined) keepLater(last, job.name as JobName, job.finishedOn);
    }
    return last;
  }
}

const noteOf = (job: QueuedJob): Note => job.data.input as Note;

function keepLater(last: LastCompletions, name: JobName, at: number): void {
  if (at > (last[name] ?? Number.NEGATIVE_INFINITY)) last[name] = epochMillis(at);
}
