/** Answers of `analyze` by one and by several threads, side by side. */
import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { analyzeTrace, type AnalyzeOptions } from "../../src/cli/analyze.ts";
import { isForetraceError } from "../../src/lib/errors.ts";
import { openBytes } from "../../src/sources/bytes.ts";

/** Everything that a user sees: the text (its hash: a million windows are more than a string holds), and how the reading ended. */
export async function analyze(file: string, threads: number, options: Partial<AnalyzeOptions> = {}): Promise<unknown> {
  const hash = createHash("sha256");
  try {
    const outcome = await analyzeTrace(() => openBytes(file, { reuse: true }), {
      input: file,
      windowNanos: 1e8,
      format: "csv",
      write: (part) => void hash.update(part),
      color: false,
      width: 100,
      threads,
      partBytes: Math.ceil(statSync(file).size / 6),
      ...options,
    });
    const { info, bytes, events, generations, end, error } = outcome;
    return { text: hash.digest("hex"), info, bytes, events, generations, end, error: error && [error.code, error.message, error.place] };
  } catch (error) {
    if (!isForetraceError(error)) throw error;
    return { text: hash.digest("hex"), thrown: [error.code, error.message, error.place] };
  }
}

/** How many threads (2, 3) say anything else than one does. */
export async function differing(file: string, options: Partial<AnalyzeOptions> = {}): Promise<number[]> {
  const one = await analyze(file, 1, options);
  const found: number[] = [];
  for (const threads of [2, 3]) if (!isDeepStrictEqual(await analyze(file, threads, options), one)) found.push(threads);
  return found;
}
