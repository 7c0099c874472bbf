/** Waits by reason and place: how many, how long, how many at once, who ends them, and what is left at the end. */
import { GoState } from "../../trace/model.ts";
import { NumberTable } from "../core/number-table.ts";
import type { Change } from "../state/change.ts";
import type { Observed } from "../wide/observer.ts";

/** Different places of wakers that are kept for one place of waiting. */
const mostWakers = 64;
const mostSites = 10_000;

export type Waker = { readonly site: string; readonly group: string; count: number; nanos: number };

export class WaitSite {
  /** In the runtime's words, and its class ({@link waitClasses}). */
  readonly reason: string;
  readonly waits: number;
  readonly site: string;
  /** Of a wait for "sync": mutex, rwmutex, waitgroup, once, cond or other; else "". */
  readonly lock: string;
  /** Waits that ended. */
  count = 0;
  nanos = 0;
  /** Of those that had not at the end. */
  openNanos = 0;
  longest = 0;
  longestAt = 0;
  /** Waiting now, most at once, and wall time in which at least one was (two were). */
  now = 0;
  most = 0;
  anyNanos = 0;
  queueNanos = 0;
  since = 0;
  wokenByRuntime = 0;
  wokenByGoroutine = 0;
  /** When somebody was last woken here. */
  lastWoken = Number.NEGATIVE_INFINITY;
  readonly wakers = new Map<number, Waker>();
  /** Names of the functions whose goroutines wait here. */
  readonly groups = new Set<string>();
  /** At the end of the trace: waiting, since when, and how many of them since before the trace. */
  left: { id: number; since: number; seen: boolean; name: string }[] = [];

  constructor(reason: string, waits: number, site: string, lock: string) {
    this.reason = reason;
    this.waits = waits;
    this.site = site;
    this.lock = lock;
  }
}

export class Waits {
  readonly sites: WaitSite[] = [];
  private readonly observed: Observed;
  private readonly byKey = new NumberTable(-1);
  private readonly ofSlot: number[] = [];
  private readonly nameOf: (slot: number) => string;
  private readonly from: number;

  constructor(observed: Observed, from: number) {
    this.observed = observed;
    this.from = from;
    this.nameOf = (slot) => observed.names.texts[observed.table.name[slot]!]!;
  }

  existed(slot: number, time: number): void {
    const { table } = this.observed;
    if (table.state[slot] === GoState.Waiting) this.enter(slot, table.reason[slot]!, table.site[slot]!, this.observed.lockOf(slot), time);
  }

  change(change: Change): void {
    const { slot, from, to, time } = change;
    if (from === GoState.Waiting) this.leave(change);
    if (to === GoState.Waiting)
      this.enter(
        slot,
        from === GoState.Running ? change.reason : this.observed.reasons.none,
        this.observed.sites.of(change.ownStack),
        this.observed.locks.of(change.ownStack),
        time,
      );
  }

  /** What waits still. */
  finish(end: number): void {
    const { table } = this.observed;
    table.forEach((slot) => {
      if (table.state[slot] !== GoState.Waiting) return;
      const site = this.sites[this.ofSlot[slot]!];
      if (site === undefined) return;
      const since = table.since[slot]!;
      const seen = table.seen[slot] === 1;
      site.left.push({ id: table.id[slot]!, since, seen, name: this.nameOf(slot) });
      if (site.groups.size < mostWakers) site.groups.add(this.nameOf(slot));
      if (seen) site.openNanos += end - Math.max(since, this.from);
    });
    for (const site of this.sites) this.count(site, end);
  }

  private enter(slot: number, reason: number, place: number, lock: number, time: number): void {
    const number = this.of(reason, place, lock);
    this.ofSlot[slot] = number;
    const site = this.sites[number]!;
    this.count(site, time);
    site.now++;
    if (site.now > site.most) site.most = site.now;
  }

  private leave({ slot, nanos, time, seen, by, stack, to }: Change): void {
    const { sites, table } = this.observed;
    const site = this.sites[this.ofSlot[slot]!];
    if (site === undefined) return;
    this.count(site, time);
    site.now--;
    site.count++;
    if (site.groups.size < mostWakers) site.groups.add(this.nameOf(slot));
    if (seen) {
      site.nanos += nanos;
      if (nanos > site.longest) {
        site.longest = nanos;
        site.longestAt = time - nanos;
      }
    }
    if (to !== GoState.Runnable) return;
    site.lastWoken = time;
    if (by < 0) {
      site.wokenByRuntime++;
      return;
    }
    site.wokenByGoroutine++;
    const place = sites.of(stack);
    let waker = site.wakers.get(place);
    if (waker === undefined) {
      if (site.wakers.size >= mostWakers) return;
      waker = { site: sites.texts[place]!, group: this.observed.names.texts[table.name[by]!]!, count: 0, nanos: 0 };
      site.wakers.set(place, waker);
    }
    waker.count++;
    if (seen) waker.nanos += nanos;
  }

  private count(site: WaitSite, time: number): void {
    if (site.now > 0) site.anyNanos += time - site.since;
    if (site.now > 1) site.queueNanos += time - site.since;
    site.since = time;
  }

  private of(reason: number, place: number, lock: number): number {
    const { reasons, sites, locks } = this.observed;
    const kind = reasons.texts[reason] === "sync" ? lock : 0;
    const at = this.byKey.place((kind * 1024 + Math.min(reason, 1023)) * 65536 + (place & 65535));
    let number = this.byKey.values[at]!;
    if (number >= 0) return number;
    const full = this.sites.length >= mostSites;
    const site = new WaitSite(reasons.texts[reason]!, reasons.classes[reason]!, full ? "" : sites.texts[place]!, locks.texts[kind]!);
    number = this.sites.push(site) - 1;
    this.byKey.values[at] = number;
    return number;
  }
}
