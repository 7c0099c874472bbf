/** Who wakes whom: herds (many woken at once, for nothing) and the edges between groups of goroutines that a pipeline is made of. */
import { GoState } from "../../trace/model.ts";
import { NumberTable } from "../core/number-table.ts";
import type { Change } from "../state/change.ts";
import { waitClasses } from "../state/reasons.ts";
import type { Observed } from "../wide/observer.ts";

/** Wake-ups by one goroutine closer together than this are one burst; a goroutine that waits again within it ran for nothing. */
const burstNanos = 100e3;
/** Fewer woken at once are a queue that moves on. */
const leastHerd = 8;
const mostKept = 4096;

export type Herd = {
  /** Place that wakes, and place where the woken wait. */
  readonly waker: string;
  readonly site: string;
  herds: number;
  woken: number;
  /** Of them waiting at the same place again within 100 µs after they ran. */
  futile: number;
  /** What the futile ones cost: waiting for a processor, and running. */
  nanos: number;
  first: number;
  last: number;
};

/** Goroutines of `from` woke goroutines of `to` that waited on channels. */
export type Edge = { readonly from: string; readonly to: string; sends: number; receives: number };

type Burst = { by: number; place: number; last: number; size: number; herd: Herd | undefined };

export class Wakes {
  readonly herds: Herd[] = [];
  readonly edges: Edge[] = [];
  /** Number of an edge by the numbers of its two names. */
  private readonly edgeOf = new NumberTable(-1);
  private readonly observed: Observed;
  private readonly byKey = new Map<string, Herd>();
  private burst: Burst = { by: -1, place: -1, last: 0, size: 0, herd: undefined };
  /** Herd that woke the goroutine in a slot, from when it was woken until it is known what for. */
  private readonly wokenBy: (Herd | undefined)[] = [];
  private readonly placeOf: number[] = [];
  private readonly wokenAt: number[] = [];
  private readonly channel = waitClasses.indexOf("channel");

  constructor(observed: Observed) {
    this.observed = observed;
  }

  change(change: Change): void {
    const { slot, from, to, time } = change;
    if (from === GoState.Waiting && to === GoState.Runnable && change.by >= 0) this.wake(change);
    else if (from === GoState.Running) {
      const herd = this.wokenBy[slot];
      if (herd === undefined) return;
      this.wokenBy[slot] = undefined;
      const { table, sites } = this.observed;
      const ran = time - table.slice[slot]!;
      if (to !== GoState.Waiting || !(ran <= burstNanos) || sites.of(change.ownStack) !== this.placeOf[slot]) return;
      herd.futile++;
      herd.nanos += time - this.wokenAt[slot]!;
    }
  }

  private wake({ slot, by, time, stack }: Change): void {
    const { table, reasons, names, sites } = this.observed;
    const place = table.site[slot]!;
    const { burst } = this;
    if (burst.by === by && burst.place === place && time - burst.last <= burstNanos) burst.size++;
    else this.burst = { by, place, last: time, size: 1, herd: undefined };
    const now = this.burst;
    now.last = time;
    if (now.size === leastHerd) {
      now.herd = this.herdOf(sites.texts[sites.of(stack)]!, sites.texts[place]!, time);
      if (now.herd !== undefined) {
        now.herd.herds++;
        now.herd.woken += leastHerd - 1;
      }
    }
    if (now.herd !== undefined) {
      now.herd.woken++;
      now.herd.last = time;
      this.wokenBy[slot] = now.herd;
      this.placeOf[slot] = place;
      this.wokenAt[slot] = time;
    }
    if (reasons.classes[table.reason[slot]!] !== this.channel) return;
    const key = table.name[by]! * 2 ** 26 + table.name[slot]!;
    let number = this.edgeOf.get(key);
    if (number < 0) {
      if (this.edges.length >= mostKept) return;
      number = this.edges.push({ from: names.texts[table.name[by]!]!, to: names.texts[table.name[slot]!]!, sends: 0, receives: 0 }) - 1;
      this.edgeOf.set(key, number);
    }
    const edge = this.edges[number]!;
    if (reasons.texts[table.reason[slot]!] === "chan send") edge.receives++;
    else edge.sends++;
  }

  private herdOf(waker: string, site: string, time: number): Herd | undefined {
    const key = `${waker}\n${site}`;
    let herd = this.byKey.get(key);
    if (herd === undefined && this.herds.length < mostKept) {
      herd = { waker, site, herds: 0, woken: 0, futile: 0, nanos: 0, first: time, last: time };
      this.herds.push(herd);
      this.byKey.set(key, herd);
    }
    return herd;
  }
}
