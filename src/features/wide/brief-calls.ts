/** The hot path of the wide series: most events of a busy server are the begins and ends of brief system calls. */
import type { Windows } from "../core/windows.ts";
import { states } from "../families/state-times.ts";
import { briefNanos } from "../families/syscalls.ts";
import { unnamed } from "../goroutine-names.ts";
import { closeNanos } from "../state/call-totals.ts";
import type { WideFamilies } from "./families.ts";
import { gapNanos } from "./observer.ts";

export class BriefCalls {
  /** Time of the last event, before and after {@link take}. NaN first, so that the engine does not take it for a small integer. */
  last = Number.NaN;
  private readonly families: WideFamilies;
  private readonly windows: Windows;

  constructor(families: WideFamilies, windows: Windows) {
    this.families = families;
    this.windows = windows;
  }

  /**
   * Takes records from word `begin` on, as long as they are begins and ends of brief system calls that begin and end in the open
   * window, or sizes of the heap; returns where the first other one is. A call whose end is the next event changes no state at all.
   * Numbers instead of names for kinds, states and places in a record, as in the core series; what this leaves out of {@link Transitions} is what
   * the conditions at its head rule out.
   */
  take(words: Int32Array, doubles: Float64Array, begin: number, end: number, counting: boolean): number {
    const { table, syscalls, procs, threads, collector, memory, times } = this.families;
    const { border, start: windowStart } = this.windows;
    if (collector.stopped > 0) return begin;
    const { state, since, seen, calling, lastCall, lastEnd } = table;
    const { byStack } = syscalls.calls;
    const { kinds, counts, nanos: byKind, totals } = syscalls;
    const { sums } = times;
    const { samples } = syscalls.fast;
    const { byId } = procs;
    let { last } = this;
    let i = begin;
    for (; i < end; i += 12) {
      const kind = words[i + 2]!;
      const time = doubles[i >> 1]!;
      if (time >= border || time - last >= gapNanos) break;
      const thread = words[i + 3]!;
      if (kind === 3) {
        if (words[i + 7] !== 1) break;
        memory.setLive(words[i + 8]!);
        threads.event(thread);
        last = time;
        continue;
      }
      if (kind !== 1) break;
      const from = words[i + 8]!;
      const to = words[i + 9]!;
      if (!(from === 3 && to === 5) && !(from === 5 && to === 3)) break;
      const slot = table.find(words[i + 7]!);
      if (slot < 0 || state[slot] !== from || table.role[slot] !== 0) break;
      const begun = since[slot]!;
      const number = words[i + 4]!;
      if (begun < windowStart || number < 0 || number >= byId.length) break;
      const proc = byId[number];
      if (proc === undefined) break;
      const place = table.scope[slot]! * states + from;
      let nanos = time - begun;
      let call = 0;
      let ended = time;
      if (from === 3) {
        const own = words[i + 11]!;
        if (own !== 0 && table.name[slot] === unnamed) break;
        const stack = words[i + 6] === 0 ? own : words[i + 6]!;
        if (stack !== 0) {
          if (stack >= byStack.length) break;
          call = byStack[stack]! - 1;
          if (call < 0) break;
        }
        threads.event(thread);
        sums[place] = sums[place]! + nanos;
        counts[kinds[call]!] = counts[kinds[call]!]! + 1;
        const next = i + 12;
        const isPair =
          next < end &&
          words[next + 2] === 1 &&
          words[next + 8] === 5 &&
          words[next + 9] === 3 &&
          words[next + 7] === words[i + 7] &&
          words[next + 4] === number &&
          words[next + 3] === thread;
        ended = isPair ? doubles[next >> 1]! : border;
        nanos = ended - time;
        if (!(ended < border && nanos < briefNanos)) {
          table.reason[slot] = kinds[call]!;
          table.site[slot] = call;
          proc.syscall = time;
          since[slot] = time;
          seen[slot] = 2;
          state[slot] = 5;
          last = time;
          continue;
        }
        sums[place + 2] = sums[place + 2]! + nanos;
        procs.held += nanos;
        proc.syscall = Number.NaN;
        i = next;
      } else {
        if (seen[slot] !== 2 || nanos >= briefNanos) break;
        call = table.site[slot]!;
        threads.event(thread);
        sums[place] = sums[place]! + nanos;
        if (proc.syscall === proc.syscall) {
          procs.held += time - (proc.syscall > windowStart ? proc.syscall : windowStart);
          proc.syscall = Number.NaN;
        }
        state[slot] = 3;
      }
      byKind[kinds[call]!] = byKind[kinds[call]!]! + nanos;
      samples.add(nanos);
      since[slot] = ended;
      seen[slot] = 1;
      last = ended;
      if (!counting) continue;
      calling[slot] = calling[slot]! + nanos;
      totals.count[call] = totals.count[call]! + 1;
      totals.nanos[call] = totals.nanos[call]! + nanos;
      if (nanos > totals.longest[call]!) {
        totals.longest[call] = nanos;
        totals.longestAt[call] = ended - nanos;
      }
      if (lastCall[slot] === call && ended - nanos - lastEnd[slot]! < closeNanos) totals.close[call] = totals.close[call]! + 1;
      lastCall[slot] = call;
      lastEnd[slot] = ended;
    }
    this.last = last;
    return i;
  }
}
