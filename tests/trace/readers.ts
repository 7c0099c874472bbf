/** The two ways to read a trace: with the WebAssembly core and without. Every test of reading runs over both. */
import { createHash } from "node:crypto";
import { isForetraceError } from "../../src/lib/errors.ts";
import { traceCores } from "../../src/sources/trace-core.ts";
import { EventKind, RangeName, type GenerationTables, type TraceCores, type TraceOutcome } from "../../src/trace/model.ts";
import { readTrace } from "../../src/trace/read.ts";

export const core: TraceCores = traceCores;
if (core.generations() === undefined || core.old() === undefined)
  throw new Error("build/kernels/trace.wasm or trace-old.wasm is not there; make it with: node scripts/build.ts --quick");

export type Reader = { readonly name: string; readonly core: TraceCores | undefined };
export const readers: readonly Reader[] = [
  { name: "plain", core: undefined },
  { name: "core", core },
];

export type Reading = { sha256: string; events: number; outcome: Partial<TraceOutcome>; message: string; place: unknown };

/**
 * Everything that a reading delivers in one hash: all twelve numbers of every event, all tables' clocks and experiments,
 * and the text of every string and stack where a generation first names it.
 */
export async function readingOf(bytes: Uint8Array, core: TraceCores | undefined): Promise<Reading> {
  const hash = createHash("sha256");
  const block = new Float64Array(12 * 1024);
  let used = 0;
  let events = 0;
  let tables: GenerationTables | undefined;
  const seen = new Set<string>();
  const flush = (): void => {
    hash.update(new Uint8Array(block.buffer, 0, used * 8));
    used = 0;
  };
  const name = (id: number): void => {
    if (id !== 0 && !seen.has(`s${id}`)) hash.update(`s${id}=${tables!.string(id)}`);
    seen.add(`s${id}`);
  };
  const stack = (id: number): void => {
    if (id === 0 || seen.has(`k${id}`)) return;
    seen.add(`k${id}`);
    hash.update(`k${id}=${tables!.stack(id).map(({ pc, func, file, line }) => `${pc} ${func} ${file}:${line};`).join("")}`); // prettier-ignore
  };
  const visitor = {
    generation(next: GenerationTables) {
      tables = next;
      seen.clear();
      const { clock } = next;
      hash.update(`${next.generation} ${clock?.trace} ${clock?.mono} ${clock?.wall}`);
      for (const [experiment, batches] of next.experiments) for (const batch of batches) hash.update(experiment).update(batch);
    },
    event(...event: number[]) {
      events++;
      block.set(event, used);
      used += 12;
      if (used === block.length) flush();
      const [kind, , , , , at, a, b, c, d, e] = event as [EventKind, ...number[]];
      stack(at!);
      if (kind === EventKind.GoTransition) {
        name(d!);
        stack(e!);
      } else if (kind === EventKind.Label) name(a!);
      else if (kind === EventKind.RegionBegin || kind === EventKind.RegionEnd) name(b!);
      else if (kind === EventKind.TaskBegin || kind === EventKind.TaskEnd) name(c!);
      else if (kind === EventKind.Log) [b!, c!].forEach(name);
      else if (kind >= EventKind.RangeBegin && kind <= EventKind.RangeEnd && a === RangeName.StopTheWorld) name(b!);
    },
  };
  try {
    const { error, ...outcome } = await readTrace([bytes], visitor, { core });
    flush();
    return { sha256: hash.digest("hex"), events, outcome, message: `${error?.code} ${error?.message}`, place: error?.place };
  } catch (error) {
    if (!isForetraceError(error)) throw error;
    flush();
    return { sha256: hash.digest("hex"), events, outcome: {}, message: `thrown ${error.code} ${error.message}`, place: error.place };
  }
}
