/** The part of a trace that covers a range of time, as a trace of its own. */
import { ForetraceError } from "../lib/errors.ts";
import { formatDuration, type TraceNanos } from "../lib/units.ts";
import type { GenerationSpan } from "./generation-reader.ts";
import { walkGenerations, type GenerationPlace } from "./generation-walk.ts";
import { headerBytes, headerText, readHeader } from "./header.ts";
import { Input } from "./input.ts";
import type { ByteSource, ReadOptions } from "./model.ts";
import { oldVersions } from "./old/spec.ts";
import { joined, rangesOf, type RangeSource } from "./range-source.ts";
import { readTraceSpans } from "./read.ts";
import { checked, GenerationMeter, StaleIndex, type Crc32, type TraceIndex } from "./trace-index.ts";

export type TraceRange = { readonly from: TraceNanos; readonly to: TraceNanos };

export type SliceOptions = Pick<ReadOptions, "core" | "signal"> & {
  /** What is read then are the generations of the range, and no more. */
  readonly index?: { readonly of: TraceIndex; readonly crc32: Crc32 } | undefined;
  /** Told where the range reaches into a part that cannot be read, and where the index does not fit the trace and is not used. */
  readonly onWarning?: (message: string) => void;
};

/**
 * A valid Go trace of only the generations that cover `range` (both ends belong to it), byte for byte as they are in the source.
 *
 * Every generation names the state of all that happens in it, so that a trace may begin with any of them. In the slice's first generation
 * those statuses come from the undetermined state, since what was before is not there; times since boot are kept, times since the first event are not.
 * The generations are read through before anything is given, so that the slice is known to be a valid trace; one that is not whole is left out.
 * A source given as a function is opened several times, and read from its beginning each time.
 * Without an index the batch headers up to the range are looked at, and only the generations around it are decoded.
 * @throws ForetraceError bad_usage when the range holds no event, and for a part of a trace of Go 1.21 or older, which has no generations;
 * what {@link readTrace} throws.
 */
export async function* sliceTrace(
  source: RangeSource | (() => ByteSource),
  range: TraceRange,
  options: SliceOptions = {},
): AsyncGenerator<Uint8Array, void> {
  const open = rangesOf(source);
  const version = await versionOf(open);
  if (oldVersions.includes(version)) {
    if (range.from > 0 || range.to < Number.POSITIVE_INFINITY) throw uncuttable(version);
    yield* open.range(0, Number.POSITIVE_INFINITY);
    return;
  }
  const head = new TextEncoder().encode(headerText(version));
  const { begin, end } = await new Finder(open, head, range, options).find();
  yield head;
  yield* open.range(begin, end);
}

/** Minor version of the format. */
async function versionOf(open: RangeSource): Promise<number> {
  const input = new Input(open.range(0, headerBytes));
  try {
    return await readHeader(input, undefined);
  } finally {
    await input.close().catch(() => {});
  }
}

const uncuttable = (version: number): ForetraceError =>
  new ForetraceError(
    "bad_usage",
    `a trace of the format "go 1.${version} trace" cannot be cut: up to Go 1.21 a trace is one piece, with names and clock at its end ` +
      "(from Go 1.22 on it is made of generations); give the range to analyze --from --to instead, or take the whole trace",
  );

type Timed = GenerationSpan & { readonly number: number; readonly from: number; readonly to: number };

class Finder {
  readonly #open: RangeSource;
  readonly #head: Uint8Array;
  readonly #range: TraceRange;
  readonly #options: SliceOptions;

  constructor(open: RangeSource, head: Uint8Array, range: TraceRange, options: SliceOptions) {
    this.#open = open;
    this.#head = head;
    this.#range = range;
    this.#options = options;
  }

  async find(): Promise<Part> {
    const { index, onWarning } = this.#options;
    if (index !== undefined) {
      try {
        return await this.#findInIndex(index.of, index.crc32);
      } catch (error) {
        if (!(error instanceof StaleIndex)) throw error;
        onWarning?.("the index does not fit the trace any more and is not used; make it anew with: foretrace index");
      }
    }
    return this.#findByWalk();
  }

  async #findInIndex({ generations, end, error }: TraceIndex, crc32: Crc32): Promise<Part> {
    const wanted = generations.filter((generation) => this.#covers(generation));
    const span = around(wanted);
    if (span === undefined) throw this.#nothing(generations.at(-1)?.to ?? end, error);
    const { index } = this.#options;
    const bytes = checked(this.#open, span.begin, span.end, index!.of, crc32);
    const read = await this.#read(bytes, span.begin, wanted[0]!.time);
    return this.#whole(read.generations, read.error ?? error, wanted.at(-1)!.to);
  }

  async #findByWalk(): Promise<Part> {
    const { from, to } = this.#range;
    const { generations, error } = await walkGenerations(this.#open.range(0, Number.POSITIVE_INFINITY), to, this.#options.signal);
    const until = generations.findLastIndex(({ time }) => time <= to);
    if (until < 0) throw this.#nothing(0, error);
    let first = Math.max(
      0,
      generations.findLastIndex(({ time }) => time <= from),
    );
    // A generation may go on while the next one has begun.
    while (first > 0) {
      const before = await this.#readPlaces(generations, first - 1, first - 1);
      if (before.generations[0] === undefined || before.generations[0].to < from) break;
      first--;
    }
    let read = await this.#readPlaces(generations, first, until);
    const end = read.generations.at(-1)?.to ?? 0;
    // The range may begin between the last event of a generation and the first one of the next.
    if (read.generations[0] !== undefined && !this.#covers(read.generations[0]) && first < until)
      read = await this.#readPlaces(generations, first + 1, until);
    const broken = read.error ?? (until === generations.length - 1 ? error : undefined);
    return this.#whole(
      read.generations.filter((generation) => this.#covers(generation)),
      broken,
      end,
    );
  }

  #readPlaces(places: readonly GenerationPlace[], first: number, last: number): Promise<Reading> {
    const { begin, time } = places[first]!;
    return this.#read(this.#open.range(begin, places[last]!.end), begin, time);
  }

  /** Decodes generations that lie at `offset` and begin at `time`, as a trace of their own. */
  async #read(source: ByteSource, offset: number, time: number): Promise<Reading> {
    const meter = new GenerationMeter();
    const { core, signal } = this.#options;
    const { error } = await readTraceSpans(
      joined([this.#head], source),
      meter,
      { core, ...(signal === undefined ? {} : { signal }) },
      meter.onSpan,
    );
    const shift = offset - headerBytes;
    return {
      generations: meter.generations.map(({ number, begin, end, time: since, from, to }) => ({
        number,
        begin: begin + shift,
        end: end + shift,
        time: since + time,
        from: from + time,
        to: to + time,
      })),
      error: error && moved(error, shift),
    };
  }

  /** The part of whole generations; says where the range goes on behind them. `end` is the time of the last event that can be read. */
  #whole(generations: readonly Timed[], error: ForetraceError | undefined, end: number): Part {
    const span = around(generations);
    if (span === undefined) throw this.#nothing(end, error);
    const last = generations.at(-1)!;
    if (error !== undefined && this.#range.to > last.to) {
      this.#options.onWarning?.(
        `the trace breaks off behind generation ${last.number}, ${formatDuration(last.to)} after its first event: ${error.message}; ` +
          "the slice holds the whole generations before that",
      );
    }
    return span;
  }

  #covers({ from, to }: Pick<Timed, "from" | "to">): boolean {
    return to >= this.#range.from && from <= this.#range.to;
  }

  #nothing(end: number, error: ForetraceError | undefined): ForetraceError {
    const { from, to } = this.#range;
    const broken = error === undefined ? "" : `${from > end ? ", where it breaks off" : ""}: ${error.message}`;
    const ends = from > end ? `; the trace ends at ${formatDuration(end)}` : "";
    return new ForetraceError(
      "bad_usage",
      `${error === undefined || from > end ? "no event" : "no whole generation"} of the trace lies between ${formatDuration(from)} and ${formatDuration(to)}${ends}${broken}`,
    );
  }
}

type Reading = { readonly generations: readonly Timed[]; readonly error: ForetraceError | undefined };

type Part = { readonly begin: number; readonly end: number };
const around = (generations: readonly Part[]): Part | undefined =>
  generations.length === 0 ? undefined : { begin: generations[0]!.begin, end: generations.at(-1)!.end };

/** The error with its place in the whole trace. */
function moved(error: ForetraceError, shift: number): ForetraceError {
  const { offset } = error.place;
  if (offset === undefined) return error;
  const message = error.message.replace(`(at byte ${offset}`, `(at byte ${offset + shift}`);
  return new ForetraceError(error.code, message, { ...error.place, offset: offset + shift });
}
