/** Two traces side by side: series and places that differ by more than they vary in themselves, and findings that came, went or grew. */
import { mean } from "../../lib/statistics.ts";
import type { Random } from "../../lib/random.ts";
import { isZeroWhenAbsent } from "../catalogue.ts";
import { severityRank, type Finding } from "../findings/finding.ts";
import { blockSeries, leastBlocks, type Blocked } from "./blocks.ts";
import { testSeries } from "./permutation.ts";
import type { Place, Profile } from "./profile.ts";

/** Chance that anything is called different where nothing is: for all series together, and again for all places together. */
export const alpha = 0.01;
const permutations = 1999;
/** A finding has grown when it costs so many times as much a second. */
const grownFactor = 2;
/** What never varies has no noise; so much of its value is still nothing to speak of when effects are put in order. */
const leastBand = 0.01;

export type Difference = {
  readonly name: string;
  /** Means over the trace; amounts a second. NaN where the trace does not have it. */
  readonly a: number;
  readonly b: number;
  /** Half width of the noise band of b − a; NaN where it could not be tested. */
  readonly band: number;
  readonly differs: boolean;
  /** The larger difference between the halves of a trace: a slow change inside a trace, which the band does not hold. NaN where not known. */
  readonly drift: number;
  /** Size: logarithm of the ratio, after the band was added to both. 0.69 = twice as much. */
  readonly effect: number;
};

export type PlaceDifference = Difference & {
  readonly kind: Place["kind"];
  readonly site: string;
  readonly status: "appeared" | "gone" | "more" | "less" | "same";
};

export type FindingPair = {
  readonly a: Finding;
  readonly b: Finding;
  /** Cost a second, B over A; NaN without cost. */ readonly factor: number;
};

export type Comparison = {
  readonly a: Profile;
  readonly b: Profile;
  /** Blocks that were permuted; 0 where a trace is too short for it. */
  readonly blocksA: number;
  readonly blocksB: number;
  readonly blockWindows: number;
  readonly isTested: boolean;
  /** What differs first, and of that the largest effect. */
  readonly series: readonly Difference[];
  readonly places: readonly PlaceDifference[];
  readonly findings: {
    readonly new: readonly Finding[];
    readonly gone: readonly Finding[];
    readonly grown: readonly FindingPair[];
    readonly shrunk: readonly FindingPair[];
    readonly same: readonly FindingPair[];
  };
};

/** Both profiles must have been made with the same windows. The same profiles and seed give the same answer. */
export function compare(a: Profile, b: Profile, random: Random): Comparison {
  const blocked = blockSeries(a.cells, b.cells, a.windowNanos, isZeroWhenAbsent);
  const isTested = Math.min(blocked.blocksA, blocked.blocksB) >= leastBlocks;
  const placed = blockSeries(a.placeCells, b.placeCells, a.windowNanos, () => true);
  return {
    a,
    b,
    blocksA: blocked.blocksA,
    blocksB: blocked.blocksB,
    blockWindows: blocked.blockWindows,
    isTested,
    series: differences(blocked, isTested, random.fork("series")),
    places: differences(placed, isTested, random.fork("places")).map((found) => placeOf(found, a, b)),
    findings: pairFindings(a, b),
  };
}

function differences(blocked: Blocked, isTested: boolean, random: Random): Difference[] {
  const tested = isTested ? testSeries(blocked, alpha, permutations, random) : undefined;
  const found = blocked.series.map(({ name, a, b, means }, i): Difference => {
    const band = tested?.band[i] ?? Number.NaN;
    const change = tested?.change[i] ?? Number.NaN;
    const drift = driftOf(means, blocked.blocksA);
    return { name, a, b, band, drift, differs: Math.abs(change) > band, effect: effectOf(a, b, band) };
  });
  return found.toSorted(
    (one, two) =>
      Number(two.differs) - Number(one.differs) || Math.abs(two.effect) - Math.abs(one.effect) || (one.name < two.name ? -1 : 1),
  );
}

function driftOf(means: Float64Array, blocksA: number): number {
  const drifts = [means.subarray(0, blocksA), means.subarray(blocksA)].map((own) => {
    const middle = own.length >> 1;
    return Math.abs(mean(own.subarray(middle)) - mean(own.subarray(0, middle)));
  });
  return Math.max(...drifts);
}

/** Whether what differs may be a change inside one of the traces: its halves differ by half as much or more. */
export const isDrift = ({ a, b, drift }: Difference): boolean => drift >= Math.abs(b - a) / 2;

function effectOf(a: number, b: number, band: number): number {
  if (Number.isNaN(a) || Number.isNaN(b) || a === b) return 0;
  const added = Math.max(Number.isNaN(band) ? 0 : band, leastBand * Math.max(Math.abs(a), Math.abs(b)));
  return Math.log((Math.abs(b) + added) / (Math.abs(a) + added));
}

function placeOf(found: Difference, a: Profile, b: Profile): PlaceDifference {
  const { kind, name, site } = (b.places.get(found.name) ?? a.places.get(found.name))!;
  const status = !found.differs ? "same" : found.a === 0 ? "appeared" : found.b === 0 ? "gone" : found.b > found.a ? "more" : "less";
  return { ...found, name, kind, site, status };
}

function pairFindings(a: Profile, b: Profile): Comparison["findings"] {
  const inA = new Map(a.findings.map((finding) => [finding.id, finding]));
  const inB = new Set(b.findings.map(({ id }) => id));
  const pairs = b.findings.flatMap((finding): FindingPair[] => {
    const before = inA.get(finding.id);
    if (before === undefined) return [];
    const [costA, costB] = [before.costNanos / a.summary.range.nanos, finding.costNanos / b.summary.range.nanos];
    return [{ a: before, b: finding, factor: costA > 0 ? costB / costA : Number.NaN }];
  });
  const direction = ({ a: one, b: two, factor }: FindingPair): number =>
    Math.sign(severityRank(two.severity) - severityRank(one.severity)) || (factor >= grownFactor ? 1 : factor <= 1 / grownFactor ? -1 : 0);
  return {
    new: b.findings.filter(({ id }) => !inA.has(id)),
    gone: a.findings.filter(({ id }) => !inB.has(id)),
    grown: pairs.filter((pair) => direction(pair) > 0),
    shrunk: pairs.filter((pair) => direction(pair) < 0),
    same: pairs.filter((pair) => direction(pair) === 0),
  };
}
