/** Reading a trace from the middle, by its index, for what does not need all that came before. */
import { traceNanos, type TraceNanos } from "../../lib/units.ts";
import { openRanges } from "../../sources/bytes.ts";
import { headerText } from "../../trace/header.ts";
import type { ByteSource, TraceVisitor } from "../../trace/model.ts";
import { joined } from "../../trace/range-source.ts";
import type { SliceOptions } from "../../trace/slice.ts";
import { checked } from "../../trace/trace-index.ts";

/** Goroutines tell their stack, and so their name, with their status in each generation from here on; before, only where they are created. */
const firstVersionWithStatusStack = 25;

/**
 * A trace that begins a whole generation before `from`: by its end every goroutine and processor has told its state.
 * `begin` is the time of its first event in the whole trace. Undefined where it is to be read from its own beginning.
 * Reading throws StaleIndex where the bytes are not those that the index was made from.
 */
export function beginNear(from: number, path: string, index: SliceOptions["index"]): { source: ByteSource; begin: TraceNanos } | undefined {
  if (index === undefined || index.of.info.version < firstVersionWithStatusStack) return undefined;
  const { generations, bytes, info } = index.of;
  const first = generations.findLastIndex((generation) => generation.from <= from) - 1;
  if (first < 1) return undefined;
  const { begin, time } = generations[first]!;
  const head = new TextEncoder().encode(headerText(info.version));
  return {
    source: joined([head], checked(openRanges(path, { reuse: true }), begin, bytes, index.of, index.crc32)),
    begin: traceNanos(time),
  };
}

/** The same visitor for events that come with times since `begin`. */
export function later(visitor: TraceVisitor, begin: TraceNanos): TraceVisitor {
  return {
    start: (info) => visitor.start?.({ ...info, origin: info.origin - BigInt(begin) }),
    generation: (tables) => visitor.generation?.(tables),
    event: (kind, time, thread, proc, goroutine, stack, a, b, c, d, e, f) =>
      visitor.event(kind, traceNanos(time + begin), thread, proc, goroutine, stack, a, b, c, d, e, f),
  };
}
