/** Ranges: where they are, that they begin and end in pairs, and stops of the world one at a time. */
import { EventKind, RangeName, rangeNames, Scope } from "../model.ts";
import { found, type CurrentEvent, type Report } from "./event.ts";

export class Ranges {
  readonly #event: CurrentEvent;
  readonly #report: Report;
  readonly #isOld: boolean;
  #marking = false;
  readonly #sweeping = new Set<number>();
  readonly #assisting = new Set<number>();
  /** Kinds of the stops in progress by goroutine. */
  readonly #stops = new Map<number, string[]>();

  constructor(event: CurrentEvent, report: Report, isOld: boolean) {
    this.#event = event;
    this.#report = report;
    this.#isOld = isOld;
  }

  /** @param kind text of the kind of a stop, isKnown whether what a range is about is known. */
  range(kind: string, isFirst: boolean, isKnown: boolean): void {
    const { kind: event, a: name, c: scope, d: id } = this.#event;
    this.#checkScope(isKnown);
    const isActive = this.#isActive(name, id, kind);
    if (event === EventKind.RangeBegin) {
      if (isActive) this.#report("range-begin", `${rangeNames[name]} is in progress already`);
      if (name === RangeName.StopTheWorld && !isActive && this.#stops.size > 0 && !this.#stops.has(id))
        this.#report("stop-alone", `goroutine ${found([...this.#stops.keys()][0])} stops the world already`);
      this.#set(name, id, kind);
    } else if (event === EventKind.RangeActive) {
      if (isFirst === isActive)
        this.#report("range-active", `${rangeNames[name]} is ${isActive ? "in progress already" : "not in progress"} in scope ${scope}`);
      this.#set(name, id, kind);
    } else {
      if (!isActive && !this.#endsElsewhere(name, kind) && !(this.#isOld && name === RangeName.GcMarkAssist))
        this.#report("range-end", `${rangeNames[name]} is not in progress`);
      this.#clear(name, id, kind);
    }
  }

  /** A goroutine ends. */
  end(goroutine: number): void {
    if (this.#assisting.delete(goroutine) || this.#stops.delete(goroutine))
      this.#report("range-death", `goroutine ${goroutine} ends within a range`);
  }

  #checkScope(isKnown: boolean): void {
    const event = this.#event;
    const { a: name, c: scope, d: id } = event;
    const isActive = event.kind === EventKind.RangeActive;
    const of = (wanted: number, at: number): void => {
      if (scope !== wanted || (isActive ? !isKnown : id !== at))
        this.#report("range-scope", `${rangeNames[name]} is of scope ${wanted} and ${found(at)}, not ${scope} and ${found(id)}`);
    };
    if (name === RangeName.GcMark) {
      if (scope !== Scope.Global || id !== 0) this.#report("range-scope", "marking is of the whole program");
    } else if (name === RangeName.GcSweep) of(Scope.Proc, event.proc);
    else of(Scope.Goroutine, event.goroutine);
  }

  #isActive(name: number, id: number, kind: string): boolean {
    switch (name) {
      case RangeName.StopTheWorld:
        return this.#stops.get(id)?.includes(kind) === true;
      case RangeName.GcMark:
        return this.#marking;
      case RangeName.GcSweep:
        return this.#sweeping.has(id);
      default:
        return this.#assisting.has(id);
    }
  }

  #set(name: number, id: number, kind: string): void {
    if (name === RangeName.StopTheWorld) {
      const stops = this.#stops.get(id);
      if (stops === undefined) this.#stops.set(id, [kind]);
      else if (!stops.includes(kind)) stops.push(kind);
    } else if (name === RangeName.GcMark) this.#marking = true;
    else (name === RangeName.GcSweep ? this.#sweeping : this.#assisting).add(id);
  }

  #clear(name: number, id: number, kind: string): void {
    if (name === RangeName.GcMark) this.#marking = false;
    else if (name !== RangeName.StopTheWorld) (name === RangeName.GcSweep ? this.#sweeping : this.#assisting).delete(id);
    else if (this.#isOld) this.#stops.clear();
    else {
      const left = (this.#stops.get(id) ?? []).filter((open) => open !== kind);
      if (left.length === 0) this.#stops.delete(id);
      else this.#stops.set(id, left);
    }
  }

  /** Up to Go 1.21 there is one stop at a time, whoever ends it. */
  #endsElsewhere(name: number, kind: string): boolean {
    return this.#isOld && name === RangeName.StopTheWorld && [...this.#stops.values()].some((kinds) => kinds.includes(kind));
  }
}
