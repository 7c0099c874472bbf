/**
 * The embedded PostgreSQL, seen as a server: a thread that owns the one session, and as many client connections as wanted.
 * A connection is a Duplex that speaks the wire protocol, so that node-postgres runs over it unchanged and every type is read
 * and written exactly as with a real server. Batches of the connections take turns; a connection that has begun a transaction
 * holds the session until it ends (the lock is per transaction, not per checkout: a listening client would hold it for ever).
 */
import { Duplex } from "node:stream";
import { Worker } from "node:worker_threads";
import { ForetraceError } from "../../lib/errors.ts";
import { workerUrl } from "../../lib/worker-url.ts";
import type { DatabaseOptions, FromDatabase, ToDatabase } from "./messages.ts";
import { BatchReader, greeting, readAnswer, simpleQuery } from "./wire.ts";

type Turn = { readonly connection: EmbeddedConnection; readonly bytes: Buffer };

export type OpenOptions = {
  /** Gives up opening and ends the thread. */
  readonly signal?: AbortSignal | undefined;
  /** Longest wait for the database; 60 s unless told. */
  readonly limitMillis?: number;
};

/** Far beyond a first start on a slow machine; a damaged folder can leave PGlite waiting for ever. */
const openLimitMillis = 60_000;

export class EmbeddedDatabase {
  readonly #thread: Worker;
  readonly #connections = new Set<EmbeddedConnection>();
  readonly #waiting: Turn[] = [];
  #current: EmbeddedConnection | undefined;
  #holder: EmbeddedConnection | undefined;
  #failure: ForetraceError | undefined;
  #closed: (() => void) | undefined;

  private constructor(thread: Worker) {
    this.#thread = thread;
    thread.on("error", (error) => this.#fail(error.message));
    thread.on("exit", () => this.#fail("its thread ended"));
  }

  /**
   * Opens (and makes, the first time) the database in `folder`; without one it lives in memory.
   * @throws ForetraceError store_failed when the folder holds no usable database, or it does not open in time; the signal's reason.
   */
  static async open(folder?: string, { signal, limitMillis = openLimitMillis }: OpenOptions = {}): Promise<EmbeddedDatabase> {
    signal?.throwIfAborted();
    const workerData: DatabaseOptions = { folder };
    const thread = new Worker(workerUrl(import.meta.url, "./database-worker.ts"), { workerData });
    const database = new EmbeddedDatabase(thread);
    let timer: NodeJS.Timeout | undefined;
    let giveUp: (() => void) | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        thread.on("message", (message: FromDatabase) => {
          if (message.kind === "ready") resolve();
          else database.#hear(message);
          if (message.kind === "failed") reject(new Error(message.message));
        });
        thread.once("error", reject);
        thread.once("exit", () => reject(new Error("its thread ended")));
        timer = setTimeout(() => reject(new Error(`it did not answer within ${limitMillis / 1000} s`)), limitMillis);
        giveUp = () => reject(signal!.reason);
        signal?.addEventListener("abort", giveUp, { once: true });
      });
      return database;
    } catch (cause) {
      await thread.terminate();
      if (signal?.aborted) throw signal.reason;
      throw openError(folder, cause as Error);
    } finally {
      clearTimeout(timer);
      if (giveUp !== undefined) signal?.removeEventListener("abort", giveUp);
    }
  }

  /** A new client connection; destroy it to give it back. */
  connect(): EmbeddedConnection {
    const connection = new EmbeddedConnection(
      (bytes) => this.#ask({ connection, bytes }),
      () => this.#left(connection),
    );
    this.#connections.add(connection);
    if (this.#failure !== undefined) connection.destroy(this.#failure);
    return connection;
  }

  /** Ends the thread after a clean shutdown of the database (a checkpoint). Connections must have been ended before. */
  async close(): Promise<void> {
    if (this.#failure === undefined) {
      const closed = new Promise<void>((resolve) => (this.#closed = resolve));
      this.#say({ kind: "close" });
      await closed;
    }
    this.#failure ??= new ForetraceError("store_failed", "the embedded database is closed");
    await this.#thread.terminate();
  }

  #say(message: ToDatabase): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    this.#thread.postMessage(message);
  }

  #hear(message: FromDatabase): void {
    if (message.kind === "answer") this.#answered(message.bytes);
    else if (message.kind === "failed") this.#fail(message.message);
    else this.#closed?.();
  }

  #ask(turn: Turn): void {
    this.#waiting.push(turn);
    this.#next();
  }

  #next(): void {
    if (this.#current !== undefined || this.#failure !== undefined) return;
    const index = this.#holder === undefined ? 0 : this.#waiting.findIndex(({ connection }) => connection === this.#holder);
    const [turn] = index < 0 ? [] : this.#waiting.splice(index, 1);
    if (turn === undefined) return;
    this.#current = turn.connection;
    this.#say({ kind: "ask", bytes: turn.bytes });
  }

  #answered(bytes: Uint8Array): void {
    const asker = this.#current!;
    const answer = readAnswer(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    this.#current = undefined;
    this.#holder = answer.idle ? undefined : asker;
    asker.receive(answer.own);
    for (const notification of answer.notifications) {
      for (const connection of this.#connections) if (connection.listens) connection.receive(notification);
    }
    if (asker.destroyed) this.#left(asker);
    this.#next();
  }

  /** A client that goes in the middle of its transaction takes the transaction with it. */
  #left(connection: EmbeddedConnection): void {
    this.#connections.delete(connection);
    for (let i = this.#waiting.length - 1; i >= 0; i--) if (this.#waiting[i]!.connection === connection) this.#waiting.splice(i, 1);
    if (this.#holder === connection && this.#current !== connection) this.#ask({ connection, bytes: simpleQuery("rollback") });
  }

  #fail(reason: string): void {
    this.#failure ??= new ForetraceError("store_failed", `the embedded database stopped: ${reason}`);
    for (const connection of this.#connections) connection.destroy(this.#failure);
    this.#closed?.();
  }
}

function openError(folder: string | undefined, cause: Error): ForetraceError {
  if (folder === undefined) return new ForetraceError("store_failed", `the embedded database did not open: ${cause.message}`, { cause });
  return new ForetraceError(
    "store_failed",
    `the embedded database in ${folder} did not open: ${cause.message}; if the folder is a copy, copy it whole while no Foretrace runs on it, or choose another with --data`,
    { input: folder, cause },
  );
}

/** The socket that node-postgres believes it has. */
export class EmbeddedConnection extends Duplex {
  /** Whether this client has issued LISTEN. */
  listens = false;
  readonly #reader = new BatchReader();
  readonly #ask: (bytes: Buffer) => void;
  readonly #left: () => void;

  constructor(ask: (bytes: Buffer) => void, left: () => void) {
    super();
    this.#ask = ask;
    this.#left = left;
  }

  receive(bytes: Buffer): void {
    if (!this.destroyed && !this.readableEnded) this.push(bytes);
  }

  connect(): this {
    process.nextTick(() => this.emit("connect"));
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    const { startup, ended, batches } = this.#reader.push(chunk);
    if (startup) this.push(greeting());
    for (const batch of batches) {
      if (batch.length < 300 && /\blisten\b/i.test(batch.toString("latin1"))) this.listens = true;
      this.#ask(batch);
    }
    if (ended) this.push(null);
    done();
  }

  override _final(done: () => void): void {
    if (!this.readableEnded) this.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#left();
    done(error);
  }
}
