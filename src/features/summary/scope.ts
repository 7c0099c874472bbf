/** The part of a trace that a summary is about: [from, to) in trace nanoseconds, on borders of windows. */
export class Scope {
  readonly from: number;
  readonly to: number;

  constructor(from: number, to: number) {
    this.from = from;
    this.to = to;
  }

  has(time: number): boolean {
    return time >= this.from && time < this.to;
  }

  /** Nanoseconds of [start, end) that lie inside. */
  overlap(start: number, end: number): number {
    return Math.max(0, Math.min(end, this.to) - Math.max(start, this.from));
  }
}
