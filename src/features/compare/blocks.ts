/** Means of two traces' series over blocks of equal length: what the test permutes. */
import { mostCells, type Cells } from "./cells.ts";

/** Fewer of either trace cannot be told apart after correcting for hundreds of series: C(16, 8) = 12,870 orders are too few. */
export const leastBlocks = 8;
/** Blocks of the shorter trace: long enough that what follows in one does not depend on the one before, and many enough for the test. */
const aimedBlocks = 24;
const mostBlocks = 256;

export type BlockedSeries = {
  readonly name: string;
  /** Of A's blocks, then of B's; NaN where the series is not known. */
  readonly means: Float64Array;
  /** Over the whole of each trace; NaN where it is not known. */
  readonly a: number;
  readonly b: number;
};

export type Blocked = {
  readonly blocksA: number;
  readonly blocksB: number;
  readonly blockWindows: number;
  readonly series: readonly BlockedSeries[];
};

/** How many blocks, of how many windows each, two traces of so many windows are divided into; the last windows may be in none. */
export function divide(windowsA: number, windowsB: number, stride: number): { cells: number; blocksA: number; blocksB: number } {
  const [cellsA, cellsB] = [Math.floor(windowsA / stride), Math.floor(windowsB / stride)];
  const few = Math.min(cellsA, cellsB);
  const cells = Math.max(1, Math.floor(few / aimedBlocks), Math.ceil(Math.max(cellsA, cellsB) / mostBlocks));
  return { cells, blocksA: Math.floor(cellsA / cells), blocksB: Math.floor(cellsB / cells) };
}

/** @param isZero whether a block without the series means 0. */
export function blockSeries(a: Cells, b: Cells, windowNanos: number, isZero: (name: string) => boolean): Blocked {
  const stride = Math.max(a.stride, b.stride);
  const { cells, blocksA, blocksB } = divide(a.windows, b.windows, stride);
  const blockWindows = cells * stride;
  const names = [...new Set([...a.columns.keys(), ...b.columns.keys()])].sort();
  const series = names.map((name): BlockedSeries => {
    const zero = isZero(name);
    const means = new Float64Array(blocksA + blocksB).fill(Number.NaN);
    fill(means.subarray(0, blocksA), a, name, blockWindows, windowNanos, zero);
    fill(means.subarray(blocksA), b, name, blockWindows, windowNanos, zero);
    return { name, means, a: wholeMean(a, name, windowNanos, zero), b: wholeMean(b, name, windowNanos, zero) };
  });
  return { blocksA, blocksB, blockWindows, series };
}

function fill(
  means: Float64Array,
  { columns, stride }: Cells,
  name: string,
  blockWindows: number,
  windowNanos: number,
  zero: boolean,
): void {
  const column = columns.get(name);
  const cells = blockWindows / stride;
  for (let block = 0; block < means.length; block++) {
    let [sum, weight] = [0, 0];
    for (let i = block * cells; i < (block + 1) * cells; i++) {
      sum += column?.sums[i] ?? 0;
      weight += column?.weights[i] ?? 0;
    }
    // All windows but a trace's last one are whole.
    if (zero) means[block] = sum / (blockWindows * windowNanos);
    else if (weight > 0) means[block] = sum / weight;
  }
}

function wholeMean({ columns, windows }: Cells, name: string, windowNanos: number, zero: boolean): number {
  const column = columns.get(name);
  if (column === undefined) return zero && windows > 0 ? 0 : Number.NaN;
  let [sum, weight] = [0, 0];
  for (let i = 0; i < mostCells; i++) {
    sum += column.sums[i]!;
    weight += column.weights[i]!;
  }
  // The last window may be shorter: of many windows that is nothing.
  return zero ? sum / Math.max(weight, (windows - 1) * windowNanos, 1) : sum / weight;
}
