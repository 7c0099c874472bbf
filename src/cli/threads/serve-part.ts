/** In a worker thread: the core series of a part of a trace, from its border to where the next one begins. */
import { closeSync, openSync, readSync } from "node:fs";
import { workerData } from "node:worker_threads";
import { createSeriesPart } from "../../features/core-series.ts";
import { RowChunks } from "../../features/series-part.ts";
import { isForetraceError } from "../../lib/errors.ts";
import { traceCores } from "../../sources/trace-core.ts";
import type { GenerationReader } from "../../trace/generation-reader.ts";
import { headerText } from "../../trace/header.ts";
import { readTracePart } from "../../trace/read.ts";
import { BorderState, Cell, Shared, Verdict, type FromPart, type Known, type PartTask, type SentError } from "./protocol.ts";

const { file, version, windowNanos, border, ends, cells, numbers, port } = workerData as PartTask;

const pieceBytes = 1 << 20;
/** Numbers in a chunk of rows, and chunks that may be under way: some 16 MiB in all. */
const chunkNumbers = 1 << 18;
const chunksAhead = 8;

/** Thrown out of the reading where there is nothing more to do. */
class Stop extends Error {}

const send = (message: FromPart, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);

function tell(state: number): void {
  Atomics.store(cells, Cell.Border, state);
  Atomics.notify(cells, Cell.Border);
}

function opened(): number {
  try {
    return openSync(file, "r");
  } catch {
    // It was there a moment ago; the main thread has it open.
    throw new Stop();
  }
}

function* bytes(): Generator<Uint8Array> {
  yield new TextEncoder().encode(headerText(version));
  const handle = opened();
  try {
    // Two in turn: the reader keeps the last piece while it asks for the next.
    const pieces = [Buffer.allocUnsafeSlow(pieceBytes), Buffer.allocUnsafeSlow(pieceBytes)];
    for (let at = border.warmUp, turn = 0; ; turn ^= 1) {
      const count = readSync(handle, pieces[turn]!, 0, pieceBytes, at);
      if (count === 0) return;
      at += count;
      yield pieces[turn]!.subarray(0, count);
    }
  } finally {
    closeSync(handle);
  }
}

const chunks = new RowChunks();
let reader: GenerationReader | undefined;
/** Windows from this one on are this part's, and up to which one. */
let firstWindow = Number.POSITIVE_INFINITY;
let lastWindow = Number.POSITIVE_INFINITY;
let sent = 0;

const series = createSeriesPart({ windowNanos }, (row) => {
  if (row.index < firstWindow) return;
  chunks.add(row);
  if (chunks.length >= chunkNumbers) flush();
  if (row.index === lastWindow) throw new Stop();
});

/** Sends what there is; at the end also where that is no row, for what was assumed. */
function flush(): void {
  for (let done = Atomics.load(cells, Cell.Settled); sent - done >= chunksAhead; done = Atomics.load(cells, Cell.Settled)) {
    Atomics.wait(cells, Cell.Settled, done);
  }
  sent++;
  const chunk = chunks.take(series);
  send({ kind: "rows", chunk, assumed: reader?.takeAssumed() }, [chunk.rows.buffer, chunk.left.buffer]);
}

function knownAt(at: GenerationReader): Known | undefined {
  const scheduler = at.snapshot();
  if (scheduler === undefined) return undefined;
  return { scheduler, series: series.snapshot(scheduler.goroutines), events: at.events, generations: at.generations };
}

function onGeneration(begin: number, at: GenerationReader): void {
  reader = at;
  if (begin < border.offset) return;
  if (firstWindow === Number.POSITIVE_INFINITY) {
    const known = begin === border.offset ? knownAt(at) : undefined;
    if (known === undefined) throw new Stop();
    firstWindow = known.series.index + 1;
    at.takeAssumed();
    send({ kind: "border", known });
    tell(BorderState.Sent);
  } else if (ends.includes(begin)) {
    const known = knownAt(at);
    if (known === undefined) return;
    flush();
    send({ kind: "end", known, assumed: at.takeAssumed() });
    Atomics.wait(cells, Cell.Verdict, Verdict.None);
    if (Atomics.exchange(cells, Cell.Verdict, Verdict.None) === Verdict.Stop) lastWindow = known.series.index;
  }
}

const sendable = (error: unknown): SentError =>
  isForetraceError(error)
    ? { code: error.code, message: error.message, place: error.place }
    : { code: undefined, message: error instanceof Error ? (error.stack ?? error.message) : String(error), place: {} };

async function read(): Promise<void> {
  Atomics.wait(cells, Cell.Origin, 0);
  const outcome = await readTracePart(
    bytes(),
    series,
    {
      core: traceCores,
      progress: (offset) => void (numbers[Shared.Offset] = offset),
      start: { begin: border.warmUp, origin: numbers[Shared.Origin]!, border },
    },
    ({ begin }, at) => onGeneration(begin, at),
  );
  series.finish();
  flush();
  const { error, bytes: length, events, generations, end } = outcome;
  send({ kind: "finished", outcome: { bytes: length, events, generations, end, error: error && sendable(error) } });
}

try {
  await read();
} catch (error) {
  const isBefore = firstWindow === Number.POSITIVE_INFINITY;
  // What happens before the border may come of what is not known there: the part before gets on without this one, unless it is a defect.
  const isUseless = isBefore && (error instanceof Stop || isForetraceError(error));
  if (isUseless) tell(BorderState.None);
  else {
    if (!isBefore) flush();
    send(error instanceof Stop ? { kind: "stopped" } : { kind: "failed", error: sendable(error) });
    if (isBefore) tell(BorderState.Sent);
  }
}
if (firstWindow === Number.POSITIVE_INFINITY && Atomics.load(cells, Cell.Border) === BorderState.Pending) tell(BorderState.None);
