/** What is made of the events of a trace, whatever they are: series, summaries, exports, the text form, slices. */
import { crc32 } from "node:zlib";
import { createCoreSeries } from "../../src/features/core-series.ts";
import { createSummary } from "../../src/features/summary.ts";
import { isForetraceError } from "../../src/lib/errors.ts";
import type { Random } from "../../src/lib/random.ts";
import { traceNanos } from "../../src/lib/units.ts";
import type { Exporter, ExportTarget } from "../../src/export/exporter.ts";
import { otlpExporter } from "../../src/export/otlp/exporter.ts";
import { perfettoExporter } from "../../src/export/perfetto/exporter.ts";
import { pprofExporter } from "../../src/export/pprof/exporter.ts";
import { profileKinds } from "../../src/export/pprof/kinds.ts";
import { speedscopeExporter } from "../../src/export/speedscope/exporter.ts";
import type { TraceOutcome, TraceVisitor } from "../../src/trace/model.ts";
import { readTraceSpans } from "../../src/trace/read.ts";
import { sliceTrace, type SliceOptions } from "../../src/trace/slice.ts";
import { traceFromText } from "../../src/trace/text/from-text.ts";
import { traceToText } from "../../src/trace/text/to-text.ts";
import { TraceIndexer } from "../../src/trace/trace-index.ts";
import { Digest } from "./digest.ts";
import { brokenCodes, read, refused, thrownCodes } from "./reading.ts";

export type View = {
  readonly bytes: Uint8Array;
  /** That of the plain reader. */
  readonly outcome: TraceOutcome;
  readonly random: Random;
  /** Read to the end, and no rule was broken. */
  readonly isSound: boolean;
};

/** Every window of the series has numbers (none below 0 where the trace is sound), the same with the core and without, and the summary is one. */
export async function checkFeatures({ bytes, outcome, random, isSound }: View): Promise<void> {
  const count = [1, 7, 40][random.below(3)]!;
  const windowNanos = Math.max(1, Math.ceil((outcome.end + 1) / count));
  const tables: string[] = [];
  for (const withCore of random.below(4) === 0 ? [false, true] : [false]) {
    const rows: string[] = [];
    const series = createCoreSeries({
      windowNanos,
      onWindow({ index, start, length, values }) {
        for (const [name, value] of values)
          if (!Number.isFinite(value) || (isSound && value < 0)) throw new Error(`${name} is ${value} in window ${index}`);
        rows.push(`${start} ${length} ${JSON.stringify([...values].sort())}`);
      },
    });
    await read(bytes, series, withCore);
    series.finish();
    tables.push(rows.join("\n"));
  }
  if (tables.length > 1 && tables[0] !== tables[1]) throw new Error("series differ with the core and without");
  const summary = createSummary({ windowNanos, from: 0, to: windowNanos * count });
  await read(bytes, summary, false);
  if (typeof summary.finish().events !== "number") throw new Error("no summary");
}

/** A form that ends in a document of JSON says so by its lines. */
type Form = { make(target: ExportTarget): Exporter; readonly json: "document" | "lines" | undefined };
const clock = { wallAtOrigin: 1n, source: "fuzz", errorMillis: undefined };
const forms: readonly Form[] = [
  ...profileKinds.map((kind): Form => ({ make: (target) => pprofExporter(kind, target), json: undefined })),
  { make: (target) => otlpExporter({ service: "fuzz", clock }, target), json: "lines" },
  { make: (target) => perfettoExporter("fuzz", target), json: undefined },
  { make: (target) => speedscopeExporter("fuzz", target), json: "document" },
];
/** Of what an event comes to at most, with the stack and the texts that it names. */
const bytesPerByte = 20_000;

export async function checkExport({ bytes, random, outcome }: View): Promise<void> {
  const { make, json } = forms[random.below(forms.length)]!;
  const parts: Uint8Array[] = [];
  const half = Math.floor(outcome.end / 2);
  const range = random.below(2) === 0 ? { from: 0, to: Number.POSITIVE_INFINITY } : { from: half, to: half + 1000 };
  try {
    const exporter = make({ ...range, write: (part) => void parts.push(part.slice()) });
    await read(bytes, exporter.visitor, false);
    exporter.finish(outcome);
  } catch (error) {
    if (!isForetraceError(error)) throw error;
    return;
  }
  const made = Buffer.concat(parts);
  if (made.length > bytesPerByte * (bytes.length + 16)) throw new Error(`${made.length} bytes exported of ${bytes.length}`);
  if (json === "document") JSON.parse(made.toString("utf8"));
  if (json === "lines") for (const line of made.toString("utf8").split("\n")) if (line !== "") JSON.parse(line);
}

/** Text that was written to the end is read as the same bytes. */
export async function checkText(bytes: Uint8Array): Promise<void> {
  let text = "";
  try {
    for await (const part of traceToText([bytes])) text += part;
  } catch (error) {
    refused(error, [...brokenCodes, ...thrownCodes]);
    return;
  }
  if (Buffer.compare(traceFromText(text), bytes) !== 0) throw new Error("the text form is not that of the same bytes");
}

/** A slice is a trace, made with an index or without; of a sound one it can be read. */
export async function checkSlice({ bytes, outcome, isSound, random }: View): Promise<void> {
  const where = random.uniform();
  const range = { from: traceNanos(Math.floor(where * outcome.end)), to: traceNanos(Math.floor(outcome.end * (where + (1 - where) / 2))) };
  const index = random.below(2) === 0 ? await indexOf(bytes) : undefined;
  const part = await slice(bytes, range, index === undefined ? {} : { index: { of: index, crc32 } });
  if (part === undefined) return;
  const { said, outcome: again } = await read(part, new Digest(), false);
  if (isSound && again?.error !== undefined) throw new Error(`the slice ${range.from}..${range.to} of a sound trace breaks off: ${said}`);
}

async function slice(bytes: Uint8Array, range: Parameters<typeof sliceTrace>[1], options: SliceOptions): Promise<Buffer | undefined> {
  const parts: Uint8Array[] = [];
  try {
    for await (const part of sliceTrace(() => [bytes], range, options)) parts.push(part);
  } catch (error) {
    refused(error, ["bad_usage"]);
    return undefined;
  }
  return Buffer.concat(parts);
}

async function indexOf(bytes: Uint8Array): Promise<ReturnType<TraceIndexer["finish"]>> {
  const indexer = new TraceIndexer(crc32);
  const visitor: TraceVisitor = { generation: (tables) => indexer.generation(tables), event: (kind, time) => indexer.event(kind, time) };
  return indexer.finish(await readTraceSpans(indexer.tap([bytes]), visitor, {}, indexer.onSpan));
}

/** Notes the digest of the first events. */
class PrefixDigest extends Digest {
  readonly #count: number;
  prefix: number | undefined;

  constructor(count: number) {
    super();
    this.#count = count;
  }

  override event(...event: Parameters<Digest["event"]>): void {
    if (event[1] <= this.last) throw new Error(`time ${event[1]} after ${this.last}`);
    super.event(...event);
    if (this.events === this.#count) this.prefix = this.hash;
  }
}

/** With `salvage` comes all that comes without, and then perhaps more; both ends are the same error. */
export async function checkSalvage({ bytes, outcome, random }: View, hash: number, said: string): Promise<void> {
  const digest = new PrefixDigest(outcome.events);
  const salvaging = await read(bytes, digest, random.below(2) === 0, undefined, true);
  if (salvaging.outcome === undefined) throw new Error(`salvage refuses what is read without: ${salvaging.said}`);
  // Without any generation there is a Sync alone, at a time of its own.
  if (outcome.generations > 0 && digest.prefix !== hash)
    throw new Error(`salvage gives other events than come without: ${digest.events}, ${outcome.events} without`);
  if (salvaging.said !== said) throw new Error(`salvage ends otherwise: ${salvaging.said}, without: ${said}`);
  if (salvaging.outcome.events !== digest.events)
    throw new Error(`salvage counts ${salvaging.outcome.events} events, gives ${digest.events}`);
  if (digest.events > 2 * bytes.length + 64) throw new Error(`salvage gives ${digest.events} events of ${bytes.length} bytes`);
  const series = createCoreSeries({ windowNanos: Math.max(1, Math.ceil((salvaging.outcome.end + 1) / 20)), onWindow() {} });
  await read(bytes, series, false, undefined, true);
  series.finish();
}
