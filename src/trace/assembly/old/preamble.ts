/** Goroutines that were there before the trace. Those whose state is not told by the end of the preamble could run. */
import { GOROUTINE } from "./memory";
import { reserve, seen } from "./tables";
import { GO_CREATE } from "./spec";

export let isPreamble: bool = true;
/** Ids (doubles) of those that could run; JavaScript sorts them. */
export let untold: usize = 0;
export let untoldEnd: usize = 0;

let first: usize = 0;
let last: usize = 0;

export function beginPreamble(goroutine: usize): void {
  if (first == 0) first = goroutine;
  last = goroutine;
  store<u8>(goroutine, 1, 14);
}

/** The preamble ends. */
export function tellPreamble(): void {
  isPreamble = false;
  if (first == 0) return;
  for (let goroutine = first; goroutine <= last; goroutine += GOROUTINE) {
    if (load<u8>(goroutine, 14) == 0) continue;
    store<f64>(untoldEnd, <f64>load<u64>(goroutine));
    untoldEnd += 8;
  }
}

export function makePreamble(): bool {
  untold = untoldEnd = reserve(seen(GO_CREATE) << 3);
  return untold != 0;
}
