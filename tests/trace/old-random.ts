/** Traces of Go 1.19 made of random records, well formed one by one, as text for `oldTrace`. */
import * as fc from "fast-check";

const value = fc.oneof(fc.nat(12), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));
const counts: Readonly<Record<number, number>> = { 1: 2, 2: 1, 35: 1, 37: 1 };
const record = fc.tuple(fc.integer({ min: 1, max: 49 }), fc.array(value, { maxLength: 5 })).map(([type, values]) => {
  const wanted = counts[type] ?? Math.max(1, values.length);
  const written = Array.from({ length: wanted }, (_, i) => String(values[i] ?? 1)).join(" ");
  return `${type} ${written}${type === 37 || type === 48 ? ' "text"' : ""}`;
});

export const randomRecords: fc.Arbitrary<string> = fc
  .array(record, { maxLength: 40 })
  .map((records) => `Batch 0 5; ${records.join("; ")}; Frequency 1000000000`);
