/** Where generations begin, found from the headers of batches alone: for readers that begin in the middle of a file. */
import { batchKind, BatchKind } from "./generation.ts";
import { limits, Wire } from "./spec.ts";
import { idOrNone, longEnd, longUvarint } from "./varint.ts";

/** A generation's beginning. */
export type Border = {
  /** Offset of its first batch in the file. */
  readonly offset: number;
  /** Begin of the generation before it from which a reader has to start, to know by then what is alive and in which state. */
  readonly warmUp: number;
  /** Threads that had events before `offset`, ascending. */
  readonly threads: Float64Array;
};

export type BorderSearch = {
  /** Minor version of the format, 22 or later. */
  readonly version: number;
  /** Offset of the first batch. */
  readonly begin: number;
  /** For each of these offsets, ascending, the first generation that begins there or later is looked for. */
  readonly targets: readonly number[];
  /** Least length of the warm-up, in bytes; it has at least one generation. */
  readonly warmUpBytes: number;
};

/** Type byte, experiment byte, four varints of at most ten bytes, and the first byte of the payload. */
const headMost = 43;

/**
 * One border for each target, as far as they go: fewer where the file ends, or where something is not as usual.
 * @param read the bytes at an offset of the file, up to `length` of them; valid until the next call. It is called once for each batch.
 */
export function findBorders(read: (offset: number, length: number) => Uint8Array, search: BorderSearch): Border[] {
  const { version, targets, warmUpBytes } = search;
  const borders: Border[] = [];
  const threads = new Set<number>();
  /** Begins of generations seen so far that may yet be a warm-up's; the first generation's tables stand alone and serve as well. */
  let begins: number[] = [];
  let current = 0;
  let at = search.begin;
  const begun = (generation: number): boolean => {
    current = generation;
    const warmUps = begins.filter((begin) => begin <= at - warmUpBytes);
    const warmUp = warmUps.at(-1);
    if (warmUp !== undefined && at >= targets[borders.length]) {
      borders.push({ offset: at, warmUp, threads: Float64Array.from(threads).sort() });
    }
    begins = [...begins.slice(Math.max(0, warmUps.length - 1)), at];
    return borders.length < targets.length;
  };
  for (;;) {
    const head = read(at, headMost);
    if (head.length === 0) return borders;
    if (head[0] === Wire.EndOfGeneration) {
      if (version < 26 || current === 0) return borders;
      current = 0;
      at++;
      continue;
    }
    const experiment = head[0] === Wire.ExperimentalBatch ? head[1] : 0;
    if (head[0] !== Wire.EventBatch && !(experiment > 0)) return borders;
    const fields = [0, 0, 0, 0];
    let end = experiment > 0 ? 2 : 1;
    for (let i = 0; i < fields.length; i++) {
      fields[i] = longUvarint(head, end, head.length);
      if (longEnd < 0) return borders;
      end = longEnd;
    }
    const [generation, thread, , size] = fields;
    if (size > limits.batchBytes || generation === 0) return borders;
    if (size > 0 && head[end] === Wire.EndOfGeneration) return borders;
    if (generation !== current) {
      if (current !== 0 && (version >= 26 || generation !== current + 1)) return borders;
      if (!begun(generation)) return borders;
    }
    const isTimed = batchKind(head, end, Math.min(size, head.length - end), experiment, version) === BatchKind.Timed;
    if (isTimed && size > 0 && idOrNone(thread) >= 0) threads.add(thread);
    at += end + size;
  }
}
