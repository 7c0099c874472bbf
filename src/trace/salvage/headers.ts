/** Headers of batches in bytes that may be damaged: which of them are to be believed. */
import { limits, Wire } from "../spec.ts";
import { idOrNone, longEnd, longUvarint } from "../varint.ts";

export type BatchHeader = {
  readonly experiment: number;
  readonly generation: number;
  readonly thread: number;
  /** Ticks. */
  readonly time: number;
  readonly size: number;
  /** Bytes of the header itself. */
  readonly length: number;
  /** The size is written in ten bytes, as Go's runtime does and hardly anything else. */
  readonly padded: boolean;
};

/** What a header has to fit to. */
export type Expected = {
  /** Number of the generation being read; 0 = none yet. */
  readonly generation: number;
  /** Time of the last batch that was believed, in ticks; 0 = none yet. */
  readonly time: number;
  readonly version: number;
  /** The headers before had the runtime's form; undefined = there was none. */
  readonly padded: boolean | undefined;
};

const paddedBytes = 10;
/** Generations have small numbers: they begin with 1 and last a second as a rule. */
const largestGeneration = 2 ** 32;
/** Batches that follow each other in the file lie no farther apart than this in ticks: nine minutes at the usual clock. */
const farTicks = 2 ** 33;
/** When nothing is known yet, headers may name any generation up to the largest; afterwards this one and few more. */
const generationsAhead = 2;

/** The header at `at`; undefined where the bytes are none, or end before it does. A size beyond the format's limit is none. */
export function headerAt(bytes: Uint8Array, at: number, end: number): BatchHeader | undefined {
  const type = bytes[at];
  let position = at + 1;
  let experiment = 0;
  if (at >= end) return undefined;
  if (type === Wire.ExperimentalBatch) {
    if (position >= end) return undefined;
    experiment = bytes[position++];
  } else if (type !== Wire.EventBatch) return undefined;
  const generation = longUvarint(bytes, position, end);
  if (longEnd < 0) return undefined;
  const thread = longUvarint(bytes, longEnd, end);
  if (longEnd < 0) return undefined;
  const time = longUvarint(bytes, longEnd, end);
  if (longEnd < 0) return undefined;
  const sizeAt = longEnd;
  const size = longUvarint(bytes, sizeAt, end);
  if (longEnd < 0 || size > limits.batchBytes) return undefined;
  const padded = longEnd - sizeAt === paddedBytes;
  return { experiment, generation, thread: idOrNone(thread), time, size, length: longEnd - at, padded };
}

/** The numbers of the header are those of a batch that can come now. */
export function fits({ generation, time }: BatchHeader, expected: Expected): boolean {
  if (generation === 0 || generation > largestGeneration) return false;
  if (expected.time > 0 && Math.abs(time - expected.time) > farTicks) return false;
  return expected.generation === 0 || (generation >= expected.generation && generation <= expected.generation + generationsAhead);
}

/**
 * Something that looks like a header stands behind the payload, or the bytes end there.
 * @param isLast nothing follows `end`.
 */
export function isFollowed(
  bytes: Uint8Array,
  at: number,
  end: number,
  header: BatchHeader,
  { version }: Expected,
  isLast: boolean,
): boolean {
  const behind = at + header.length + header.size;
  if (behind >= end) return isLast && behind === end;
  if (version >= 26 && bytes[behind] === Wire.EndOfGeneration) return true;
  const next = headerAt(bytes, behind, end);
  return next !== undefined && (next.generation === header.generation || next.generation === header.generation + 1);
}

/**
 * Place of the first believable header from `from` on, up to `to`; -1 = none there. `end`: where the bytes end.
 * Believable: its numbers fit, and either its size has the runtime's form or (in a file that does not have that) a header follows its payload.
 */
export function findHeader(bytes: Uint8Array, from: number, to: number, end: number, expected: Expected, isLast: boolean): number {
  for (let at = from; at < to; at++) {
    const type = bytes[at];
    if (type !== Wire.EventBatch && type !== Wire.ExperimentalBatch) continue;
    const header = headerAt(bytes, at, end);
    if (header === undefined || !fits(header, expected)) continue;
    if (expected.padded === true ? header.padded : header.padded || isFollowed(bytes, at, end, header, expected, isLast)) return at;
  }
  return -1;
}
