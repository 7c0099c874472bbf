/** Pieces of any size in, exact byte counts out. */
import { isForetraceError } from "../lib/errors.ts";
import type { ByteSource } from "./model.ts";

export class Input {
  /** Bytes handed out so far. */
  offset = 0;
  /** Why the source ended early, where it says so (a cut compressed file): what came before is still read. */
  failure: string | undefined;
  #iterator: AsyncIterator<Uint8Array> | Iterator<Uint8Array>;
  #piece: Uint8Array = new Uint8Array(0);
  #at = 0;
  #ended = false;

  constructor(source: ByteSource) {
    this.#iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  }

  /** Bytes that can be had without waiting. */
  get available(): number {
    return this.#piece.length - this.#at;
  }

  /** Makes `count` bytes available at once; fewer only at the end of the source. */
  async ensure(count: number): Promise<void> {
    while (this.available < count && !this.#ended) {
      const rest = this.#piece.subarray(this.#at);
      const next = await this.#pull();
      if (next === undefined) return;
      if (rest.length === 0) this.#piece = next;
      else {
        this.#piece = new Uint8Array(rest.length + next.length);
        this.#piece.set(rest);
        this.#piece.set(next, rest.length);
      }
      this.#at = 0;
    }
  }

  /** The bytes at hand, without taking them. */
  peek(): Uint8Array {
    return this.#piece.subarray(this.#at);
  }

  take(count: number): void {
    this.#at += count;
    this.offset += count;
  }

  /** Copies up to `count` bytes to `target` at `at`; returns how many there were. */
  async copy(target: Uint8Array, at: number, count: number): Promise<number> {
    let copied = 0;
    while (copied < count) {
      if (this.available === 0) {
        const next = await this.#pull();
        if (next === undefined) break;
        this.#piece = next;
        this.#at = 0;
      }
      const part = Math.min(count - copied, this.available);
      target.set(this.#piece.subarray(this.#at, this.#at + part), at + copied);
      copied += part;
      this.take(part);
    }
    return copied;
  }

  /** Tells the source that no more is wanted. */
  async close(): Promise<void> {
    if (!this.#ended) {
      this.#ended = true;
      await this.#iterator.return?.();
    }
  }

  async #pull(): Promise<Uint8Array | undefined> {
    if (this.#ended) return undefined;
    for (;;) {
      let next: IteratorResult<Uint8Array>;
      try {
        next = await this.#iterator.next();
      } catch (error) {
        this.#ended = true;
        if (!isForetraceError(error) || (error.code !== "trace_truncated" && error.code !== "trace_malformed")) throw error;
        this.failure = error.message;
        return undefined;
      }
      if (next.done === true) {
        this.#ended = true;
        return undefined;
      }
      if (next.value.length > 0) return next.value;
    }
  }
}
