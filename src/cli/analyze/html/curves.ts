/** Values of windows, kept as a bounded number of points: neighbours are put together when there are too many. */

const mostPoints = 800;

type Joined = "mean" | "most";

export class Curves {
  readonly names: readonly string[];
  /** Windows in a point. */
  private stride = 1;
  private readonly joined: readonly Joined[];
  private readonly points: number[][];
  private readonly open: number[];
  private readonly counts: number[];
  private filled = 0;

  /** @param joined how neighbours are put together; by name. */
  constructor(joined: Readonly<Record<string, Joined>>) {
    this.names = Object.keys(joined);
    this.joined = Object.values(joined);
    this.points = this.names.map(() => []);
    this.open = this.names.map(() => Number.NaN);
    this.counts = this.names.map(() => 0);
  }

  /** One window; NaN = not known. */
  add(values: readonly number[]): void {
    values.forEach((value, i) => this.join(i, value, 1));
    if (++this.filled < this.stride) return;
    this.flush();
    if (this.points[0]!.length < mostPoints) return;
    this.points.forEach((points, i) => {
      const halved: number[] = [];
      for (let at = 0; at < points.length; at += 2) halved.push(this.both(i, points[at]!, points[at + 1]!));
      points.splice(0, points.length, ...halved);
    });
    this.stride *= 2;
  }

  of(name: string): readonly number[] {
    if (this.filled > 0) this.flush();
    return this.points[this.names.indexOf(name)]!;
  }

  private join(i: number, value: number, weight: number): void {
    if (Number.isNaN(value)) return;
    const known = this.open[i]!;
    if (Number.isNaN(known)) this.open[i] = value;
    else this.open[i] = this.joined[i] === "most" ? Math.max(known, value) : known + value;
    this.counts[i]! += weight;
  }

  private flush(): void {
    this.points.forEach((points, i) => {
      points.push(this.joined[i] === "mean" ? this.open[i]! / Math.max(1, this.counts[i]!) : this.open[i]!);
      this.open[i] = Number.NaN;
      this.counts[i] = 0;
    });
    this.filled = 0;
  }

  private both(i: number, one: number, two: number): number {
    if (two === undefined || Number.isNaN(two)) return one;
    if (Number.isNaN(one)) return two;
    return this.joined[i] === "most" ? Math.max(one, two) : (one + two) / 2;
  }
}
