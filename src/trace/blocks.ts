/** Blocks of events ({@link EventBlock}) → calls of `event`. */
import type { TraceNanos } from "../lib/units.ts";
import { type EventBlock, type EventKind, Field, recordWords, type TraceVisitor, wideRecord } from "./model.ts";

/** Delivers a block event by event. */
export function deliverBlock({ words, doubles, begin, end }: EventBlock, visitor: TraceVisitor): void {
  for (let i = begin; i < end; i += recordWords) {
    const kind = words[i + Field.Kind];
    if (kind >= wideRecord) {
      deliverWide(doubles, i, kind - wideRecord, visitor);
      i += 2 * recordWords;
    } else {
      visitor.event(
        kind as EventKind,
        doubles[i >> 1] as TraceNanos,
        words[i + Field.Thread],
        words[i + Field.Proc],
        words[i + Field.Goroutine],
        words[i + Field.Stack],
        words[i + Field.A],
        words[i + Field.B],
        words[i + Field.C],
        words[i + Field.D],
        words[i + Field.E],
        0,
      );
    }
  }
}

function deliverWide(doubles: Float64Array, i: number, kind: number, visitor: TraceVisitor): void {
  const j = (i + recordWords) >> 1;
  visitor.event(
    kind as EventKind,
    doubles[i >> 1] as TraceNanos,
    doubles[j],
    doubles[j + 1],
    doubles[j + 2],
    doubles[j + 3],
    doubles[j + 4],
    doubles[j + 5],
    doubles[j + 6],
    doubles[j + 7],
    doubles[j + 8],
    doubles[j + 9],
  );
}

/** How many events there are in words[begin, end). */
export function eventsIn(words: Int32Array, begin: number, end: number): number {
  let events = 0;
  for (let i = begin; i < end; events++) i += words[i + Field.Kind] >= wideRecord ? 3 * recordWords : recordWords;
  return events;
}
