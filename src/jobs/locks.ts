/** One at a time for each key, in the order of asking. */
import { ForetraceError } from "../lib/errors.ts";

export type Locks = <T>(key: string, signal: AbortSignal, work: () => Promise<T>) => Promise<T>;

export function createLocks(): Locks {
  const tails = new Map<string, Promise<unknown>>();
  return async (key, signal, work) => {
    const before = tails.get(key);
    const run = (async () => {
      await before?.catch(() => {});
      if (signal.aborted) throw new ForetraceError("canceled", "the job was cancelled before its turn came");
      return work();
    })();
    tails.set(key, run);
    try {
      return await run;
    } finally {
      if (tails.get(key) === run) tails.delete(key);
    }
  };
}
