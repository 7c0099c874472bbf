/** Threads that decode stored traces for slices and timelines, so that the event loop answers meanwhile. */
import { Worker } from "node:worker_threads";
import { ForetraceError } from "../lib/errors.ts";
import { workerUrl } from "../lib/worker-url.ts";
import type { TraceAnswer, TraceTask } from "./workers/trace-protocol.ts";

export type TraceWorkers = {
  /**
   * The answer of a task, piece by piece as it is read. Ending the iteration early, or `signal`, ends the work.
   * @throws ForetraceError busy when too many tasks wait; the trace's own error when it cannot be read.
   */
  run(task: TraceTask, signal: AbortSignal): AsyncGenerator<Uint8Array, void>;
  close(): Promise<void>;
};

export function createTraceWorkers(options: { threads: number; waiting: number }): TraceWorkers {
  const idle: Worker[] = [];
  const waiting: { wake: (worker: Worker) => void; fail: (error: Error) => void }[] = [];
  const all = new Set<Worker>();
  let closed = false;

  const start = (): Worker => {
    const worker = new Worker(workerUrl(import.meta.url, "./workers/trace.ts"));
    // A process that only waits for traces to read may end.
    worker.unref();
    all.add(worker);
    return worker;
  };
  const acquire = (signal: AbortSignal): Promise<Worker> => {
    if (signal.aborted) throw new ForetraceError("canceled", "the client went away");
    const worker = idle.pop() ?? (all.size < options.threads ? start() : undefined);
    if (worker !== undefined) return Promise.resolve(worker);
    if (waiting.length >= options.waiting) throw new ForetraceError("busy", "too many traces are being read; try again shortly");
    return new Promise((wake, fail) => {
      const entry = { wake, fail };
      waiting.push(entry);
      signal.addEventListener("abort", () => {
        const index = waiting.indexOf(entry);
        if (index >= 0) waiting.splice(index, 1);
        fail(new ForetraceError("canceled", "the client went away"));
      });
    });
  };
  const release = (worker: Worker): void => {
    const next = waiting.shift();
    if (next !== undefined) next.wake(worker);
    else idle.push(worker);
  };
  const replace = (worker: Worker): void => {
    all.delete(worker);
    void worker.terminate();
    const next = closed ? undefined : waiting.shift();
    next?.wake(start());
  };

  return {
    async *run(task, signal) {
      if (closed) throw new ForetraceError("unavailable", "the service is shutting down");
      const worker = await acquire(signal);
      let ended = false;
      try {
        worker.postMessage(task);
        for (;;) {
          const answer = await nextAnswer(worker, signal);
          if ("chunk" in answer) {
            yield answer.chunk;
            worker.postMessage("next");
            continue;
          }
          ended = true;
          if ("error" in answer) throw new ForetraceError(answer.error.code, answer.error.message, answer.error.place);
          return;
        }
      } finally {
        if (ended) release(worker);
        else replace(worker);
      }
    },
    async close() {
      closed = true;
      for (const { fail } of waiting.splice(0)) fail(new ForetraceError("unavailable", "the service is shutting down"));
      await Promise.all([...all].map((worker) => worker.terminate()));
    },
  };
}

function nextAnswer(worker: Worker, signal: AbortSignal): Promise<TraceAnswer> {
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void): void => {
      worker.off("message", onMessage);
      worker.off("error", onError);
      worker.off("exit", onExit);
      signal.removeEventListener("abort", onAbort);
      finish();
    };
    const onMessage = (answer: TraceAnswer): void => settle(() => resolve(answer));
    const onError = (error: Error): void => settle(() => reject(error));
    const onExit = (): void => settle(() => reject(new ForetraceError("unavailable", "the reading of the trace was stopped")));
    const onAbort = (): void => settle(() => reject(new ForetraceError("canceled", "the client went away")));
    worker.on("message", onMessage);
    worker.on("error", onError);
    worker.on("exit", onExit);
    signal.addEventListener("abort", onAbort);
    if (signal.aborted) onAbort();
  });
}
