/** A number that changes over time (runnable goroutines, heap), thinned to what two points a pixel can show. */

/**
 * Each cell of one pixel keeps its highest value, where it first occurred, and its last value, where it was set:
 * peaks stay, and the level that is carried on is right. As with lanes, the pixel may double on the way.
 */
export class Counter {
  private readonly origin: number;
  private pixel: number;
  private t: number[] = [];
  private v: number[] = [];
  /** Places in `t` at which the open cell begins. */
  private open = 0;
  private carried = Number.NaN;

  constructor(origin: number, pixel: number) {
    this.origin = origin;
    this.pixel = pixel;
  }

  /** The value from `time` on; times do not step back. Before the origin: what the first cell begins with. */
  set(time: number, value: number): void {
    if (time < this.origin) {
      this.carried = value;
      return;
    }
    if (this.t.length === 0 && time > this.origin && !Number.isNaN(this.carried)) this.put(this.origin, this.carried);
    this.put(time, value);
  }

  coarsen(): void {
    const { t, v } = this;
    this.pixel *= 2;
    this.t = [];
    this.v = [];
    this.open = 0;
    for (let i = 0; i < t.length; i++) this.put(t[i]!, v[i]!);
  }

  /** Points of a step function, ascending. */
  finish(): { t: number[]; v: number[] } {
    if (this.t.length === 0 && !Number.isNaN(this.carried)) return { t: [this.origin], v: [this.carried] };
    return { t: this.t, v: this.v };
  }

  private put(time: number, value: number): void {
    const { t, v } = this;
    const cell = Math.floor((time - this.origin) / this.pixel);
    if (t.length > this.open && Math.floor((t[this.open]! - this.origin) / this.pixel) !== cell) this.open = t.length;
    const held = t.length - this.open;
    if (held < 2) {
      if (held === 1 && t[this.open] === time) v[this.open] = value;
      else if (held === 0 || v[this.open] !== value) {
        t.push(time);
        v.push(value);
      }
      return;
    }
    // Of the highest so far, the last so far and the new one, two stay.
    const [highest, last] = [this.open, this.open + 1];
    if (v[last]! > v[highest]!) {
      t[highest] = t[last]!;
      v[highest] = v[last]!;
    }
    t[last] = time;
    v[last] = value;
  }
}
