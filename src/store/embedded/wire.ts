/**
 * The little of PostgreSQL's wire protocol (version 3) that is needed to share one database session between many clients:
 * where a batch of frontend messages ends, what the answer's transaction state is, and which parts of it are notifications.
 * Source: PostgreSQL documentation, chapter "Frontend/Backend Protocol", section "Message Formats".
 */

/** Cuts a client's byte stream into batches that end with a Query or a Sync; only a whole batch may reach the shared session. */
export class BatchReader {
  #held: Buffer = Buffer.alloc(0);
  #started = false;

  /** Takes bytes in any cut; gives what they complete. `startup` comes once and first. */
  push(chunk: Buffer): { startup: boolean; ended: boolean; batches: Buffer[] } {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const found = { startup: false, ended: false, batches: [] as Buffer[] };
    let start = 0;
    let at = 0;
    if (!this.#started) {
      // The startup message alone has no type byte.
      if (this.#held.length < 4 || this.#held.length < this.#held.readUInt32BE(0)) return found;
      at = this.#held.readUInt32BE(0);
      start = at;
      this.#started = true;
      found.startup = true;
    }
    while (at + 5 <= this.#held.length) {
      const type = this.#held[at]!;
      const end = at + 1 + this.#held.readUInt32BE(at + 1);
      if (end > this.#held.length) break;
      at = end;
      if (type === types.terminate) found.ended = true;
      if (type === types.query || type === types.sync) {
        found.batches.push(this.#held.subarray(start, at));
        start = at;
      }
    }
    this.#held = this.#held.subarray(start);
    return found;
  }
}

const types = { query: 0x51, sync: 0x53, terminate: 0x58, notification: 0x41, ready: 0x5a } as const;

export type Answer = {
  /** What belongs to the client that asked. */
  readonly own: Buffer;
  /** Notification messages, for every client that listens. */
  readonly notifications: Buffer[];
  /** False while the session is inside a transaction block, a failed one included. */
  readonly idle: boolean;
};

/** Takes an answer apart. Without notifications (nearly always) `own` is the answer itself, not a copy. */
export function readAnswer(bytes: Buffer): Answer {
  const notifications: Buffer[] = [];
  const own: Buffer[] = [];
  let idle = true;
  let kept = 0;
  let at = 0;
  while (at + 5 <= bytes.length) {
    const end = at + 1 + bytes.readUInt32BE(at + 1);
    if (bytes[at] === types.notification) {
      own.push(bytes.subarray(kept, at));
      notifications.push(bytes.subarray(at, end));
      kept = end;
    } else if (bytes[at] === types.ready) idle = bytes[at + 5] === 0x49;
    at = end;
  }
  if (notifications.length === 0) return { own: bytes, notifications, idle };
  own.push(bytes.subarray(kept));
  return { own: Buffer.concat(own), notifications, idle };
}

/** What a server says to a client it lets in: AuthenticationOk, two parameters, BackendKeyData, ReadyForQuery. */
export function greeting(): Buffer {
  return Buffer.concat([
    message("R", Buffer.alloc(4)),
    message("S", Buffer.from("client_encoding\0UTF8\0")),
    message("S", Buffer.from("standard_conforming_strings\0on\0")),
    message("K", Buffer.alloc(8)),
    message("Z", Buffer.from("I")),
  ]);
}

/** A simple Query message. */
export const simpleQuery = (sql: string): Buffer => message("Q", Buffer.from(`${sql}\0`));

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 0, "latin1");
  head.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}
