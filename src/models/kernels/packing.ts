/** Parameters between the order of a stock LayersModel and the kernels' packed blocks. */
import type { LstmShape, Parameters } from "../forecast/engine.ts";
import { parameterShapes } from "../forecast/engine.ts";
import type { Block, Rows } from "./layout.ts";

/**
 * Calls `visit(parameter, index in it, index in memory as float32)` for every value. Packed LSTM weights: [unit][row][gate], rows the
 * features, then (after a row of zeros where their number is odd) the hidden units; packed dense weights: [output / 4][unit][output % 4].
 */
function forEachValue(shape: LstmShape, rows: Rows, block: Block, visit: (parameter: number, from: number, to: number) => void): void {
  const { features, hidden } = shape;
  const lstm = block.lstm / 4;
  for (let unit = 0; unit < hidden; unit++) {
    for (let gate = 0; gate < 4; gate++) {
      const column = gate * hidden + unit;
      const place = (row: number): number => lstm + (unit * rows.inner + row) * 4 + gate;
      for (let row = 0; row < features; row++) visit(0, row * 4 * hidden + column, place(row));
      for (let row = 0; row < hidden; row++) visit(1, row * 4 * hidden + column, place(rows.features + row));
      visit(2, column, block.lstmBias / 4 + unit * 4 + gate);
    }
  }
  const dense = block.dense / 4;
  for (let output = 0; output < rows.outputs; output++) {
    const group = output >> 2;
    for (let unit = 0; unit < hidden; unit++) visit(3, unit * rows.outputs + output, dense + (group * hidden + unit) * 4 + (output & 3));
    visit(4, output, block.denseBias / 4 + output);
  }
}

/** Padding is not touched: it is 0 from the start and its gradients are 0. */
export function pack(shape: LstmShape, rows: Rows, parameters: Parameters, memory: Float32Array, block: Block): void {
  forEachValue(shape, rows, block, (parameter, from, to) => {
    memory[to] = parameters[parameter]![from]!;
  });
}

export function unpack(shape: LstmShape, rows: Rows, memory: Float32Array, block: Block): Parameters {
  const sizes = parameterShapes(shape).map((size) => size.reduce((product, n) => product * n, 1));
  const parameters = sizes.map((size) => new Float32Array(size)) as unknown as Parameters;
  forEachValue(shape, rows, block, (parameter, from, to) => {
    parameters[parameter]![from] = memory[to]!;
  });
  return parameters;
}
