/** Where everything lies in the kernels' memory. Byte addresses, multiples of 64; all values float32. */
import type { LstmShape } from "../forecast/engine.ts";

/** Examples in a panel (assembly/matrix.ts). */
export const panelSize = 8;
const line = 64;
const roundUp = (value: number, step: number): number => Math.ceil(value / step) * step;
/** Bytes of one panel of `rows` rows. An odd number of cache lines: at a power of two all panels would fall into a few sets of the cache. */
const panelStride = (rows: number): number => ((roundUp(rows * panelSize * 4, line) / line) | 1) * line;

/** Rows of the matrices. */
export type Rows = {
  /** Inputs a step, filled up with zeros to a multiple of 4. */
  readonly features: number;
  /** Rows of the LSTM's input: features + hidden. */
  readonly inner: number;
  readonly hidden: number;
  /** Dense outputs: horizon × levels, and rounded up to a multiple of 4. */
  readonly outputs: number;
  readonly packedOutputs: number;
};

/** Four packed arrays one after the other, as assembly/matrix.ts wants them: [group][k][4], bias [group][4]. A group of the LSTM is a unit. */
export type Block = {
  readonly lstm: number;
  readonly lstmBias: number;
  readonly dense: number;
  readonly denseBias: number;
};

/** What stays for the life of an engine. */
export type FixedLayout = {
  readonly rows: Rows;
  /** Float32 values of each part of a block, and of a whole block. */
  readonly counts: Block;
  readonly blockCount: number;
  readonly parameters: Block;
  readonly gradients: Block;
  readonly firstMoments: Block;
  readonly secondMoments: Block;
  /** Recurrent and dense weights, packed for the product the other way. */
  readonly recurrentBack: number;
  readonly denseBack: number;
  readonly levels: number;
  /** One vector a level. */
  readonly scratch: number;
  readonly end: number;
};

/** What depends on the number of panels. Panel p of step t lies at address + (t × panels + p) × stride. */
export type WorkLayout = {
  readonly panels: number;
  readonly inputStride: number;
  readonly gateStride: number;
  readonly cellStride: number;
  readonly rawStride: number;
  /** [T + 1] panels of inner rows [x_t; h_(t−1)]. */
  readonly input: number;
  /** [T] panels of 4 × hidden rows. */
  readonly gates: number;
  /** [T + 1] panels of hidden rows; the first is c_(−1) = 0. */
  readonly cell: number;
  /** [T] panels of hidden rows. */
  readonly cellTanh: number;
  readonly dHidden: number;
  readonly dCell: number;
  /** Panels of packedOutputs rows. */
  readonly raw: number;
  /** [panel][horizon][8]. */
  readonly target: number;
  readonly weight: number;
  readonly end: number;
};

export function rowsOf({ features, hidden, horizon, levels }: LstmShape): Rows {
  const filled = roundUp(features, 4);
  const outputs = horizon * levels.length;
  return { features: filled, inner: filled + hidden, hidden, outputs, packedOutputs: roundUp(outputs, 4) };
}

/** Hands out addresses from `start` on. */
function allocator(start: number): { take(bytes: number): number; end(): number } {
  let next = roundUp(start, line);
  return {
    take(bytes) {
      const at = next;
      next = roundUp(next + bytes, line);
      return at;
    },
    end: () => next,
  };
}

export function fixedLayout(shape: LstmShape, start: number): FixedLayout {
  const rows = rowsOf(shape);
  const counts: Block = {
    lstm: 4 * rows.hidden * rows.inner,
    lstmBias: 4 * rows.hidden,
    dense: rows.packedOutputs * rows.hidden,
    denseBias: rows.packedOutputs,
  };
  const blockCount = counts.lstm + counts.lstmBias + counts.dense + counts.denseBias;
  const { take, end } = allocator(start);
  const block = (): Block => {
    const lstm = take(blockCount * 4);
    const lstmBias = lstm + counts.lstm * 4;
    const dense = lstmBias + counts.lstmBias * 4;
    return { lstm, lstmBias, dense, denseBias: dense + counts.dense * 4 };
  };
  return {
    rows,
    counts,
    blockCount,
    parameters: block(),
    gradients: block(),
    firstMoments: block(),
    secondMoments: block(),
    recurrentBack: take(4 * rows.hidden * rows.hidden * 4),
    denseBack: take(counts.dense * 4),
    levels: take(shape.levels.length * 4),
    scratch: take(shape.levels.length * 16),
    end: end(),
  };
}

export function workLayout(shape: LstmShape, panels: number, start: number): WorkLayout {
  const rows = rowsOf(shape);
  const { steps, horizon } = shape;
  const inputStride = panelStride(rows.inner);
  const gateStride = panelStride(4 * rows.hidden);
  const cellStride = panelStride(rows.hidden);
  const rawStride = panelStride(rows.packedOutputs);
  const { take, end } = allocator(start);
  return {
    panels,
    inputStride,
    gateStride,
    cellStride,
    rawStride,
    input: take((steps + 1) * panels * inputStride),
    gates: take(steps * panels * gateStride),
    cell: take((steps + 1) * panels * cellStride),
    cellTanh: take(steps * panels * cellStride),
    dHidden: take(panels * cellStride),
    dCell: take(panels * cellStride),
    raw: take(panels * rawStride),
    target: take(panels * horizon * panelSize * 4),
    weight: take(panels * horizon * panelSize * 4),
    end: end(),
  };
}
