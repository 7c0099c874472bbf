/** A reading of bytes that may be anything: which errors may come. */
import { isForetraceError, type ErrorCode } from "../../src/lib/errors.ts";
import { traceCores } from "../../src/sources/trace-core.ts";
import type { TraceOutcome, TraceVisitor } from "../../src/trace/model.ts";
import { readTrace } from "../../src/trace/read.ts";

/** Errors that the outcome of a reading may have, and that a reading may throw. */
export const brokenCodes: readonly ErrorCode[] = ["trace_malformed", "trace_truncated", "trace_inconsistent"];
export const thrownCodes: readonly ErrorCode[] = ["empty_input", "not_a_trace", "trace_version_unsupported"];

export type Reading = { outcome: TraceOutcome | undefined; said: string };

/** @param cut where the bytes come in pieces. @param salvage reads on behind a break, in versions that can. */
export async function read(bytes: Uint8Array, visitor: TraceVisitor, withCore: boolean, cut?: number, salvage = false): Promise<Reading> {
  const source = cut === undefined ? [bytes] : [bytes.subarray(0, cut), bytes.subarray(cut, cut + 1), bytes.subarray(cut + 1)];
  try {
    const options = { core: withCore ? traceCores : undefined, salvage };
    const outcome = await readTrace(source, visitor, options);
    const { error } = outcome;
    if (error !== undefined && !brokenCodes.includes(error.code)) throw new Error(`error of another kind: ${error.code} ${error.message}`);
    return { outcome, said: `${error?.code} ${error?.message} ${JSON.stringify(error?.place)}` };
  } catch (error) {
    return { outcome: undefined, said: refused(error, thrownCodes) };
  }
}

/** @throws unless the error is one of those. */
export function refused(error: unknown, codes: readonly ErrorCode[]): string {
  if (!isForetraceError(error) || !codes.includes(error.code)) throw error;
  return `${error.code} ${error.message}`;
}
