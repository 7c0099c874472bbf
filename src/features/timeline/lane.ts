/**
 * Spans of one lane, merged to about two a pixel.
 *
 * The axis is cut into cells of one pixel. A span of at least one pixel stands alone and exact; shorter ones that begin in the same cell,
 * with no longer one between them, are one merged span with the share of it that was busy. A lane's spans do not overlap, so there are at most
 * two for each cell. The length of a pixel may double while spans stream in (the end of the trace is not known yet): what is there is merged
 * again, and comes to the same as if the longer pixel had been used from the start.
 */

/** Several names, or goroutines, in one merged span. */
export const several = -1;

export type MergedLane = { start: number[]; end: number[]; name: number[]; goroutine: number[]; share: number[] };

export class Lane {
  private readonly origin: number;
  private pixel: number;
  private start: number[] = [];
  private end: number[] = [];
  /** Nanoseconds of the span that were busy; all of it for an exact one. */
  private busy: number[] = [];
  private merged: boolean[] = [];
  private name: number[] = [];
  private goroutine: number[] = [];

  constructor(origin: number, pixel: number) {
    this.origin = origin;
    this.pixel = pixel;
  }

  /** `start` is not before the end of the last span. Spans of no length are left out. */
  add(start: number, end: number, name: number, goroutine: number): void {
    if (end > start) this.put(start, end, end - start, false, name, goroutine);
  }

  /** Merges again with a pixel twice as long. */
  coarsen(): void {
    const { start, end, busy, merged, name, goroutine } = this;
    this.pixel *= 2;
    this.start = [];
    this.end = [];
    this.busy = [];
    this.merged = [];
    this.name = [];
    this.goroutine = [];
    for (let i = 0; i < start.length; i++) this.put(start[i]!, end[i]!, busy[i]!, merged[i]!, name[i]!, goroutine[i]!);
  }

  finish(): MergedLane {
    const { start, end, name, goroutine } = this;
    return { start, end, name, goroutine, share: this.busy.map((busy, i) => busy / (end[i]! - start[i]!)) };
  }

  private put(start: number, end: number, busy: number, merged: boolean, name: number, goroutine: number): void {
    const before = this.start.length - 1;
    if (
      before >= 0 &&
      (merged || end - start < this.pixel) &&
      this.isShort(before) &&
      this.cell(start) === this.cell(this.start[before]!)
    ) {
      this.end[before] = end;
      this.busy[before] = this.busy[before]! + busy;
      this.merged[before] = true;
      if (this.name[before] !== name) this.name[before] = several;
      if (this.goroutine[before] !== goroutine) this.goroutine[before] = several;
      return;
    }
    this.start.push(start);
    this.end.push(end);
    this.busy.push(busy);
    this.merged.push(merged);
    this.name.push(name);
    this.goroutine.push(goroutine);
  }

  private isShort(i: number): boolean {
    return this.merged[i]! || this.end[i]! - this.start[i]! < this.pixel;
  }

  private cell(time: number): number {
    return Math.floor((time - this.origin) / this.pixel);
  }
}
