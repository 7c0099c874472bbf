/** What the thread that fuzzes and the one that watches it say to each other. */
import type { InputKind } from "./check.ts";
import type { Input } from "./inputs.ts";

export type WorkerData = {
  readonly seed: number;
  readonly millis: number;
  readonly inputs: readonly Input[];
  readonly current: SharedArrayBuffer;
};
export type Failure = { readonly kind: InputKind; readonly bytes: Uint8Array; readonly seed: number; readonly message: string };
export type WorkerMessage =
  | { readonly failure: Failure }
  | { readonly kept: { readonly kind: InputKind; readonly bytes: Uint8Array } }
  | { readonly done: { readonly executions: number; readonly corpus: number; readonly blocks: number } };

const headWords = 4;

/** The input at hand, where the other thread sees it though this one hangs. */
export class Current {
  static readonly bytes: number = 1 << 17;
  readonly #head: Int32Array;
  readonly #body: Uint8Array;

  constructor(buffer: SharedArrayBuffer) {
    this.#head = new Int32Array(buffer, 0, headWords);
    this.#body = new Uint8Array(buffer, headWords * 4);
  }

  set(kind: number, bytes: Uint8Array, seed: number): void {
    this.#body.set(bytes.subarray(0, this.#body.length));
    this.#head[1] = kind;
    this.#head[2] = Math.min(bytes.length, this.#body.length);
    this.#head[3] = seed;
    Atomics.add(this.#head, 0, 1);
  }

  /** Rises with each input. */
  get turn(): number {
    return Atomics.load(this.#head, 0);
  }
  get kind(): number {
    return this.#head[1]!;
  }
  get seed(): number {
    return this.#head[3]!;
  }
  get input(): Uint8Array {
    return this.#body.slice(0, this.#head[2]);
  }
}
