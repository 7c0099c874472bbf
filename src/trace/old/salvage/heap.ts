/** Numbers 0 … n − 1 by a key that may change while they wait: a binary heap that knows where each lies. */

export class IndexedHeap {
  readonly key: Float64Array;
  size = 0;
  readonly #heap: Int32Array;
  readonly #place: Int32Array;

  constructor(count: number) {
    this.key = new Float64Array(count);
    this.#heap = new Int32Array(count);
    this.#place = new Int32Array(count).fill(-1);
  }

  /** Puts an item in, or moves it. */
  set(item: number, key: number): void {
    let place = this.#place[item];
    if (place < 0) place = this.size++;
    this.key[item] = key;
    this.#down(this.#up(place, item), item);
  }

  /** Takes the one with the smallest key; of equal ones the smallest number. -1 when there is none. */
  pop(): number {
    if (this.size === 0) return -1;
    const top = this.#heap[0];
    this.#place[top] = -1;
    const last = this.#heap[--this.size];
    if (this.size > 0) this.#down(0, last);
    return top;
  }

  #isBefore(one: number, other: number): boolean {
    const difference = this.key[one] - this.key[other];
    return difference < 0 || (difference === 0 && one < other);
  }

  #up(from: number, item: number): number {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!this.#isBefore(item, this.#heap[parent])) break;
      this.#put(place, this.#heap[parent]);
      place = parent;
    }
    this.#put(place, item);
    return place;
  }

  #down(from: number, item: number): void {
    let place = from;
    for (let child = 1 + 2 * place; child < this.size; child = 1 + 2 * place) {
      if (child + 1 < this.size && this.#isBefore(this.#heap[child + 1], this.#heap[child])) child++;
      if (!this.#isBefore(this.#heap[child], item)) break;
      this.#put(place, this.#heap[child]);
      place = child;
    }
    this.#put(place, item);
  }

  #put(place: number, item: number): void {
    this.#heap[place] = item;
    this.#place[item] = place;
  }
}
