/** All goroutines of the trace by their id: open addressing, at most half full. None leaves: no id is given twice. */
import { GOROUTINE } from "./memory";
import { RUNNING } from "./spec";
import { reserve } from "./tables";

/** What happens on no goroutine happens on this one. */
export let nobody: usize = 0;
/** True once an id does not fit a record's word. */
export let wideIds: bool = false;

let goroutines: usize = 0;
let cells: usize = 0;
let mask: u64 = 0;
let shift: u64 = 0;
let count: u32 = 0;

/** Room for so many; false when there is none. */
export function makeGoroutines(most: u64): bool {
  shift = clz(most | 8) - 1;
  mask = (<u64>1 << (64 - shift)) - 1;
  goroutines = reserve((most + 1) * GOROUTINE);
  cells = reserve((mask + 1) << 2);
  if (goroutines == 0 || cells == 0) return false;
  nobody = goroutines;
  store<i64>(nobody, -1);
  store<u8>(nobody, RUNNING, 12);
  return true;
}

/** Ids come in runs: sixteen neighbours share a line of the cells. */
// @ts-ignore: decorator
@inline
function home(id: u64): u64 {
  return ((((id >> 4) * 0x9e3779b97f4a7c15) >> shift) ^ (id & 15)) & mask;
}

/** Address of the goroutine, 0 when there is none of that id. */
export function findGoroutine(id: u64): usize {
  let cell = home(id);
  while (true) {
    const at = <usize>load<u32>(cells + <usize>(cell << 2));
    if (at == 0 || load<u64>(at) == id) return at;
    cell = (cell + 1) & mask;
  }
}

/** A goroutine whose id is not there yet. */
export function addGoroutine(id: u64): usize {
  const at = goroutines + <usize>(++count) * GOROUTINE;
  store<u64>(at, id);
  let cell = home(id);
  while (load<u32>(cells + <usize>(cell << 2)) != 0) cell = (cell + 1) & mask;
  store<u32>(cells + <usize>(cell << 2), <u32>at);
  if (id > 0x7fffffff) wideIds = true;
  return at;
}

export function widen(): void {
  wideIds = true;
}
