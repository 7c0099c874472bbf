/** The reference traces with their series and summaries, and where their events come from. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { traceCores } from "../../src/sources/trace-core.ts";
import type { TraceVisitor } from "../../src/trace/model.ts";
import { readTrace } from "../../src/trace/read.ts";
import { sharedDir } from "../helpers/shared.ts";
import { readReferenceEvents, replay } from "./reference-events.ts";

const traces = join(sharedDir ?? "/absent", "traces");
export const realDir = join(traces, "real");
export const featuresDir = join(traces, "features");
export const hasTraces = existsSync(featuresDir);

/** Minor version of the format, from the header. */
export function formatVersion(trace: string): number {
  return Number(/^go 1\.(\d+) trace/.exec(readFileSync(join(realDir, `${trace}.trace`)).toString("latin1", 0, 16))?.[1] ?? 0);
}

const eventList = (trace: string): string => join(realDir, `${trace}.trace.tsv.gz`);

/** Whether the events come from our reader, without and with its WebAssembly core, or from the reference reader's own list (small traces, older formats too). */
export type EventSource = "reader" | "core" | "list";
export const sourcesOf = (trace: string): EventSource[] => [
  ...(existsSync(eventList(trace)) ? ["list" as const] : []),
  "reader",
  // The core is for the formats with generations.
  ...(formatVersion(trace) >= 22 ? ["core" as const] : []),
];

export async function feed(trace: string, source: EventSource, visitor: TraceVisitor): Promise<void> {
  if (source === "list") replay(readReferenceEvents(eventList(trace), formatVersion(trace)), visitor);
  else await readTrace([readFileSync(join(realDir, `${trace}.trace`))], visitor, { core: source === "core" ? traceCores : undefined });
}

/** Every file of traces/features: the trace it is of, and its window. */
export const goldenSeries: readonly { readonly trace: string; readonly millis: number; readonly path: string }[] = hasTraces
  ? readdirSync(featuresDir).flatMap((name) => {
      const match = /^(.*)\.w(\d+)ms\.csv\.gz$/.exec(name);
      return match === null ? [] : [{ trace: match[1]!, millis: Number(match[2]), path: join(featuresDir, name) }];
    })
  : [];

export const traceNames: readonly string[] = [...new Set(goldenSeries.map(({ trace }) => trace))];

export type ReferenceSummary = {
  readonly header: string;
  readonly events: number;
  readonly first: number;
  readonly last: number;
  readonly kinds: Readonly<Record<string, number>>;
  readonly by_name_top60: readonly GoroutineTotals[];
  readonly goroutine_totals: GoroutineTotals;
};
/** Of one function, or of all; ID and End are numbers of goroutines, times nanoseconds. */
export type GoroutineTotals = {
  readonly ID: number;
  readonly Name: string;
  readonly End: number;
  readonly Exec: number;
  readonly SchedWait: number;
  readonly Syscall: number;
  readonly SyscallBlock: number;
  readonly Block: Readonly<Record<string, number>>;
};
export const readReferenceSummary = (trace: string): ReferenceSummary =>
  JSON.parse(readFileSync(join(realDir, `${trace}.trace.summary.json`), "utf8")) as ReferenceSummary;

/** One reading for several visitors. */
export function tee(visitors: readonly TraceVisitor[]): TraceVisitor {
  return {
    start: (info) => visitors.forEach((one) => one.start?.(info)),
    generation: (tables) => visitors.forEach((one) => one.generation?.(tables)),
    event(kind, time, thread, proc, goroutine, stack, a, b, c, d, e, f) {
      for (let i = 0; i < visitors.length; i++) visitors[i]!.event(kind, time, thread, proc, goroutine, stack, a, b, c, d, e, f);
    },
  };
}
