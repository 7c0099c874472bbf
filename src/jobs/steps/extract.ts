/** A stored trace → its series in the store, on the wall-clock grid, and what is known of it in its record. */
import { ForetraceError, isForetraceError } from "../../lib/errors.ts";
import { parseSeriesName } from "../../lib/series.ts";
import { epochMillis, traceToEpoch } from "../../lib/units.ts";
import type { SampleBatch, TraceRecord } from "../../store/ports.ts";
import type { Step } from "../step.ts";
import { runThread } from "../thread.ts";
import type { ExtractPart, ExtractResult, ExtractTask } from "../workers/extract.ts";

export type ExtractInput = { readonly trace: string };
export type ExtractOutput = {
  readonly status: TraceRecord["status"];
  readonly events: number;
  readonly cells: number;
  readonly error?: string;
};

/**
 * Reads the trace in a thread and appends its series with the label `target`, then asks for scoring.
 * A broken trace gives what came before the break (status `partial`); one that gives nothing is `failed`, and so is the job.
 * @throws ForetraceError not_found for an unknown trace; the trace's own error when nothing of it could be read.
 */
export const extract: Step<ExtractInput, ExtractOutput> = async ({ trace: id }, context) => {
  const { store, config, log } = context;
  const record = await store.traces.get(id);
  if (record === undefined) throw new ForetraceError("not_found", `no trace "${id}" is stored`, { input: "trace" });
  const path = await store.traces.path?.(id);
  if (path === undefined) throw new ForetraceError("store_failed", `the file of trace ${id} is not on this machine`);
  const { target } = record;
  let result: ExtractResult;
  try {
    const task: ExtractTask = { id, path, gridMillis: config.gridMillis, record };
    result = await runThread<ExtractTask, ExtractResult, ExtractPart>("extract.ts", task, {
      signal: context.signal,
      progress: context.progress,
      onPart: (part) => store.series.append(part.map((series) => batchOf(series, target))),
    });
  } catch (error) {
    if (isForetraceError(error) && !error.retryable && error.code !== "canceled") {
      await store.traces.update(id, { status: "failed", error: error.message });
    }
    throw error;
  }
  const { error, origin, events, cells, version } = result;
  const status = error === undefined ? "extracted" : events > 0 || cells > 0 ? "partial" : "failed";
  await store.traces.update(id, {
    status,
    events,
    ...(version !== undefined && { version }),
    ...(origin !== undefined && {
      start: origin.at,
      end: traceToEpoch(origin.at, result.end),
      clock: origin.clock,
      ...(origin.errorMillis !== undefined && { clockErrorMillis: origin.errorMillis }),
    }),
    ...(error !== undefined && { error: error.message }),
  });
  log.info({ trace: id, target, status, events, cells }, "trace read");
  if (status === "failed") throw new ForetraceError(error!.code, error!.message, { input: id });
  if (cells > 0) await context.enqueue("score", { target, renew: true });
  return { status, events, cells, ...(error && { error: error.message }) };
};

function batchOf({ name, t, v }: ExtractPart[number], target: string): SampleBatch {
  return { labels: { ...parseSeriesName(name), target }, samples: Array.from(t, (at, i) => ({ t: epochMillis(at), v: v[i]! })) };
}
