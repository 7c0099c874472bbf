/** What a job and its worker thread say to each other, and the thread's side of it. */
import { parentPort, workerData } from "node:worker_threads";
import { type ErrorCode, type ErrorPlace, isForetraceError } from "../../lib/errors.ts";

/** `settled` holds one number that both sides share: the parts that the job has dealt with. */
export type ThreadData<Task> = { readonly task: Task; readonly settled: Int32Array };
export type FromThread<Result, Part> =
  | { readonly kind: "progress"; readonly done: number }
  | { readonly kind: "part"; readonly part: Part }
  | { readonly kind: "done"; readonly result: Result }
  | { readonly kind: "error"; readonly code: ErrorCode | undefined; readonly message: string; readonly place: ErrorPlace };

/** Parts that a thread may be ahead of the job. */
const ahead = 4;

export type ThreadIo<Part> = {
  progress(done: number): void;
  /** Hands a part over; blocks while too many are not dealt with, so that memory stays bounded also inside synchronous code. */
  part(part: Part, transfer?: readonly ArrayBuffer[]): void;
};

/** The body of a worker file: takes the one task, answers once. */
export function serveTask<Task, Result, Part = never>(
  work: (task: Task, io: ThreadIo<Part>) => Promise<{ result: Result; transfer?: readonly ArrayBuffer[] }>,
): void {
  const { task, settled } = workerData as ThreadData<Task>;
  const port = parentPort!;
  const send = (message: FromThread<Result, Part>, transfer: readonly ArrayBuffer[] = []): void => port.postMessage(message, [...transfer]);
  let handed = 0;
  const io: ThreadIo<Part> = {
    progress: (done) => send({ kind: "progress", done }),
    part(part, transfer) {
      for (let done = Atomics.load(settled, 0); handed - done >= ahead; done = Atomics.load(settled, 0)) Atomics.wait(settled, 0, done);
      handed++;
      send({ kind: "part", part }, transfer);
    },
  };
  // After the body of the worker's file has run to its end.
  const done = Promise.resolve().then(() => work(task, io));
  done.then(
    ({ result, transfer }) => send({ kind: "done", result }, transfer),
    (error: unknown) => {
      const known = isForetraceError(error);
      const message = error instanceof Error ? (known ? error.message : (error.stack ?? error.message)) : String(error);
      send({ kind: "error", code: known ? error.code : undefined, message, place: known ? error.place : {} });
    },
  );
}
