/**
 * LSTM (Hochreiter & Schmidhuber 1997, with forget gate; the arithmetic of Keras: sigmoid gates, tanh), one time step at a time.
 * Panels as in matrix.ts. A panel of `input` holds the rows [x_t; h_(t−1)]; the four outputs of a group are the gates i, f, g, o of one
 * unit, so a block of the product is all that the unit's new state needs, while it is in registers.
 */
import { madd, sigmoid, sums, tanh } from "./vector";

/** Activations and the new state of four examples. */
// @ts-ignore: decorator
@inline
function cell(
  i: v128, f: v128, g: v128, o: v128, keep: bool, gates: usize, cellBefore: usize, cellAfter: usize, cellTanh: usize, hidden: usize,
): void {
  const input = sigmoid(i);
  const forget = sigmoid(f);
  const update = tanh(g);
  const state = madd(forget, v128.load(cellBefore), f32x4.mul(input, update));
  const output = sigmoid(o);
  const squashed = tanh(state);
  v128.store(cellAfter, state);
  v128.store(hidden, f32x4.mul(output, squashed));
  if (keep) {
    v128.store(gates, input);
    v128.store(gates, forget, 32);
    v128.store(gates, update, 64);
    v128.store(gates, output, 96);
    v128.store(cellTanh, squashed);
  }
}

/**
 * `hidden` (rows of panels `inputStride` apart) and `cellAfter` of every unit from `input` and `cellBefore`, which may be cellAfter. With
 * `keep`, for training, the activated gates, rows 4 · unit + gate, and tanh of the state are stored, else those two are not touched.
 */
export function lstmForward(
  packed: usize, bias: usize, input: usize, inputStride: usize, hidden: usize, gates: usize, gateStride: usize,
  cellBefore: usize, cellAfter: usize, cellTanh: usize, cellStride: usize, keep: bool, units: i32, inner: i32, panels: i32,
): void {
  const bytes = <usize>inner << 4;
  for (let unit = 0; unit < units; unit++) {
    const from = bias + (<usize>unit << 4);
    const s0 = v128.load32_splat(from);
    const s1 = v128.load32_splat(from, 4);
    const s2 = v128.load32_splat(from, 8);
    const s3 = v128.load32_splat(from, 12);
    const weights = packed + <usize>unit * bytes;
    const end = weights + bytes;
    let start = input;
    let g = gates + (<usize>unit << 7);
    let h = hidden + (<usize>unit << 5);
    let c = <usize>unit << 5;
    for (let panel = 0; panel < panels; panel++) {
      let a0 = s0, a1 = s0, b0 = s1, b1 = s1, c0 = s2, c1 = s2, d0 = s3, d1 = s3;
      let x = start;
      for (let w = weights; w < end; w += 64) {
        let x0 = v128.load(x);
        let x1 = v128.load(x, 16);
        let s = v128.load32_splat(w);
        a0 = madd(s, x0, a0);
        a1 = madd(s, x1, a1);
        s = v128.load32_splat(w, 4);
        b0 = madd(s, x0, b0);
        b1 = madd(s, x1, b1);
        s = v128.load32_splat(w, 8);
        c0 = madd(s, x0, c0);
        c1 = madd(s, x1, c1);
        s = v128.load32_splat(w, 12);
        d0 = madd(s, x0, d0);
        d1 = madd(s, x1, d1);
        x0 = v128.load(x, 32);
        x1 = v128.load(x, 48);
        s = v128.load32_splat(w, 16);
        a0 = madd(s, x0, a0);
        a1 = madd(s, x1, a1);
        s = v128.load32_splat(w, 20);
        b0 = madd(s, x0, b0);
        b1 = madd(s, x1, b1);
        s = v128.load32_splat(w, 24);
        c0 = madd(s, x0, c0);
        c1 = madd(s, x1, c1);
        s = v128.load32_splat(w, 28);
        d0 = madd(s, x0, d0);
        d1 = madd(s, x1, d1);
        x0 = v128.load(x, 64);
        x1 = v128.load(x, 80);
        s = v128.load32_splat(w, 32);
        a0 = madd(s, x0, a0);
        a1 = madd(s, x1, a1);
        s = v128.load32_splat(w, 36);
        b0 = madd(s, x0, b0);
        b1 = madd(s, x1, b1);
        s = v128.load32_splat(w, 40);
        c0 = madd(s, x0, c0);
        c1 = madd(s, x1, c1);
        s = v128.load32_splat(w, 44);
        d0 = madd(s, x0, d0);
        d1 = madd(s, x1, d1);
        x0 = v128.load(x, 96);
        x1 = v128.load(x, 112);
        s = v128.load32_splat(w, 48);
        a0 = madd(s, x0, a0);
        a1 = madd(s, x1, a1);
        s = v128.load32_splat(w, 52);
        b0 = madd(s, x0, b0);
        b1 = madd(s, x1, b1);
        s = v128.load32_splat(w, 56);
        c0 = madd(s, x0, c0);
        c1 = madd(s, x1, c1);
        s = v128.load32_splat(w, 60);
        d0 = madd(s, x0, d0);
        d1 = madd(s, x1, d1);
        x += 128;
      }
      cell(a0, b0, c0, d0, keep, g, cellBefore + c, cellAfter + c, cellTanh + c, h);
      cell(a1, b1, c1, d1, keep, g + 16, cellBefore + c + 16, cellAfter + c + 16, cellTanh + c + 16, h + 16);
      start += inputStride;
      g += gateStride;
      h += inputStride;
      c += cellStride;
    }
  }
}

/**
 * From ∂L/∂h_t (`dHidden`) and the part of ∂L/∂c_t that comes from later steps (`dCell`) to the derivatives by the gates' inputs, which
 * replace the gates, and to dCell of the step before, which replaces dCell. Adds the gates' sums over the batch to `dBias`.
 */
export function lstmBackward(
  gates: usize, gateStride: usize, cellBefore: usize, cellTanh: usize, dHidden: usize, dCell: usize, cellStride: usize, dBias: usize,
  units: i32, panels: i32,
): void {
  const one = f32x4.splat(1);
  for (let unit = 0; unit < units; unit++) {
    let sumI = f32x4.splat(0), sumF = f32x4.splat(0), sumG = f32x4.splat(0), sumO = f32x4.splat(0);
    let place = gates + (<usize>unit << 7);
    let c = <usize>unit << 5;
    for (let half = 0; half < panels << 1; half++) {
      const i = v128.load(place);
      const f = v128.load(place, 32);
      const g = v128.load(place, 64);
      const o = v128.load(place, 96);
      const squashed = v128.load(cellTanh + c);
      const dhOutput = f32x4.mul(v128.load(dHidden + c), o);
      const dO = f32x4.mul(f32x4.mul(dhOutput, squashed), f32x4.sub(one, o));
      const dc = madd(dhOutput, f32x4.sub(one, f32x4.mul(squashed, squashed)), v128.load(dCell + c));
      const dcInput = f32x4.mul(dc, i);
      const dcForget = f32x4.mul(dc, f);
      const dI = f32x4.mul(f32x4.mul(dcInput, g), f32x4.sub(one, i));
      const dG = f32x4.mul(dcInput, f32x4.sub(one, f32x4.mul(g, g)));
      const dF = f32x4.mul(f32x4.mul(dcForget, v128.load(cellBefore + c)), f32x4.sub(one, f));
      v128.store(dCell + c, dcForget);
      v128.store(place, dI);
      v128.store(place, dF, 32);
      v128.store(place, dG, 64);
      v128.store(place, dO, 96);
      sumI = f32x4.add(sumI, dI);
      sumF = f32x4.add(sumF, dF);
      sumG = f32x4.add(sumG, dG);
      sumO = f32x4.add(sumO, dO);
      const second = half & 1;
      place += second ? gateStride - 16 : 16;
      c += second ? cellStride - 16 : 16;
    }
    const to = dBias + (<usize>unit << 4);
    v128.store(to, f32x4.add(v128.load(to), sums(sumI, sumF, sumG, sumO)));
  }
}
