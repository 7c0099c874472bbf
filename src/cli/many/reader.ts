/** One job's thread, from the main thread's side: reads one trace at a time; a thread that dies takes only the trace at hand with it. */
import { Worker } from "node:worker_threads";
import { ForetraceError } from "../../lib/errors.ts";
import { workerUrl } from "../../lib/worker-url.ts";
import { failedRow, type RowOptions, type TraceRow } from "./row.ts";
import type { FromWorker } from "./row-worker.ts";

/** After this many bytes of traces a thread makes way for a new one: what the largest generation took is given back. */
const bytesBeforeRest = 512e6;

const outOfMemory = "it needs more memory than a thread has; NODE_OPTIONS=--max-old-space-size=8192 gives it more";

export class RowReader {
  readonly #options: RowOptions;
  #worker: Worker | undefined;
  #bytes = 0;
  #onMessage: (message: FromWorker) => void = () => {};
  #onDeath: (message: string) => void = () => {};

  constructor(options: RowOptions) {
    this.#options = options;
  }

  /** Rejects only when it is cancelled. */
  async read(file: string, size: number, progress: (bytes: number) => void, signal: AbortSignal): Promise<TraceRow> {
    if (this.#bytes > bytesBeforeRest) await this.close();
    this.#bytes += size;
    const worker = (this.#worker ??= this.#start());
    const over = new AbortController();
    try {
      return await new Promise<TraceRow>((resolve, reject) => {
        const die = (message: string): void => {
          this.#worker = undefined;
          resolve(failedRow(file, "internal", `the thread that read it died: ${message}`));
        };
        const cancel = (): void => reject(new ForetraceError("canceled", "reading the traces was cancelled", { cause: signal.reason }));
        if (signal.aborted) {
          cancel();
          return;
        }
        signal.addEventListener("abort", cancel, { signal: over.signal });
        this.#onMessage = (message) => {
          if (message.kind === "progress") progress(message.bytes);
          else if (message.kind === "row") resolve(message.row);
          else resolve(failedRow(file, "internal", `this is a defect of Foretrace, please report it: ${message.message}`));
        };
        this.#onDeath = die;
        worker.postMessage(file);
      });
    } finally {
      over.abort();
      this.#onMessage = () => {};
      this.#onDeath = () => (this.#worker = undefined);
    }
  }

  #start(): Worker {
    const worker = new Worker(workerUrl(import.meta.url, "./row-worker.ts"), { workerData: this.#options });
    const isCurrent = (): boolean => this.#worker === worker;
    worker.on("message", (message: FromWorker) => isCurrent() && this.#onMessage(message));
    worker.on(
      "error",
      (error: NodeJS.ErrnoException) =>
        isCurrent() && this.#onDeath(error.code === "ERR_WORKER_OUT_OF_MEMORY" ? outOfMemory : error.message),
    );
    worker.on("exit", (code) => isCurrent() && this.#onDeath(`status ${code}`));
    return worker;
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    this.#bytes = 0;
    await worker?.terminate();
  }
}
