/** Parameters between the order of a stock LayersModel and the kernels' packed blocks. */
import { parameterShapes, type LstmShape, type Parameters } from "../forecast/engine.ts";
import type { Block, Rows } from "./layout.ts";

/** places[p][i]: where value i of parameter p lies in a block, in float32 values from its start. */
export type Places = readonly Int32Array[];

/**
 * Packed LSTM weights: [unit][row][gate], rows the features, filled up with rows of zeros to a multiple of 4, then the hidden units;
 * packed dense weights: [output / 4][unit][output % 4].
 */
export function placesOf(shape: LstmShape, rows: Rows, counts: Block): Places {
  const { hidden } = shape;
  const gates = 4 * hidden;
  const places = parameterShapes(shape).map((size) => new Int32Array(size.reduce((product, n) => product * n, 1)));
  const lstmPlace = (row: number, column: number): number => ((column % hidden) * rows.inner + row) * 4 + Math.floor(column / hidden);
  const denseStart = counts.lstm + counts.lstmBias;
  places[0]!.forEach((_, i, place) => (place[i] = lstmPlace(Math.floor(i / gates), i % gates)));
  places[1]!.forEach((_, i, place) => (place[i] = lstmPlace(rows.features + Math.floor(i / gates), i % gates)));
  places[2]!.forEach((_, i, place) => (place[i] = counts.lstm + (i % hidden) * 4 + Math.floor(i / hidden)));
  places[3]!.forEach((_, i, place) => {
    const output = i % rows.outputs;
    place[i] = denseStart + ((output >> 2) * hidden + Math.floor(i / rows.outputs)) * 4 + (output & 3);
  });
  places[4]!.forEach((_, i, place) => (place[i] = denseStart + counts.dense + i));
  return places;
}

/** Into the block at `start` (float32 values); padding is not touched: it is 0 from the start and its gradients are 0. */
export function pack(places: Places, parameters: Parameters, memory: Float32Array, start: number): void {
  for (const [p, place] of places.entries()) {
    const values = parameters[p]!;
    for (let i = 0; i < place.length; i++) memory[start + place[i]!] = values[i]!;
  }
}

export function unpack(places: Places, memory: Float32Array, start: number): Parameters {
  return places.map((place) => {
    const values = new Float32Array(place.length);
    for (let i = 0; i < place.length; i++) values[i] = memory[start + place[i]!]!;
    return values;
  }) as unknown as Parameters;
}
