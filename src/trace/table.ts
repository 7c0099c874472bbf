/** A trace as a table of events: at once, or chunk by chunk. */
import { ForetraceError } from "../lib/errors.ts";
import { Recorder, type ColumnName, type ColumnOptions, type EventChunk, type EventColumns } from "./columns.ts";
import type { ByteSource, ReadOptions } from "./model.ts";
import { readTraceSpans } from "./read.ts";
import { othersRun } from "./turns.ts";

type Reading = ReadOptions & {
  /** As in {@link readTrace}. */
  readonly assumeVersion?: number;
};

export type TableOptions<C extends ColumnName = ColumnName> = Reading &
  ColumnOptions<C> & {
    /** More rows than this are an error before they are held; 10,000,000 unless given, which are 850 MB with all columns. */
    readonly maxEvents?: number;
  };

export type EventTable<C extends ColumnName = ColumnName> = EventChunk<C> & {
  /** Why reading ended before the end of the trace (or of the range), where it did; the rows are what came before. */
  readonly error: ForetraceError | undefined;
};

export type ChunkOptions<C extends ColumnName = ColumnName> = Reading &
  ColumnOptions<C> & {
    /** Rows of a chunk; the last one is shorter. 65,536 unless given (5.6 MB with all columns). */
    readonly chunkLength?: number;
  };

const defaultMaxEvents = 10_000_000;
const defaultChunkLength = 1 << 16;

/**
 * The events of a trace, or of a range of it, as columns. Memory: 85 bytes an event with all columns, one column more while it is put
 * together, and the names. Reading stops behind the range.
 * @throws ForetraceError too_large for more than `maxEvents`; bad_usage; what {@link readTrace} throws
 */
export async function readTable<C extends ColumnName = ColumnName>(
  source: ByteSource,
  options: TableOptions<C> = {},
): Promise<EventTable<C>> {
  const { maxEvents = defaultMaxEvents } = options;
  const chunks: EventChunk<C>[] = [];
  let length = 0;
  const reading = openReading(source, options, defaultChunkLength, (chunk) => {
    length += chunk.length;
    if (length > maxEvents) throw tooMany(maxEvents);
    chunks.push(chunk);
  });
  const error = await reading.run(othersRun);
  return { ...reading.recorder.empty(), length, columns: joined(chunks, length, reading.recorder.wanted), error };
}

/**
 * The same chunk by chunk, each with typed arrays of its own that may be kept or transferred. Reading waits for whoever takes the chunks,
 * so that memory holds a few of them, a generation, and the names; leaving the loop closes the source.
 * @throws ForetraceError behind the last chunk, when reading ended in an error: what came before the break has been given; bad_usage; what {@link readTrace} throws
 */
export async function* tableChunks<C extends ColumnName = ColumnName>(
  source: ByteSource,
  options: ChunkOptions<C> = {},
): AsyncGenerator<EventChunk<C>, void, undefined> {
  const ready: EventChunk<C>[] = [];
  let taken = Promise.withResolvers<void>();
  let given = Promise.withResolvers<void>();
  let ended = false;
  const left = new AbortController();
  const { signal = left.signal, chunkLength = defaultChunkLength } = options;
  const both = { ...options, signal: AbortSignal.any([signal, left.signal]) };
  const reading = openReading(source, both, chunkLength, (chunk) => ready.push(chunk));
  const end = reading
    .run(async () => {
      if (ready.length > 0) {
        given.resolve();
        await taken.promise;
      }
      await othersRun();
    })
    .finally(() => {
      ended = true;
      given.resolve();
    });
  // Awaited below; until then a failure is nobody's.
  end.catch(() => {});
  try {
    for (;;) {
      await given.promise;
      given = Promise.withResolvers();
      while (ready.length > 0 && !signal.aborted) yield ready.shift()!;
      if (ended || signal.aborted) break;
      const before = taken;
      taken = Promise.withResolvers();
      before.resolve();
    }
    const error = await end;
    // All had been read when the signal came, but not all been taken.
    if (ready.length > 0) throw new ForetraceError("canceled", "reading the trace was cancelled", { cause: signal.reason });
    if (error !== undefined) throw error;
  } finally {
    left.abort();
    taken.resolve();
    await end.catch(() => {});
  }
}

type OpenReading<C extends ColumnName> = {
  readonly recorder: Recorder<C>;
  /** To the end of the trace or of the range; `turn` is awaited now and then. Gives the error that reading ended in. */
  run(turn: () => Promise<void>): Promise<ForetraceError | undefined>;
};

function openReading<C extends ColumnName>(
  source: ByteSource,
  options: Reading & ColumnOptions<C>,
  chunkLength: number,
  chunk: (chunk: EventChunk<C>) => void,
): OpenReading<C> {
  const passed = new AbortController();
  const recorder = new Recorder(options, chunkLength, { chunk, passed: () => passed.abort() });
  const { signal } = options;
  const both = signal === undefined ? passed.signal : AbortSignal.any([signal, passed.signal]);
  return {
    recorder,
    async run(turn) {
      let error: ForetraceError | undefined;
      try {
        ({ error } = await readTraceSpans(source, recorder, { ...options, signal: both, turn }, () => {}));
      } catch (failure) {
        if (!passed.signal.aborted || signal?.aborted === true) throw failure;
      }
      recorder.finish();
      return error;
    },
  };
}

/** One array a column; a column's chunks are let go before the next column is put together. */
function joined<C extends ColumnName>(chunks: readonly EventChunk<C>[], length: number, wanted: readonly C[]): Pick<EventColumns, C> {
  const columns: Partial<Record<ColumnName, EventColumns[ColumnName]>> = {};
  for (const name of wanted) {
    const make = name === "kind" ? Uint8Array : name === "stack" ? Uint32Array : Float64Array;
    const column = new make(length);
    let at = 0;
    for (const chunk of chunks) {
      const part = chunk.columns[name];
      column.set(part, at);
      at += part.length;
      part.buffer.transfer(0);
    }
    columns[name] = column;
  }
  return columns as Pick<EventColumns, C>;
}

const tooMany = (maxEvents: number): ForetraceError =>
  new ForetraceError(
    "too_large",
    `the table has more than ${maxEvents} rows; read a shorter range (from, to), fewer kinds, chunk by chunk (tableChunks), ` +
      "or raise maxEvents where the memory is there (85 bytes a row with all columns)",
  );
