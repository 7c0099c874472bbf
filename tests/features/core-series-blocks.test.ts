/** The core series take events in blocks as they take them one by one, and its integrals stay whole numbers however large they grow. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { createCoreSeries } from "../../src/features/core-series.ts";
import type { FeatureWindow } from "../../src/features/window.ts";
import type { TraceNanos } from "../../src/lib/units.ts";
import { EventKind, GoState, recordWords, wideRecord, type TraceVisitor } from "../../src/trace/model.ts";

type Event = readonly [kind: EventKind, gap: number, goroutine: number, args: readonly number[], wide: boolean];

const state = fc.integer({ min: GoState.NotExist, max: GoState.Syscall });
const small = fc.integer({ min: 0, max: 40 });
const transition = fc.record({ id: small, from: state, to: state, reason: fc.constantFrom(0, 1, 2) });
const eventOf = (gap: fc.Arbitrary<number>): fc.Arbitrary<Event> =>
  fc.tuple(
    fc.oneof(
      { weight: 8, arbitrary: transition.map(({ id, from, to, reason }) => [EventKind.GoTransition, [id, from, to, reason, 0]] as const) },
      { weight: 1, arbitrary: fc.tuple(fc.integer({ min: 0, max: 2 }), small).map((args) => [EventKind.Metric, args] as const) },
      { weight: 1, arbitrary: fc.constantFrom([EventKind.RangeBegin, [1, 0, 0, -1]] as const, [EventKind.RangeEnd, [1, 0, 0, -1]] as const) },
      { weight: 1, arbitrary: fc.constantFrom([EventKind.ProcTransition, [1, 2, 3]] as const, [EventKind.ProcTransition, [1, 3, 2]] as const) },
    ),
    gap,
    fc.integer({ min: -1, max: 40 }),
    fc.boolean(),
  ).map(([[kind, args], apart, goroutine, wide]) => [kind, apart, goroutine, args, wide] as const); // prettier-ignore

/** Makes every transition begin where its goroutine is: not there yet, or of unknown state where its reason is 2. */
function consistent(events: readonly Event[]): Event[] {
  const states = new Map<number, number>();
  return events.map(([kind, gap, goroutine, args, wide]) => {
    if (kind !== EventKind.GoTransition) return [kind, gap, goroutine, args, wide];
    const [id, , to, reason] = args as [number, number, number, number];
    const from = states.get(id) ?? (reason === 2 && to !== GoState.NotExist ? GoState.Undetermined : GoState.NotExist);
    states.set(id, to);
    return [kind, gap, goroutine, [id, from, to, 0, 0], wide];
  });
}

function series(windowNanos: number, feed: (visitor: TraceVisitor & { finish(): void }) => void): FeatureWindow[] {
  const windows: FeatureWindow[] = [];
  const visitor = createCoreSeries({ windowNanos, onWindow: (window) => void windows.push(window), maxWindows: 1e5 });
  visitor.start!({ version: 26, origin: 0n });
  visitor.event(EventKind.Sync, 0 as TraceNanos, -1, -1, -1, 0, 1, 0, 0, 0, 0, 0);
  // The second Sync ends the first generation, whose windows are held back.
  visitor.event(EventKind.Sync, 1 as TraceNanos, -1, -1, -1, 0, 2, 0, 0, 0, 0, 0);
  feed(visitor);
  visitor.finish();
  return windows;
}

function oneByOne(events: readonly Event[], visitor: TraceVisitor): void {
  let time = 1;
  for (const [kind, gap, goroutine, [a = 0, b = 0, c = 0, d = 0, e = 0]] of events)
    visitor.event(kind, (time += gap) as TraceNanos, 1, 2, goroutine, 3, a, b, c, d, e, 0);
}

/** In blocks of 100 events. */
function inBlocks(events: readonly Event[], visitor: TraceVisitor): void {
  let time = 1;
  for (let at = 0; at < events.length; at += 100) {
    const part = events.slice(at, at + 100);
    const words = new Int32Array(part.length * 3 * recordWords);
    const doubles = new Float64Array(words.buffer);
    let i = 0;
    for (const [kind, gap, goroutine, args, wide] of part) {
      doubles[i >> 1] = time += gap;
      if (wide) {
        words[i + 2] = kind + wideRecord;
        doubles.set([1, 2, goroutine, 3, ...args], (i + recordWords) >> 1);
        i += 3 * recordWords;
      } else {
        words.set([kind, 1, 2, goroutine, 3, ...args], i + 2);
        i += recordWords;
      }
    }
    visitor.block!({ words, doubles, begin: 0, end: i, events: part.length });
  }
}

test.each([
  ["short windows", 1000, fc.integer({ min: 1, max: 400 })],
  ["long windows, changes far apart", 2 ** 39, fc.integer({ min: 1, max: 2 ** 38 })],
  ["windows too long for the fast way", 2 ** 42, fc.integer({ min: 1, max: 2 ** 40 })],
])("%s: in blocks as one by one", (_, windowNanos, gap) => {
  const events = fc.array(eventOf(gap), { minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(events, (drawn) => {
      const list = consistent(drawn);
      const expected = series(windowNanos, (visitor) => oneByOne(list, visitor));
      expect(series(windowNanos, (visitor) => inBlocks(list, visitor))).toEqual(expected);
    }),
    { numRuns: 150 },
  );
});

test("integrals beyond 2^53 are those of whole numbers", () => {
  // 40,000 goroutines are made and wait, one after the other, for 18 minutes in one window.
  const count = 40_000;
  const gap = 27_000_001;
  const windowNanos = 2 ** 40;
  const events = Array.from({ length: count }, (_, id): Event => [EventKind.GoTransition, gap, -1, [id, GoState.NotExist, GoState.Waiting, 0, 0], false]); // prettier-ignore
  let waited = 0n;
  for (let id = 1; id <= count; id++) waited += BigInt(windowNanos) - BigInt(1 + id * gap);
  expect(waited).toBeGreaterThan(2n ** 53n);
  const all: Event[] = [...events, [EventKind.GoTransition, windowNanos, -1, [0, GoState.Waiting, GoState.Runnable, 0, 0], false]];
  for (const feed of [oneByOne, inBlocks]) {
    const [first] = series(windowNanos, (visitor) => feed(all, visitor));
    expect(first!.values.get('go_trace_goroutines{state="waiting"}')).toBe(Number(waited) / windowNanos);
    expect(first!.values.get('go_trace_block_seconds{reason=""}')).toBe(Number(waited) / 1e9);
    expect(first!.values.get('go_trace_goroutines_max{state="waiting"}')).toBe(count);
  }
});
