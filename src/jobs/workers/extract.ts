/** Worker thread: a stored trace → series on the wall-clock grid, a batch at a time. */
import { crc32 } from "node:zlib";
import { createGridSeries, type GridSeries } from "../../features/grid.ts";
import { wallClockOrigin } from "../../features/wall-clock.ts";
import { ForetraceError, isForetraceError, type ErrorCode } from "../../lib/errors.ts";
import type { EpochMillis, TraceNanos } from "../../lib/units.ts";
import { traceCores } from "../../sources/trace-core.ts";
import { writeIndex } from "../../sources/trace-index-file.ts";
import type { TraceRecord } from "../../store/ports.ts";
import type { GenerationTables, TraceInfo, TraceOutcome, TraceVisitor } from "../../trace/model.ts";
import { readTrace, readTraceSpans } from "../../trace/read.ts";
import { TraceIndexer } from "../../trace/trace-index.ts";
import { countedFile } from "../counted-file.ts";
import { originOf, type TraceOrigin } from "../trace-clock.ts";
import { serveTask } from "./protocol.ts";

export type ExtractTask = {
  readonly id: string;
  readonly path: string;
  readonly gridMillis: number;
  readonly record: Pick<TraceRecord, "recordedAt" | "uploadedAt" | "clockShiftMillis">;
};
/** Samples of one series: `t` epoch ms, ascending. */
export type ExtractPart = readonly { readonly name: string; readonly t: Float64Array; readonly v: Float64Array }[];
export type ExtractResult = {
  readonly version: number | undefined;
  readonly events: number;
  readonly generations: number;
  readonly origin: TraceOrigin | undefined;
  /** Nanoseconds. */
  readonly end: TraceNanos;
  readonly cells: number;
  readonly error: { readonly code: ErrorCode; readonly message: string } | undefined;
};

/** Cells in one part: large enough for whole chunks in the store, small enough to hold. */
const cellsPerPart = 500;
/** Thrown out of a reading that cannot know its wall clock before the end. */
class NeedsLength extends Error {}

serveTask<ExtractTask, ExtractResult, ExtractPart>(async (task, io) => {
  let known: TraceNanos | undefined;
  const file = await countedFile(task.path, `trace ${task.id}`);
  const passes = { done: 0, all: 1 };
  const progress = (): void => io.progress((passes.done + file.share()) / passes.all);

  const extract = async (): Promise<ExtractResult> => {
    const batch = new Map<string, { t: number[]; v: number[] }>();
    const snapshots: EpochMillis[] = [];
    let origin: TraceOrigin | undefined;
    let info: TraceInfo | undefined;
    let series: GridSeries | undefined;
    let cells = 0;
    const flush = (): void => {
      if (batch.size === 0) return;
      const part = [...batch].map(([name, { t, v }]) => ({ name, t: Float64Array.from(t), v: Float64Array.from(v) }));
      batch.clear();
      io.part(
        part,
        part.flatMap(({ t, v }) => [t.buffer, v.buffer]),
      );
    };
    const onCell = ({ end, values }: { end: EpochMillis; values: ReadonlyMap<string, number> }): void => {
      for (const [name, value] of values) {
        let samples = batch.get(name);
        if (samples === undefined) batch.set(name, (samples = { t: [], v: [] }));
        samples.t.push(end);
        samples.v.push(value);
      }
      if (++cells % cellsPerPart === 0) flush();
    };
    const indexer = new TraceIndexer(crc32);
    let stopped = false;
    const visitor: TraceVisitor = {
      start: (begun) => void (info = begun),
      generation(tables: GenerationTables) {
        if (tables.clock !== undefined) snapshots.push(wallClockOrigin(info!, tables.clock));
        if (series === undefined) {
          origin = originOf(task.record, snapshots, known);
          if (origin === undefined) throw new NeedsLength();
          series = createGridSeries({ gridMillis: task.gridMillis, origin: origin.at, onCell });
          series.start?.(info!);
        }
        series.generation?.(tables);
        indexer.generation(tables);
      },
      event(kind, time, thread, proc, goroutine, stack, a, b, c, d, e, f) {
        indexer.event(kind, time);
        series!.event(kind, time, thread, proc, goroutine, stack, a, b, c, d, e, f);
      },
    };
    const source = indexer.tap(file.open());
    const outcome = await readTraceSpans(source, visitor, { progress, core: traceCores }, indexer.onSpan).catch(
      (error: unknown): TraceOutcome => {
        // Too many cells: what came before them stands, as with a break of the file itself.
        if (series === undefined || !isForetraceError(error)) throw error;
        stopped = true;
        return { info, bytes: 0, events: 0, generations: snapshots.length, end: 0 as TraceNanos, error };
      },
    );
    series?.finish();
    flush();
    const index = stopped ? undefined : indexer.finish(outcome);
    // Slices and timelines are found without it, too; it takes longer.
    if (index !== undefined) await writeIndex(task.path, index).catch(() => {});
    return {
      version: outcome.info?.version,
      events: outcome.events,
      generations: outcome.generations,
      origin: originOf(task.record, snapshots, known),
      end: outcome.end,
      cells,
      error: outcome.error && { code: outcome.error.code, message: outcome.error.message },
    };
  };

  try {
    return { result: await extract() };
  } catch (error) {
    if (!(error instanceof NeedsLength)) throw error;
  }
  passes.all = 2;
  const measured = await readTrace(file.open(), { event() {} }, { progress, core: traceCores });
  known = measured.end;
  passes.done = 1;
  const result = await extract();
  if (result.origin === undefined) throw new ForetraceError("internal", "the length of a trace is known and its wall clock is not");
  return { result };
});
