/**
 * Where things lie in the memory: fixed places first, the file behind them, and behind the file what is as long as the file makes it.
 * JavaScript reserves all of the address space that a memory may have: what is never written costs nothing, and nothing has to grow.
 */
export const KIB: usize = 1024;

/** Results of a call: old-core.ts reads them. */
export const HEADER: usize = 4096;
/** By type of record: values it has (-1 = unknown type), 1 where the last one is a stack, 1 where it is an event of a processor. */
export const COUNTS: usize = 4352;
export const STACKED: usize = 4416;
export const ORDERED: usize = 4480;
/** By type: how sequence numbers bind it, the states it needs (bits), the state it gives. */
export const RULES: usize = 4544;
export const NEEDS: usize = 4608;
export const GIVES: usize = 4672;
/** By first byte: how many values follow, 0 = look closer. */
export const VALUES: usize = 4736;
/** By type: how many there are, of the events that have their length in front. */
export const SEEN: usize = 5120;
/** String ids (doubles): why a goroutine leaves by type, kinds of stops. */
export const REASONS: usize = 6144;
export const STOPS: usize = 6656;
export const STOP_KINDS: u64 = 32;
/** Goroutines that wake others on behalf of timers. */
export const TIMERS: usize = 7168;
export const TIMER_LIMIT: i32 = 64;

/** The block of records; an event makes at most three, a wide one takes three slots. */
export const BLOCK: usize = 64 * KIB;
export const SLOT: usize = 48;
export const BLOCK_FULL: usize = BLOCK + 512 * SLOT;

export const PROC_LIMIT: usize = 4096;
export const PROC_CELLS: usize = 192 * KIB;
/** 32 bytes: id, cursor. */
export const PROCS: usize = 256 * KIB;
/**
 * 128 bytes, one for each processor, and one for the CPU samples:
 * 0 position, end of batch, time of the event, 16 type, next batch, goroutine that runs, goroutine the event is about,
 * 32 four values, 64 stack, place of the event, place of its message, 76 number,
 * 80 id, runs, sweeps, was seen, is loaded (bytes), 88 thread (double; -1 = none), 96 id of the goroutine that runs (when converting), last batch
 */
export const CURSOR: usize = 128;
export const CURSORS: usize = 512 * KIB;
/** 16 bytes: time, cursor. */
export const HEAP: usize = 1088 * KIB;
export const WAITING: usize = 1216 * KIB;
/** The file behind its header. */
export const BYTES: usize = 2048 * KIB;
/** Bytes behind the last record that are read with it, and are 0. */
export const SLACK: usize = 64;

/** 32 bytes: id, sequence number (32 bits), state, assists, untold, timer (bytes), blocked since, 24 call, regions. */
export const GOROUTINE: usize = 32;

/** Answers of functions. WAIT: not yet. */
export const WAIT: i32 = 0;
export const DONE: i32 = 1;
export const UNUSUAL: i32 = 2;
export const MORE: i32 = 3;

/** Beyond these numbers are not exact for JavaScript. */
// @ts-ignore: decorator
@inline
export function isExact(value: u64): bool {
  return value >> 53 == 0;
}
