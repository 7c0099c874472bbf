/** Rules about goroutines that wait for each other: locks, circles, herds, pipelines, timers, the network. */
import { formatDuration, formatNumber } from "../../lib/units.ts";
import type { Group } from "../diagnosis/groups.ts";
import type { WaitSite, Waker } from "../diagnosis/waits.ts";
import { isSystemGoroutine, shortFunction } from "../goroutine-names.ts";
import { waitClasses } from "../state/reasons.ts";
import { busyShare, percent, place, placeFunction, times, type Facts } from "./facts.ts";
import { functionOf, type Finding } from "./finding.ts";

const classNumber = (name: (typeof waitClasses)[number]): number => waitClasses.indexOf(name);
const syncClass = classNumber("sync");
const channelClass = classNumber("channel");
const selectClass = classNumber("select");
const networkClass = classNumber("network");
const sleepClass = classNumber("sleep");
const unknownClass = classNumber("other");

const topWaker = (site: WaitSite): Waker | undefined => [...site.wakers.values()].toSorted((one, two) => two.nanos - one.nanos)[0];
/** What goroutines waited for since before the trace is not known, and no part of it. */
const livedNanos = (group: Group): number =>
  group.busy + group.runnable + group.away + group.waiting.reduce((sum, nanos, waits) => (waits === unknownClass ? sum : sum + nanos), 0);

/** A lock that somebody waits for a tenth of the time, with half a waiter on average, holds up work that one can see. */
const leastContended = 0.1;
const leastWaiters = 0.5;
/** Whoever queues here for less of its life than this waits for something else, mostly. */
const leastOfLife = 0.1;
/** Where the processors have less than a tenth to spare, all would take as long without the lock: its queue is one for the processors. */
const leastGain = 1.1;

export function lockContention(facts: Facts): Finding[] {
  const { diagnosis, nanos } = facts;
  return diagnosis.waits.sites.flatMap((site): Finding[] => {
    if (site.lock !== "mutex" && site.lock !== "rwmutex" && !(site.lock === "other" && site.reason === "sync")) return [];
    const users = [...site.groups].filter((name) => !isSystemGoroutine(name));
    const waiters = site.nanos / nanos;
    const contended = site.anyNanos / nanos;
    const byChance = site.count < 3 || (site.count < 10 && waiters < 2);
    if (users.length === 0 || byChance || waiters < leastWaiters || contended < leastContended) return [];
    const holder = topWaker(site);
    const groups = diagnosis.groups.groups.filter(({ name }) => users.includes(name));
    const lived = groups.reduce((sum, group) => sum + livedNanos(group), 0);
    const share = Math.min(1, site.nanos / Math.max(lived, site.nanos));
    const held = site.anyNanos / site.count;
    // With others in line all the time, each release serves the next: a convoy.
    const convoy = site.anyNanos > 0 && site.queueNanos / site.anyNanos > 0.9 && site.most >= 3;
    const gain = share >= 1 ? Number.POSITIVE_INFINITY : 1 / (1 - share);
    const most = 1 / busyShare(facts);
    const explained = share < leastOfLife || most < leastGain;
    return [
      {
        kind: "lock-contention",
        id: `lock-contention:${functionOf(site.site)}`,
        severity: explained ? "info" : waiters >= 4 && contended >= 0.5 ? "critical" : "warning",
        confidence: site.lock === "other" ? 0.6 : 0.9,
        costNanos: site.nanos,
        from: site.longestAt,
        to: site.longestAt + site.longest,
        title: `Goroutines queue for a lock in ${placeFunction(site.site)}`,
        text:
          `For ${percent(contended)} of the time somebody waited at ${place(site.site)}, ${formatNumber(waiters)} goroutines on average (${formatNumber(site.most)} at most), ${formatDuration(site.nanos)} in all. ` +
          (holder === undefined ? "" : `Most were let in by ${place(holder.site)}. `) +
          `The next one got it every ${formatDuration(held)}${convoy ? ", and there was nearly always another in line (a convoy)" : ""}.`,
        advice:
          "Hold it for less: move what does not need it (I/O, allocation, logging) to before Lock or after Unlock, split what it guards, or read without it. " +
          (share < leastOfLife
            ? `But it is ${percent(share)} of what those goroutines do with their time: something else holds them up more.`
            : most < leastGain
              ? `But the processors were ${percent(1 / most)} busy: who has the lock waits for one of them, so first do less on them.`
              : gain <= most
                ? `The goroutines that queue here could get at most ${formatNumber(Math.round(gain * 10) / 10)} × as much done without it.`
                : `Without it ${formatNumber(Math.round(most * 10) / 10)} × as much could be done at most; then the processors are all busy.`),
        sites: [{ role: "waits at", site: site.site }, ...(holder === undefined ? [] : [{ role: "released at", site: holder.site }])],
        evidence: {
          waiters_mean: waiters,
          waiters_most: site.most,
          contended_share: contended,
          waits: site.count,
          wait_seconds: site.nanos / 1e9,
          served_every_seconds: held / 1e9,
          share_of_their_time: share,
          gain_at_most: Math.min(gain, most),
          convoy: convoy ? "yes" : "no",
        },
      },
    ];
  });
}

/** Younger waits may just be the end of the trace. */
const oldWait = 1e9;

export function deadlockSuspect(facts: Facts): Finding[] {
  const least = Math.max(oldWait, facts.nanos / 4);
  const circle = wakeCircle(facts, least);
  return circle.length > 0 ? circle : stuckLocks(facts, least);
}

/**
 * Goroutines that only each other ever woke and that all wait at the end: a fixed point over the functions they run.
 * Whoever was woken by the network, a timer or a function outside the set is no part of it.
 */
function wakeCircle(facts: Facts, least: number): Finding[] {
  const end = facts.start + facts.nanos;
  const { waits, groups } = facts.diagnosis;
  const sitesOf = new Map<string, WaitSite[]>();
  const counts = new Map<string, number>();
  for (const site of waits.sites) {
    for (const { name, since, seen } of site.left) {
      const stuck = seen && end - since >= least && [syncClass, channelClass, selectClass].includes(site.waits) && !isSystemGoroutine(name);
      if (!stuck) continue;
      sitesOf.set(name, [...(sitesOf.get(name) ?? []), site]);
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  const alive = (name: string): number => groups.groups.reduce((sum, group) => sum + (group.name === name ? group.live : 0), 0);
  const set = new Set([...counts].filter(([name, count]) => alive(name) === count).map(([name]) => name));
  for (let before = -1; before !== set.size;) {
    before = set.size;
    for (const name of set) {
      const closed = sitesOf
        .get(name)!
        .every(
          (site) =>
            site.wokenByRuntime === 0 && site.wokenByGoroutine > 0 && [...site.wakers.values()].every(({ group }) => set.has(group)),
        );
      if (!closed) set.delete(name);
    }
  }
  const sites = [...new Set([...set].flatMap((name) => sitesOf.get(name)!))];
  const left = sites.flatMap((site) => site.left.filter(({ name }) => set.has(name)));
  if (left.length < 2) return [];
  return [
    suspect(facts, [...set], sites, left, {
      severity: "critical",
      confidence: 0.7,
      title: "Goroutines wait for each other and nobody else ever woke them",
      proof:
        "In this trace they were only ever woken by each other, and none of them can run. A wake-up from outside that the trace does not hold would prove otherwise.",
    }),
  ];
}

/**
 * Two goroutines or more that have stood in line for mutexes for so long, and nobody was let in at those places since: either who holds them
 * waits as well, or it went without Unlock, or it holds them for that long. The trace does not say who holds a lock.
 */
function stuckLocks(facts: Facts, least: number): Finding[] {
  const end = facts.start + facts.nanos;
  const sites: WaitSite[] = [];
  const left: Left[] = [];
  for (const site of facts.diagnosis.waits.sites) {
    if (site.lock !== "mutex" && site.lock !== "rwmutex") continue;
    const stuck = site.left.filter(
      ({ name, since, seen }) => seen && end - since >= least && site.lastWoken <= since && !isSystemGoroutine(name),
    );
    if (stuck.length === 0) continue;
    sites.push(site);
    left.push(...stuck);
  }
  if (left.length < 2) return [];
  return [
    suspect(facts, [...new Set(left.map(({ name }) => name))], sites, left, {
      severity: "warning",
      confidence: 0.5,
      title: "Goroutines stand in line for locks that nobody gives back",
      proof:
        "Nobody was let in at those places since. Who holds the locks, the trace does not say: one of the others in line, one that ended without Unlock, or one that works with it for that long.",
    }),
  ];
}

type Left = WaitSite["left"][number];

function suspect(
  facts: Facts,
  functions: readonly string[],
  sites: readonly WaitSite[],
  left: readonly Left[],
  { severity, confidence, title, proof }: Pick<Finding, "severity" | "confidence" | "title"> & { readonly proof: string },
): Finding {
  const end = facts.start + facts.nanos;
  const since = Math.max(...left.map((one) => one.since));
  const names = functions.map(shortFunction);
  return {
    kind: "deadlock-suspect",
    id: `deadlock-suspect:${functions.toSorted().join("+")}`,
    severity,
    confidence,
    costNanos: left.reduce((sum, one) => sum + end - Math.max(one.since, facts.start), 0),
    from: Math.max(since, facts.start),
    to: end,
    title,
    text:
      `${formatNumber(left.length)} goroutines of ${names.slice(0, 3).join(", ")}${names.length > 3 ? " and others" : ""} have all been waiting for ${formatDuration(end - since)}, at ` +
      `${sites
        .slice(0, 3)
        .map(({ site }) => place(site))
        .join(", ")}${sites.length > 3 ? " and elsewhere" : ""}. ${proof}`,
    advice:
      "Look there for locks taken in two orders, for a path without Unlock, or for a send and a receive that wait for each other; a goroutine profile of the process shows who holds what.",
    sites: sites.slice(0, 6).map((site) => ({ role: "waits at", site: site.site })),
    evidence: { goroutines: left.length, waiting_seconds: (end - since) / 1e9, functions: names.join(", ") },
  };
}

export function thunderingHerd(facts: Facts): Finding[] {
  return facts.diagnosis.wakes.herds.flatMap((herd): Finding[] => {
    // Woken at once is a broadcast; it is a herd when most had nothing to do.
    if (herd.futile < 50 || herd.futile < herd.woken / 2) return [];
    return [
      {
        kind: "thundering-herd",
        id: `thundering-herd:${functionOf(herd.site)}`,
        severity: "warning",
        confidence: 0.8,
        costNanos: herd.nanos,
        from: herd.first,
        to: herd.last,
        title: `Many are woken at ${placeFunction(herd.site)} for little`,
        text:
          `A crowd that waits at ${place(herd.site)} was woken ${times(herd.herds)}, by ${place(herd.waker)}: ${formatNumber(herd.woken)} wake-ups, ` +
          `of which ${formatNumber(herd.futile)} waited there again within 0.1 ms, after ${formatDuration(herd.nanos)} of queueing and running.`,
        advice: "Wake one (Cond.Signal, one send) for one piece of work; a broadcast only where all can go on.",
        sites: [
          { role: "wakes at", site: herd.waker },
          { role: "waits at", site: herd.site },
        ],
        evidence: { herds: herd.herds, woken: herd.woken, futile: herd.futile },
      },
    ];
  });
}

/** Fewer that made somebody wait are chance. */
const leastHandOvers = 20;

/** A stage is a function whose goroutines pass things on by channels; it is the slow one when it does not wait on them and its neighbours do. */
export function pipelineBottleneck(facts: Facts): Finding[] {
  const { diagnosis, nanos, procs } = facts;
  const byName = new Map<string, { busy: number; lived: number; channel: number; workers: number; runnable: number }>();
  for (const group of diagnosis.groups.groups) {
    const known = byName.get(group.name) ?? { busy: 0, lived: 0, channel: 0, workers: 0, runnable: 0 };
    known.busy += group.busy;
    known.runnable += group.runnable;
    known.lived += livedNanos(group);
    known.channel += group.waiting[channelClass]!;
    known.workers += Math.max(group.live, group.created + group.existed);
    byName.set(group.name, known);
  }
  const edges = diagnosis.wakes.edges;
  const found: Finding[] = [];
  for (const [name, stage] of byName) {
    if (isSystemGoroutine(name) || stage.lived === 0) continue;
    // Those who wait to send to it, and those who wait to receive from it.
    const before = edges.filter(({ from, to, receives }) => from === name && to !== name && receives >= leastHandOvers);
    const after = edges.filter(({ from, to, sends }) => from === name && to !== name && sends >= leastHandOvers);
    if (before.length === 0 && after.length === 0) continue;
    const busy = 1 - stage.channel / stage.lived;
    const waits = (names: readonly string[]): number => {
      const stages = names.map((other) => byName.get(other)!);
      const lived = stages.reduce((sum, other) => sum + other.lived, 0);
      return lived === 0 ? 0 : stages.reduce((sum, other) => sum + other.channel, 0) / lived;
    };
    const sendersWait = waits(before.map(({ to }) => to));
    const receiversWait = waits(after.map(({ to }) => to));
    // Senders that wait are proof; receivers alone may as well have nothing to do.
    if (busy < 0.6 || before.length === 0 || sendersWait < 0.2 || sendersWait + receiversWait < 0.5) continue;
    const blocked = before.reduce((sum, edge) => sum + edge.receives, 0);
    const items = Math.max(blocked, ...after.map(({ sends }) => sends));
    const cost =
      before.reduce((sum, { to }) => sum + byName.get(to)!.channel, 0) + after.reduce((sum, { to }) => sum + byName.get(to)!.channel, 0);
    const onProcessor = stage.busy / nanos;
    const inside = (stage.lived - stage.channel) / nanos;
    const cpuBound = onProcessor >= procs * 0.8;
    found.push({
      kind: "pipeline-bottleneck",
      id: `pipeline-bottleneck:${name}`,
      severity: "warning",
      confidence: 0.7,
      costNanos: cost,
      from: facts.start,
      to: facts.start + nanos,
      title: `${shortFunction(name)} is the stage that the others wait for`,
      text:
        `Its goroutines (${formatNumber(stage.workers)}) waited on channels for ${percent(1 - busy)} of their lives, those that send to it for ${percent(sendersWait)}${after.length === 0 ? "" : ` and those that receive from it for ${percent(receiversWait)}`}. ` +
        `${formatNumber(items)} hand-overs made somebody wait; on average it had ${formatNumber(inside)} in work at once (Little's law), and used ${onProcessor < 1 ? `${percent(onProcessor)} of one processor` : `${formatNumber(onProcessor)} processors`}.`,
      advice: cpuBound
        ? `It takes ${formatNumber(onProcessor)} of ${formatNumber(procs)} processors: more workers will not help, less work for each item will.`
        : `More goroutines of ${shortFunction(name)} help as long as processors are free (they were ${percent(busyShare(facts))} busy); if it waits for something itself, that is what to shorten.`,
      sites: [],
      evidence: {
        function: name,
        busy_share: busy,
        senders_wait_share: sendersWait,
        receivers_wait_share: receiversWait,
        processors_used: onProcessor,
        goroutines: stage.workers,
      },
    });
  }
  return found;
}

export function timerStorm(facts: Facts): Finding[] {
  const { diagnosis, nanos, procs, startCost } = facts;
  return diagnosis.waits.sites.flatMap((site): Finding[] => {
    if (site.waits !== sleepClass || Number.isNaN(startCost)) return [];
    const rate = site.wokenByRuntime / (nanos / 1e9);
    const cost = site.wokenByRuntime * startCost;
    const share = cost / (procs * nanos);
    if (rate < 1000 || share < 0.02) return [];
    return [
      {
        kind: "timer-storm",
        id: `timer-storm:${functionOf(site.site)}`,
        severity: "warning",
        confidence: 0.7,
        costNanos: cost,
        from: facts.start,
        to: facts.start + nanos,
        title: `A goroutine sleeps and wakes all the time in ${placeFunction(site.site)}`,
        text: `${formatNumber(rate)} times a second a goroutine was woken from its sleep at ${place(site.site)}, which takes the scheduler ${percent(share)} of the processors' time.`,
        advice: "Wait for what it looks for (a channel, a Cond) instead of polling, or sleep longer.",
        sites: [{ role: "sleeps at", site: site.site }],
        evidence: { per_second: rate, share_of_processors: share },
      },
    ];
  });
}

/** Half of what the program's goroutines wait for: said to explain the rest, since a server without load looks alike. */
export function networkWait(facts: Facts): Finding[] {
  const { diagnosis, nanos } = facts;
  const users = diagnosis.groups.groups.filter(({ system }) => !system);
  const sum = (waits: number): number => users.reduce((all, group) => all + group.waiting[waits]!, 0);
  const network = sum(networkClass);
  // Idle since before the trace, for whatever it may be, says nothing.
  const all = waitClasses.reduce((total, _name, waits) => (waits === unknownClass ? total : total + sum(waits)), 0);
  if (network < all / 2 || network < nanos) return [];
  const [top] = diagnosis.waits.sites
    .filter(({ waits }) => waits === networkClass)
    .toSorted((one, two) => two.nanos + two.openNanos - one.nanos - one.openNanos);
  return [
    {
      kind: "network-wait",
      id: "network-wait",
      severity: "info",
      confidence: 0.9,
      costNanos: network,
      from: facts.start,
      to: facts.start + nanos,
      title: "It mostly waits for the network",
      text: `${percent(network / all)} of the time in which the program's goroutines were blocked (${formatDuration(network)}) they waited for the network${top === undefined ? "" : `, most at ${place(top.site)}`}. Idle connections count as well.`,
      advice:
        "If requests are slow although the program is idle, the answer lies at the other end: look at the spans of the calls it makes.",
      sites: top === undefined ? [] : [{ role: "waits at", site: top.site }],
      evidence: { network_seconds: network / 1e9, share_of_waiting: network / all },
    },
  ];
}
