/** What the compiled module exports: assembly/*.ts, where each function is explained. Addresses and strides are bytes, booleans 0 or 1. */
export type KernelExports = {
  readonly free: WebAssembly.Global;
  lstmForward(
    packed: number,
    bias: number,
    input: number,
    inputStride: number,
    hidden: number,
    gates: number,
    gateStride: number,
    cellBefore: number,
    cellAfter: number,
    cellTanh: number,
    cellStride: number,
    keep: number,
    units: number,
    inner: number,
    panels: number,
  ): void;
  lstmBackward(
    gates: number,
    gateStride: number,
    cellBefore: number,
    cellTanh: number,
    dHidden: number,
    dCell: number,
    cellStride: number,
    dBias: number,
    units: number,
    panels: number,
  ): void;
  product(
    packed: number,
    bias: number,
    x: number,
    xStride: number,
    out: number,
    outStride: number,
    groups: number,
    inner: number,
    panels: number,
  ): void;
  outer(x: number, xStride: number, d: number, dStride: number, gradient: number, groups: number, inner: number, panels: number): void;
  transpose(packed: number, out: number, groups: number, inner: number, skip: number, rows: number): void;
  rowSums(d: number, dStride: number, total: number, rows: number, panels: number): void;
  quantiles(raw: number, rawStride: number, horizon: number, levels: number, panels: number): void;
  pinball(
    raw: number,
    rawStride: number,
    target: number,
    weight: number,
    level: number,
    scratch: number,
    horizon: number,
    levels: number,
    panels: number,
  ): number;
  squares(values: number, count: number): number;
  adamw(
    parameters: number,
    gradients: number,
    firstMoments: number,
    secondMoments: number,
    count: number,
    scale: number,
    rate: number,
    beta1: number,
    beta2: number,
    unbiasFirst: number,
    unbiasSecond: number,
    epsilon: number,
    decay: number,
  ): void;
  sigmoids(x: number, out: number, count: number): void;
  tanhs(x: number, out: number, count: number): void;
  softpluses(x: number, out: number, count: number): void;
};
