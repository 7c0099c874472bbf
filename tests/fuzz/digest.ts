/** All that a reading delivers as one number: every field of every event, and the text of what events name. */
import {
  EventKind,
  Field,
  RangeName,
  recordWords,
  wideRecord,
  type EventBlock,
  type GenerationTables,
  type TraceInfo,
  type TraceVisitor,
} from "../../src/trace/model.ts";
import type { TraceNanos } from "../../src/lib/units.ts";

const double = new Float64Array(1);
const halves = new Uint32Array(double.buffer);

export class Digest implements TraceVisitor {
  hash = 0x811c9dc5;
  events = 0;
  last = -1;
  #tables: GenerationTables | undefined;
  readonly #named = new Set<string>();

  start({ version, origin }: TraceInfo): void {
    this.#text(`${version} ${origin}`);
  }

  generation(tables: GenerationTables): void {
    this.#tables = tables;
    this.#named.clear();
    const { clock, generation, experiments } = tables;
    this.#text(`${generation} ${clock?.trace} ${clock?.mono} ${clock?.wall}`);
    for (const [name, batches] of experiments) this.#text(`${name} ${batches.map((batch) => batch.join())}`);
  }

  event(
    kind: EventKind,
    time: TraceNanos,
    ...fields: [number, number, number, number, number, number, number, number, number, number]
  ): void {
    // prettier-ignore
    this.events++;
    this.last = time;
    this.#number(kind);
    this.#number(time);
    for (const field of fields) this.#number(field);
    const [, , , stack, a, b, c, d, e] = fields;
    this.#stack(stack);
    switch (kind) {
      case EventKind.GoTransition:
        this.#string(d);
        this.#stack(e);
        break;
      case EventKind.Label:
        this.#string(a);
        break;
      case EventKind.RegionBegin:
      case EventKind.RegionEnd:
        this.#string(b);
        break;
      case EventKind.TaskBegin:
      case EventKind.TaskEnd:
        this.#string(c);
        break;
      case EventKind.Log:
        this.#string(b);
        this.#string(c);
        break;
      case EventKind.RangeBegin:
      case EventKind.RangeActive:
      case EventKind.RangeEnd:
        if (a === RangeName.StopTheWorld) this.#string(b);
    }
  }

  #number(value: number): void {
    double[0] = value;
    this.hash = Math.imul(this.hash ^ halves[0]!, 0x01000193);
    this.hash = Math.imul(this.hash ^ (this.hash >>> 15) ^ halves[1]!, 0x85ebca6b);
  }

  #text(text: string): void {
    for (let i = 0; i < text.length; i++) this.hash = Math.imul(this.hash ^ text.charCodeAt(i), 0x01000193);
  }

  #string(id: number): void {
    if (id === 0 || this.#named.has(`s${id}`)) return;
    this.#named.add(`s${id}`);
    this.#text(this.#tables!.string(id));
  }

  #stack(id: number): void {
    if (id === 0 || this.#named.has(`k${id}`)) return;
    this.#named.add(`k${id}`);
    this.#text(this.#tables!.stack(id).map(({ pc, func, file, line }) => `${pc} ${func} ${file}:${line};`).join("")); // prettier-ignore
  }
}

/** The same by blocks, taken apart as the model describes them. */
export class BlockDigest extends Digest {
  block({ words, doubles, begin, end, events }: EventBlock): void {
    const before = this.events;
    for (let i = begin; i < end; i += recordWords) {
      const time = doubles[i >> 1] as TraceNanos;
      const kind = words[i + Field.Kind]!;
      const isWide = kind >= wideRecord;
      const wide = (i + recordWords) >> 1;
      const at = (field: number): number => (isWide ? doubles[wide + field - Field.Thread]! : field > Field.E ? 0 : words[i + field]!);
      this.event((isWide ? kind - wideRecord : kind) as EventKind, time, at(3), at(4), at(5), at(6), at(7), at(8), at(9), at(10), at(11), at(12)); // prettier-ignore
      if (isWide) i += 2 * recordWords;
    }
    if (this.events - before !== events) throw new Error(`a block of ${this.events - before} events says ${events}`);
  }
}
