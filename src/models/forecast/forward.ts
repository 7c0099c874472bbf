/** The network in plain arithmetic: what forecasts are made with, so that a trained model needs no backend and gives the same bytes everywhere. */
import type { LstmShape, Parameters } from "./engine.ts";

/**
 * Quantiles [size][horizon][Q] for `size` windows x [size][T][F] (see {@link LstmShape}); float64 inside.
 * Equal to stock tfjs layers within float32 rounding.
 */
export function forwardLstm(parameters: Parameters, shape: LstmShape, x: Float32Array, size: number): Float32Array {
  const { steps, features, hidden, horizon, levels } = shape;
  const [kernel, recurrent, bias, denseKernel, denseBias] = parameters;
  const gates = 4 * hidden;
  const outputs = horizon * levels.length;
  const quantiles = new Float32Array(size * outputs);
  const state = new Float64Array(hidden);
  const cell = new Float64Array(hidden);
  const gate = new Float64Array(gates);
  const raw = new Float64Array(outputs);
  for (let b = 0; b < size; b++) {
    state.fill(0);
    cell.fill(0);
    for (let t = 0; t < steps; t++) {
      gate.set(bias);
      addProduct(gate, x, (b * steps + t) * features, features, kernel);
      if (t > 0) addProduct(gate, state, 0, hidden, recurrent);
      for (let j = 0; j < hidden; j++) {
        cell[j] = sigmoid(gate[hidden + j]!) * cell[j]! + sigmoid(gate[j]!) * Math.tanh(gate[2 * hidden + j]!);
        state[j] = sigmoid(gate[3 * hidden + j]!) * Math.tanh(cell[j]!);
      }
    }
    raw.set(denseBias);
    addProduct(raw, state, 0, hidden, denseKernel);
    for (let h = 0; h < horizon; h++) uncross(raw, h * levels.length, levels.length, quantiles, b * outputs + h * levels.length);
  }
  return quantiles;
}

/** target += input[from .. from + rows) · matrix [rows, target.length]. */
function addProduct(target: Float64Array, input: Float32Array | Float64Array, from: number, rows: number, matrix: Float32Array): void {
  const columns = target.length;
  for (let i = 0; i < rows; i++) {
    const value = input[from + i]!;
    if (value === 0) continue;
    const base = i * columns;
    for (let j = 0; j < columns; j++) target[j]! += value * matrix[base + j]!;
  }
}

function uncross(raw: Float64Array, at: number, levels: number, target: Float32Array, to: number): void {
  const middle = (levels - 1) / 2;
  let value = raw[at + middle]!;
  target[to + middle] = value;
  for (let k = middle + 1; k < levels; k++) target[to + k] = value += softplus(raw[at + k]!);
  value = raw[at + middle]!;
  for (let k = middle - 1; k >= 0; k--) target[to + k] = value -= softplus(raw[at + k]!);
}

const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));
const softplus = (z: number): number => (z > 0 ? z : 0) + Math.log1p(Math.exp(-Math.abs(z)));
/** The z whose softplus is `value` > 0. */
export const inverseSoftplus = (value: number): number => value + Math.log(-Math.expm1(-value));
