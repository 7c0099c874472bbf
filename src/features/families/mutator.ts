/**
 * Minimum mutator utilisation: over all stretches of a given length, the smallest mean share of the processors that was left to the program
 * (Cheng and Blelloch, PLDI 2001; as `go tool trace` draws it, idle mark workers not counted as the collector's).
 *
 * The share is a step function of time, so its smallest mean over a stretch is found where one end of the stretch lies on a step.
 * Kept are the steps of the last and longest stretch (24 bytes each). A stretch counts in the window in which it ends.
 */
import type { SeriesNames } from "../core/names.ts";
import type { Row } from "../core/rows.ts";

const stretches = [
  { label: "1ms", nanos: 1e6 },
  { label: "10ms", nanos: 10e6 },
  { label: "100ms", nanos: 100e6 },
] as const;
const longest = 100e6;
const firstRoom = 1024;

/** A stretch that slides over the steps; each index only goes forward. */
class Slide {
  readonly nanos: number;
  /** First step not yet looked at as an end; last step at or before the begin of that stretch. */
  end = 0;
  endBegin = 0;
  /** First step not yet looked at as a begin; last step at or before the end of that stretch. */
  begin = 0;
  beginEnd = 0;
  least = Number.POSITIVE_INFINITY;

  constructor(nanos: number) {
    this.nanos = nanos;
  }

  shift(by: number): void {
    this.end -= by;
    this.endBegin = Math.max(0, this.endBegin - by);
    this.begin -= by;
    this.beginEnd = Math.max(0, this.beginEnd - by);
  }
}

export class Mutator {
  /** Steps: time, integral of the share up to it, share from it on. */
  private times = new Float64Array(firstRoom);
  private integrals = new Float64Array(firstRoom);
  private shares = new Float64Array(firstRoom);
  private count = 1;
  private readonly slides = stretches.map(({ nanos }) => new Slide(nanos));
  private readonly numbers: readonly number[];

  constructor(names: SeriesNames) {
    this.shares[0] = 1;
    this.numbers = stretches.map(({ label }) => names.id("go_trace_mutator_utilization_min", { over: label }));
  }

  /** From `time` on the program has this share of the processors, 0–1. */
  set(share: number, time: number): void {
    const last = this.count - 1;
    if (share === this.shares[last]) return;
    if (this.count === this.times.length) this.makeRoom(time);
    const at = this.count;
    this.integrals[at] = this.integralAt(at - 1, time);
    this.times[at] = time;
    this.shares[at] = share;
    this.count = at + 1;
  }

  close(row: Row): void {
    const end = row.start + row.length;
    this.slides.forEach((slide, i) => {
      this.look(slide, end);
      if (end >= slide.nanos) this.take(slide, this.stepAt(slide.endBegin, end - slide.nanos), this.count - 1, end);
      if (slide.least !== Number.POSITIVE_INFINITY) row.values.push(this.numbers[i]!, slide.least);
      slide.least = Number.POSITIVE_INFINITY;
    });
  }

  /** All stretches that end on a step, or that begin on one, up to `time`. */
  private look(slide: Slide, time: number): void {
    const { times, count } = this;
    const { nanos } = slide;
    for (; slide.end < count && times[slide.end]! <= time; slide.end++) {
      const end = times[slide.end]!;
      if (end < nanos) continue;
      slide.endBegin = this.stepAt(slide.endBegin, end - nanos);
      this.take(slide, slide.endBegin, slide.end, end);
    }
    for (; slide.begin < count && times[slide.begin]! + nanos <= time; slide.begin++) {
      const end = times[slide.begin]! + nanos;
      slide.beginEnd = this.stepAt(slide.beginEnd, end);
      this.take(slide, slide.begin, slide.beginEnd, end);
    }
  }

  /** The stretch that ends at `end`, whose begin and end lie in the given steps. */
  private take(slide: Slide, beginStep: number, endStep: number, end: number): void {
    const mean = (this.integralAt(endStep, end) - this.integralAt(beginStep, end - slide.nanos)) / slide.nanos;
    // A difference of large sums may miss 0 or 1 by a rounding.
    if (mean < slide.least) slide.least = mean < 0 ? 0 : mean > 1 ? 1 : mean;
  }

  /** Last step at or before `time`, from one that is. */
  private stepAt(from: number, time: number): number {
    let step = from;
    while (step + 1 < this.count && this.times[step + 1]! <= time) step++;
    return step;
  }

  private integralAt(step: number, time: number): number {
    return this.integrals[step]! + this.shares[step]! * (time - this.times[step]!);
  }

  /** Drops the steps that no stretch begins in any more; where that frees less than half, there is twice the room. */
  private makeRoom(time: number): void {
    for (const slide of this.slides) this.look(slide, time);
    let drop = this.stepAt(0, time - longest);
    for (const slide of this.slides) drop = Math.min(drop, slide.end, slide.begin, slide.endBegin);
    const rest = this.count - drop;
    const room = rest * 2 > this.times.length ? this.times.length * 2 : this.times.length;
    const base = this.integrals[drop]!;
    const moved = (column: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> => {
      const target = room === column.length ? column : new Float64Array(room);
      target.set(column.subarray(drop, this.count));
      return target;
    };
    this.times = moved(this.times);
    this.integrals = moved(this.integrals);
    this.shares = moved(this.shares);
    for (let i = 0; i < rest; i++) this.integrals[i]! -= base;
    for (const slide of this.slides) slide.shift(drop);
    this.count = rest;
  }
}
