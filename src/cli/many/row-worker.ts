/** A worker thread that reads one trace after another and answers each with its row. */
import { enableCompileCache } from "node:module";
import { parentPort, workerData } from "node:worker_threads";
import type { RowOptions, TraceRow } from "./row.ts";

export type FromWorker =
  | { readonly kind: "progress"; readonly bytes: number }
  | { readonly kind: "row"; readonly row: TraceRow }
  | { readonly kind: "defect"; readonly message: string };

enableCompileCache();
const { readRow } = await import("./row.ts");
const port = parentPort!;
const send = (message: FromWorker): void => port.postMessage(message);
/** Bytes between two words of progress. */
const step = 4e6;

port.on("message", async (file: string) => {
  let told = 0;
  const progress = (bytes: number): void => {
    if (bytes - told < step) return;
    told = bytes;
    send({ kind: "progress", bytes });
  };
  try {
    send({ kind: "row", row: await readRow(file, workerData as RowOptions, progress) });
  } catch (error) {
    send({ kind: "defect", message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
});
