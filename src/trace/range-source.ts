/** Parts of the uncompressed bytes of a trace. */
import type { ByteSource } from "./model.ts";

/** The bytes from `begin` up to `end` (may be Infinity), or fewer where the trace ends before. Opening is the business of sources/. */
export type RangeSource = { range(begin: number, end: number): ByteSource };

/** Parts of what can only be opened as a whole. */
export const rangesOf = (source: RangeSource | (() => ByteSource)): RangeSource =>
  typeof source === "function" ? { range: (begin, end) => clipped(source(), begin, end) } : source;

/** For what can only be read from its beginning: everything before `begin` is read and dropped, nothing behind `end` is read. */
export async function* clipped(source: ByteSource, begin: number, end: number): AsyncGenerator<Uint8Array, void> {
  let at = 0;
  if (end <= begin) return;
  for await (const piece of source) {
    const first = Math.max(0, begin - at);
    const last = Math.min(piece.length, end - at);
    if (first < last) yield piece.subarray(first, last);
    at += piece.length;
    if (at >= end) return;
  }
}

/** One after the other. */
export async function* joined(...sources: readonly ByteSource[]): AsyncGenerator<Uint8Array, void> {
  for (const source of sources) yield* source;
}
