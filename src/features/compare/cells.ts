/**
 * A series in few numbers: its mean over equal stretches of the trace, in bounded memory. A cell covers a number of windows; when there are too
 * many, each two become one. Means over whole stretches stay exact.
 */

/** Cells at most; of 100 ms each a trace of 51 s fits without joining. */
export const mostCells = 512;
/** Series at most, since a program may make up labels; the rest is counted. */
const mostSeries = 5000;

class Column {
  /** Sum of value × weight, and of weights, of a cell. */
  readonly sums = new Float64Array(mostCells);
  readonly weights = new Float64Array(mostCells);
}

export class Cells {
  /** Windows in a cell. */
  stride = 1;
  /** Windows seen, which are not all in whole cells. */
  windows = 0;
  /** Series that found no place. */
  dropped = 0;
  readonly columns = new Map<string, Column>();
  readonly #dropped = new Set<string>();

  /** Before the values of a window. */
  begin(): void {
    if (Math.floor(this.windows / this.stride) >= mostCells) this.#join();
    this.windows++;
  }

  /** @param weight nanoseconds that the value is about. */
  add(name: string, value: number, weight: number): void {
    let column = this.columns.get(name);
    if (column === undefined) {
      if (this.columns.size >= mostSeries) {
        if (this.#dropped.size < mostSeries) this.#dropped.add(name);
        this.dropped = this.#dropped.size;
        return;
      }
      column = new Column();
      this.columns.set(name, column);
    }
    const cell = Math.floor((this.windows - 1) / this.stride);
    column.sums[cell]! += value * weight;
    column.weights[cell]! += weight;
  }

  #join(): void {
    this.stride *= 2;
    for (const { sums, weights } of this.columns.values()) {
      for (let i = 0; i < mostCells; i++) {
        const from = 2 * i;
        sums[i] = from < mostCells ? sums[from]! + sums[from + 1]! : 0;
        weights[i] = from < mostCells ? weights[from]! + weights[from + 1]! : 0;
      }
    }
  }
}
