/** The thread behind trace-workers.ts: reads one stored trace at a time and answers with the bytes of a slice or the JSON of a timeline. */
import { parentPort } from "node:worker_threads";
import { createTimeline, type Timeline } from "../../features/timeline.ts";
import { isForetraceError } from "../../lib/errors.ts";
import { traceNanos } from "../../lib/units.ts";
import { openBytes, openRanges } from "../../sources/bytes.ts";
import { traceCores } from "../../sources/trace-core.ts";
import { loadIndex } from "../../sources/trace-index-file.ts";
import { readTrace } from "../../trace/read.ts";
import { sliceTrace } from "../../trace/slice.ts";
import { StaleIndex } from "../../trace/trace-index.ts";
import { beginNear, later } from "./trace-near.ts";
import type { TraceAnswer, TraceTask } from "./trace-protocol.ts";

const port = parentPort!;
let wake: (() => void) | undefined;

port.on("message", (message: TraceTask | "next") => {
  if (message === "next") wake?.();
  else void serve(message);
});

async function serve(task: TraceTask): Promise<void> {
  try {
    for await (const chunk of answerOf(task)) {
      const asked = new Promise<void>((resolve) => {
        wake = resolve;
      });
      // A copy: what the reader hands out may be a view of bytes that it keeps.
      answer({ chunk: chunk.slice() });
      await asked;
    }
    answer({ done: true });
  } catch (error) {
    if (isForetraceError(error)) answer({ error: { code: error.code, message: error.message, place: error.place } });
    else answer({ error: { code: "internal", message: error instanceof Error ? error.message : String(error), place: {} } });
  }
}

const answer = (message: TraceAnswer): void => port.postMessage(message);

async function* answerOf(task: TraceTask): AsyncGenerator<Uint8Array, void> {
  if (task.kind === "slice") {
    const range = { from: traceNanos(task.from), to: traceNanos(task.to) };
    yield* sliceTrace(openRanges(task.path), range, { core: traceCores, index: await loadIndex(task.path, () => {}) });
    return;
  }
  const text = new TextEncoder().encode(JSON.stringify(await readTimeline(task)));
  for (let at = 0; at < text.length; at += pieceBytes) yield text.subarray(at, at + pieceBytes);
}

const pieceBytes = 1 << 18;

/** Reads no more than the range needs. A trace that breaks off gives what came before; one that gives nothing is its error. */
async function readTimeline({ path, from, to, width }: Extract<TraceTask, { kind: "timeline" }>, useIndex = true): Promise<Timeline> {
  const stop = new AbortController();
  const near = useIndex && from > 0 ? beginNear(from, path, await loadIndex(path, () => {})) : undefined;
  const timeline = createTimeline({ from, to, width, begin: near?.begin ?? 0 });
  const visitor = near === undefined ? timeline : later(timeline, near.begin);
  const progress = (): void => {
    if (timeline.complete) stop.abort();
  };
  try {
    const source = near?.source ?? openBytes(path, { reuse: true });
    const outcome = await readTrace(source, visitor, { signal: stop.signal, progress, core: traceCores });
    if (outcome.error !== undefined && outcome.events === 0) throw outcome.error;
  } catch (error) {
    if (error instanceof StaleIndex) return readTimeline({ kind: "timeline", path, from, to, width }, false);
    if (!stop.signal.aborted) throw error;
  }
  return timeline.finish();
}
