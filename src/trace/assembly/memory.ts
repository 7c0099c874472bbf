/**
 * Where things lie in the memory. The limits are far above what programs do; whoever passes one is read by the plain reader.
 * Fresh memory costs nothing until it is written, so the tables are as large as they may become.
 *
 * Structures of 32 bytes, the id first (64 bits, -1 = none):
 * thread:    id, id of the goroutine on it, address of that goroutine (0 = none), address of its processor (noProc = none), known, cursor
 * proc:      id, number and generation of the last sequenced event, status, 1 while it sweeps
 * goroutine: the same, and 1 while it assists the collector
 */
export const KIB: usize = 1024;
export const MIB: usize = 1024 * 1024;

/** Results of a call: end of the block (address), time of the last event, counts. */
export const HEADER: usize = 4096;
/** Arguments by wire id, -1 = no timed event. */
export const COUNTS: usize = 4352;
/** Addresses of records that JavaScript looks at before they are delivered: as many as the block may hold. */
export const NOTED: usize = 8 * KIB;

/** The block of records; an event makes at most three, a wide one takes three slots. */
export const BLOCK: usize = 64 * KIB;
export const SLOT: usize = 48;
export const BLOCK_FULL: usize = BLOCK + 512 * SLOT;

export const STRUCT: usize = 32;
export const THREAD_LIMIT: usize = 16384;
export const PROC_LIMIT: usize = 8192;
export const GOROUTINE_LIMIT: usize = 262144;

export const THREAD_CELLS: usize = 192 * KIB;
export const PROC_CELLS: usize = THREAD_CELLS + THREAD_LIMIT * 8;
export const THREADS: usize = PROC_CELLS + PROC_LIMIT * 8;
export const PROCS: usize = THREADS + THREAD_LIMIT * STRUCT;
export const CURSORS: usize = PROCS + PROC_LIMIT * STRUCT;
export const CURSOR: usize = 64;
export const HEAP: usize = CURSORS + THREAD_LIMIT * CURSOR;
/** Two entries behind the last one stand for "never". */
export const GOROUTINES: usize = HEAP + (THREAD_LIMIT + 2) * 16;
export const GOROUTINE_CELLS: usize = GOROUTINES + GOROUTINE_LIMIT * STRUCT;
export const GOROUTINES_FREE: usize = GOROUTINE_CELLS + GOROUTINE_LIMIT * 8;
/** The state at the beginning of the generation: header, threads, procs, goroutines. */
export const SAVED: usize = GOROUTINES_FREE + GOROUTINE_LIMIT * 4;
export const SAVED_THREADS: usize = SAVED + 64;
export const SAVED_PROCS: usize = SAVED_THREADS + THREAD_LIMIT * STRUCT;
export const SAVED_GOROUTINES: usize = SAVED_PROCS + PROC_LIMIT * STRUCT;
/** The generation: its bytes, then its batches, then its tables. */
export const BYTES: usize = SAVED_GOROUTINES + GOROUTINE_LIMIT * STRUCT;

/** Answers of functions that may meet something the plain reader must look at. */
export const WAIT: i32 = 0;
export const DONE: i32 = 1;
export const UNUSUAL: i32 = 2;
export const MORE: i32 = 3;

/** Ids and sequence numbers above 2^53 are not exact for JavaScript. */
export const EXACT: u64 = 9007199254740992;
