/**
 * What trains and runs the network LSTM(hidden) → Dense(horizon × levels): stock tfjs layers, or kernels with the same arithmetic.
 * Everything is float32, row-major. The last hidden state feeds the dense layer (`returnSequences: false`).
 */

export type LstmShape = {
  /** T: LSTM steps in a window. */
  readonly steps: number;
  /** F: inputs per step. */
  readonly features: number;
  /** H: units of the LSTM (a multiple of 4). */
  readonly hidden: number;
  /** Forecast points in a window. */
  readonly horizon: number;
  /** Q quantile levels, ascending, an odd number with the median in the middle. Dense outputs: O = horizon × Q, output h × Q + k. */
  readonly levels: readonly number[];
};

export type Batch = {
  /** B, from 1 on; it may differ from call to call. */
  readonly size: number;
  /** [B][T][F], finite. */
  readonly x: Float32Array;
  /** [B][horizon] targets, finite (0 where masked). */
  readonly y: Float32Array;
  /** [B][horizon]: 1 counts, 0 is missing. */
  readonly mask: Float32Array;
  /** [B] ≥ 0: weight of each example. */
  readonly weight: Float32Array;
};

/**
 * In the order of a stock LayersModel: LSTM kernel [F, 4H], recurrent kernel [H, 4H], bias [4H] (gates i, f, c, o; sigmoid for i, f, o, tanh for c
 * and the output), dense kernel [H, O], dense bias [O].
 */
export type Parameters = readonly [Float32Array, Float32Array, Float32Array, Float32Array, Float32Array];

export type EngineOptions = {
  /** AdamW (Loshchilov & Hutter 2019): p ← p − lr (m̂ / (√v̂ + epsilon) + weightDecay p), β 0.9 and 0.999; decay on the three kernels, not on biases. */
  readonly weightDecay: number;
  /** 1e-7, as Keras. */
  readonly epsilon: number;
  /** Gradients are scaled to this global norm over all parameters when above it. */
  readonly clipNorm: number;
};

export const engineDefaults: EngineOptions = { weightDecay: 0.01, epsilon: 1e-7, clipNorm: 1 };

/**
 * Quantiles from dense outputs r: q[m] = r[m] at the median m = (Q − 1) / 2; upwards q[k] = q[k − 1] + softplus(r[k]),
 * downwards q[k] = q[k + 1] − softplus(r[k]): they cannot cross.
 * Loss of a step: Σ weight[b] mask[b,h] (1/Q) Σ_k ρ_k(y[b,h] − q[b,h,k]) / Σ weight[b] mask[b,h], with ρ_k(u) = max(p_k u, (p_k − 1) u)
 * (its gradient at u = 0 is 0 or that of either side); 0 where the denominator is 0, and then no parameter changes.
 */
export type LstmEngine = {
  /** `wasm`, `cpu`, `tensorflow` (tfjs backends), `fused`. */
  readonly backend: string;
  readonly shape: LstmShape;
  /** One forward, backward and optimiser step; returns the loss before it. */
  trainStep(batch: Batch, learningRate: number): number;
  /** Quantiles [B][horizon][Q], non-decreasing in k, for `size` windows x [B][T][F]. */
  predict(x: Float32Array, size: number): Float32Array;
  /** Copies. */
  getParameters(): Parameters;
  /** Copies in; the optimiser's moments start anew. */
  setParameters(parameters: Parameters): void;
  /** Frees memory; the engine is of no use afterwards. */
  dispose(): void;
};

/** Makes an engine with zero parameters. */
export type EngineFactory = (shape: LstmShape, options?: Partial<EngineOptions>) => Promise<LstmEngine>;

/** Number of values of each parameter, in their order. */
export function parameterShapes({ features, hidden, horizon, levels }: LstmShape): number[][] {
  const outputs = horizon * levels.length;
  return [[features, 4 * hidden], [hidden, 4 * hidden], [4 * hidden], [hidden, outputs], [outputs]];
}
