/** The input with a long view ahead: a batch header is believed only when what follows it fits, up to two batches further on. */
import type { Input } from "../input.ts";

const windowBytes = 1 << 20;

export class Lookahead {
  readonly bytes: Uint8Array = new Uint8Array(windowBytes);
  /** The bytes at hand lie from here … */
  at = 0;
  /** … to here. */
  end = 0;
  readonly #input: Input;
  #ended = false;

  constructor(input: Input) {
    this.#input = input;
  }

  /** Offset in the file of the byte at {@link at}. */
  get offset(): number {
    return this.#input.offset - (this.end - this.at);
  }

  /** Nothing follows the bytes at hand. Known after {@link fill}. */
  get isLast(): boolean {
    return this.#ended;
  }

  /** Has `count` bytes at hand (at most a fourth of the window); fewer only at the end of the input. Returns how many there are. */
  async fill(count: number): Promise<number> {
    if (this.end - this.at < count && !this.#ended) {
      this.bytes.copyWithin(0, this.at, this.end);
      this.end -= this.at;
      this.at = 0;
      const wanted = this.bytes.length - this.end;
      const got = await this.#input.copy(this.bytes, this.end, wanted);
      this.end += got;
      this.#ended = got < wanted;
    }
    return this.end - this.at;
  }
}
