/** Bytes of a Go execution trace → events, in the order of the reference reader (golang.org/x/exp/trace). */
import { ForetraceError } from "../lib/errors.ts";
import { traceNanos } from "../lib/units.ts";
import { GenerationReader, type GenerationSpan, type OnGeneration, type ReaderStart } from "./generation-reader.ts";
import { readHeader } from "./header.ts";
import { Input } from "./input.ts";
import type { ByteSource, ReadOptions, TraceOutcome, TraceVisitor } from "./model.ts";
import { OldReader } from "./old/reader.ts";
import { oldVersions } from "./old/spec.ts";
import { othersRun, Turns } from "./turns.ts";

type Options = ReadOptions & {
  /** Minor version to read a file as whose own is not known (26 for `go 1.26 trace`). */
  readonly assumeVersion?: number;
};

/**
 * Reads a trace of Go 1.22–1.26 as a stream; memory holds one generation (about a second of the program).
 * One of Go 1.11–1.21 has to be sorted as a whole: memory holds the file (1 GiB at most) and up to twice as much again.
 *
 * A body that breaks off or contradicts itself is no exception: what the reference reader delivers before the break is delivered,
 * and the outcome says what was wrong and at which byte.
 * @throws ForetraceError empty_input, not_a_trace, trace_version_unsupported; canceled on abort; bad_usage for a version that cannot be assumed;
 * too_large for a trace of Go 1.11–1.21 beyond the limit;
 * whatever the visitor or the source throws.
 */
export function readTrace(source: ByteSource, visitor: TraceVisitor, options: Options = {}): Promise<TraceOutcome> {
  return readTraceSpans(source, visitor, options, () => {});
}

/**
 * As {@link readTrace}; `onSpan` is told where in the file a generation lies, before its events. Reading waits for `turn` after every
 * quarter of a million events or so; unless given, for what else is due in the event loop.
 */
export function readTraceSpans(
  source: ByteSource,
  visitor: TraceVisitor,
  options: Options & { readonly turn?: () => Promise<void> },
  onSpan: (span: GenerationSpan) => void,
): Promise<TraceOutcome> {
  return readWith(source, options, (input, version, pause) =>
    oldVersions.includes(version)
      ? new OldReader(input, version, visitor, onSpan, pause, options.core?.old(), undefined, options.salvage)
      : new GenerationReader(input, version, visitor, onSpan, options.core?.generations(), undefined, options.salvage),
  );
}

/**
 * As {@link readTrace}, for formats from 1.22 on, and from a generation in the middle of the file: the source is a header and the bytes from
 * `start.begin` on; offsets are those in the file. `onGeneration` is told of each generation before its events.
 */
export function readTracePart(
  source: ByteSource,
  visitor: TraceVisitor,
  options: Options & { readonly start?: ReaderStart },
  onGeneration: OnGeneration,
): Promise<TraceOutcome> {
  return readWith(
    source,
    options,
    (input, version) => new GenerationReader(input, version, visitor, onGeneration, options.core?.generations(), options.start),
  );
}

type MakeReader = (input: Input, version: number, pause: () => Promise<void>) => OldReader | GenerationReader;

async function readWith(
  source: ByteSource,
  options: Options & { readonly turn?: () => Promise<void> },
  makeReader: MakeReader,
): Promise<TraceOutcome> {
  const input = new Input(source);
  const stop = stopOn(options.signal);
  const { turn = othersRun } = options;
  try {
    const version = await stop.race(readHeader(input, options.assumeVersion));
    const pause = (): Promise<void> => stop.race(turn());
    const reader = makeReader(input, version, pause);
    const turns = new Turns();
    for (;;) {
      const more = await stop.race(reader.next());
      if (more) {
        stop.check();
        reader.open();
        do {
          stop.check();
          if (!turns.isDue(reader.events, input.offset)) continue;
          options.progress?.(input.offset);
          await pause();
        } while (reader.deliver());
      }
      options.progress?.(input.offset);
      if (!more || reader.error !== undefined) break;
    }
    return {
      info: reader.info,
      bytes: input.offset,
      events: reader.events,
      generations: reader.generations,
      end: traceNanos(Math.max(0, reader.end)),
      error: reader.error,
      salvaged: reader.salvaged,
    };
  } finally {
    stop.end();
    const closed = input.close().catch(() => {});
    // A source that never answers cannot be waited for.
    if (options.signal?.aborted !== true) await closed;
  }
}

type Stop = { race<T>(work: Promise<T>): Promise<T>; check(): void; end(): void };

function stopOn(signal: AbortSignal | undefined): Stop {
  if (signal === undefined) return { race: (work) => work, check() {}, end() {} };
  const canceled = (): ForetraceError => new ForetraceError("canceled", "reading the trace was cancelled", { cause: signal.reason });
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  aborted.catch(() => {});
  const abort = (): void => reject(canceled());
  signal.addEventListener("abort", abort, { once: true });
  return {
    race: (work) => (signal.aborted ? Promise.reject(canceled()) : Promise.race([work, aborted])),
    check() {
      if (signal.aborted) throw canceled();
    },
    end: () => signal.removeEventListener("abort", abort),
  };
}
