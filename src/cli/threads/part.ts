/** The main thread's side of a thread that reads a part. */
import { MessageChannel, receiveMessageOnPort, Worker, type MessagePort } from "node:worker_threads";
import { ForetraceError } from "../../lib/errors.ts";
import { workerUrl } from "../../lib/worker-url.ts";
import { BorderState, Cell, Shared, Verdict, type FromPart, type Known, type PartTask, type SentError } from "./protocol.ts";

/** A thread has long come to its border when it is asked; one that has not is left alone after so many milliseconds. */
const patience = 5000;

export class Part {
  readonly offset: number;
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #cells = new Int32Array(new SharedArrayBuffer(16));
  readonly #numbers = new Float64Array(new SharedArrayBuffer(16));
  readonly #begin: number;
  #queue: FromPart[] = [];
  #wake: (() => void) | undefined;
  #failure: Error | undefined;
  #isOver = false;

  /** @param onFailure called when the thread dies of something that is no result. */
  constructor(task: Omit<PartTask, "cells" | "numbers" | "port">, onFailure: (error: Error) => void) {
    const { port1, port2 } = new MessageChannel();
    this.offset = task.border.offset;
    this.#begin = task.border.warmUp;
    this.#port = port1;
    const workerData: PartTask = { ...task, cells: this.#cells, numbers: this.#numbers, port: port2 };
    this.#worker = new Worker(workerUrl(import.meta.url, "./part-worker.ts"), { workerData, transferList: [port2] });
    const fail = (error: Error): void => {
      if (this.#isOver) return;
      this.#failure = error;
      onFailure(error);
      this.#wake?.();
    };
    this.#worker.on("error", fail);
    this.#worker.on("exit", (code) => {
      if (code !== 0)
        fail(new ForetraceError("internal", `a thread that read a part of the trace ended with status ${code} and no result`));
    });
  }

  /** The thread begins: it knows now when the trace began. */
  start(origin: number): void {
    this.#numbers[Shared.Origin] = origin;
    Atomics.store(this.#cells, Cell.Origin, 1);
    Atomics.notify(this.#cells, Cell.Origin);
  }

  /** Bytes that the thread has read so far. */
  get progress(): number {
    return Math.max(0, this.#numbers[Shared.Offset]! - this.#begin);
  }

  /** What the thread knew at its border; undefined when it has not come there. Blocks, where it is not there yet. @throws what it has failed of. */
  border(): Known | undefined {
    Atomics.wait(this.#cells, Cell.Border, BorderState.Pending, patience);
    if (Atomics.load(this.#cells, Cell.Border) !== BorderState.Sent) return undefined;
    const message = receiveMessageOnPort(this.#port)?.message as FromPart | undefined;
    if (message?.kind === "failed") throw received(message.error);
    return message?.kind === "border" ? message.known : undefined;
  }

  /** All messages behind the border's, up to the last one. A chunk of rows is settled when the next message is asked for. */
  async *messages(signal: AbortSignal): AsyncGenerator<FromPart> {
    this.#port.on("message", (message: FromPart) => {
      this.#queue.push(message);
      this.#wake?.();
    });
    const abort = (): void => this.#wake?.();
    signal.addEventListener("abort", abort);
    try {
      for (;;) {
        while (this.#queue.length === 0) {
          if (this.#failure !== undefined) throw this.#failure;
          if (signal.aborted) throw new ForetraceError("canceled", "reading the trace was cancelled", { cause: signal.reason });
          await new Promise<void>((resolve) => (this.#wake = resolve));
        }
        const message = this.#queue.shift()!;
        yield message;
        if (message.kind === "rows") {
          Atomics.add(this.#cells, Cell.Settled, 1);
          Atomics.notify(this.#cells, Cell.Settled);
        } else if (message.kind !== "end") return;
      }
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  /** Answers an `end`. */
  decide(stops: boolean): void {
    Atomics.store(this.#cells, Cell.Verdict, stops ? Verdict.Stop : Verdict.GoOn);
    Atomics.notify(this.#cells, Cell.Verdict);
  }

  async close(): Promise<void> {
    this.#isOver = true;
    this.#port.close();
    await this.#worker.terminate();
  }
}

export const received = ({ code, message, place }: SentError): Error =>
  code === undefined ? new Error(message) : new ForetraceError(code, message, place);
