/**
 * A rolling hash over all twelve numbers of every event, in order. It is the same whether events come in blocks or one by one:
 * the fields, each turned by a number of bits of its own, are put together and mixed into what came before. 32 bits.
 */
import type { EventBlock, TraceVisitor } from "../../src/trace/model.ts";

const double = new Float64Array(1);
const halves = new Int32Array(double.buffer);

/** A number as 32 bits: whole numbers that fit as they are, others by both halves of the double. */
function bits(value: number): number {
  if (value === (value | 0)) return value | 0;
  double[0] = value;
  return halves[0]! ^ Math.imul(halves[1]!, 0x45ebca6b);
}

const turned = (word: number, by: number): number => (word << by) | (word >>> (32 - by));

const mixed = (hash: number, word: number): number => {
  const product = Math.imul(hash ^ word, 0x2c1b3c6d);
  return product ^ (product >>> 15);
};

/** One event; `fields` from `at` on: thread, proc, goroutine, stack, a … f. */
function mix(hash: number, time: number, kind: number, fields: ArrayLike<number>, at: number): number {
  double[0] = time;
  let word = halves[0]! ^ turned(halves[1]!, 25) ^ turned(kind, 28);
  for (let place = 0; place < 9; place++) word ^= turned(bits(fields[at + place]!), 2 + 3 * place);
  const f = fields[at + 9]!;
  return mixed(hash, f === 0 ? word : word ^ Math.imul(bits(f), 0x1b873593));
}

/** Of a block. Numbers instead of names for the places in a record: names of a module are looked up for each event. */
function mixBlock(start: number, { words, doubles, begin, end }: EventBlock): number {
  let hash = start;
  for (let i = begin; i < end;) {
    // No call in here: the engine then looks up the arrays once.
    for (; i < end && words[i + 2]! < 256; i += 12) {
      const early = words[i]! ^ turned(words[i + 1]!, 25) ^ turned(words[i + 2]!, 28) ^ turned(words[i + 3]!, 2);
      const middle = turned(words[i + 4]!, 5) ^ turned(words[i + 5]!, 8) ^ turned(words[i + 6]!, 11) ^ turned(words[i + 7]!, 14);
      const late = turned(words[i + 8]!, 17) ^ turned(words[i + 9]!, 20) ^ turned(words[i + 10]!, 23) ^ turned(words[i + 11]!, 26);
      hash = mixed(hash, early ^ middle ^ late);
    }
    if (i >= end) break;
    hash = mix(hash, doubles[i >> 1]!, words[i + 2]! - 256, doubles, (i + 12) >> 1);
    i += 36;
  }
  return hash;
}

export type FieldHash = TraceVisitor & { value(): string };

/** Takes events in blocks where there are any, or only one by one. */
export function fieldHash({ blocks = true }: { blocks?: boolean } = {}): FieldHash {
  let hash = 0;
  const visitor: FieldHash = {
    event(kind, time, ...fields) {
      hash = mix(hash, time, kind, fields, 0);
    },
    value: () => (hash >>> 0).toString(16).padStart(8, "0"),
  };
  return blocks
    ? {
        ...visitor,
        block(block) {
          hash = mixBlock(hash, block);
        },
      }
    : visitor;
}
