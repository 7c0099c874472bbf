/**
 * Fused kernels of an LSTM forecaster. Stateless: every function works on addresses in the imported memory, which the caller lays out
 * (src/models/kernels/layout.ts). All arrays are float32, 16-byte aligned.
 */
export { lstmForward, lstmBackward } from "./lstm";
export { product, outer, transpose, rowSums } from "./matrix";
export { quantiles, pinball } from "./quantiles";
export { squares, adamw } from "./adamw";
export { sigmoids, tanhs, softpluses } from "./functions";

/** First free address: what lies before it belongs to the module. */
export const free: usize = __heap_base;
