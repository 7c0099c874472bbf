/**
 * The complete list of events as text, in the form of ../shared/traces (README there): time, kind, thread, proc, goroutine, stack
 * ("-" or frames:FNV-1a of "func@file:line;" a frame), then what the kind has. Metric values are the nearest double's, in full.
 */
import {
  EventKind,
  goStateNames,
  metricNames,
  procStateNames,
  RangeName,
  rangeNames,
  scopeNames,
  type Frame,
  type GenerationTables,
  type TraceInfo,
  type TraceVisitor,
} from "../../src/trace/model.ts";
import { wireEvent } from "../../src/trace/spec.ts";

const kindNames = Object.keys(EventKind).map((name) => (name.endsWith("Transition") ? "StateTransition" : name));

export class EventLister implements TraceVisitor {
  readonly #line: (line: string) => void;
  #origin = 0n;
  #tables: GenerationTables | undefined;
  #stacks = new Map<number, string>();
  #quoted = new Map<number, string>();

  constructor(line: (line: string) => void) {
    this.#line = line;
  }

  start(info: TraceInfo): void {
    this.#origin = info.origin;
  }

  generation(tables: GenerationTables): void {
    this.#tables = tables;
    this.#stacks.clear();
    this.#quoted.clear();
  }

  event(kind: EventKind, time: number, thread: number, proc: number, goroutine: number, stack: number, ...args: number[]): void {
    const head = `${this.#origin + BigInt(time)}\t${kindNames[kind]}\t${thread}\t${proc}\t${goroutine}\t${this.#stack(stack)}`;
    this.#line(`${head}\t${this.#detail(kind, args)}`);
  }

  #detail(kind: EventKind, args: readonly number[]): string {
    const [a, b, c, d, e, f] = args as [number, number, number, number, number, number];
    switch (kind) {
      case EventKind.Sync:
        return [a, ...this.#sync()].join("\t");
      case EventKind.GoTransition:
        return `G\t${a}\t${goStateNames[b]}\t${goStateNames[c]}\t${this.#quote(d)}\t${this.#stack(e)}`;
      case EventKind.ProcTransition:
        return `P\t${a}\t${procStateNames[b]}\t${procStateNames[c]}`;
      case EventKind.Metric:
        return `${metricNames[a]}\t${BigInt(b)}`;
      case EventKind.Label:
        return `${this.#quote(a)}\t${scope(b, c)}`;
      case EventKind.RangeBegin:
      case EventKind.RangeActive:
      case EventKind.RangeEnd: {
        const name = a === RangeName.StopTheWorld ? `${rangeNames[a]} (${this.#tables!.string(b)})` : rangeNames[a];
        const bytes = kind === EventKind.RangeEnd && a === RangeName.GcSweep ? `\tbytes swept=${e}\tbytes reclaimed=${f}` : "";
        return `${name}\t${scope(c, d)}${bytes}`;
      }
      case EventKind.TaskBegin:
      case EventKind.TaskEnd:
        return `${a}\t${b}\t${this.#quote(c)}`;
      case EventKind.RegionBegin:
      case EventKind.RegionEnd:
        return `${a}\t${this.#quote(b)}`;
      case EventKind.Log:
        return `${a}\t${this.#quote(b)}\t${this.#quote(c)}`;
      case EventKind.Experimental: {
        const event = wireEvent(a)!;
        const values = [b, c, d, e];
        const named = event.args.slice(1).map((name, i) => `\t${name}=${values[i]}`);
        return `${event.experiment}\t${event.name}${named.join("")}`;
      }
      default:
        return "";
    }
  }

  #sync(): string[] {
    const { clock, experiments } = this.#tables!;
    const times = clock === undefined ? [] : [`${clock.trace}\t${clock.mono}\t${clock.wall}`];
    const batches = [...experiments].map(([name, list]) => `${name}:${list.length}:${list.reduce((sum, data) => sum + data.length, 0)}`);
    return [...times, ...batches];
  }

  #quote(id: number): string {
    let text = this.#quoted.get(id);
    if (text === undefined) this.#quoted.set(id, (text = JSON.stringify(this.#tables!.string(id))));
    return text;
  }

  #stack(id: number): string {
    if (id === 0) return "-";
    let text = this.#stacks.get(id);
    if (text === undefined) {
      text = stackText(this.#tables!.stack(id));
      this.#stacks.set(id, text);
    }
    return text;
  }
}

export function stackText(frames: readonly Frame[]): string {
  const hashed = fnv1a32(frames.map((frame) => `${frame.func}@${frame.file}:${frame.line};`).join(""));
  return frames.length === 0 ? "-" : `${frames.length}:${hashed.toString(16).padStart(8, "0")}`;
}

const scope = (kind: number, id: number): string => (kind === 0 ? "None" : `${scopeNames[kind]}(${id})`);

function fnv1a32(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
