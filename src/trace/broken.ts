/** How a reading breaks off. Internal: `readTrace` turns it into the error of the outcome; whatever a visitor throws passes through untouched. */
import { ForetraceError, type ErrorCode, type ErrorPlace } from "../lib/errors.ts";

type BreakCode = Extract<ErrorCode, "trace_malformed" | "trace_truncated" | "trace_inconsistent">;

export class Break extends Error {
  readonly code: BreakCode;
  /** Byte offset in the uncompressed trace, where the thrower knows it better than its caller. */
  readonly offset: number | undefined;
  constructor(code: BreakCode, message: string, offset?: number) {
    super(message);
    this.name = "Break";
    this.code = code;
    this.offset = offset;
  }

  /** The public error. `generation` 0 means that none had begun. */
  toError(offset: number, generation: number, batch?: ErrorPlace["batch"]): ForetraceError {
    const at = this.offset ?? offset;
    const inGeneration = generation > 0 ? `, generation ${generation}` : "";
    const place = { offset: at, ...(generation > 0 ? { generation } : {}), ...(batch === undefined ? {} : { batch }) };
    return new ForetraceError(this.code, `${this.message} (at byte ${at}${inGeneration}${batchText(batch)})`, place);
  }
}

function batchText(batch: ErrorPlace["batch"]): string {
  if (batch === undefined) return "";
  const { number, thread } = batch;
  return `, batch ${number}${thread === undefined ? "" : thread < 0 ? " of no thread" : ` of thread ${thread}`}`;
}

export const malformed = (message: string, offset?: number): Break => new Break("trace_malformed", message, offset);
export const truncated = (message: string, offset?: number): Break => new Break("trace_truncated", message, offset);
export const inconsistent = (message: string): Break => new Break("trace_inconsistent", message);

/** The error with its place in the file, where it has none yet. */
export function placed(error: unknown, offset: number): unknown {
  return error instanceof Break && error.offset === undefined ? new Break(error.code, error.message, offset) : error;
}
