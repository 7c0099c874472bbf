/** What the rules look at: the facts of the diagnosis, the totals of all series, and the size of the range they are about. */
import type { Diagnosis } from "../diagnosis.ts";
import { formatNumber } from "../../lib/units.ts";
import { shortFunction } from "../goroutine-names.ts";
import type { Summary } from "../summary.ts";
import { functionOf } from "./finding.ts";

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

/** Share of the processors' time that they were busy. */
export const busyShare = ({ summary: { processors } }: Facts): number => processors.busyNanos / processors.availableNanos;

/** A place in a sentence, without the path of its package; the sites of the finding have all of it. */
export function place(site: string): string {
  const at = site.indexOf(" (");
  return site === ""
    ? "an unknown place"
    : at < 0
      ? shortFunction(site)
      : shortFunction(functionOf(site)) + site.slice(functionOf(site).length);
}

/** The function of a place in a title. */
export const placeFunction = (site: string): string => shortFunction(functionOf(site)) || "an unknown place";

/** Once, twice, 3 times. */
export const times = (count: number): string => (count === 1 ? "once" : count === 2 ? "twice" : `${formatNumber(count)} times`);

export const percent = (share: number): string => `${Math.round(share * 1000) / 10} %`;
