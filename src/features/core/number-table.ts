/**
 * A map from whole numbers ≥ 0 (goroutine ids) to numbers: open addressing in two typed arrays,
 * because a Map entry for each of millions of state changes is the larger part of the whole cost.
 */
const empty = -1;

export class NumberTable {
  private keys: Float64Array;
  private mask: number;
  private used = 0;
  /** Values by place; see {@link place}. */
  values: Float64Array;
  private readonly initial: number;

  /** `initial` is the value of a key that was not there. */
  constructor(initial = 0) {
    this.initial = initial;
    this.mask = 255;
    this.keys = new Float64Array(256).fill(empty);
    this.values = new Float64Array(256);
  }

  get size(): number {
    return this.used;
  }

  /** Where the key's value lies in `values`, until the next call of place or remove. Adds the key when it is new. */
  place(key: number): number {
    let at = hash(key) & this.mask;
    for (;;) {
      const found = this.keys[at]!;
      if (found === key) return at;
      if (found === empty) break;
      at = (at + 1) & this.mask;
    }
    if (this.used * 2 >= this.mask) {
      this.grow();
      return this.place(key);
    }
    this.used++;
    this.keys[at] = key;
    this.values[at] = this.initial;
    return at;
  }

  get(key: number): number {
    const at = this.find(key);
    return at < 0 ? this.initial : this.values[at]!;
  }

  set(key: number, value: number): void {
    // The place first: making room replaces the array of values.
    const at = this.place(key);
    this.values[at] = value;
  }

  has(key: number): boolean {
    return this.find(key) >= 0;
  }

  /** Removes the key and moves later entries of its run up, so that no graves are left behind. */
  remove(key: number): void {
    let hole = this.find(key);
    if (hole < 0) return;
    this.used--;
    for (let at = (hole + 1) & this.mask; this.keys[at] !== empty; at = (at + 1) & this.mask) {
      const home = hash(this.keys[at]!) & this.mask;
      if (((at - home) & this.mask) >= ((at - hole) & this.mask)) {
        this.keys[hole] = this.keys[at]!;
        this.values[hole] = this.values[at]!;
        hole = at;
      }
    }
    this.keys[hole] = empty;
  }

  clear(): void {
    if (this.used === 0) return;
    this.keys.fill(empty);
    this.used = 0;
  }

  /** Every key with its value, in no stated order. */
  forEach(visit: (value: number, key: number) => void): void {
    for (let at = 0; at <= this.mask; at++) if (this.keys[at] !== empty) visit(this.values[at]!, this.keys[at]!);
  }

  private find(key: number): number {
    let at = hash(key) & this.mask;
    for (;;) {
      const found = this.keys[at]!;
      if (found === key) return at;
      if (found === empty) return -1;
      at = (at + 1) & this.mask;
    }
  }

  private grow(): void {
    const { keys, values } = this;
    this.mask = this.mask * 2 + 1;
    this.keys = new Float64Array(this.mask + 1).fill(empty);
    this.values = new Float64Array(this.mask + 1);
    this.used = 0;
    for (let at = 0; at < keys.length; at++) if (keys[at] !== empty) this.set(keys[at]!, values[at]!);
  }
}

/** Fibonacci hashing of the low 32 bits: goroutine ids come in runs, which it spreads. */
function hash(key: number): number {
  const mixed = Math.imul(key | 0, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}
