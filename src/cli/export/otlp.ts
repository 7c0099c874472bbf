/** `foretrace export --format otlp`: spans, and the wall clock that they need. */
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { ForetraceError } from "../../lib/errors.ts";
import { otlpExporter, type OtlpOptions } from "../../export/otlp/exporter.ts";
import { traceCores } from "../../sources/trace-core.ts";
import { readTrace } from "../../trace/read.ts";
import { exportEvents, type ExportRequest, type ExportResult } from "../export.ts";
import { traceClock } from "../moment.ts";
import { rfc3339Millis } from "../rfc3339.ts";

/** A moment that makes {@link traceClock} look. */
const anyMoment = "1970-01-01T00:00:00Z";
/** How long the runtime may keep what it wrote last, milliseconds. */
const flushMillis = 1000;

export async function exportOtlp(request: ExportRequest): Promise<ExportResult> {
  const name = request.input === "-" ? "unknown_service:go" : basename(request.input);
  const clock = await fallbackClock(request);
  return exportEvents(request, (target) => otlpExporter({ service: request.service ?? name, clock }, target));
}

/** For traces without a clock: what was given, else the file's time less the trace's length, else now. */
async function fallbackClock({ input, open, recordedAt, signal, salvage = false }: ExportRequest): Promise<OtlpOptions["clock"]> {
  if (recordedAt !== undefined) {
    const millis = rfc3339Millis(recordedAt);
    if (millis === undefined || Number.isNaN(millis)) {
      throw new ForetraceError("bad_usage", `--recorded-at ${recordedAt} is no moment; write for example 2026-11-25T10:00:00Z`, {
        input: "--recorded-at",
      });
    }
    return { wallAtOrigin: nanosOf(millis), source: "time given", errorMillis: undefined };
  }
  if (input === "-") return { wallAtOrigin: nanosOf(Date.now()), source: "time of reading", errorMillis: undefined };
  if ((await traceClock(open, [anyMoment])) !== undefined) return { wallAtOrigin: 0n, source: "trace", errorMillis: undefined };
  // The length is known only at the end: such a trace is read twice.
  const { end } = await readTrace(open(), { event() {} }, { core: traceCores, salvage, ...(signal === undefined ? {} : { signal }) });
  const { mtimeMs } = await stat(input);
  return { wallAtOrigin: nanosOf(mtimeMs) - BigInt(Math.round(end)), source: "file's time", errorMillis: flushMillis };
}

const nanosOf = (millis: number): bigint => BigInt(Math.round(millis * 1000)) * 1000n;
