/** System calls by place: time, processors lost, and calls of one goroutine so close together that one could do. */
import { GoState } from "../../trace/model.ts";
import type { Change } from "../state/change.ts";
import type { Observed } from "../wide-series.ts";

/** Calls of one goroutine at one place with less than this between them could be one. */
const closeNanos = 100e3;

export class CallSite {
  readonly site: string;
  /** Number of the class in {@link syscallClasses}. */
  readonly purpose: number;
  count = 0;
  nanos = 0;
  longest = 0;
  longestAt = 0;
  lost = 0;
  lostNanos = 0;
  close = 0;

  constructor(site: string, purpose: number) {
    this.site = site;
    this.purpose = purpose;
  }
}

export class Calls {
  private readonly observed: Observed;
  /** By number of the call. */
  private readonly byCall: (CallSite | undefined)[] = [];
  /** Last call of the goroutine in a slot: its number, and when it ended. */
  private lastCall = new Int32Array(256).fill(-1);
  private lastEnd = new Float64Array(256);

  constructor(observed: Observed) {
    this.observed = observed;
  }

  get sites(): CallSite[] {
    return this.byCall.filter((site) => site !== undefined);
  }

  /** It ends in running. */
  syscall(slot: number, nanos: number, time: number): void {
    this.add(slot, nanos, time, false);
  }

  change({ slot, from, to, nanos, time, seen }: Change): void {
    if (from === GoState.Syscall && seen && to !== GoState.NotExist) this.add(slot, nanos, time, true);
    else if ((from === GoState.NotExist || from === GoState.Undetermined) && slot < this.lastCall.length) this.lastCall[slot] = -1;
  }

  private add(slot: number, nanos: number, time: number, lost: boolean): void {
    const call = this.observed.table.site[slot]!;
    const site = (this.byCall[call] ??= this.make(call));
    site.count++;
    site.nanos += nanos;
    if (nanos > site.longest) {
      site.longest = nanos;
      site.longestAt = time - nanos;
    }
    if (lost) {
      site.lost++;
      site.lostNanos += nanos;
    }
    if (slot >= this.lastCall.length) this.grow(slot);
    if (this.lastCall[slot] === call && time - nanos - this.lastEnd[slot]! < closeNanos) site.close++;
    this.lastCall[slot] = call;
    this.lastEnd[slot] = time;
  }

  private make(call: number): CallSite {
    const { kinds, sites } = this.observed.calls;
    return new CallSite(sites[call]!, kinds[call]!);
  }

  private grow(slot: number): void {
    const length = 2 ** Math.ceil(Math.log2(slot + 1));
    const [lastCall, lastEnd] = [new Int32Array(length).fill(-1), new Float64Array(length)];
    lastCall.set(this.lastCall);
    lastEnd.set(this.lastEnd);
    this.lastCall = lastCall;
    this.lastEnd = lastEnd;
  }
}
