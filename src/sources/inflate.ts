/** Decompression that hands out what it has before it says that the rest is damaged, and that reads every frame of a zstd file. */
import { createGunzip, createZstdDecompress, type Gunzip, type ZstdDecompress } from "node:zlib";
import { ForetraceError } from "../lib/errors.ts";

export type Compression = "gzip" | "zstd";

/** Compressed bytes given to the engine at once. Up to 16 KiB that came out of the damaged one are lost. */
const pieceBytes = 32 * 1024;
/** Pieces waiting for the consumer before the engine pauses: a small file may hold very many bytes. */
const waitingPieces = 16;

/** The compression that the first four bytes tell, if any. */
export function compressionOf(head: Uint8Array): Compression | undefined {
  if (head[0] === 0x1f && head[1] === 0x8b) return "gzip";
  if (head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd) return "zstd";
  const skippable = (head[0]! & 0xf0) === 0x50 && head[1] === 0x2a && head[2] === 0x4d && head[3] === 0x18;
  return skippable ? "zstd" : undefined;
}

/**
 * Decompressed bytes. @param name for messages.
 * @throws ForetraceError trace_truncated when the data end too early, trace_malformed when they are damaged; after what came out before.
 */
export async function* inflate(pieces: AsyncIterable<Uint8Array>, compression: Compression, name: string): AsyncGenerator<Uint8Array> {
  let frame = new Frame(compression, name);
  try {
    for await (const piece of pieces) {
      for (let at = 0; at < piece.length;) {
        const part = piece.subarray(at, at + pieceBytes);
        const before = frame.consumed;
        yield* frame.feed(part);
        const used = frame.consumed - before;
        at += used;
        if (used === part.length) continue;
        // The engine stops at the end of a frame; what follows is another one.
        if (frame.consumed === 0) throw damaged(compression, name, "it holds no frame");
        yield* frame.finish();
        frame = new Frame(compression, name);
      }
    }
    yield* frame.finish();
  } finally {
    frame.close();
  }
}

class Frame {
  readonly #engine: Gunzip | ZstdDecompress;
  readonly #ready: Uint8Array[] = [];
  readonly #compression: Compression;
  readonly #name: string;
  #failure: NodeJS.ErrnoException | undefined;
  #ended = false;
  #wake: () => void = () => {};

  constructor(compression: Compression, name: string) {
    this.#compression = compression;
    this.#name = name;
    this.#engine = compression === "gzip" ? createGunzip() : createZstdDecompress();
    this.#engine.on("data", (piece: Buffer) => {
      this.#ready.push(piece);
      if (this.#ready.length >= waitingPieces) this.#engine.pause();
      this.#wake();
    });
    // At the end of a zstd frame too; what was written behind it is neither read nor acknowledged.
    this.#engine.on("end", () => {
      this.#ended = true;
      this.#wake();
    });
    this.#engine.on("error", (error) => {
      this.#failure = error;
      this.#wake();
    });
  }

  /** Compressed bytes that went in; fewer than were fed when a frame ended among them. */
  get consumed(): number {
    return this.#engine.bytesWritten;
  }

  feed(piece: Uint8Array): AsyncGenerator<Uint8Array> {
    return this.#drain((done) => this.#engine.write(piece, done));
  }

  finish(): AsyncGenerator<Uint8Array> {
    return this.#drain(() => this.#engine.end());
  }

  close(): void {
    this.#engine.destroy();
  }

  async *#drain(start: (done: () => void) => void): AsyncGenerator<Uint8Array> {
    let done = false;
    start(() => {
      done = true;
      this.#wake();
    });
    for (;;) {
      yield* this.#ready.splice(0);
      if (this.#ready.length > 0) continue;
      if (this.#failure !== undefined) throw this.#error(this.#failure);
      if (done || this.#ended) return;
      const woken = new Promise<void>((resolve) => (this.#wake = resolve));
      this.#engine.resume();
      await woken;
    }
  }

  #error(failure: NodeJS.ErrnoException): ForetraceError {
    if (failure.code !== "Z_BUF_ERROR") return damaged(this.#compression, this.#name, failure.message);
    return new ForetraceError("trace_truncated", `${this.#name}: the ${this.#compression} data end too early (is the file cut short?)`, {
      input: this.#name,
      cause: failure,
    });
  }
}

const damaged = (compression: Compression, name: string, why: string): ForetraceError =>
  new ForetraceError("trace_malformed", `${name}: the ${compression} data are damaged: ${why}`, { input: name });
