/**
 * Tasks and regions that are open. A task: id, parent, name (32 bits), next free one. An open region, on the list of its goroutine:
 * task, name (32 bits), the one around it.
 */
import { find, insert, remove } from "../hash-table";
import { reserve } from "./tables";

const REGION: usize = 16;

let tasks: usize = 0;
let cells: usize = 0;
let mask: u32 = 0;
let count: u32 = 0;
let freeTask: usize = 0;
let regions: usize = 0;
let regionCount: u32 = 0;
let freeRegion: usize = 0;

/** Room for so many; false when there is none. */
export function makeAnnotations(mostTasks: u64, mostRegions: u64): bool {
  const size = <u64>1 << (66 - clz(mostTasks | 8));
  mask = <u32>(size - 1);
  cells = reserve(size << 2);
  tasks = reserve(mostTasks << 5);
  regions = reserve(mostRegions * REGION);
  return cells != 0 && tasks != 0 && regions != 0;
}

/** No task is open. */
export function forgetTasks(): void {
  memory.fill(cells, 0, (<usize>mask + 1) << 2);
  count = 0;
  freeTask = 0;
}

/** False when it is open already. */
export function openTask(id: u64, parent: u64, name: u32): bool {
  if (find(cells, mask, tasks, id) != 0) return false;
  let at = freeTask;
  if (at != 0) freeTask = <usize>load<u32>(at, 20);
  else at = tasks + (<usize>(count++) << 5);
  store<u64>(at, id);
  store<u64>(at, parent, 8);
  store<u32>(at, name, 16);
  insert(cells, mask, tasks, at);
  return true;
}

/** The task that was open, 0 when it was not; readable until the next one is opened. */
export function closeTask(id: u64): usize {
  const at = find(cells, mask, tasks, id);
  if (at == 0) return 0;
  remove(cells, mask, tasks, at);
  store<u32>(at, <u32>freeTask, 20);
  freeTask = at;
  return at;
}

/** @param innermost the one that was: returned is the one that is. */
export function openRegion(innermost: u32, task: u64, name: u32): u32 {
  let at = freeRegion;
  if (at != 0) freeRegion = <usize>load<u32>(at, 12);
  else at = regions + <usize>(regionCount++) * REGION;
  store<u64>(at, task);
  store<u32>(at, name, 8);
  store<u32>(at, innermost, 12);
  return <u32>at;
}

export function isRegion(at: u32, task: u64, name: u32): bool {
  return load<u64>(at) == task && load<u32>(at, 8) == name;
}

/** Returns the region around it. */
export function closeRegion(at: u32): u32 {
  const around = load<u32>(at, 12);
  store<u32>(at, <u32>freeRegion, 12);
  freeRegion = at;
  return around;
}
