import { describe, expect, test } from "vitest";
import { loadKernels } from "../../../src/jobs/kernels.ts";
import type { KernelExports } from "../../../src/models/kernels/exports.ts";
import { variants } from "./helpers.ts";

type Name = "sigmoids" | "tanhs" | "softpluses";
const at = 65_536;

async function apply(variant: (typeof variants)[number], name: Name, x: Float32Array): Promise<Float32Array> {
  const { module } = await loadKernels(variant);
  const memory = new WebAssembly.Memory({ initial: 1 + Math.ceil((x.length * 8) / 65_536) });
  const exports = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as KernelExports;
  new Float32Array(memory.buffer, at, x.length).set(x);
  exports[name](at, at + x.length * 4, x.length);
  return new Float32Array(memory.buffer, at + x.length * 4, x.length).slice();
}

/** Evenly spaced values and, for the small ones, values of every magnitude, both signs. */
function grid(limit: number): Float32Array {
  const even = Array.from({ length: 200_000 }, (_, i) => limit * (i / 100_000 - 1));
  const magnitudes = Array.from({ length: 20_000 }, (_, i) => 2 ** (-60 + (i * 66) / 20_000)).filter((value) => value <= limit);
  const all = [...even, ...magnitudes, ...magnitudes.map((value) => -value)];
  return Float32Array.from(all.slice(0, all.length - (all.length % 4)));
}

async function worst(
  variant: (typeof variants)[number],
  name: Name,
  limit: number,
  truth: (x: number) => number,
  error: (got: number, wanted: number, x: number) => number,
): Promise<number> {
  const x = grid(limit);
  const got = await apply(variant, name, x);
  return x.reduce((most, value, i) => Math.max(most, error(got[i]!, truth(value), value)), 0);
}

const relative = (got: number, wanted: number): number => (wanted === 0 ? Math.abs(got) : Math.abs(got - wanted) / Math.abs(wanted));
const sigmoid = (x: number): number => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)));
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

describe.each(variants)("functions of the %s kernels, against float64", (variant) => {
  test("tanh within 3e-7 relative, from 2^-60 to 64", async () => {
    expect(await worst(variant, "tanhs", 64, Math.tanh, relative)).toBeLessThan(3e-7);
  });

  test("sigmoid within 1e-7 absolute everywhere and 1e-6 relative down to -10", async () => {
    expect(await worst(variant, "sigmoids", 200, sigmoid, (got, wanted) => Math.abs(got - wanted))).toBeLessThan(1e-7);
    expect(await worst(variant, "sigmoids", 10, sigmoid, relative)).toBeLessThan(1e-6);
  });

  test("softplus within 1e-6 relative down to -10, then as the sigmoid's tail", async () => {
    expect(await worst(variant, "softpluses", 10, softplus, relative)).toBeLessThan(1e-6);
    expect(await worst(variant, "softpluses", 80, softplus, (got, wanted, x) => relative(got, wanted) / (10 + Math.abs(x)))).toBeLessThan(
      1e-7,
    );
  });

  test("infinities reach the limits, NaN stays NaN", async () => {
    const x = Float32Array.of(Infinity, -Infinity, NaN, 0);
    expect([...(await apply(variant, "tanhs", x))]).toEqual([1, -1, NaN, 0]);
    const [high, low, missing, half] = await apply(variant, "sigmoids", x);
    expect([high, missing, half]).toEqual([1, NaN, 0.5]);
    expect(low).toBeLessThan(1e-37);
    const [rising, falling, unknown] = await apply(variant, "softpluses", x);
    expect([rising, unknown]).toEqual([Infinity, NaN]);
    expect(falling).toBeLessThan(1e-37);
  });
});
