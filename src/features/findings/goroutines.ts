/** Rules about goroutines that stay, or that are too many. */
import { formatDuration, formatNumber } from "../../lib/units.ts";
import type { Group } from "../diagnosis/groups.ts";
import type { WaitSite } from "../diagnosis/waits.ts";
import { shortFunction } from "../goroutine-names.ts";
import { waitClasses } from "../state/reasons.ts";
import { percent, place, type Facts } from "./facts.ts";
import type { Finding } from "./finding.ts";

const least = 20;
/** A goroutine has a stack of at least 2 KiB and holds what it works on; with some 8 KiB each, this many a second are 1 GiB in an hour. */
const leaksGigabyteAnHour = 36;
const networkClass = waitClasses.indexOf("network");

/** Growth in both halves, a tenth at least: a pool that is filled once and a burst that goes away are none. */
function growsSteadily(curve: readonly number[]): boolean {
  if (curve.length < 4) return false;
  const [first, middle, last] = [curve[0]!, curve[curve.length >> 1]!, curve.at(-1)!];
  const growth = last - first;
  return growth >= last / 2 && middle - first >= growth / 10 && last - middle >= growth / 10;
}

type Left = { readonly site: WaitSite; readonly count: number; readonly since: number[] };

/** Where the group's goroutines wait at the end of the trace, most first. */
function leftOf(group: Group, { diagnosis }: Facts): Left[] {
  return diagnosis.waits.sites
    .map((site) => {
      const own = site.left.filter(({ name }) => name === group.name);
      return { site, count: own.length, since: own.map(({ since }) => since) };
    })
    .filter(({ count }) => count > 0)
    .toSorted((one, two) => two.count - one.count);
}

export function goroutineLeak(facts: Facts): Finding[] {
  const end = facts.start + facts.nanos;
  return facts.diagnosis.groups.groups.flatMap((group): Finding[] => {
    const { name, origin, created, ended, live, curve, system } = group;
    if (system || created < least || live < least || !growsSteadily(curve)) return [];
    const left = leftOf(group, facts);
    const [top] = left;
    const waiting = left.reduce((sum, { count }) => sum + count, 0);
    if (top === undefined || waiting < live * 0.8) return [];
    const woken = top.site.wokenByGoroutine + top.site.wokenByRuntime;
    // Whoever has waited twice as long as anybody who went on there is not in the course of its work any more.
    const overdue = woken === 0 ? 0 : top.since.filter((at) => end - at > 2 * top.site.longest).length;
    const outlived = overdue >= Math.max(least, live / 2);
    if (ended > created / 2 && !outlived) return [];
    // Connections that come and stay open wait for the network: load, most likely.
    const network = top.site.waits === networkClass;
    const rate = (live - group.existed) / ((end - group.firstCreation) / 1e9);
    const confidence = network ? 0.3 : woken === 0 ? 0.9 : outlived ? 0.7 : woken < top.count / 10 ? 0.6 : 0.4;
    const costNanos = left.reduce((sum, { since }) => sum + since.reduce((all, at) => all + end - Math.max(at, facts.start), 0), 0);
    return [
      {
        kind: "goroutine-leak",
        id: `goroutine-leak:${name}`,
        severity: network || confidence < 0.5 ? "info" : rate >= leaksGigabyteAnHour ? "critical" : "warning",
        confidence,
        costNanos,
        from: group.firstCreation,
        to: end,
        title: `Goroutines of ${shortFunction(name)} pile up`,
        text:
          `${formatNumber(created)} goroutines were created at ${place(origin)}, ${formatNumber(rate)} more are alive every second, and ${ended === 0 ? "none" : formatNumber(ended)} ended. ` +
          `${top.count === live ? "All that are left" : `${formatNumber(top.count)} of those left`} wait (${top.site.reason || "reason unknown"}) at ${place(top.site.site)}, ` +
          (woken === 0
            ? "where nobody was woken in the whole trace. "
            : `where ${formatNumber(woken)} were woken in the whole trace${outlived ? `, after ${formatDuration(top.site.longest)} at most; ${formatNumber(overdue)} have waited more than twice as long` : ""}. `) +
          "A trace cannot see whether someone still holds what they wait for: work that outlives the trace looks alike.",
        advice: network
          ? "Connections are kept open faster than they close. If that is not load, set deadlines and idle timeouts."
          : `Give each goroutine a way to end (a context, a closed channel, a buffered result) at ${place(top.site.site)}; a goroutine profile taken twice shows whether the number falls again.`,
        sites: [
          { role: "created at", site: origin },
          { role: "waits at", site: top.site.site },
        ],
        evidence: { created, ended, alive: live, waiting, per_second: rate, woken_there: woken, overdue, reason: top.site.reason },
      },
    ];
  });
}

export function blockedForever(facts: Facts): Finding[] {
  const end = facts.start + facts.nanos;
  return facts.diagnosis.waits.sites.flatMap((site): Finding[] => {
    if (site.reason !== "forever" || site.left.length === 0) return [];
    // main.main may wait with an empty select on purpose, while the others work.
    const onlyMain = site.left.length === 1 && site.left[0]!.name === "main.main";
    const name = site.left[0]!.name;
    return [
      {
        kind: "blocked-forever",
        id: `blocked-forever:${name}`,
        severity: onlyMain ? "info" : "warning",
        confidence: 1,
        costNanos: site.left.reduce((sum, { since }) => sum + end - Math.max(since, facts.start), 0),
        from: Math.max(facts.start, Math.min(...site.left.map(({ since }) => since))),
        to: end,
        title: `${site.left.length === 1 ? "A goroutine" : `${formatNumber(site.left.length)} goroutines`} of ${shortFunction(name) || "an unnamed function"} can never go on`,
        text: `They block on a nil channel or an empty select at ${place(site.site)}; the runtime itself says that nothing can wake them.`,
        advice: onlyMain
          ? "Nothing to do if main waits on purpose; waiting for a signal lets it end in good order."
          : "A nil channel is mostly one that was never made, or was set to nil to switch a case off: make it, or let the goroutine return.",
        sites: [{ role: "waits at", site: site.site }],
        evidence: { goroutines: site.left.length, function: name },
      },
    ];
  });
}

/** A start costs the runtime this much or more where a pool pays; the gain is told by what this trace measured. */
const leastShareLost = 0.05;

export function excessiveGoroutines(facts: Facts): Finding[] {
  const { nanos, procs, startCost, start } = facts;
  if (Number.isNaN(startCost)) return [];
  const available = procs * nanos;
  return facts.diagnosis.groups.groups.flatMap((group): Finding[] => {
    const { name, origin, created, begun, busy, firstWait, system } = group;
    if (system || begun < 1000) return [];
    const overhead = begun * startCost;
    const share = overhead / available;
    const perGoroutine = busy / begun;
    // The work is worth less than three times what starting it costs.
    if (share < leastShareLost || perGoroutine > 3 * startCost) return [];
    const rate = created / (nanos / 1e9);
    return [
      {
        kind: "excessive-goroutines",
        id: `excessive-goroutines:${name}`,
        severity: share >= 0.25 ? "critical" : "warning",
        confidence: 0.7,
        costNanos: overhead,
        from: group.firstCreation,
        to: Math.max(group.lastCreation, start),
        title: `${shortFunction(name)} is not worth a goroutine`,
        text:
          `${formatNumber(created)} goroutines (${formatNumber(rate)} a second) were created at ${place(origin)}; each ran for ${formatDuration(perGoroutine)} on average ` +
          `and waited ${formatDuration(firstWait / begun)} for its first turn. In this trace a start costs the scheduler ${formatDuration(startCost)}, so starting them took ${percent(share)} of the processors' time.`,
        advice:
          `Let a fixed number of workers (about GOMAXPROCS) take the work from a channel in batches of ${formatNumber(Math.max(2, Math.ceil((10 * startCost) / perGoroutine)))} or more, or call the function directly: ` +
          `that gives back up to ${formatDuration(overhead)} of processor time (${percent(share)}).`,
        sites: [{ role: "created at", site: origin }],
        evidence: {
          created,
          per_second: rate,
          ran_mean_seconds: perGoroutine / 1e9,
          start_cost_seconds: startCost / 1e9,
          share_of_processors: share,
        },
      },
    ];
  });
}
