/** Runs an exporter over a trace in memory, as the command does. */
import { traceCores } from "../../src/sources/trace-core.ts";
import type { Exporter, ExportTarget } from "../../src/export/exporter.ts";
import type { TraceOutcome, TraceVisitor } from "../../src/trace/model.ts";
import { readTrace } from "../../src/trace/read.ts";

export type Exported = { readonly bytes: Uint8Array; readonly remarks: readonly string[]; readonly outcome: TraceOutcome };

/** Several exporters over one reading. */
export async function exportedByAll(trace: Uint8Array, creates: readonly ((target: ExportTarget) => Exporter)[]): Promise<Uint8Array[]> {
  const pieces = creates.map((): Uint8Array[] => []);
  const exporters = creates.map((create, i) => create({ from: 0, to: Number.POSITIVE_INFINITY, write: (bytes) => pieces[i]!.push(bytes) }));
  const visitor: TraceVisitor = {
    start: (info) => exporters.forEach((one) => one.visitor.start?.(info)),
    generation: (tables) => exporters.forEach((one) => one.visitor.generation?.(tables)),
    event(...event) {
      for (const one of exporters) one.visitor.event(...event);
    },
  };
  const outcome = await readTrace([trace], visitor, { core: traceCores });
  for (const one of exporters) one.finish(outcome);
  return pieces.map((found) => new Uint8Array(Buffer.concat(found)));
}

export async function exported(
  trace: Uint8Array,
  create: (target: ExportTarget) => Exporter,
  range: { from?: number; to?: number } = {},
): Promise<Exported> {
  const pieces: Uint8Array[] = [];
  const exporter = create({ from: range.from ?? 0, to: range.to ?? Number.POSITIVE_INFINITY, write: (bytes) => pieces.push(bytes) });
  const outcome = await readTrace([trace], exporter.visitor, { core: traceCores });
  const remarks = exporter.finish(outcome);
  return { bytes: new Uint8Array(Buffer.concat(pieces)), remarks, outcome };
}
