/** Runs one task in a worker thread of its own: decoding and training never stand in the event loop that answers requests. */
import { Worker } from "node:worker_threads";
import { ForetraceError } from "../lib/errors.ts";
import { workerUrl } from "../lib/worker-url.ts";
import type { FromThread, ThreadData } from "./workers/protocol.ts";

export type ThreadOptions<Part> = {
  readonly signal: AbortSignal;
  readonly progress?: (done: number) => void;
  /** Called for each part the thread hands over, one after the other; the thread waits when it is too far ahead. */
  readonly onPart?: (part: Part) => Promise<void>;
};

/**
 * The result of the task. An aborted signal ends the thread at once, wherever it is.
 * @param name file in workers/ with its `.ts` ending
 * @throws ForetraceError canceled; what the task or `onPart` throws.
 */
export async function runThread<Task, Result, Part = never>(name: string, task: Task, options: ThreadOptions<Part>): Promise<Result> {
  const { signal } = options;
  const settled = new Int32Array(new SharedArrayBuffer(4));
  const data: ThreadData<Task> = { task, settled };
  if (signal.aborted) throw canceled();
  const worker = new Worker(workerUrl(import.meta.url, `./workers/${name}`), { workerData: data });
  let parts: Promise<void> = Promise.resolve();
  const take = async (before: Promise<void>, part: Part): Promise<void> => {
    await before;
    await options.onPart?.(part);
    Atomics.add(settled, 0, 1);
    Atomics.notify(settled, 0);
  };
  try {
    return await new Promise<Result>((resolve, reject) => {
      signal.addEventListener("abort", () => reject(canceled()), { once: true });
      worker.on("error", reject);
      let answered = false;
      worker.on("exit", (code) => {
        if (!answered) reject(new Error(`the thread ${name} ended with status ${code} and no result`));
      });
      worker.on("message", (message: FromThread<Result, Part>) => {
        answered = message.kind === "done" || message.kind === "error";
        if (message.kind === "progress") options.progress?.(message.done);
        else if (message.kind === "part") {
          parts = take(parts, message.part);
          parts.catch(reject);
        } else if (message.kind === "done") parts.then(() => resolve(message.result), reject);
        else if (message.code === undefined) reject(new Error(message.message));
        else reject(new ForetraceError(message.code, message.message, message.place));
      });
    });
  } finally {
    // Whatever was begun with a part ends before the caller goes on.
    await Promise.all([worker.terminate(), parts.catch(() => {})]);
  }
}

const canceled = (): ForetraceError => new ForetraceError("canceled", "the job was cancelled");
