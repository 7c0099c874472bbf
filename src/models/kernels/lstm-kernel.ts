/**
 * LSTM → Dense → quantiles, forward and backward through time, on the WebAssembly kernels of assembly/.
 * Deterministic: every sum has one order, so the same input gives the same bytes on the same variant. The two variants differ by
 * rounding only (relaxed SIMD rounds a · b + c once on machines that have that instruction): forecasts agree within 1e-5.
 */
import { ForetraceError } from "../../lib/errors.ts";
import type { Batch, LstmShape } from "../forecast/engine.ts";
import type { KernelExports } from "./exports.ts";
import { fixedLayout, panelSize, workLayout, type FixedLayout, type WorkLayout } from "./layout.ts";

/** A wasm page. */
const page = 65_536;
/** An engine that wants more memory than this is refused before anything is allocated. */
const mostBytes = 1 << 30;

export type LstmKernel = {
  readonly exports: KernelExports;
  readonly layout: FixedLayout;
  /** All memory as float32; a larger batch than before replaces it. */
  memory(): Float32Array;
  /** Quantiles of `size` windows [size][T][F], written to `out` [size][horizon][Q] from index `to` on. */
  forecast(x: Float32Array, from: number, size: number, out: Float32Array, to: number): void;
  /** Loss of a batch (engine.ts); its gradients lie at layout.gradients. `share`: [size][horizon], what each target counts, summing to 1 / Q. */
  gradients(batch: Batch, share: Float32Array): number;
};

/** An instance with memory of its own and zero parameters. `shape` must be valid. */
export function createLstmKernel(module: WebAssembly.Module, shape: LstmShape): LstmKernel {
  const { steps, features, hidden, horizon } = shape;
  const levels = shape.levels.length;
  const memory = new WebAssembly.Memory({ initial: 1, maximum: mostBytes / page });
  const exports = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as KernelExports;
  const layout = fixedLayout(shape, exports.free.value as number);
  const { rows, parameters, gradients } = layout;
  let floats = new Float32Array(0);
  let work: WorkLayout | undefined;

  function reach(end: number): void {
    const missing = end - memory.buffer.byteLength;
    if (end > mostBytes) {
      throw new ForetraceError(
        "bad_usage",
        `an LSTM of ${hidden} units over ${steps} steps with this batch needs ${Math.ceil(end / 2 ** 20)} MiB, the limit is ${mostBytes / 2 ** 20}; use a smaller batch or fewer steps`,
      );
    }
    if (missing > 0) memory.grow(Math.ceil(missing / page));
    if (floats.buffer !== memory.buffer) floats = new Float32Array(memory.buffer);
  }
  reach(layout.end);
  floats.set(shape.levels, layout.levels / 4);

  /** The layout for `size` examples; the state before the first step is zeroed. */
  function prepare(size: number): WorkLayout {
    const panels = Math.ceil(size / panelSize);
    if (work?.panels !== panels) {
      const wanted = workLayout(shape, panels, layout.end);
      reach(wanted.end);
      work = wanted;
    }
    floats.fill(0, work.input / 4, (work.input + panels * work.inputStride) / 4);
    floats.fill(0, work.cell / 4, (work.cell + panels * work.cellStride) / 4);
    return work;
  }

  /** x [size][T][F] into the feature rows; examples that fill up the last panel, and rows that fill up the features, are 0. */
  function placeInputs(at: WorkLayout, x: Float32Array, from: number, size: number): void {
    for (let t = 0; t < steps; t++) {
      for (let panel = 0; panel < at.panels; panel++) {
        const place = (at.input + (t * at.panels + panel) * at.inputStride) / 4;
        const first = panel * panelSize;
        for (let f = 0; f < rows.features; f++) {
          for (let lane = 0; lane < panelSize; lane++) {
            const example = first + lane;
            const known = f < features && example < size;
            floats[place + f * panelSize + lane] = known ? x[from + (example * steps + t) * features + f]! : 0;
          }
        }
      }
    }
  }

  /** Raw outputs at `raw`; with `keep`, what backward needs. */
  function forward(at: WorkLayout, keep: boolean): void {
    const hiddenRow = rows.features * panelSize * 4;
    const inputStep = at.panels * at.inputStride;
    const cellStep = at.panels * at.cellStride;
    for (let t = 0; t < steps; t++) {
      const after = at.input + (t + 1) * inputStep + hiddenRow;
      const gates = keep ? at.gates + t * at.panels * at.gateStride : at.gates;
      const before = at.cell + (keep ? t : Math.min(t, 1)) * cellStep;
      const cell = at.cell + (keep ? t + 1 : 1) * cellStep;
      const tanh = keep ? at.cellTanh + t * cellStep : at.cellTanh;
      exports.lstmForward(
        parameters.lstm,
        parameters.lstmBias,
        at.input + t * inputStep,
        at.inputStride,
        after,
        gates,
        at.gateStride,
        before,
        cell,
        tanh,
        at.cellStride,
        Number(keep),
        hidden,
        rows.inner,
        at.panels,
      );
    }
    const last = at.input + steps * inputStep + hiddenRow;
    exports.product(
      parameters.dense,
      parameters.denseBias,
      last,
      at.inputStride,
      at.raw,
      at.rawStride,
      rows.packedOutputs / 4,
      hidden,
      at.panels,
    );
  }

  /** From the derivatives by raw outputs, which lie at `raw`, to those of all parameters. */
  function backward(at: WorkLayout): void {
    const inputStep = at.panels * at.inputStride;
    const gateStep = at.panels * at.gateStride;
    const cellStep = at.panels * at.cellStride;
    const last = at.input + steps * inputStep + rows.features * panelSize * 4;
    const groups = rows.packedOutputs / 4;
    floats.fill(0, gradients.lstm / 4, gradients.lstm / 4 + layout.blockCount);
    floats.fill(0, at.dCell / 4, (at.dCell + cellStep) / 4);
    exports.transpose(parameters.lstm, layout.recurrentBack, hidden, rows.inner, rows.features, hidden / 4);
    exports.transpose(parameters.dense, layout.denseBack, groups, hidden, 0, hidden / 4);
    exports.outer(last, at.inputStride, at.raw, at.rawStride, gradients.dense, groups, hidden, at.panels);
    exports.rowSums(at.raw, at.rawStride, gradients.denseBias, rows.packedOutputs, at.panels);
    exports.product(layout.denseBack, 0, at.raw, at.rawStride, at.dHidden, at.cellStride, hidden / 4, rows.packedOutputs, at.panels);
    for (let t = steps - 1; t >= 0; t--) {
      const gates = at.gates + t * gateStep;
      exports.lstmBackward(
        gates,
        at.gateStride,
        at.cell + t * cellStep,
        at.cellTanh + t * cellStep,
        at.dHidden,
        at.dCell,
        at.cellStride,
        gradients.lstmBias,
        hidden,
        at.panels,
      );
      if (t > 0) {
        exports.product(layout.recurrentBack, 0, gates, at.gateStride, at.dHidden, at.cellStride, hidden / 4, 4 * hidden, at.panels);
      }
      exports.outer(at.input + t * inputStep, at.inputStride, gates, at.gateStride, gradients.lstm, hidden, rows.inner, at.panels);
    }
  }

  return {
    exports,
    layout,
    memory: () => floats,
    forecast(x, from, size, out, to) {
      const at = prepare(size);
      placeInputs(at, x, from, size);
      forward(at, false);
      exports.quantiles(at.raw, at.rawStride, horizon, levels, at.panels);
      for (let example = 0; example < size; example++) {
        const place = at.raw + Math.floor(example / panelSize) * at.rawStride;
        const source = place / 4 + (example % panelSize);
        const target = to + example * rows.outputs;
        for (let output = 0; output < rows.outputs; output++) out[target + output] = floats[source + output * panelSize]!;
      }
    },
    gradients({ x, y, size }, share) {
      const at = prepare(size);
      placeInputs(at, x, 0, size);
      for (let example = 0; example < at.panels * panelSize; example++) {
        const place = Math.floor(example / panelSize) * horizon * panelSize + (example % panelSize);
        for (let h = 0; h < horizon; h++) {
          const part = example < size ? share[example * horizon + h]! : 0;
          floats[at.weight / 4 + place + h * panelSize] = part;
          floats[at.target / 4 + place + h * panelSize] = part === 0 ? 0 : y[example * horizon + h]!;
        }
      }
      forward(at, true);
      const loss = exports.pinball(at.raw, at.rawStride, at.target, at.weight, layout.levels, layout.scratch, horizon, levels, at.panels);
      // Rows that fill the outputs up to a multiple of 4 take no part.
      for (let panel = 0; panel < at.panels && rows.packedOutputs > rows.outputs; panel++) {
        const place = (at.raw + panel * at.rawStride) / 4;
        floats.fill(0, place + rows.outputs * panelSize, place + rows.packedOutputs * panelSize);
      }
      backward(at);
      return loss;
    },
  };
}
