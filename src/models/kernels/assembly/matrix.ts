/**
 * Matrix products. The batch lies along the lanes, in panels of eight examples: a panel of a matrix holds its rows one after the other,
 * 32 bytes each, so that all loads of a block are at fixed distances. `…Stride`: bytes from one panel to the next.
 * Weights are packed in groups of four outputs: [group][k][4]. A block is 4 outputs × 8 examples: eight accumulators hide the
 * latency of multiply-add; larger blocks spill registers in V8. `inner`, the number of k, is a multiple of 4.
 */
import { madd, sums } from "./vector";

/** out[4 · group + i] = bias[4 · group + i] + Σ_k packed[group][k][i] · x[k] for every example; no bias where its address is 0. */
export function product(
  packed: usize, bias: usize, x: usize, xStride: usize, out: usize, outStride: usize, groups: i32, inner: i32, panels: i32,
): void {
  for (let panel = 0; panel < panels; panel++) {
    let w = packed;
    let to = out;
    for (let group = 0; group < groups; group++) {
      let s0 = f32x4.splat(0), s1 = f32x4.splat(0), s2 = f32x4.splat(0), s3 = f32x4.splat(0);
      if (bias != 0) {
        const from = bias + (<usize>group << 4);
        s0 = v128.load32_splat(from);
        s1 = v128.load32_splat(from, 4);
        s2 = v128.load32_splat(from, 8);
        s3 = v128.load32_splat(from, 12);
      }
      let a0 = s0, a1 = s0, b0 = s1, b1 = s1, c0 = s2, c1 = s2, d0 = s3, d1 = s3;
      let from = x;
      for (const end = w + (<usize>inner << 4); w < end; w += 64) {
        let x0 = v128.load(from);
        let x1 = v128.load(from, 16);
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
        x0 = v128.load(from, 32);
        x1 = v128.load(from, 48);
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
        x0 = v128.load(from, 64);
        x1 = v128.load(from, 80);
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
        x0 = v128.load(from, 96);
        x1 = v128.load(from, 112);
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
        from += 128;
      }
      v128.store(to, a0);
      v128.store(to, a1, 16);
      v128.store(to, b0, 32);
      v128.store(to, b1, 48);
      v128.store(to, c0, 64);
      v128.store(to, c1, 80);
      v128.store(to, d0, 96);
      v128.store(to, d1, 112);
      to += 128;
    }
    x += xStride;
    out += outStride;
  }
}

/**
 * gradient[group][k][i] += Σ x[k] · d[4 · group + i] over all examples, the layout of packed weights. The accumulators' lanes are parts
 * of that sum and are added at the end.
 */
export function outer(
  x: usize, xStride: usize, d: usize, dStride: usize, gradient: usize, groups: i32, inner: i32, panels: i32,
): void {
  let to = gradient;
  const length = <usize>panels * xStride;
  for (let group = 0; group < groups; group++) {
    for (let k = 0; k < inner; k += 2) {
      let a0 = f32x4.splat(0), a1 = f32x4.splat(0), a2 = f32x4.splat(0), a3 = f32x4.splat(0);
      let b0 = f32x4.splat(0), b1 = f32x4.splat(0), b2 = f32x4.splat(0), b3 = f32x4.splat(0);
      let p = x + (<usize>k << 5);
      let q = d + (<usize>group << 7);
      for (const end = p + length; p < end; p += xStride) {
        let u = v128.load(p);
        let v = v128.load(p, 32);
        let g = v128.load(q);
        a0 = madd(u, g, a0);
        b0 = madd(v, g, b0);
        g = v128.load(q, 32);
        a1 = madd(u, g, a1);
        b1 = madd(v, g, b1);
        g = v128.load(q, 64);
        a2 = madd(u, g, a2);
        b2 = madd(v, g, b2);
        g = v128.load(q, 96);
        a3 = madd(u, g, a3);
        b3 = madd(v, g, b3);
        u = v128.load(p, 16);
        v = v128.load(p, 48);
        g = v128.load(q, 16);
        a0 = madd(u, g, a0);
        b0 = madd(v, g, b0);
        g = v128.load(q, 48);
        a1 = madd(u, g, a1);
        b1 = madd(v, g, b1);
        g = v128.load(q, 80);
        a2 = madd(u, g, a2);
        b2 = madd(v, g, b2);
        g = v128.load(q, 112);
        a3 = madd(u, g, a3);
        b3 = madd(v, g, b3);
        q += dStride;
      }
      v128.store(to, f32x4.add(v128.load(to), sums(a0, a1, a2, a3)));
      v128.store(to, f32x4.add(v128.load(to, 16), sums(b0, b1, b2, b3)), 16);
      to += 32;
    }
  }
}

/**
 * Weights for the product the other way: out[r][4 · group + i][lane] = packed[group][skip + 4 r + lane][i], for `rows` blocks r of
 * four inputs (the first `skip` inputs are left out).
 */
export function transpose(packed: usize, out: usize, groups: i32, inner: i32, skip: i32, rows: i32): void {
  for (let group = 0; group < groups; group++) {
    for (let r = 0; r < rows; r++) {
      const from = packed + (<usize>(group * inner + skip + 4 * r) << 4);
      const a = v128.load(from);
      const b = v128.load(from, 16);
      const c = v128.load(from, 32);
      const d = v128.load(from, 48);
      const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
      const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
      const abHigh = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
      const cdHigh = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
      const to = out + (<usize>(r * groups + group) << 6);
      v128.store(to, v128.shuffle<f32>(ab, cd, 0, 1, 4, 5));
      v128.store(to, v128.shuffle<f32>(ab, cd, 2, 3, 6, 7), 16);
      v128.store(to, v128.shuffle<f32>(abHigh, cdHigh, 0, 1, 4, 5), 32);
      v128.store(to, v128.shuffle<f32>(abHigh, cdHigh, 2, 3, 6, 7), 48);
    }
  }
}

/** total[row] += Σ d[row] over all examples. */
export function rowSums(d: usize, dStride: usize, total: usize, rows: i32, panels: i32): void {
  for (let r = 0; r < rows; r += 4) {
    let a = f32x4.splat(0), b = f32x4.splat(0), c = f32x4.splat(0), e = f32x4.splat(0);
    let p = d + (<usize>r << 5);
    for (let panel = 0; panel < panels; panel++) {
      a = f32x4.add(a, f32x4.add(v128.load(p), v128.load(p, 16)));
      b = f32x4.add(b, f32x4.add(v128.load(p, 32), v128.load(p, 48)));
      c = f32x4.add(c, f32x4.add(v128.load(p, 64), v128.load(p, 80)));
      e = f32x4.add(e, f32x4.add(v128.load(p, 96), v128.load(p, 112)));
      p += dStride;
    }
    const to = total + (<usize>r << 2);
    v128.store(to, f32x4.add(v128.load(to), sums(a, b, c, e)));
  }
}
