/**
 * The reference reader's own event list (…/real/NAME.trace.tsv.gz) as a trace for visitors, so that features are held against it without our reader.
 * A stack in the list is only a hash: frames are not known, so goroutines have no names here.
 */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { traceNanos } from "../../src/lib/units.ts";
import {
  EventKind,
  type GenerationTables,
  goStateNames,
  metricNames,
  procStateNames,
  rangeNames,
  scopeNames,
  type TraceVisitor,
} from "../../src/trace/model.ts";

type Call = [kind: EventKind, time: number, thread: number, proc: number, goroutine: number, a: number, b: number, c: number, d: number];
export type ReferenceTrace = { readonly version: number; readonly calls: readonly Call[]; readonly strings: readonly string[] };

const kinds: Record<string, EventKind> = { ...EventKind, StateTransition: EventKind.GoTransition };

/** `version` is the minor version of the format, which the list does not hold. */
export function readReferenceEvents(path: string, version: number): ReferenceTrace {
  const strings: string[] = [""];
  const ids = new Map<string, number>([["", 0]]);
  const intern = (quoted: string): number => {
    const text = quoted.startsWith('"') ? (JSON.parse(quoted) as string) : quoted;
    let id = ids.get(text);
    if (id === undefined) ids.set(text, (id = strings.push(text) - 1));
    return id;
  };
  let origin: number | undefined;
  let syncs = 0;
  const calls = gunzipSync(readFileSync(path))
    .toString("utf8")
    .trimEnd()
    .split("\n")
    .map((line): Call => {
      const [at, kind, thread, proc, goroutine, , ...rest] = line.split("\t") as [
        string,
        string,
        string,
        string,
        string,
        string,
        ...string[],
      ];
      origin ??= Number(at);
      const context = [Number(at) - origin, Number(thread), Number(proc), Number(goroutine)] as const;
      const call = (code: EventKind, a = 0, b = 0, c = 0, d = 0): Call => [code, ...context, a, b, c, d];
      const code = kinds[kind];
      switch (code) {
        case EventKind.Sync:
          return call(code, ++syncs);
        case EventKind.Metric:
          return call(code, metricNames.indexOf(rest[0] as never), Number(rest[1]));
        case EventKind.RangeBegin:
        case EventKind.RangeActive:
        case EventKind.RangeEnd: {
          const stop = /^stop-the-world \((.*)\)$/.exec(rest[0]!);
          const scope = /^(\w+?)(?:\((\d+)\))?$/.exec(rest[1]!)!;
          const name = stop === null ? rangeNames.indexOf(rest[0] as never) : 0;
          return call(code, name, intern(stop?.[1] ?? ""), Math.max(0, scopeNames.indexOf(scope[1] as never)), Number(scope[2] ?? -1));
        }
        case EventKind.TaskBegin:
        case EventKind.TaskEnd:
          return call(code, Number(rest[0]), Number(rest[1]), intern(rest[2]!));
        case EventKind.RegionBegin:
        case EventKind.RegionEnd:
          return call(code, Number(rest[0]), intern(rest[1]!));
        case EventKind.Log:
          return call(code, Number(rest[0]), intern(rest[1]!), intern(rest[2]!));
        case EventKind.GoTransition:
          return rest[0] === "P"
            ? call(
                EventKind.ProcTransition,
                Number(rest[1]),
                procStateNames.indexOf(rest[2] as never),
                procStateNames.indexOf(rest[3] as never),
              )
            : call(code, Number(rest[1]), goStateNames.indexOf(rest[2] as never), goStateNames.indexOf(rest[3] as never), intern(rest[4]!));
        case undefined:
          throw new Error(`the event list has an unknown kind: ${line}`);
        default:
          return call(code);
      }
    });
  return { version, calls, strings };
}

export function replay(trace: ReferenceTrace, visitor: TraceVisitor): void {
  const tables: GenerationTables = {
    generation: 1,
    string: (id) => trace.strings[id]!,
    stack: () => [],
    clock: undefined,
    experiments: new Map(),
  };
  visitor.start?.({ version: trace.version, origin: 0n });
  for (const [kind, time, thread, proc, goroutine, a, b, c, d] of trace.calls) {
    if (kind === EventKind.Sync) visitor.generation?.(tables);
    visitor.event(kind, traceNanos(time), thread, proc, goroutine, 0, a, b, c, d, 0, 0);
  }
}
