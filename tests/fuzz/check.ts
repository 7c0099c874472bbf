/** What must hold whatever the bytes are. A check throws an Error that says which of it does not. */
import { isForetraceError, type ErrorCode } from "../../src/lib/errors.ts";
import { createRandom, type Random } from "../../src/lib/random.ts";
import { traceNanos } from "../../src/lib/units.ts";
import { createCoreSeries } from "../../src/features/core-series.ts";
import { createSummary } from "../../src/features/summary.ts";
import { decompressed } from "../../src/sources/bytes.ts";
import { traceCores } from "../../src/sources/trace-core.ts";
import { EventKind, type TraceOutcome, type TraceVisitor } from "../../src/trace/model.ts";
import { readTrace } from "../../src/trace/read.ts";
import { sliceTrace } from "../../src/trace/slice.ts";
import { traceFromText } from "../../src/trace/text/from-text.ts";
import { validationRules, type RuleName } from "../../src/trace/validation/rules.ts";
import { createValidator } from "../../src/trace/validator.ts";
import { BlockDigest, Digest } from "./digest.ts";

export type InputKind = "trace" | "text" | "packed";
export const inputKinds: readonly InputKind[] = ["trace", "text", "packed"];

/** Errors that the outcome of a reading may have, and that a reading may throw. */
const brokenCodes: readonly ErrorCode[] = ["trace_malformed", "trace_truncated", "trace_inconsistent"];
const thrownCodes: readonly ErrorCode[] = ["empty_input", "not_a_trace", "trace_version_unsupported"];
/** Up to this version ordering guarantees less. */
const lastOldVersion = 21;

type Reading = { outcome: TraceOutcome | undefined; said: string };

async function read(bytes: Uint8Array, visitor: TraceVisitor, withCore: boolean, cut?: number): Promise<Reading> {
  const source = cut === undefined ? [bytes] : [bytes.subarray(0, cut), bytes.subarray(cut, cut + 1), bytes.subarray(cut + 1)];
  try {
    const outcome = await readTrace(source, visitor, { core: withCore ? traceCores : undefined });
    const { error } = outcome;
    if (error !== undefined && !brokenCodes.includes(error.code)) throw new Error(`error of another kind: ${error.code} ${error.message}`);
    return { outcome, said: `${error?.code} ${error?.message} ${JSON.stringify(error?.place)}` };
  } catch (error) {
    return { outcome: undefined, said: refused(error, thrownCodes) };
  }
}

/** @throws unless the error is one of those. */
function refused(error: unknown, codes: readonly ErrorCode[]): string {
  if (!isForetraceError(error) || !codes.includes(error.code)) throw error;
  return `${error.code} ${error.message}`;
}

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
  if (random.below(2) === 0) await checkFeatures(bytes, outcome, random, rules.isSound);
  if (!rules.isOld && random.below(2) === 0)
    await checkSlice(bytes, outcome, rules.isSound && outcome.error === undefined, random.uniform());
}

const comparable = (outcome: TraceOutcome | undefined): unknown =>
  outcome && { ...outcome, error: undefined, info: outcome.info && { ...outcome.info, origin: String(outcome.info.origin) } };

/** Every window of the series has numbers (none below 0 where the trace is sound), the same with the core and without, and the summary is one. */
async function checkFeatures(bytes: Uint8Array, outcome: TraceOutcome, random: Random, isSound: boolean): Promise<void> {
  const count = [1, 7, 40][random.below(3)]!;
  const windowNanos = Math.max(1, Math.ceil((outcome.end + 1) / count));
  const tables: string[] = [];
  for (const withCore of random.below(4) === 0 ? [false, true] : [false]) {
    const rows: string[] = [];
    const series = createCoreSeries({
      windowNanos,
      onWindow({ index, start, length, values }) {
        for (const [name, value] of values)
          if (!Number.isFinite(value) || (isSound && value < 0)) throw new Error(`${name} is ${value} in window ${index}`);
        rows.push(`${start} ${length} ${JSON.stringify([...values].sort())}`);
      },
    });
    await read(bytes, series, withCore);
    series.finish();
    tables.push(rows.join("\n"));
  }
  if (tables.length > 1 && tables[0] !== tables[1]) throw new Error("series differ with the core and without");
  const summary = createSummary({ windowNanos, from: 0, to: windowNanos * count });
  await read(bytes, summary, false);
  if (typeof summary.finish().events !== "number") throw new Error("no summary");
}

/** A slice is a trace; of a sound one it can be read. */
async function checkSlice(bytes: Uint8Array, outcome: TraceOutcome, isSound: boolean, where: number): Promise<void> {
  const from = traceNanos(Math.floor(where * outcome.end));
  const to = traceNanos(Math.floor(from + (1 - where) * (outcome.end - from)));
  const parts: Uint8Array[] = [];
  try {
    for await (const part of sliceTrace(() => [bytes], { from, to })) parts.push(part);
  } catch (error) {
    refused(error, ["bad_usage"]);
    return;
  }
  const { said, outcome: again } = await read(Buffer.concat(parts), new Digest(), false);
  if (isSound && again?.error !== undefined) throw new Error(`the slice ${from}..${to} of a sound trace breaks off: ${said}`);
}

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
