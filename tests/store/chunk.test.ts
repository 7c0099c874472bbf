import { inflateRawSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isForetraceError } from "../../src/lib/errors.ts";
import { staleNaNBits } from "../../src/lib/series.ts";
import { decodeChunk, encodeChunk, maxChunkSamples, maxTime } from "../../src/store/series/chunk.ts";
import { isStale, staleMarker, storeValue } from "../../src/store/series/stale.ts";

const bitsOf = (values: Float64Array): bigint[] => [...new BigUint64Array(values.buffer, values.byteOffset, values.length)];
const valuesOf = (bits: readonly bigint[]): Float64Array => new Float64Array(new BigUint64Array(bits).buffer);

const anyTimes = fc
  .uniqueArray(
    fc.oneof(
      fc.integer({ min: -maxTime, max: maxTime }),
      fc.constantFrom(-maxTime, maxTime, 0),
      fc.integer({ min: 1.7e12, max: 1.7e12 + 1e6 }),
    ),
    {
      minLength: 1,
      maxLength: maxChunkSamples,
    },
  )
  .map((times) => Float64Array.from(times.toSorted((a, b) => a - b)));
const anyBits = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.constantFrom(staleNaNBits, 0n, 1n << 63n, 0x7ff8000000000000n, 0x7ff0000000000000n),
);
const anyChunk = anyTimes.chain((times) =>
  fc.array(anyBits, { minLength: times.length, maxLength: times.length }).map((bits) => ({ times, values: valuesOf(bits) })),
);

function lengthOrCode(bytes: Uint8Array): number | string {
  try {
    return decodeChunk(bytes).values.length;
  } catch (error) {
    if (isForetraceError(error)) return error.code;
    throw error;
  }
}

describe("chunk", () => {
  it("gives back every bit of every time and value (property)", () => {
    fc.assert(
      fc.property(anyChunk, ({ times, values }) => {
        const bytes = encodeChunk({ times, values });
        expect(bytes.length).toBeLessThan(64 * 1024);
        const back = decodeChunk(bytes);
        expect([...back.times]).toEqual([...times]);
        expect(bitsOf(back.values)).toEqual(bitsOf(values));
      }),
      { numRuns: 300 },
    );
  });

  it("refuses damaged bytes with an error of its own, and never anything else (property)", () => {
    fc.assert(
      fc.property(anyChunk, fc.nat(), fc.integer({ min: 1, max: 255 }), fc.boolean(), (chunk, where, flip, cut) => {
        const bytes = encodeChunk(chunk);
        const at = where % bytes.length;
        const damaged = cut ? bytes.subarray(0, at) : Buffer.from(bytes);
        if (!cut) damaged[at]! ^= flip;
        expect(lengthOrCode(damaged)).toSatisfy((found) => found === "store_failed" || (found as number) <= maxChunkSamples);
      }),
      { numRuns: 300 },
    );
  });

  it("is laid out as docs/formats/chunk.md says", () => {
    const times = Float64Array.from([1000, 2000, 3000, 4001]);
    const values = Float64Array.from([1, 1, 2, 1.5]);
    const bytes = encodeChunk({ times, values });
    expect([...bytes.subarray(0, 5)]).toEqual([1, bytes[1], 4, 0xd0, 0x0f]);
    const body = bytes[1] === 1 ? inflateRawSync(bytes.subarray(5)) : bytes.subarray(5);
    // Deltas of deltas 1000, 0, 1 in zigzag; then the values' bytes, XORed with the one before, most significant plane first.
    expect([...body.subarray(0, 4)]).toEqual([0xd0, 0x0f, 0, 2]);
    expect([...body.subarray(4)]).toEqual([0x3f, 0, 0x7f, 0x7f, 0xf0, 0, 0xf0, 0xf8, ...Array.from({ length: 24 }, () => 0)]);
  });

  it("takes a regular series of constant values in a few bytes", () => {
    const times = Float64Array.from({ length: 512 }, (_, i) => 1.7e12 + 10_000 * i);
    expect(encodeChunk({ times, values: new Float64Array(512).fill(0.1) }).length).toBeLessThan(80);
  });
});

describe("stale marker", () => {
  it("is known in both forms, and stored as Prometheus writes it", () => {
    const quiet = valuesOf([staleNaNBits | 0x0008_0000_0000_0000n])[0]!;
    expect([isStale(staleMarker()), isStale(quiet), isStale(Number.NaN), isStale(2)]).toEqual([true, true, false, false]);
    const values = new Float64Array(3);
    storeValue(values, 0, quiet);
    storeValue(values, 1, staleMarker());
    storeValue(values, 2, 7);
    expect(bitsOf(values)).toEqual([staleNaNBits, staleNaNBits, bitsOf(Float64Array.of(7))[0]]);
  });
});
