/** Golden answers of the reference reader, and our reading of the same bytes in the same form. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import {
  EventKind,
  goStateNames,
  procStateNames,
  type GenerationTables,
  type TraceCores,
  type TraceOutcome,
  type TraceVisitor,
} from "../../src/trace/model.ts";
import { readTrace } from "../../src/trace/read.ts";
import { sharedDir } from "../helpers/shared.ts";
import { EventLister } from "./event-list.ts";

const fixtures = resolve(import.meta.dirname, "../fixtures/traces");
/** What golang.org/x/exp/trace gives, by file name: see fixtures/traces/README.md. */
export const goldenLists = JSON.parse(readFileSync(join(fixtures, "golden.json"), "utf8")) as Record<
  string,
  { events: number; sha256: string; error: string }
>;

export const shared = (path: string): string => join(sharedDir!, "traces", path);
export const sharedFiles = (folder: string, like: RegExp): string[] =>
  sharedDir === undefined
    ? []
    : readdirSync(shared(folder))
        .filter((name) => like.test(name))
        .map((name) => shared(`${folder}/${name}`));

/** A trace by name: from the repository, or from the shared data; undefined when it is in neither. */
export function traceBytes(name: string): Uint8Array | undefined {
  if (existsSync(join(fixtures, name))) return readFileSync(join(fixtures, name));
  if (existsSync(join(fixtures, `${name}.gz`))) return gunzipSync(readFileSync(join(fixtures, `${name}.gz`)));
  return sharedDir !== undefined && existsSync(shared(`real/${name}`)) ? readFileSync(shared(`real/${name}`)) : undefined;
}

export const v2Traces: readonly string[] = Object.keys(goldenLists).filter((name) => traceBytes(name) !== undefined);
export const baseName = (path: string): string => basename(path).replace(/\.(bin|test|txt)$/, "");

/** The lines of a golden list. Metric values become the nearest double's, as ours are; a stack with no frames is no stack. */
export const goldenLines = (path: string): string[] =>
  gunzipSync(readFileSync(path))
    .toString("utf8")
    .trimEnd()
    .split("\n")
    .map((line) =>
      line
        .replace(/(\tMetric\t.*\t)(\d{16,})$/, (_, head: string, value: string) => head + BigInt(Number(value)))
        .replace(/\t0:811c9dc5$/, "\t-"),
    );

export async function eventLines(bytes: Uint8Array, core?: TraceCores): Promise<{ lines: string[]; outcome: TraceOutcome }> {
  const lines: string[] = [];
  const outcome = await readTrace([bytes], new EventLister((line) => lines.push(line.trimEnd())), { core });
  return { lines, outcome };
}

/** SHA-256 of the complete list, and how many events there were of each kind, in the words of the summaries. */
export async function digest(
  bytes: Uint8Array,
  core?: TraceCores,
): Promise<{ sha256: string; kinds: Record<string, number>; outcome: TraceOutcome }> {
  const hash = createHash("sha256");
  const kinds = new Map<string, number>();
  let text = "";
  const lister = new EventLister((line) => {
    text += `${line.trimEnd()}\n`;
    if (text.length < 1 << 20) return;
    hash.update(text);
    text = "";
  });
  const visitor: TraceVisitor = {
    start: (info) => lister.start(info),
    generation: (tables) => lister.generation((current = tables)),
    event(...event) {
      const [kind, , , , , , a, b, c, d] = event;
      const key = kindKey(current, kind, a, b, c, d);
      kinds.set(key, (kinds.get(key) ?? 0) + 1);
      lister.event(...event);
    },
  };
  const outcome = await readTrace([bytes], visitor, { core });
  hash.update(text);
  return { sha256: hash.digest("hex"), kinds: Object.fromEntries([...kinds].sort()), outcome };
}

let current: GenerationTables;

const kindNames = Object.keys(EventKind);
const metrics = ["/sched/gomaxprocs:threads", "/memory/classes/heap/objects:bytes", "/gc/heap/goal:bytes"];
const ranges = ["stop-the-world", "GC concurrent mark phase", "GC incremental sweep", "GC mark assist"];
const experiments = [
  "Span",
  "SpanAlloc",
  "SpanFree",
  "HeapObject",
  "HeapObjectAlloc",
  "HeapObjectFree",
  "GoroutineStack",
  "GoroutineStackAlloc",
  "GoroutineStackFree",
];

function kindKey(tables: GenerationTables, kind: EventKind, a: number, b: number, c: number, d: number): string {
  const name = kindNames[kind]!;
  switch (kind) {
    case EventKind.GoTransition:
      return `G ${goStateNames[b]}->${goStateNames[c]}${d === 0 ? "" : ` ${tables.string(d)}`}`;
    case EventKind.ProcTransition:
      return `P ${procStateNames[b]}->${procStateNames[c]}`;
    case EventKind.Metric:
      return `${name} ${metrics[a]}`;
    case EventKind.Label:
      return `${name} ${tables.string(a)}`;
    case EventKind.RangeBegin:
    case EventKind.RangeActive:
    case EventKind.RangeEnd:
      return a === 0 ? `${name} ${ranges[a]} (${tables.string(b)})` : `${name} ${ranges[a]}`;
    case EventKind.Experimental:
      return `${name} ${experiments[a - 128]}`;
    default:
      return name;
  }
}
