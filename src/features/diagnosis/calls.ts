/** System calls by place: time, processors lost, and calls of one goroutine so close together that one could do. */
import { GoState } from "../../trace/model.ts";
import { NumberTable } from "../core/number-table.ts";
import type { Change } from "../state/change.ts";
import type { Observed } from "../wide-series.ts";

/** Calls of one goroutine at one place with less than this between them could be one. */
const closeNanos = 100e3;
const mostSites = 10_000;

export class CallSite {
  readonly site: string;
  /** Number of the class, in the texts of the family. */
  readonly purpose: number;
  count = 0;
  nanos = 0;
  longest = 0;
  longestAt = 0;
  lost = 0;
  lostNanos = 0;
  close = 0;

  constructor(site: string, purpose: number) {
    this.site = site;
    this.purpose = purpose;
  }
}

export class Calls {
  readonly sites: CallSite[] = [];
  private readonly observed: Observed;
  private readonly byKey = new NumberTable(-1);
  /** Last call of the goroutine in a slot: place, and when it ended. */
  private readonly lastPlace: number[] = [];
  private readonly lastEnd: number[] = [];

  constructor(observed: Observed) {
    this.observed = observed;
  }

  /** It ends in running. */
  syscall(slot: number, nanos: number, time: number): void {
    this.add(slot, nanos, time, false);
  }

  change({ slot, from, to, nanos, time, seen }: Change): void {
    if (from === GoState.Syscall && seen && to !== GoState.NotExist) this.add(slot, nanos, time, true);
    else if (from === GoState.NotExist || from === GoState.Undetermined) this.lastPlace[slot] = -1;
  }

  private add(slot: number, nanos: number, time: number, lost: boolean): void {
    const { table } = this.observed;
    const place = table.site[slot]!;
    const site = this.of(place, table.reason[slot]!);
    site.count++;
    site.nanos += nanos;
    if (nanos > site.longest) {
      site.longest = nanos;
      site.longestAt = time - nanos;
    }
    if (lost) {
      site.lost++;
      site.lostNanos += nanos;
    }
    if (this.lastPlace[slot] === place && time - nanos - this.lastEnd[slot]! < closeNanos) site.close++;
    this.lastPlace[slot] = place;
    this.lastEnd[slot] = time;
  }

  private of(place: number, purpose: number): CallSite {
    const at = this.byKey.place(purpose * 65536 + (place & 65535));
    const number = this.byKey.values[at]!;
    if (number >= 0) return this.sites[number]!;
    const text = this.sites.length < mostSites ? this.observed.sites.texts[place]! : "";
    const site = new CallSite(text, purpose);
    this.byKey.values[at] = this.sites.push(site) - 1;
    return site;
  }
}
