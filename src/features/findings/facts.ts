/** What the rules look at: the facts of the diagnosis, the totals of all series, and the size of the range they are about. */
import type { Diagnosis } from "../diagnosis.ts";
import type { Summary } from "../summary.ts";

export type Facts = {
  readonly diagnosis: Diagnosis;
  readonly summary: Omit<Summary, "findings">;
  /** Length of what was looked at, nanoseconds. */
  readonly nanos: number;
  readonly start: number;
  /** Processors available on average. */
  readonly procs: number;
  /** What the runtime needs for one start of a goroutine, measured in this trace: nanoseconds. NaN where it cannot be told. */
  readonly startCost: number;
};

export const percent = (share: number): string => `${Math.round(share * 1000) / 10} %`;
