/** Damaged traces, and what reading one must hold to. */
import { isForetraceError } from "../../src/lib/errors.ts";
import { createRandom } from "../../src/lib/random.ts";
import { readTrace } from "../../src/trace/read.ts";
import type { TraceCores, TraceOutcome, TraceVisitor } from "../../src/trace/model.ts";
import { EventLister } from "./event-list.ts";

const headerLength = 16;

/** A copy with one to eight changes behind the header: bytes set, flipped, removed, doubled, or moved. Same seed, same damage. */
export function mutate(bytes: Uint8Array, seed: number): Uint8Array {
  const random = createRandom(seed);
  let out: Uint8Array = Uint8Array.from(bytes);
  for (let left = 1 + random.below(8); left > 0 && out.length > headerLength; left--) {
    const at = headerLength + random.below(out.length - headerLength);
    const length = 1 + random.below(random.below(4) === 0 ? 5000 : 12);
    switch (random.below(6)) {
      case 0:
        out[at] = random.below(256);
        break;
      case 1:
        out[at]! ^= 1 << random.below(8);
        break;
      case 2:
        out.fill([0, 127, 128, 255][random.below(4)]!, at, at + length);
        break;
      case 3:
        out = Uint8Array.from(Buffer.concat([out.subarray(0, at), out.subarray(at + length)]));
        break;
      case 4:
        out = Uint8Array.from(Buffer.concat([out.subarray(0, at + length), out.subarray(at)]));
        break;
      default:
        out.copyWithin(at, headerLength + random.below(out.length - headerLength), headerLength + random.below(out.length - headerLength));
    }
  }
  return out;
}

/**
 * Reads bytes that may be anything, and asks for every name and stack of every event.
 * Only errors of the one table may come, times must rise, and what the outcome counts must be what was delivered.
 */
export async function readDamaged(bytes: Uint8Array, core?: TraceCores, salvage = false): Promise<TraceOutcome | undefined> {
  let last = -1;
  let events = 0;
  const lister = new EventLister(() => {});
  try {
    const visitor: TraceVisitor = {
      start: (info) => lister.start(info),
      generation: (tables) => lister.generation(tables),
      event(...event) {
        if (!(event[1] > last)) throw new Error(`time ${event[1]} after ${last}`);
        last = event[1];
        events++;
        lister.event(...event);
      },
    };
    const outcome = await readTrace([bytes], visitor, { core, salvage });
    if (outcome.events !== events || outcome.end !== Math.max(0, last))
      throw new Error(`${outcome.events} events counted, ${events} delivered`);
    if (outcome.error !== undefined && !/^trace_(malformed|truncated|inconsistent)$/.test(outcome.error.code)) throw outcome.error;
    return outcome;
  } catch (error) {
    if (!isForetraceError(error) || !["empty_input", "not_a_trace", "trace_version_unsupported"].includes(error.code)) throw error;
    return undefined;
  }
}
