/** Events in blocks: the same as one by one and as the plain reader's, field by field, in whole, broken and wide traces. */
import { describe, expect, test } from "vitest";
import { deliverBlock, eventsIn } from "../../src/trace/blocks.ts";
import { EventKind, recordWords, wideRecord, type EventBlock, type TraceVisitor } from "../../src/trace/model.ts";
import { readTrace } from "../../src/trace/read.ts";
import { fieldHash } from "../helpers/field-hash.ts";
import { mutate } from "./damage.ts";
import { traceBytes, v2Traces } from "./golden.ts";
import { core } from "./readers.ts";

async function hashOf(bytes: Uint8Array, withCore: boolean, blocks: boolean): Promise<string> {
  const hash = fieldHash({ blocks });
  const { events, error } = await readTrace([bytes], hash, { core: withCore ? core : undefined });
  return `${events} ${hash.value()} ${error?.message}`;
}

test.each(v2Traces)("%s: the hash over all fields is the same in blocks, one by one, and read plainly", async (name) => {
  const bytes = traceBytes(name)!;
  const plain = await hashOf(bytes, false, false);
  expect(await hashOf(bytes, true, true)).toBe(plain);
  expect(await hashOf(bytes, true, false)).toBe(plain);
});

test("damaged traces: the same up to the break", async () => {
  const small = traceBytes("esbuild-0.28.2-go1.26.5-small.trace")!;
  for (let seed = 1; seed <= 60; seed++) {
    const bytes = mutate(small, seed * 13);
    const read = (withCore: boolean): Promise<string> => hashOf(bytes, withCore, true).catch((error: unknown) => String(error));
    expect(await read(true), `seed ${seed * 13}`).toBe(await read(false));
  }
});

describe("the hash", () => {
  const event: readonly number[] = [EventKind.GoTransition, 5, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0];
  const hashOfEvents = (...events: (readonly number[])[]): string => {
    const hash = fieldHash();
    for (const each of events) hash.event(...(each as unknown as Parameters<TraceVisitor["event"]>));
    return hash.value();
  };

  test("tells every field, and the order", () => {
    const expected = hashOfEvents(event);
    for (let place = 0; place < event.length; place++) {
      const values = place === 0 ? [2, 13] : [77, 2 ** 40 + 1, -1];
      for (const value of values) expect(hashOfEvents(event.with(place, value)), `${place} = ${value}`).not.toBe(expected);
    }
    const other = event.with(1, 6);
    expect(hashOfEvents(event, other)).not.toBe(hashOfEvents(other, event));
  });
});

describe("a block", () => {
  test("of narrow and wide records is told event by event", () => {
    const words = new Int32Array(5 * recordWords);
    const doubles = new Float64Array(words.buffer);
    words.set([EventKind.GoTransition, 1, -1, 3, 4, 5, 6, 7, 8, 9], 2);
    doubles[0] = 2 ** 40;
    doubles[6] = 2 ** 41;
    words[recordWords + 2] = EventKind.RangeEnd + wideRecord;
    doubles.set([1, 2, -1, 4, 5, 6, 7, 2 ** 50, 9, 10], 12);
    doubles[24] = 2 ** 42;
    words.set([EventKind.Metric, 1, 2, 3, 4, 5, 6, 7, 8, 9], 4 * recordWords + 2);
    const block: EventBlock = { words, doubles, begin: 0, end: words.length, events: 3 };
    const told: number[][] = [];
    deliverBlock(block, { event: (...fields) => void told.push(fields) });
    expect(told).toEqual([
      [EventKind.GoTransition, 2 ** 40, 1, -1, 3, 4, 5, 6, 7, 8, 9, 0],
      [EventKind.RangeEnd, 2 ** 41, 1, 2, -1, 4, 5, 6, 7, 2 ** 50, 9, 10],
      [EventKind.Metric, 2 ** 42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0],
    ]);
    expect(eventsIn(words, 0, words.length)).toBe(3);
    const [inBlocks, oneByOne] = [fieldHash(), fieldHash()];
    inBlocks.block!(block);
    deliverBlock(block, { event: oneByOne.event });
    expect(inBlocks.value()).toBe(oneByOne.value());
  });
});
