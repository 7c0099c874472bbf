/** System calls of the range by place, as the rules look at them. */
import type { Observed } from "../wide/observer.ts";

export type CallSite = {
  readonly site: string;
  /** Number of the class in {@link syscallClasses}. */
  readonly purpose: number;
  /** Nanoseconds, as all times. */
  readonly count: number;
  readonly nanos: number;
  readonly longest: number;
  readonly longestAt: number;
  /** Calls that lost their processor. */
  readonly lost: number;
  readonly lostNanos: number;
  /** Calls that came close after another one of the same goroutine at the same place. */
  readonly close: number;
};

export class Calls {
  readonly sites: readonly CallSite[];

  constructor({ calls: { kinds, sites, totals } }: Observed) {
    this.sites = sites
      .map((site, call) => ({
        site,
        purpose: kinds[call]!,
        count: totals.count[call]!,
        nanos: totals.nanos[call]!,
        longest: totals.longest[call]!,
        longestAt: totals.longestAt[call]!,
        lost: totals.lost[call]!,
        lostNanos: totals.lostNanos[call]!,
        close: totals.close[call]!,
      }))
      .filter(({ count }) => count > 0);
  }
}
