/** What must hold whatever the bytes are. A check throws an Error that says which of it does not. */
import { createRandom } from "../../src/lib/random.ts";
import { decompressed } from "../../src/sources/bytes.ts";
import { traceCores } from "../../src/sources/trace-core.ts";
import { EventKind, type TraceOutcome, type TraceVisitor } from "../../src/trace/model.ts";
import { readTrace } from "../../src/trace/read.ts";
import { traceFromText } from "../../src/trace/text/from-text.ts";
import { validationRules, type RuleName } from "../../src/trace/validation/rules.ts";
import { createValidator } from "../../src/trace/validator.ts";
import { BlockDigest, Digest } from "./digest.ts";
import { brokenCodes, read, refused, thrownCodes } from "./reading.ts";
import { checkExport, checkFeatures, checkSalvage, checkSlice, checkText } from "./views.ts";

export type InputKind = "trace" | "text" | "packed";
export const inputKinds: readonly InputKind[] = ["trace", "text", "packed"];

/** Up to this version ordering guarantees less. */
const lastOldVersion = 21;

/** The rules that the stream broke though the reader sees to them. Behind one of the program's they need not hold. */
class Rules {
  readonly errors: string[] = [];
  isSound = true;
  isOld = false;

  take(message: string, rule: RuleName): void {
    const { of } = validationRules[rule];
    const isReaders = of === "stream" || (of === "reader" && !this.isOld && this.isSound);
    if (isReaders) this.errors.push(message);
    if (of !== "stream") this.isSound = false;
  }
}

/** Reads the bytes as they are, both ways, holds the events against the rules, and makes features and a slice of them. */
async function checkTrace(bytes: Uint8Array, seed: number): Promise<void> {
  const random = createRandom(seed);
  const rules = new Rules();
  const plain = new Digest();
  const validator = createValidator({ next: plain, onViolation: (error, rule) => rules.take(error.message, rule) });
  const visitor: TraceVisitor = {
    start(info) {
      rules.isOld = info.version <= lastOldVersion;
      validator.start(info);
    },
    generation: (tables) => validator.generation(tables),
    event(...event) {
      // A system call in which a sample fell ends twice then, once without having begun: features count it so.
      if (rules.isOld && event[0] === EventKind.StackSample) rules.isSound = false;
      validator.event(...event);
    },
  };
  const { outcome, said } = await read(bytes, visitor, false);
  if (outcome !== undefined) validator.finish(outcome);
  if (rules.errors.length > 0) throw new Error(rules.errors[0]);
  if (plain.events > bytes.length + 16) throw new Error(`${plain.events} events of ${bytes.length} bytes`);

  const cut = random.below(2) === 0 ? undefined : random.below(bytes.length + 1);
  // A core costs ten times the plain reader where there is little to read.
  const fast = random.below(2) === 0 ? new Digest() : new BlockDigest();
  const other = await read(bytes, fast, true, cut);
  const same = other.said === said && fast.events === plain.events && fast.hash === plain.hash && fast.last === plain.last;
  if (!same)
    throw new Error(`core and plain reader differ (cut ${cut}): ${fast.events} events, ${other.said}; ${plain.events} events, ${said}`);
  if (JSON.stringify(comparable(other.outcome)) !== JSON.stringify(comparable(outcome)))
    throw new Error(`outcomes differ: ${JSON.stringify(comparable(other.outcome))} ${JSON.stringify(comparable(outcome))}`);
  if (outcome === undefined || outcome.events === 0) return;
  const view = { bytes, outcome, random, isSound: rules.isSound && outcome.error === undefined };
  if (outcome.error !== undefined && random.below(2) === 0) await checkSalvage(view, plain.hash, said);
  if (random.below(2) === 0) await checkFeatures(view);
  if (random.below(4) === 0) await checkExport(view);
  if (random.below(2) === 0) await checkText(bytes);
  if (!rules.isOld && random.below(2) === 0) await checkSlice(view);
}

const comparable = (outcome: TraceOutcome | undefined): unknown =>
  outcome && { ...outcome, error: undefined, info: outcome.info && { ...outcome.info, origin: String(outcome.info.origin) } };

/** @param seed decides about ranges and pieces. @throws when something does not hold that must. */
export async function checkInput(kind: InputKind, bytes: Uint8Array, seed: number): Promise<void> {
  if (kind === "trace") return checkTrace(bytes, seed);
  if (kind === "text") {
    let made: Uint8Array;
    try {
      made = traceFromText(new TextDecoder().decode(bytes));
    } catch (error) {
      refused(error, ["trace_malformed"]);
      return;
    }
    return checkTrace(made, seed);
  }
  return checkPacked(bytes);
}

/** Most that is taken of what small compressed bytes can become. */
const mostUnpacked = 1 << 22;

async function checkPacked(bytes: Uint8Array): Promise<void> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const source = async function* (): AsyncGenerator<Uint8Array> {
    yield bytes;
  };
  try {
    for await (const part of decompressed(source())) {
      parts.push(part.slice());
      length += part.length;
      if (length > mostUnpacked) break;
    }
  } catch (error) {
    refused(error, brokenCodes);
  }
  await read(Buffer.concat(parts), new Digest(), true);
  // As the command does: what came out before the fault is read.
  const again = (async function* () {
    let left = mostUnpacked;
    for await (const part of decompressed(source())) {
      yield part;
      if ((left -= part.length) < 0) return;
    }
  })();
  try {
    await readTrace(again, new Digest(), { core: traceCores });
  } catch (error) {
    refused(error, [...thrownCodes, ...brokenCodes]);
  }
}
