/**
 * Rows of earlier runs, so that files that did not change are not read again. A file of lines: what it was made with, then a line a trace,
 * written as soon as its row is there. A line that a kill cut short is left out; all before it counts.
 */
import { createHash } from "node:crypto";
import { closeSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { open } from "node:fs/promises";
import { resolve } from "node:path";
import { ForetraceError } from "../../lib/errors.ts";
import { version } from "../version.ts";
import type { TraceFile } from "./find.ts";
import type { RowOptions, TraceRow } from "./row.ts";

/** Raised when a row's fields change, so that rows of before are made anew. */
const schema = 1;
const kind = "foretrace-rows";
/** Of each end of the file, for the fingerprint. */
const printedBytes = 64 * 1024;

type Line = { readonly path: string; readonly size: number; readonly modified: string; readonly print: string; readonly row: TraceRow };

export class KnownRows {
  readonly #file: string;
  readonly #lines: Map<string, Line>;
  readonly #fd: number;

  private constructor(file: string, lines: Map<string, Line>, fd: number) {
    this.#file = file;
    this.#lines = lines;
    this.#fd = fd;
  }

  /**
   * Reads the rows of a file, if there is one, and opens it for more. Rows that were made with other options are dropped.
   * @throws ForetraceError bad_usage for a file that is something else, or that cannot be written.
   */
  static open(file: string, options: RowOptions): KnownRows {
    const head = JSON.stringify({ kind, schema, version, options });
    const lines = readLines(file, head);
    try {
      // Made anew beside it, so that a kill in between loses nothing.
      const fd = openSync(`${file}.part`, "w");
      writeSync(fd, [head, ...Array.from(lines.values(), (line) => JSON.stringify(line)), ""].join("\n"));
      renameSync(`${file}.part`, file);
      return new KnownRows(file, lines, fd);
    } catch (cause) {
      throw unwritable(file, cause);
    }
  }

  /** The row of a file whose size, time and fingerprint are as they were. */
  async find(file: TraceFile): Promise<TraceRow | undefined> {
    const line = this.#lines.get(resolve(file.path));
    if (line === undefined || line.size !== file.size || line.modified !== file.modified) return undefined;
    return (await fingerprint(file)) === line.print ? { ...line.row, file: file.path } : undefined;
  }

  /** Keeps a row; one that tells of this machine's trouble and not of the trace is made again next time. */
  async add(file: TraceFile, row: TraceRow): Promise<void> {
    if (row.error !== null && !lasting.has(row.error.code)) return;
    const print = await fingerprint(file);
    if (print === undefined) return;
    const line: Line = { path: resolve(file.path), size: file.size, modified: file.modified, print, row };
    try {
      writeSync(this.#fd, `${JSON.stringify(line)}\n`);
    } catch (cause) {
      throw unwritable(this.#file, cause);
    }
  }

  close(): void {
    closeSync(this.#fd);
  }
}

const lasting: ReadonlySet<string> = new Set([
  "not_a_trace",
  "empty_input",
  "trace_version_unsupported",
  "trace_malformed",
  "trace_truncated",
  "trace_inconsistent",
  "trace_rule_broken",
  "too_many_windows",
  "too_large",
]);

function unwritable(file: string, cause: unknown): ForetraceError {
  return new ForetraceError("bad_usage", `cannot write ${file}: ${(cause as Error).message}; give --resume a place that can be written`, {
    input: "--resume",
    cause,
  });
}

function readLines(file: string, head: string): Map<string, Line> {
  const lines = new Map<string, Line>();
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return lines;
    throw new ForetraceError("bad_usage", `cannot read ${file}: ${(cause as Error).message}`, { input: "--resume", cause });
  }
  const [first = "", ...rest] = text.split("\n");
  if (text !== "" && !first.startsWith(`{"kind":"${kind}"`)) {
    // A trace or a result that was named by mistake must not be written over.
    throw new ForetraceError("bad_usage", `${file} is not a file of --resume; name one that does not exist yet`, { input: "--resume" });
  }
  if (first !== head) return lines;
  for (const line of rest) {
    const found = parseLine(line);
    if (found !== undefined) lines.set(found.path, found);
  }
  return lines;
}

function parseLine(text: string): Line | undefined {
  try {
    const line = JSON.parse(text) as Partial<Line> | null;
    const isWhole = typeof line?.path === "string" && typeof line.print === "string" && Array.isArray(line.row?.findings);
    return isWhole ? (line as Line) : undefined;
  } catch {
    return undefined;
  }
}

/** SHA-256 of the size, the first and the last 64 KiB; undefined when the file cannot be read. */
async function fingerprint({ path, size }: TraceFile): Promise<string | undefined> {
  try {
    const handle = await open(path);
    try {
      const hash = createHash("sha256").update(`${size}\n`);
      const buffer = Buffer.allocUnsafe(printedBytes);
      for (const at of size > printedBytes ? [0, size - printedBytes] : [0]) {
        const { bytesRead } = await handle.read(buffer, 0, printedBytes, at);
        hash.update(buffer.subarray(0, bytesRead));
      }
      return hash.digest("hex").slice(0, 32);
    } finally {
      await handle.close();
    }
  } catch {
    return undefined;
  }
}
