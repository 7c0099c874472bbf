/**
 * Minimum mutator utilisation: over all stretches of a given length, the smallest mean share of the processors that was left to the program
 * (Cheng and Blelloch, PLDI 2001; as `go tool trace` draws it, idle mark workers not counted as the collector's).
 *
 * The share is a step function of time, so its smallest mean over a stretch is found where one end of the stretch lies on a step.
 * Kept are the steps of the last and longest stretch. A stretch counts in the window in which it ends.
 */
import type { SeriesNames } from "../core/names.ts";
import type { Row } from "../core/rows.ts";

const stretches = [
  { label: "1ms", nanos: 1e6 },
  { label: "10ms", nanos: 10e6 },
  { label: "100ms", nanos: 100e6 },
] as const;
const longest = 100e6;

export class Mutator {
  /** Steps: time, integral of the share up to it, share from it on. */
  private times: number[] = [0];
  private integrals: number[] = [0];
  private shares: number[] = [1];
  /** First step that is not before the begin (end) of the stretch at hand, by stretch. */
  private readonly begins = stretches.map(() => 0);
  private readonly ends = stretches.map(() => 0);
  private readonly least = stretches.map(() => Number.POSITIVE_INFINITY);
  private readonly numbers: readonly number[];

  constructor(names: SeriesNames) {
    this.numbers = stretches.map(({ label }) => names.id("go_trace_mutator_utilization_min", { over: label }));
  }

  /** From `time` on the program has this share of the processors, 0–1. */
  set(share: number, time: number): void {
    const last = this.times.length - 1;
    if (share === this.shares[last]) return;
    this.integrals.push(this.integralAt(last, time));
    this.times.push(time);
    this.shares.push(share);
    this.look(time);
    if (this.times.length > 4096) this.forget(time - longest);
  }

  close(row: Row): void {
    const end = row.start + row.length;
    this.look(end);
    stretches.forEach(({ nanos }, i) => {
      if (end >= nanos) this.take(i, end, nanos);
      if (this.least[i] !== Number.POSITIVE_INFINITY) row.values.push(this.numbers[i]!, this.least[i]!);
      this.least[i] = Number.POSITIVE_INFINITY;
    });
    this.forget(end - longest);
  }

  /** All stretches with an end on a step, or that begin on one, up to `time`. */
  private look(time: number): void {
    stretches.forEach(({ nanos }, i) => {
      for (let end = this.ends[i]!; end < this.times.length && this.times[end]! <= time; end++) {
        if (this.times[end]! >= nanos) this.take(i, this.times[end]!, nanos);
        this.ends[i] = end + 1;
      }
      for (let begin = this.begins[i]!; begin < this.times.length && this.times[begin]! + nanos <= time; begin++) {
        this.take(i, this.times[begin]! + nanos, nanos);
        this.begins[i] = begin + 1;
      }
    });
  }

  private take(i: number, end: number, nanos: number): void {
    const mean = (this.at(end) - this.at(end - nanos)) / nanos;
    // A difference of large sums may miss 0 or 1 by a rounding.
    this.least[i] = Math.min(this.least[i]!, Math.min(1, Math.max(0, mean)));
  }

  private at(time: number): number {
    let low = 0;
    let high = this.times.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.times[middle]! <= time) low = middle;
      else high = middle - 1;
    }
    return this.integralAt(low, time);
  }

  private integralAt(step: number, time: number): number {
    return this.integrals[step]! + this.shares[step]! * (time - this.times[step]!);
  }

  /** Drops steps that lie wholly before `time`, and starts the integral anew. */
  private forget(time: number): void {
    let drop = 0;
    while (drop + 1 < this.times.length && this.times[drop + 1]! <= time) drop++;
    for (let i = 0; i < stretches.length; i++) drop = Math.min(drop, this.begins[i]!, this.ends[i]!);
    if (drop === 0) return;
    const base = this.integrals[drop]!;
    this.times = this.times.slice(drop);
    this.integrals = this.integrals.slice(drop).map((integral) => integral - base);
    this.shares = this.shares.slice(drop);
    for (let i = 0; i < stretches.length; i++) {
      this.begins[i] = this.begins[i]! - drop;
      this.ends[i] = this.ends[i]! - drop;
    }
  }
}
