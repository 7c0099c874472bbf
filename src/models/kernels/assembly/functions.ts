/** The functions of vector.ts over arrays, so that their stated errors can be measured. Counts are multiples of 4. */
import { sigmoid, softplus, tanh } from "./vector";

export function sigmoids(x: usize, out: usize, count: i32): void {
  for (let at: usize = 0, end = <usize>count << 2; at < end; at += 16) v128.store(out + at, sigmoid(v128.load(x + at)));
}

export function tanhs(x: usize, out: usize, count: i32): void {
  for (let at: usize = 0, end = <usize>count << 2; at < end; at += 16) v128.store(out + at, tanh(v128.load(x + at)));
}

export function softpluses(x: usize, out: usize, count: i32): void {
  for (let at: usize = 0, end = <usize>count << 2; at < end; at += 16) v128.store(out + at, softplus(v128.load(x + at)));
}
