/** `foretrace analyze FOLDER`: a row for each trace in it, by some threads, in the same order however many they are. */
import { errorTable, ForetraceError } from "../../lib/errors.ts";
import { formatBytes } from "../../lib/units.ts";
import type { Sink } from "../sink.ts";
import { statusLine } from "../terminal.ts";
import { findTraces, type TraceFile } from "./find.ts";
import { KnownRows } from "./known-rows.ts";
import { RowReader } from "./reader.ts";
import type { RowOptions, TraceRow } from "./row.ts";
import { createTable, type TableFormat } from "./table.ts";

export type ManyOptions = RowOptions & {
  readonly format: TableFormat;
  /** Traces that are read at once. */
  readonly jobs: number;
  /** File of the rows of earlier runs. */
  readonly resume: string | undefined;
  readonly width: number;
  readonly color: boolean;
  readonly warn: (message: string) => void;
  readonly signal: AbortSignal;
};

export type ManyOutcome = {
  /** As for several files: the worst of all. */
  readonly status: number;
  readonly traces: number;
  /** Rows that were known from before. */
  readonly reused: number;
};

/**
 * Writes the table. Memory: a trace a job, and a row for each trace that was read before its turn to be written.
 * @throws ForetraceError not_found, bad_usage where no trace is found or --resume cannot be used; canceled, with what is known kept.
 */
export async function analyzeMany(paths: readonly string[], sink: Sink, options: ManyOptions): Promise<ManyOutcome> {
  const { windowNanos, assumeVersion, salvage, paranoid, jobs, signal } = options;
  const rowOptions: RowOptions = { windowNanos, assumeVersion, salvage, paranoid };
  const { files, skipped } = await findTraces(paths, signal);
  for (const message of skipped.unreadable) options.warn(message);
  if (files.length === 0) {
    const seen = skipped.others + skipped.links + skipped.unreadable.length;
    throw new ForetraceError(
      "bad_usage",
      `${paths.join(", ")}: no Go execution trace in there (${seen} other files, links and unreadable ones)`,
    );
  }
  const known = options.resume === undefined ? undefined : KnownRows.open(options.resume, rowOptions);
  const table = createTable(options.format, { names: files.map(({ path }) => path), width: options.width, color: options.color });
  const progress = new Progress(files);
  const readers = Array.from({ length: Math.min(jobs, files.length) }, () => new RowReader(rowOptions));
  // The first that fails ends the others.
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  const rows = new Map<number, TraceRow>();
  let next = 0;
  let written = 0;
  let reused = 0;
  let status = skipped.unreadable.length > 0 ? 2 : 0;
  const write = async (): Promise<void> => {
    for (let row = rows.get(written); row !== undefined; row = rows.get(written)) {
      rows.delete(written++);
      if (row.error !== null) status = Math.max(status, errorTable[row.error.code].exit);
      progress.clear();
      sink.write(table.row(row));
    }
    await sink.ready();
  };
  const work = async (reader: RowReader): Promise<void> => {
    while (next < files.length) {
      const index = next++;
      const file = files[index]!;
      let row = await known?.find(file);
      if (row === undefined) {
        row = await reader.read(file.path, file.size, (bytes) => progress.reading(index, bytes), stop);
        await known?.add(file, row);
      } else reused++;
      rows.set(index, row);
      progress.done(index);
      await write();
    }
  };
  try {
    sink.write(table.head());
    await Promise.all(
      readers.map((reader) =>
        work(reader).catch((error: unknown) => {
          failed.abort(error);
          throw error;
        }),
      ),
    );
    sink.write(table.foot(skipped));
    await sink.ready();
    return { status, traces: files.length, reused };
  } finally {
    failed.abort();
    progress.clear();
    await Promise.all(readers.map((reader) => reader.close()));
    known?.close();
  }
}

class Progress {
  readonly #files: readonly TraceFile[];
  readonly #total: number;
  readonly #line = statusLine();
  readonly #read = new Map<number, number>();
  #done = 0;
  #bytes = 0;

  constructor(files: readonly TraceFile[]) {
    this.#files = files;
    this.#total = files.reduce((sum, { size }) => sum + size, 0);
  }

  /** `bytes` as they are uncompressed; no more than the file's count. */
  reading(index: number, bytes: number): void {
    this.#read.set(index, Math.min(bytes, this.#files[index]!.size));
    this.#show();
  }

  done(index: number): void {
    this.#read.delete(index);
    this.#done++;
    this.#bytes += this.#files[index]!.size;
    this.#show();
  }

  clear(): void {
    this.#line.clear();
  }

  #show(): void {
    const bytes = [...this.#read.values()].reduce((sum, part) => sum + part, this.#bytes);
    this.#line.show(`${this.#done} of ${this.#files.length} traces, ${formatBytes(bytes)} of ${formatBytes(this.#total)}`);
  }
}
