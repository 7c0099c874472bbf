/**
 * Levels: whole numbers that go up and down in time (goroutines runnable, waiting for "sync", GC active, …),
 * with their integral over the window in whole nanoseconds and their maximum in it.
 *
 * A step of a level at a time t is worth its height times the rest of the window. So a change only subtracts height · (t − begin of the
 * window), and at the end of the window the last height times its length is added.
 *
 * A sum over many goroutines can pass 2^53, where doubles stop being exact, so an integral has two parts:
 * high · 2^40 + low. The high part is touched only when the low part would leave the exact range.
 */
import type { Row } from "./rows.ts";

const exact = 2 ** 52;
/** Of the high part of an integral. */
export const highUnit = 2n ** 40n;

/** Series that are made from one level; each is the number of a series. */
export type LevelOutput = { readonly mean?: number; readonly maximum?: number; readonly seconds?: number };

export class Levels {
  private readonly outputs: LevelOutput[] = [];
  /** By level: its height now; low and high part of the integral without what the last height adds; maximum. Read anew after {@link add}. */
  count = new Float64Array(32);
  low = new Float64Array(32);
  private high = new Float64Array(32);
  maximum = new Float64Array(32);
  /** How many were backdated in the open window, and in all windows so far. */
  private backdatedHere = new Float64Array(32);
  private backdatedTotal = new Float64Array(32);
  /** A time: NaN first, so that the engine does not take it for a small integer. */
  private windowStart = Number.NaN;

  constructor() {
    this.windowStart = 0;
  }

  add(output: LevelOutput): number {
    const level = this.outputs.length;
    this.outputs.push(output);
    if (level === this.count.length) this.grow();
    return level;
  }

  /** The first window begins here and not at 0. */
  beginAt(time: number): void {
    this.windowStart = time;
  }

  /** What is made from each level, by its number. */
  get allOutputs(): readonly LevelOutput[] {
    return this.outputs;
  }

  /** How many there are now. */
  countOf(level: number): number {
    return this.count[level]!;
  }

  change(level: number, delta: number, time: number): void {
    this.accumulate(level, -delta, time - this.windowStart);
    const next = this.count[level]! + delta;
    this.count[level] = next;
    if (next > this.maximum[level]!) this.maximum[level] = next;
  }

  /**
   * Makes room for changes of the first levels that a caller writes into the arrays itself: each may take height · (time − begin of the
   * window) from `low` as {@link change} does, as long as these sum up to less than 2^51.
   */
  settle(levels: number): void {
    for (let level = 0; level < levels; level++) if (Math.abs(this.low[level]!) > exact / 2) this.carry(level, BigInt(this.low[level]!));
  }

  /** One more since the trace's first event, noticed now: every number was one higher. */
  backdate(level: number): void {
    this.backdatedHere[level] = this.backdatedHere[level]! + 1;
    this.backdatedTotal[level] = this.backdatedTotal[level]! + 1;
    this.count[level] = this.count[level]! + 1;
    this.maximum[level] = this.maximum[level]! + 1;
  }

  /** One more from the trace's first event up to now, and not after. */
  backdateUntil(level: number, time: number): void {
    this.accumulate(level, 1, time - this.windowStart);
    this.backdatedHere[level] = this.backdatedHere[level]! + 1;
    this.backdatedTotal[level] = this.backdatedTotal[level]! + 1;
  }

  close(row: Row): void {
    const end = row.start + row.length;
    for (let level = 0; level < this.outputs.length; level++) {
      this.accumulate(level, this.count[level]!, row.length);
      const low = this.low[level]!;
      const high = this.high[level]!;
      const maximum = this.maximum[level]!;
      if (low !== 0 || high !== 0 || maximum !== 0) row.levels.push(level, high, low, maximum);
      if (this.backdatedHere[level] !== 0) row.backdated.push(level, this.backdatedHere[level]!);
      this.low[level] = 0;
      this.high[level] = 0;
      this.maximum[level] = this.count[level]!;
      this.backdatedHere[level] = 0;
    }
    this.windowStart = end;
  }

  /**
   * Turns the levels of closed windows, oldest first, into values, with everything backdated up to now in them.
   * The caller gives the windows of the first generation all at once, and later ones as they close.
   */
  release(rows: readonly Row[], deliver: (row: Row) => void): void {
    const after = this.backdatedTotal.slice(0, this.outputs.length);
    for (const row of rows) {
      for (let i = 0; i < row.backdated.length; i += 2) after[row.backdated[i]!] = after[row.backdated[i]!]! - row.backdated[i + 1]!;
      this.finishRow(row, after);
      deliver(row);
    }
    this.backdatedTotal.fill(0);
    this.backdatedHere.fill(0);
  }

  private finishRow(row: Row, after: Float64Array): void {
    let next = 0;
    for (let level = 0; level < this.outputs.length; level++) {
      const present = row.levels[next] === level;
      const high = present ? row.levels[next + 1]! : 0;
      const low = present ? row.levels[next + 2]! : 0;
      const maximum = present ? row.levels[next + 3]! : 0;
      if (present) next += 4;
      const later = after[level] ?? 0;
      const nanos = total(high, low, later, row.length);
      const output = this.outputs[level]!;
      if (output.mean !== undefined && row.length > 0) row.values.push(output.mean, nanos / row.length);
      if (output.maximum !== undefined) row.values.push(output.maximum, maximum + later);
      if (output.seconds !== undefined && nanos !== 0) row.values.push(output.seconds, nanos / 1e9);
    }
  }

  private accumulate(level: number, height: number, length: number): void {
    const sum = this.low[level]! + height * length;
    if (sum < exact && sum > -exact) this.low[level] = sum;
    else this.carry(level, BigInt(this.low[level]!) + BigInt(height) * BigInt(length));
  }

  private carry(level: number, low: bigint): void {
    this.high[level] = this.high[level]! + Number(low / highUnit);
    this.low[level] = Number(low % highUnit);
  }

  private grow(): void {
    this.count = longer(this.count);
    this.low = longer(this.low);
    this.high = longer(this.high);
    this.maximum = longer(this.maximum);
    this.backdatedHere = longer(this.backdatedHere);
    this.backdatedTotal = longer(this.backdatedTotal);
  }
}

function longer(old: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const array = new Float64Array(old.length * 2);
  array.set(old);
  return array;
}

/** high · 2^40 + low + count · length, exact before it is rounded. */
export function total(high: number, low: number, count: number, length: number): number {
  const more = count * length;
  if (high === 0 && low + more < exact) return low + more;
  return Number(BigInt(high) * highUnit + BigInt(low) + BigInt(count) * BigInt(length));
}
