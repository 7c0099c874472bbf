/** The thread that owns the embedded database: a long statement blocks this thread, not the one that answers requests. */
import { PGlite } from "@electric-sql/pglite";
import { parentPort, workerData } from "node:worker_threads";
import type { DatabaseOptions, FromDatabase, ToDatabase } from "./messages.ts";

const port = parentPort!;
const say = (message: FromDatabase, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);
const { folder } = workerData as DatabaseOptions;

try {
  const database = await PGlite.create(folder === undefined ? {} : { dataDir: folder });
  port.on("message", (message: ToDatabase) => {
    if (message.kind === "close") {
      database.close().then(
        () => say({ kind: "closed" }),
        (error: unknown) => say({ kind: "failed", message: String(error) }),
      );
      return;
    }
    try {
      const bytes = ask(database, message.bytes);
      say({ kind: "answer", bytes }, [bytes.buffer as ArrayBuffer]);
    } catch (error) {
      // Not an SQL error (those are answers): the database itself broke.
      say({ kind: "failed", message: String(error) });
    }
  });
  say({ kind: "ready" });
} catch (error) {
  say({ kind: "failed", message: String(error) });
}

function ask(database: PGlite, bytes: Uint8Array): Uint8Array {
  const answer = database.execProtocolRawSync(bytes);
  // The answer may be a view of the database's own buffer, which must not be transferred away.
  return answer.byteOffset === 0 && answer.byteLength === answer.buffer.byteLength ? answer : answer.slice();
}
