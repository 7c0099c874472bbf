/** What a salvage counts while it goes on; handed out as {@link Salvaged}. */
import { traceNanos } from "../../lib/units.ts";
import type { Salvaged } from "../model.ts";

export class SalvageReport {
  generations = 0;
  skippedBytes = 0;
  skippedEvents = 0;
  repairs = 0;
  lostNames = 0;
  clock: Salvaged["clock"] = "file";

  /** @param brokenAt time of the last event before the break. @param before, from events delivered before the break, and the time of the first one behind it. */
  result(brokenAt: number, before: number, events: number, from: number, to: number): Salvaged {
    const { generations, skippedBytes, skippedEvents, repairs, lostNames, clock } = this;
    const gained = events - before;
    return {
      brokenAt: traceNanos(Math.max(0, brokenAt)),
      events: gained,
      from: traceNanos(gained > 0 ? from : Math.max(0, to)),
      to: traceNanos(Math.max(0, to)),
      generations,
      skippedBytes,
      skippedEvents,
      repairs,
      lostNames,
      clock,
    };
  }
}
