/** Ids of one table → entries. Ids are dense in practice (1, 2, 3, … in any order), but the format allows any. */

/** A dense table may have this many empty places per entry, and at least `spareLeast`. */
const sparePerEntry = 8;
const spareLeast = 4096;

/** Place of each entry (that of entry 0 says nothing), and entry by id: -1 = none. */
export type FoundEntries = { readonly places: Int32Array; readonly entries: Int32Array };

export class IdIndex {
  /** Entry by id for small ids, -1 = none. Entry 0 is id 0: the empty string, no stack. */
  #dense = new Int32Array(1);
  #denseLimit = 1;
  #sparse: Map<number, number> | undefined;
  #ids = new Float64Array(1024);
  #places = new Int32Array(1024);
  /** Id 0 is always there, so that writing it is writing it twice. */
  #zeroTwice = false;
  /** Number of entries, entry 0 included. */
  entries = 1;
  /** An id above all of the table. */
  nextFree = 1;

  clear(): void {
    this.entries = 1;
    this.nextFree = 1;
    this.#denseLimit = 1;
    this.#sparse = undefined;
    this.#zeroTwice = false;
  }

  /** Notes an entry; it can be found after {@link seal}. */
  add(id: number, place: number): void {
    if (id === 0) {
      this.#zeroTwice = true;
      return;
    }
    if (this.entries === this.#ids.length) {
      const ids = new Float64Array(this.entries * 2);
      ids.set(this.#ids);
      this.#ids = ids;
      const places = new Int32Array(this.entries * 2);
      places.set(this.#places);
      this.#places = places;
    }
    this.#ids[this.entries] = id;
    this.#places[this.entries++] = place;
    if (id >= this.nextFree) this.nextFree = id + 1;
  }

  /** Makes the entries findable; returns an id that stands twice, if any. @param keepLast an id may stand twice, and its last entry is found. */
  seal(keepLast = false): number | undefined {
    if (this.#zeroTwice && !keepLast) return 0;
    if (this.nextFree > this.entries * sparePerEntry + spareLeast) return this.#sealSparse(keepLast);
    if (this.nextFree > this.#dense.length) this.#dense = new Int32Array(Math.max(this.nextFree, this.#dense.length * 2));
    this.#denseLimit = this.nextFree;
    this.#dense.fill(-1, 0, this.#denseLimit);
    this.#dense[0] = 0;
    for (let entry = 1; entry < this.entries; entry++) {
      const id = this.#ids[entry];
      if (this.#dense[id] >= 0 && !keepLast) return id;
      this.#dense[id] = entry;
    }
    return undefined;
  }

  /** The entries as somebody else found them, sealed; {@link idAt} is not for these. */
  adopt({ places, entries }: FoundEntries): void {
    this.clear();
    this.entries = places.length;
    this.nextFree = entries.length;
    if (places.length > this.#places.length) {
      this.#places = new Int32Array(places.length * 2);
      this.#ids = new Float64Array(places.length * 2);
    }
    this.#places.set(places);
    if (entries.length > this.#dense.length) this.#dense = new Int32Array(entries.length * 2);
    this.#denseLimit = entries.length;
    this.#dense.set(entries);
  }

  /** Entry of an id, -1 when the table has none. */
  find(id: number): number {
    if (id < this.#denseLimit) return this.#dense[id];
    return this.#sparse === undefined ? -1 : (this.#sparse.get(id) ?? -1);
  }

  place(entry: number): number {
    return this.#places[entry];
  }

  idAt(entry: number): number {
    return this.#ids[entry];
  }

  #sealSparse(keepLast: boolean): number | undefined {
    const sparse = new Map<number, number>();
    for (let entry = 1; entry < this.entries; entry++) {
      const id = this.#ids[entry];
      if (sparse.has(id) && !keepLast) return id;
      sparse.set(id, entry);
    }
    this.#sparse = sparse;
    return undefined;
  }
}
