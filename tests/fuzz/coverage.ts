/**
 * What a piece of work reached in src/, by V8's own precise block coverage of this isolate: how often each block ran, in powers of two.
 * It costs about a millisecond a piece. The WebAssembly cores are not seen; the plain readers beside them are.
 */
import { Session } from "node:inspector/promises";

export class Coverage {
  readonly #session = new Session();
  readonly #seen = new Set<string>();

  async start(): Promise<void> {
    this.#session.connect();
    await this.#session.post("Profiler.enable");
    await this.#session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  }

  /** Blocks of which there are counts that were not seen before. */
  get size(): number {
    return this.#seen.size;
  }

  /** Forgets what ran until now, without calling it seen. */
  async skip(): Promise<void> {
    await this.#session.post("Profiler.takePreciseCoverage");
  }

  /** How much of what ran since the last call was not seen before. */
  async take(): Promise<number> {
    const { result } = await this.#session.post("Profiler.takePreciseCoverage");
    const before = this.#seen.size;
    for (const { url, scriptId, functions } of result) {
      if (!url.includes("/src/")) continue;
      for (const { ranges } of functions)
        for (const { startOffset, endOffset, count } of ranges)
          if (count > 0) this.#seen.add(`${scriptId}:${startOffset}:${endOffset}:${Math.floor(Math.log2(count))}`);
    }
    return this.#seen.size - before;
  }

  stop(): void {
    this.#session.disconnect();
  }
}
