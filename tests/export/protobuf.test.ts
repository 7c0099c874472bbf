/** The protobuf writer, read back by protobufjs. */
import fc from "fast-check";
import protobuf from "protobufjs";
import { expect, test } from "vitest";
import { ProtoWriter } from "../../src/export/protobuf.ts";

const root = protobuf.Root.fromJSON({
  nested: {
    M: {
      fields: {
        u: { id: 1, type: "uint64" },
        i: { id: 2, type: "int64" },
        f: { id: 300, type: "fixed64" },
        s: { id: 4, type: "string" },
        p: { id: 5, type: "uint64", rule: "repeated" },
        m: { id: 6, type: "M", rule: "repeated" },
      },
    },
  },
});
const message = root.lookupType("M");

type Value = { u: number; i: number; f: number; s: string; p: number[]; m: Value[] };
const values = (depth: number): fc.Arbitrary<Value> =>
  fc.record({
    u: fc.maxSafeNat(),
    i: fc.maxSafeInteger(),
    f: fc.maxSafeNat(),
    s: fc.oneof(fc.string({ unit: "grapheme" }), fc.string({ minLength: 100, maxLength: 2000 })),
    p: fc.array(fc.maxSafeNat()),
    m: depth === 0 ? fc.constant([]) : fc.array(values(depth - 1), { maxLength: 3 }),
  });

function write(out: ProtoWriter, { u, i, f, s, p, m }: Value): void {
  out.varint(1, u);
  if (i < 0 && i % 2 === 0) out.bigVarint(2, BigInt(i));
  else out.varint(2, i);
  out.fixed64(300, f);
  out.string(4, s);
  out.packed(5, p);
  for (const inner of m) {
    const mark = out.begin(6);
    write(out, inner);
    out.end(mark);
  }
}

test("what is written is what protobufjs reads", () => {
  fc.assert(
    fc.property(values(3), (written) => {
      const out = new ProtoWriter();
      write(out, written);
      const read = message.toObject(message.decode(out.take()), { longs: Number, defaults: true });
      expect(read).toEqual(written);
    }),
    { numRuns: 200 },
  );
});

test("messages of every width of length", () => {
  for (const size of [1, 125, 126, 127, 128, 129, 16_383, 16_384, 2 ** 21 - 1, 2 ** 21]) {
    const out = new ProtoWriter();
    const mark = out.begin(6);
    out.string(4, "x".repeat(size));
    out.end(mark);
    const read = message.toObject(message.decode(out.take())) as { m: [{ s: string }] };
    expect(read.m[0].s).toHaveLength(size);
  }
});
