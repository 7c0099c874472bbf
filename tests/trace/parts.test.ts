/** Varints and id tables against plain implementations of the same thing. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { IdIndex } from "../../src/trace/id-index.ts";
import { SlotTable } from "../../src/trace/slot-table.ts";
import { ByteCursor, longEnd, longUvarint } from "../../src/trace/varint.ts";

const varint = (value: bigint, padding: number): number[] => {
  const out: number[] = [];
  let rest = value;
  for (; rest > 127n; rest >>= 7n) out.push(Number(rest & 127n) | 128);
  out.push(Number(rest));
  for (let i = 0; i < padding && out.length < 10; i++) {
    out[out.length - 1]! |= 128;
    out.push(0);
  }
  return out;
};

describe("varints", () => {
  test("give the nearest double, and all 64 bits on demand, padded or not", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), fc.nat(64), fc.nat(9), (wide, shift, padding) => {
        const value = wide >> BigInt(shift);
        const bytes = Uint8Array.from([...varint(value, padding), 7]);
        const cursor = new ByteCursor();
        cursor.set(bytes, 0, bytes.length - 1);
        expect(cursor.uvarint("it")).toBe(Number(value));
        expect(cursor.done).toBe(true);
        cursor.set(bytes, 0, bytes.length - 1);
        expect(cursor.uvarintBig("it")).toBe(value);
        expect(longUvarint(bytes, 0, bytes.length)).toBe(Number(value));
        expect(longEnd).toBe(bytes.length - 1);
      }),
      { numRuns: 2000 },
    );
  });

  test("that are cut or too large are refused", () => {
    const cursor = new ByteCursor();
    for (const bytes of [[], [128], [255, 255, 255, 255, 255], [...Array<number>(10).fill(255), 1], [...Array<number>(9).fill(128), 2]]) {
      cursor.set(Uint8Array.from(bytes), 0, bytes.length);
      expect(() => cursor.uvarint("it")).toThrow("found invalid uvarint");
      longUvarint(Uint8Array.from(bytes), 0, bytes.length);
      expect(longEnd).toBe(-1);
    }
  });
});

const id = fc.oneof(
  fc.nat(50),
  fc.nat(2 ** 31),
  fc.constantFrom(2 ** 32, 2 ** 33, 2 ** 40, 2 ** 53, 2 ** 64, 4096 * 2 ** 32),
  fc.nat(100).map((n) => n * 2 ** 32),
);

describe("slot table", () => {
  test("holds what a map holds, and uses slots again", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), id), { maxLength: 400 }), (steps) => {
        const table = new SlotTable();
        const model = new Map<number, number>();
        let most = 0;
        for (const [adds, key] of steps) {
          const slot = table.find(key);
          expect(slot).toBe(model.get(key) ?? -1);
          if (adds && slot < 0) {
            const fresh = table.add(key);
            if ([...model.values()].includes(fresh)) throw new Error(`slot ${fresh} was given out twice`);
            model.set(key, fresh);
          } else if (!adds && slot >= 0) {
            table.remove(slot);
            model.delete(key);
          }
          most = Math.max(most, model.size);
        }
        for (const [key, slot] of model) expect([table.find(key), table.ids[slot]]).toEqual([slot, key]);
        expect(table.slots).toBe(most);
      }),
      { numRuns: 300 },
    );
  });

  test("stays quick with ids that differ only far up", () => {
    const table = new SlotTable();
    for (let i = 0; i < 100_000; i++) table.add(i * 2 ** 32);
    let found = 0;
    for (let i = 0; i < 100_000; i++) if (table.find(i * 2 ** 32) === i) found++;
    expect(found).toBe(100_000);
  });
});

describe("id index", () => {
  test("finds every entry, dense or sparse, and names an id that stands twice", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.oneof(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 2 ** 40 })), { maxLength: 200 }),
        fc.nat(),
        (ids, pick) => {
          const index = new IdIndex();
          for (const round of [1, 2]) {
            index.clear();
            ids.forEach((key, i) => index.add(key, i * round));
            expect(index.seal()).toBeUndefined();
            ids.forEach((key, i) => expect([index.place(index.find(key)), index.idAt(index.find(key))]).toEqual([i * round, key]));
            expect(index.find(0)).toBe(0);
            expect(index.find(2 ** 41)).toBe(-1);
            expect(ids.includes(index.nextFree)).toBe(false);
          }
          if (ids.length === 0) return;
          const again = ids[pick % ids.length]!;
          index.add(again, 0);
          expect(index.seal()).toBe(again);
        },
      ),
    );
    const zero = new IdIndex();
    zero.add(0, 5);
    expect(zero.seal()).toBe(0);
  });
});
