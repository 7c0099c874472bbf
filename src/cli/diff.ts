/** What `foretrace diff` does: reads both traces with the same windows and compares them. */
import { compare, type Comparison } from "../features/compare/compare.ts";
import { createProfile, type Profile } from "../features/compare/profile.ts";
import { ForetraceError } from "../lib/errors.ts";
import { createRandom } from "../lib/random.ts";
import { openBytes } from "../sources/bytes.ts";
import { readInOne } from "./analyze.ts";

export type DiffOptions = {
  /** undefined: 100 ms, or less where a trace is short. */
  readonly windowNanos: number | undefined;
  readonly salvage: boolean;
  readonly progress: (file: string, bytes: number) => void;
  readonly signal: AbortSignal;
};

const usualWindow = 100e6;
const leastWindow = 1e6;
/** Windows that the shorter trace should have: two for each block. */
const aimedWindows = 48;

/** Memory: some 8 KiB for each series. @throws what `readTrace` throws. */
export async function diffTraces(a: string, b: string, options: DiffOptions): Promise<Comparison> {
  const profile = async (file: string, windowNanos: number): Promise<Profile> => {
    const { visitor, finish } = createProfile(windowNanos);
    const source = openBytes(file, { reuse: true });
    try {
      return finish(await readInOne(visitor, source, { ...options, progress: (bytes) => options.progress(file, bytes) }, undefined));
    } catch (error) {
      if (!(error instanceof ForetraceError) || error.message.includes(file)) throw error;
      throw new ForetraceError(error.code, `${file}: ${error.message}`, { ...error.place, cause: error });
    }
  };
  const read = async (windowNanos: number): Promise<[Profile, Profile]> => [await profile(a, windowNanos), await profile(b, windowNanos)];
  let profiles = await read(options.windowNanos ?? usualWindow);
  const shorter = Math.min(...profiles.map(({ summary }) => summary.range.nanos));
  if (options.windowNanos === undefined && shorter > 0 && shorter < aimedWindows * usualWindow) {
    profiles = await read(Math.max(leastWindow, roundDown(shorter / aimedWindows)));
  }
  return compare(...profiles, createRandom("diff"));
}

/** To 1, 2 or 5 times a power of ten. */
function roundDown(nanos: number): number {
  const power = 10 ** Math.floor(Math.log10(nanos));
  return power * (nanos >= 5 * power ? 5 : nanos >= 2 * power ? 2 : 1);
}
