/** The part of a trace that covers a range of time, as a trace of its own. */
import { ForetraceError } from "../lib/errors.ts";
import { formatDuration, type TraceNanos } from "../lib/units.ts";
import type { GenerationSpan } from "./generation-reader.ts";
import { headerText, readHeader } from "./header.ts";
import { Input } from "./input.ts";
import { EventKind, type ByteSource, type TraceInfo } from "./model.ts";
import { oldVersions } from "./old/spec.ts";
import { readTraceSpans } from "./read.ts";

export type TraceRange = { readonly from: TraceNanos; readonly to: TraceNanos };

/**
 * A valid Go trace of only the generations that cover `range` (both ends belong to it), byte for byte as they are in the source.
 *
 * Every generation names the state of all that happens in it, so that a trace may begin with any of them. In the slice's first generation
 * those statuses come from the undetermined state, since what was before is not there; times since boot are kept, times since the first event are not.
 * The source is read twice and never held. A generation that the reader does not get through is left out.
 * @throws ForetraceError bad_usage when the range holds no event, and for a part of a trace of Go 1.21 or older, which has no generations; what {@link readTrace} throws.
 */
export async function* sliceTrace(open: () => ByteSource, range: TraceRange): AsyncGenerator<Uint8Array> {
  const version = await versionOf(open);
  if (oldVersions.includes(version)) {
    if (range.from > 0 || range.to < Number.POSITIVE_INFINITY) throw uncuttable(version);
    yield* open();
    return;
  }
  const found = await findSpan(open, range);
  yield new TextEncoder().encode(headerText(found.version));
  let at = 0;
  for await (const piece of open()) {
    const begin = Math.max(0, found.begin - at);
    const end = Math.min(piece.length, found.end - at);
    if (begin < end) yield piece.subarray(begin, end);
    at += piece.length;
    if (at >= found.end) return;
  }
}

/** Minor version of the format. */
async function versionOf(open: () => ByteSource): Promise<number> {
  const input = new Input(open());
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

type Found = GenerationSpan & { version: number };

async function findSpan(open: () => ByteSource, range: TraceRange): Promise<Found> {
  const passed = new AbortController();
  let info: TraceInfo | undefined;
  /** The generation being delivered, and its first and last time. */
  let current: GenerationSpan | undefined;
  let begin = 0;
  let last = 0;
  let found: GenerationSpan | undefined;
  const complete = (): void => {
    if (current !== undefined && last >= range.from && begin <= range.to)
      found = { begin: found?.begin ?? current.begin, end: current.end };
    current = undefined;
  };
  let next: GenerationSpan | undefined;
  const visitor = {
    start(known: TraceInfo) {
      info = known;
    },
    event(kind: EventKind, time: TraceNanos) {
      if (kind === EventKind.Sync) {
        complete();
        current = next;
        next = undefined;
        begin = time;
        if (time > range.to) passed.abort();
      }
      last = time;
    },
  };
  try {
    await readTraceSpans(open(), visitor, { signal: passed.signal }, (span) => (next = span));
  } catch (error) {
    if (!passed.signal.aborted) throw error;
  }
  if (found === undefined || info === undefined) {
    const ends = range.from > last ? `; the trace ends at ${formatDuration(last)}` : "";
    throw new ForetraceError(
      "bad_usage",
      `no event of the trace lies between ${formatDuration(range.from)} and ${formatDuration(range.to)}${ends}`,
    );
  }
  return { ...found, version: info.version };
}
