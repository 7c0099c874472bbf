/**
 * Ids of any size → slots 0, 1, 2, … of structure-of-arrays state. Slots of removed ids are used again, so that a trace with a million
 * goroutines of which a hundred live at once needs a hundred slots. Open addressing: one probe as a rule, no allocation per event.
 */

const empty = -1;
const leastCells = 64;

export class SlotTable {
  /** Id by slot; NaN in a free one. */
  ids: Float64Array = new Float64Array(leastCells / 2);
  /** Slots in use or free for reuse: state arrays need this many places. */
  slots = 0;
  #cells = new Int32Array(leastCells).fill(empty);
  #mask = leastCells - 1;
  #count = 0;
  #free: number[] = [];

  /** Slot of an id, -1 when it is not there. */
  find(id: number): number {
    let cell = hash(id) & this.#mask;
    for (;;) {
      const slot = this.#cells[cell];
      if (slot === empty || this.ids[slot] === id) return slot;
      cell = (cell + 1) & this.#mask;
    }
  }

  /** Slot for an id that is not there yet. */
  add(id: number): number {
    if (this.#count * 2 >= this.#cells.length) this.#grow();
    const slot = this.#free.pop() ?? this.slots++;
    this.ids[slot] = id;
    this.#count++;
    this.#place(slot, hash(id));
    return slot;
  }

  /** Gives a slot back. */
  remove(slot: number): void {
    const cells = this.#cells;
    const mask = this.#mask;
    let hole = hash(this.ids[slot]) & mask;
    while (cells[hole] !== slot) hole = (hole + 1) & mask;
    this.ids[slot] = Number.NaN;
    this.#free.push(slot);
    this.#count--;
    // Entries behind the hole move up unless they lie at or behind their own place already.
    for (let cell = (hole + 1) & mask; cells[cell] !== empty; cell = (cell + 1) & mask) {
      const home = hash(this.ids[cells[cell]]) & mask;
      if (((cell - home) & mask) < ((cell - hole) & mask)) continue;
      cells[hole] = cells[cell];
      hole = cell;
    }
    cells[hole] = empty;
  }

  #place(slot: number, key: number): void {
    let cell = key & this.#mask;
    while (this.#cells[cell] !== empty) cell = (cell + 1) & this.#mask;
    this.#cells[cell] = slot;
  }

  #grow(): void {
    const ids = new Float64Array(this.ids.length * 2);
    ids.set(this.ids);
    this.ids = ids;
    this.#cells = new Int32Array(this.#cells.length * 2).fill(empty);
    this.#mask = this.#cells.length - 1;
    for (let slot = 0; slot < this.slots; slot++) if (!Number.isNaN(ids[slot])) this.#place(slot, hash(ids[slot]));
  }
}

/** Fibonacci hashing of the low half, mixed with the high half: ids come in runs, and may be multiples of a power of two. */
function hash(id: number): number {
  const high = id < 4294967296 ? 0 : Math.imul((id / 4294967296) | 0, 0x85ebca6b);
  const mixed = Math.imul((id | 0) ^ high, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}
