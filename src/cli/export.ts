/** What `foretrace export` does with one trace. The formats are described in docs/export.md. */
import { basename } from "node:path";
import { ForetraceError } from "../lib/errors.ts";
import { formatDuration, type EpochMillis } from "../lib/units.ts";
import type { Exporter, ExportTarget } from "../export/exporter.ts";
import { traceCores } from "../sources/trace-core.ts";
import type { ByteSource, Salvaged, TraceOutcome, TraceVisitor } from "../trace/model.ts";
import { readTrace } from "../trace/read.ts";
import { isWallClock, parseMoment, traceClock } from "./moment.ts";
import type { Sink } from "./sink.ts";

export const exportFormats = ["perfetto", "otlp", "speedscope", "pprof", "text", "binary"] as const;
export type ExportFormat = (typeof exportFormats)[number];

export type ExportRequest = {
  /** Name of the input; "-" is standard input, which cannot be read twice. */
  readonly input: string;
  readonly open: () => ByteSource;
  readonly sink: Sink;
  /** As given on the command line. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** otlp: wall clock of the first event, RFC 3339, for traces without one; name of the service. */
  readonly recordedAt?: string | undefined;
  readonly service?: string | undefined;
  /** pprof: which waits. */
  readonly profile?: string | undefined;
  /** Reads on behind the break of a broken trace: docs/salvage.md. */
  readonly salvage?: boolean;
  readonly progress?: (bytes: number) => void;
  readonly signal?: AbortSignal;
};

export type ExportResult = {
  /** How reading ended: the error of a trace that breaks off. */
  readonly error: ForetraceError | undefined;
  /** What was read behind it, when that was asked for. */
  readonly salvaged?: Salvaged | undefined;
  /** What people should know of the result, a sentence each. */
  readonly remarks: readonly string[];
};

/** Each loads what it needs. A format that reads the file itself, not its events, stands here like the others. */
const exports: Readonly<Record<ExportFormat, (request: ExportRequest) => Promise<ExportResult>>> = {
  perfetto: async (request) => {
    const { perfettoExporter } = await import("../export/perfetto/exporter.ts");
    return exportEvents(request, (target) => perfettoExporter(programName(request.input), target));
  },
  otlp: async (request) => (await import("./export/otlp.ts")).exportOtlp(request),
  speedscope: async (request) => {
    const { speedscopeExporter } = await import("../export/speedscope/exporter.ts");
    return exportEvents(request, (target) => speedscopeExporter(programName(request.input), target));
  },
  pprof: async (request) => (await import("./export/pprof.ts")).exportPprof(request),
  text: async (request) => (await import("./export/text.ts")).exportText(request),
  binary: async (request) => (await import("./export/text.ts")).exportBinary(request),
};

/**
 * Writes the trace to the sink in another format; what came before the break of a broken one.
 * @throws ForetraceError bad_usage, and what {@link readTrace} throws.
 */
export const exportTrace = (format: ExportFormat, request: ExportRequest): Promise<ExportResult> => exports[format](request);

/** Begin and end asked for, in trace nanoseconds; Infinity where no end was given. */
export async function exportRange({ input, open, from, to }: ExportRequest): Promise<{ from: number; to: number }> {
  const wall = [from, to].find((text) => text !== undefined && isWallClock(text));
  if (input === "-" && wall !== undefined) {
    throw new ForetraceError(
      "bad_usage",
      `${wall}: standard input cannot be read twice to find its wall clock; save it to a file first, or give a duration such as 1.5s`,
    );
  }
  const clock: EpochMillis | undefined = await traceClock(open, [from, to]);
  const begin = from === undefined ? 0 : parseMoment(from, "--from", clock);
  const end = to === undefined ? Number.POSITIVE_INFINITY : parseMoment(to, "--to", clock);
  if (end <= begin) {
    const start = from === undefined ? "the trace's first event" : `--from ${from}`;
    throw new ForetraceError("bad_usage", `--to ${to} does not lie after ${start}`, { input: "--to" });
  }
  return { from: Math.max(0, begin), to: end };
}

/** Reads the events of the trace through an exporter, up to the end of the range; waits for the sink before it reads on. */
export async function exportEvents(request: ExportRequest, create: (target: ExportTarget) => Exporter): Promise<ExportResult> {
  const { sink } = request;
  const range = await exportRange(request);
  const exporter = create({ ...range, write: (bytes) => sink.write(bytes) });
  const reading = await readUntil(request, exporter.visitor, range.to);
  if (range.from > reading.end) {
    const broken = reading.error === undefined ? "" : `, where it breaks off: ${reading.error.message}`;
    throw new ForetraceError(
      "bad_usage",
      `--from ${request.from} lies after the end of the trace, which is ${formatDuration(reading.end)} long${broken}`,
      { input: "--from" },
    );
  }
  const remarks = exporter.finish(reading);
  await sink.ready();
  return { error: reading.error, salvaged: reading.salvaged, remarks };
}

type Reading = Pick<TraceOutcome, "end" | "error" | "salvaged">;

/** A trace is not read beyond the range: what is broken there is not seen. */
async function readUntil(request: ExportRequest, visitor: TraceVisitor, to: number): Promise<Reading> {
  const { open, sink, salvage = false, progress, signal } = request;
  const stop = new AbortController();
  let end = 0;
  const watched: TraceVisitor =
    to === Number.POSITIVE_INFINITY
      ? visitor
      : {
          start: (info) => visitor.start?.(info),
          generation: (tables) => {
            visitor.generation?.(tables);
            if (end >= to) stop.abort();
          },
          event(kind, time, thread, proc, goroutine, stack, a, b, c, d, e, f) {
            end = time;
            visitor.event(kind, time, thread, proc, goroutine, stack, a, b, c, d, e, f);
          },
        };
  try {
    return await readTrace(paced(open(), sink), watched, {
      core: traceCores,
      salvage,
      signal: signal === undefined ? stop.signal : AbortSignal.any([stop.signal, signal]),
      ...(progress === undefined ? {} : { progress }),
    });
  } catch (error) {
    if (stop.signal.aborted && signal?.aborted !== true) return { end: end as TraceOutcome["end"], error: undefined };
    throw error;
  }
}

/** What the viewer calls the process: Go traces do not name it. */
const programName = (input: string): string => (input === "-" ? "Go program" : basename(input));

/** Waits for the reader of the output before it reads more of the trace, so that a slow pipe does not fill the memory. */
async function* paced(source: ByteSource, sink: Sink): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of source) {
    await sink.ready();
    yield chunk;
  }
}
