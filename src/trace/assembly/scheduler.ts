/** What the ordering knows of threads (M), processors (P) and goroutines (G); the plain reader's scheduler.ts in fixed memory. */
import { find, insert, remove } from "./hash-table";
import {
  GOROUTINES, GOROUTINES_FREE, GOROUTINE_CELLS, GOROUTINE_LIMIT, PROCS, PROC_CELLS, PROC_LIMIT, SAVED, SAVED_GOROUTINES, SAVED_PROCS,
  SAVED_THREADS, STRUCT, THREADS, THREAD_CELLS, THREAD_LIMIT,
} from "./memory";

/** Thread of batches that have none: never known, holds nothing. */
export const NO_THREAD: usize = THREADS;
/** Processor of a thread that has none; its id is -1. */
export const NO_PROC: usize = PROCS;
/** Id of a goroutine's structure that is free. */
export const FREE: i64 = -2;

const LEAST_CELLS: u32 = 4096;

let threads: usize = 0;
let procs: usize = 0;
let goroutines: usize = 0;
let freeGoroutines: usize = 0;
let goroutineMask: u32 = LEAST_CELLS - 1;
let alive: u32 = 0;
/** True once an id needs more than 31 bits: records are wide from then on. */
export let wideIds: bool = false;
/** Of the collector: -1 = not known yet, 0, 1; and the number of its last event. */
export let gcRunning: i32 = -1;
export let gcSequence: i64 = 0;
/** Number of its first event where that was a begin, else 0. */
export let firstCollection: i64 = 0;

export function setGc(running: i32, sequence: i64, begins: bool): void {
  if (gcRunning == -1 && begins) firstCollection = sequence;
  gcRunning = running;
  gcSequence = sequence;
}

/** The thread and the processor that stand for none. */
export function prepare(): void {
  addThread(-1);
  store<i64>(NO_PROC, -1);
  procs = 1;
}

// @ts-ignore: decorator
@inline
function noteId(id: i64): void {
  if (id > 0x7fffffff) wideIds = true;
}

// @ts-ignore: decorator
@inline
export function findThread(id: i64): usize {
  return find(THREAD_CELLS, <u32>THREAD_LIMIT * 2 - 1, THREADS, id);
}

/** 0 when there are too many. */
export function addThread(id: i64): usize {
  if (threads == THREAD_LIMIT) return 0;
  noteId(id);
  const thread = THREADS + threads++ * STRUCT;
  store<i64>(thread, id);
  store<i32>(thread, 0, 24);
  release(thread);
  insert(THREAD_CELLS, <u32>THREAD_LIMIT * 2 - 1, THREADS, thread);
  return thread;
}

export function threadFor(id: i64): usize {
  const found = findThread(id);
  return found != 0 ? found : addThread(id);
}

/** Takes the goroutine off the thread. */
// @ts-ignore: decorator
@inline
export function leave(thread: usize): void {
  store<i64>(thread, -1, 8);
  store<u32>(thread, 0, 16);
}

/** Takes processor and goroutine off the thread. */
// @ts-ignore: decorator
@inline
export function release(thread: usize): void {
  store<u32>(thread, <u32>NO_PROC, 20);
  leave(thread);
}

// @ts-ignore: decorator
@inline
export function bind(thread: usize, goroutine: usize): void {
  store<i64>(thread, load<i64>(goroutine), 8);
  store<u32>(thread, <u32>goroutine, 16);
}

/** Thread that holds the processor, the first one there is; 0 = none. */
export function holderOf(proc: usize): usize {
  for (let i: usize = 0; i < threads; i++) if (load<u32>(THREADS + i * STRUCT, 20) == <u32>proc) return THREADS + i * STRUCT;
  return 0;
}

/** No thread has a cursor yet. */
export function forgetCursors(): void {
  for (let i: usize = 0; i < threads; i++) store<u32>(THREADS + i * STRUCT, 0, 28);
}

// @ts-ignore: decorator
@inline
export function findProc(id: i64): usize {
  return find(PROC_CELLS, <u32>PROC_LIMIT * 2 - 1, PROCS, id);
}

/** 0 when there are too many. */
export function addProc(id: i64): usize {
  if (procs == PROC_LIMIT) return 0;
  noteId(id);
  const proc = PROCS + procs++ * STRUCT;
  store<i64>(proc, id);
  store<i32>(proc, 0, 28);
  insert(PROC_CELLS, <u32>PROC_LIMIT * 2 - 1, PROCS, proc);
  return proc;
}

// @ts-ignore: decorator
@inline
export function findGoroutine(id: i64): usize {
  return find(GOROUTINE_CELLS, goroutineMask, GOROUTINES, id);
}

/** 0 when there are too many. */
export function addGoroutine(id: i64, status: i32, generation: i64): usize {
  let at: usize;
  if (freeGoroutines > 0) at = <usize>load<u32>(GOROUTINES_FREE + (--freeGoroutines << 2));
  else if (goroutines == GOROUTINE_LIMIT - 1) return 0;
  else at = GOROUTINES + goroutines++ * STRUCT;
  noteId(id);
  store<i64>(at, id);
  store<i64>(at, 0, 8);
  store<i64>(at, generation, 16);
  store<i32>(at, status, 24);
  store<i32>(at, 0, 28);
  if (++alive * 2 > goroutineMask) grow();
  else insert(GOROUTINE_CELLS, goroutineMask, GOROUTINES, at);
  return at;
}

export function removeGoroutine(at: usize): void {
  remove(GOROUTINE_CELLS, goroutineMask, GOROUTINES, at);
  store<i64>(at, FREE);
  store<u32>(GOROUTINES_FREE + (freeGoroutines++ << 2), <u32>at);
  alive--;
}

function grow(): void {
  memory.fill(GOROUTINE_CELLS, 0, (<usize>goroutineMask + 1) << 2);
  goroutineMask = goroutineMask * 2 + 1;
  for (let i: usize = 0; i < goroutines; i++) {
    const at = GOROUTINES + i * STRUCT;
    if (load<i64>(at) != FREE) insert(GOROUTINE_CELLS, goroutineMask, GOROUTINES, at);
  }
}

/** Copies the state to where JavaScript finds it, should the plain reader have to read this generation. */
export function save(): void {
  store<i32>(SAVED, <i32>threads);
  store<i32>(SAVED, <i32>procs, 4);
  store<i32>(SAVED, <i32>goroutines, 8);
  store<i32>(SAVED, gcRunning, 12);
  store<i64>(SAVED, gcSequence, 16);
  memory.copy(SAVED_THREADS, THREADS, threads * STRUCT);
  memory.copy(SAVED_PROCS, PROCS, procs * STRUCT);
  memory.copy(SAVED_GOROUTINES, GOROUTINES, goroutines * STRUCT);
}
