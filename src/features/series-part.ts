/**
 * The core series of a trace that is read in parts, each by a reader of its own that begins in the middle.
 *
 * A part's reader starts some time before its border, and has learned by then which goroutines and processors there are, and in which state.
 * What it cannot learn is why a goroutine waits that has been waiting all along, and what the heap was last said to be. Its rows
 * leave those waits out and say when they ended; {@link PartRows} puts them in, once the part before has come to the border.
 */
import { formatSeriesName } from "../lib/series.ts";
import { traceNanos } from "../lib/units.ts";
import type { CoreSeries } from "./core-series.ts";
import { highUnit, total, type LevelOutput } from "./core/levels.ts";
import type { Row } from "./core/rows.ts";
import type { FeatureWindow } from "./window.ts";

/** What the series know between two events. */
export type SeriesSnapshot = {
  /** Number of the open window. */
  readonly index: number;
  /** Levels that are not 0, by the name of a series made from them. */
  readonly counts: ReadonlyMap<string, number>;
  /** Of each waiting goroutine, by id: the reason, or the number of a wait carried over; undefined = it has none. */
  readonly waits: readonly (string | number | undefined)[];
  /** Of each runnable goroutine, by id: since when, -1 = not known. */
  readonly runnable: readonly number[];
  /** Open ranges: name, owner, begin of a stop of the world, … */
  readonly ranges: readonly number[];
  /** Last values by name of the series. */
  readonly lastValues: ReadonlyMap<string, number>;
};

export type SeriesPart = CoreSeries & {
  /** Numbers in rows: names of series, and what is made of each level. */
  readonly texts: readonly string[];
  readonly outputs: readonly LevelOutput[];
  /** Carried waits that have ended since the last call: number, time, … */
  takeLeft(): number[];
};

/** Rows on their way to {@link PartRows}; names and levels are those that are new. */
export type RowChunk = {
  readonly texts: readonly string[];
  readonly outputs: readonly LevelOutput[];
  /** Index, start, length, number of values, values, number of levels, levels, … */
  readonly rows: Float64Array<ArrayBuffer>;
  readonly left: Float64Array<ArrayBuffer>;
};

/** Collects rows until they are sent. */
export class RowChunks {
  private numbers: number[] = [];
  private textsSent = 0;
  private outputsSent = 0;

  get length(): number {
    return this.numbers.length;
  }

  add({ index, start, length, values, levels }: Row): void {
    this.numbers.push(index, start, length, values.length);
    for (const value of values) this.numbers.push(value);
    this.numbers.push(levels.length);
    for (const value of levels) this.numbers.push(value);
  }

  take(part: SeriesPart): RowChunk {
    const texts = part.texts.slice(this.textsSent);
    const outputs = part.outputs.slice(this.outputsSent);
    this.textsSent += texts.length;
    this.outputsSent += outputs.length;
    const rows = Float64Array.from(this.numbers);
    this.numbers = [];
    return { texts, outputs, rows, left: Float64Array.from(part.takeLeft()) };
  }
}

const waitSeconds = (reason: string): string => formatSeriesName({ __name__: "go_trace_block_seconds", reason });

/** Reasons of carried waits by their number. */
export type CarriedReasons = ReadonlyMap<number, string>;

/**
 * Compares what the reader of the part before knows at a border (`whole`) with what the part's own reader does.
 * The reasons of the waits carried over; undefined when they do not agree, so that the part must not be used.
 */
export function matchSeries(whole: SeriesSnapshot, part: SeriesSnapshot): CarriedReasons | undefined {
  if (whole.index !== part.index || whole.waits.length !== part.waits.length) return undefined;
  if (!isSameList(whole.runnable, part.runnable) || !isSameList(whole.ranges, part.ranges)) return undefined;
  const reasons = new Map<number, string>();
  for (let i = 0; i < whole.waits.length; i++) {
    const reason = whole.waits[i];
    const found = part.waits[i];
    if (typeof reason !== "string") return undefined;
    if (typeof found === "number") reasons.set(found, reason);
    else if (found !== reason) return undefined;
  }
  if (!isSameMap(whole.counts, withCarried(part.counts, reasons))) return undefined;
  for (const [name, value] of part.lastValues) if (whole.lastValues.get(name) !== value) return undefined;
  return reasons;
}

/** The snapshot of a part at its end, with what was carried into it. */
export function resolveSnapshot(snapshot: SeriesSnapshot, { reasons, lastValues }: PartBorder): SeriesSnapshot {
  const still = new Map<number, string>();
  const waits = snapshot.waits.map((wait) => {
    if (typeof wait !== "number") return wait;
    const reason = reasons.get(wait);
    if (reason !== undefined) still.set(wait, reason);
    return reason;
  });
  return {
    ...snapshot,
    waits,
    counts: withCarried(snapshot.counts, still),
    lastValues: new Map([...lastValues, ...snapshot.lastValues]),
  };
}

function withCarried(counts: ReadonlyMap<string, number>, reasons: CarriedReasons): Map<string, number> {
  const all = new Map(counts);
  for (const reason of reasons.values()) {
    const name = waitSeconds(reason);
    all.set(name, (all.get(name) ?? 0) + 1);
  }
  return all;
}

const isSameList = (one: readonly number[], two: readonly number[]): boolean =>
  one.length === two.length && one.every((value, i) => value === two[i]);
const isSameMap = (one: ReadonlyMap<string, number>, two: ReadonlyMap<string, number>): boolean =>
  one.size === two.size && [...one].every(([key, value]) => two.get(key) === value);

/** What is carried over a border. */
export type PartBorder = { readonly reasons: CarriedReasons; readonly lastValues: ReadonlyMap<string, number> };

/** Rows of a part → windows, equal to those of a reading from the beginning. */
export class PartRows {
  private readonly reasons: CarriedReasons;
  private readonly lastValues: ReadonlyMap<string, number>;
  private readonly texts: string[] = [];
  private readonly outputs: LevelOutput[] = [];
  /** Carried waits that go on, by name of their series. */
  private readonly waiting: Map<string, number>;

  constructor({ reasons, lastValues }: PartBorder) {
    this.reasons = reasons;
    this.lastValues = lastValues;
    this.waiting = withCarried(new Map(), reasons);
  }

  /** The windows of a chunk, in order. */
  *windows({ texts, outputs, rows, left }: RowChunk): Generator<FeatureWindow> {
    this.texts.push(...texts);
    this.outputs.push(...outputs);
    let ended = 0;
    for (let at = 0; at < rows.length;) {
      const index = rows[at]!;
      const start = rows[at + 1]!;
      const length = rows[at + 2]!;
      const end = start + length;
      const values = new Map<string, number>();
      const levels = at + 4 + rows[at + 3]!;
      for (at += 4; at < levels; at += 2) values.set(this.texts[rows[at]!]!, rows[at + 1]!);
      at = levels + 1 + rows[levels]!;
      for (; left[ended + 1]! < start; ended += 2) this.leave(left[ended]!);
      const carried = new Map<string, bigint>();
      for (const [name, count] of this.waiting) carried.set(name, BigInt(count) * BigInt(length));
      for (; left[ended + 1]! < end; ended += 2) {
        const name = this.leave(left[ended]!);
        if (name !== undefined) carried.set(name, carried.get(name)! - BigInt(end - left[ended + 1]!));
      }
      this.finish(rows.subarray(levels + 1, at), length, carried, values);
      for (const [name, value] of this.lastValues) if (!values.has(name)) values.set(name, value);
      yield { index, start: traceNanos(start), length, values };
    }
  }

  /** A carried wait has ended; name of its series, undefined when it had ended before the border. */
  private leave(carried: number): string | undefined {
    const reason = this.reasons.get(carried);
    if (reason === undefined) return undefined;
    const name = waitSeconds(reason);
    this.waiting.set(name, this.waiting.get(name)! - 1);
    return name;
  }

  /** As {@link Levels.release}, with the waits that were carried over. */
  private finish(levels: Float64Array, length: number, carried: Map<string, bigint>, values: Map<string, number>): void {
    let next = 0;
    for (let level = 0; level < this.outputs.length; level++) {
      const present = levels[next] === level;
      const high = present ? levels[next + 1]! : 0;
      const low = present ? levels[next + 2]! : 0;
      const most = present ? levels[next + 3]! : 0;
      if (present) next += 4;
      const { mean, maximum, seconds } = this.outputs[level]!;
      const more = seconds === undefined ? undefined : carried.get(this.texts[seconds]!);
      if (seconds !== undefined) carried.delete(this.texts[seconds]!);
      const nanos = more === undefined ? total(high, low, 0, length) : Number(BigInt(high) * highUnit + BigInt(low) + more);
      if (mean !== undefined && length > 0) values.set(this.texts[mean]!, nanos / length);
      if (maximum !== undefined) values.set(this.texts[maximum]!, most);
      if (seconds !== undefined && nanos !== 0) values.set(this.texts[seconds]!, nanos / 1e9);
    }
    for (const [name, nanos] of carried) if (nanos !== 0n) values.set(name, Number(nanos) / 1e9);
  }
}
