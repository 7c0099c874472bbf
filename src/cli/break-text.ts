/** What people are told of a trace that breaks off: what was given, what is missing, and what can be done. */
import { formatDuration, formatNumber } from "../lib/units.ts";
import type { Salvaged, TraceOutcome } from "../trace/model.ts";

/** The part of an outcome that tells of a break. */
export type BreakOutcome = Pick<TraceOutcome, "error" | "events" | "end" | "info" | "bytes" | "salvaged">;

/**
 * One line behind the message of the error.
 * @param given what was done with what came before, for example "printed".
 */
export function breakText({ error, events, end, info, bytes, salvaged }: BreakOutcome, given: string): string {
  const before = events - (salvaged?.events ?? 0);
  const until = salvaged?.brokenAt ?? end;
  const delivered =
    before === 0
      ? "nothing of it can be given"
      : `what came before it is ${given}: ${amount(before, "event")} up to ${formatDuration(until)}`;
  if (salvaged !== undefined) return `${error!.message}; ${delivered}; ${salvagedText(salvaged)}`;
  const hint = "--salvage reads what can be read of it";
  // A trace of Go 1.21 or older is given as a whole or not at all, which its error says.
  if (info === undefined || info.version < 22)
    return before === 0 ? `${error!.message}; ${hint}` : `${error!.message}; ${delivered}; ${hint}`;
  const offset = error!.place.offset ?? bytes;
  return `${error!.message}; ${delivered}; what lies from byte ${offset} on is missing; ${hint}`;
}

/** What a salvage gave, and what it had to guess or leave out. */
export function salvagedText(salvaged: Salvaged): string {
  const { events, from, to, skippedBytes, skippedEvents, repairs, lostNames, clock } = salvaged;
  if (events === 0) return "nothing behind it could be salvaged";
  const costs = [
    skippedBytes > 0 ? `${amount(skippedBytes, "byte")} passed over` : "",
    skippedEvents > 0 ? `${amount(skippedEvents, "event")} left out` : "",
    repairs > 0 ? `${amount(repairs, "state")} taken as events imply them` : "",
    lostNames > 0 ? `${amount(lostNames, "name")} lost` : "",
    clock === "file"
      ? ""
      : clock === "earlier"
        ? "the clock is that of a generation before"
        : "the clock's frequency is assumed: durations may be wrong by half",
  ].filter((text) => text !== "");
  return `salvaged: ${amount(events, "event")} from ${formatDuration(from)} to ${formatDuration(to)}${costs.length === 0 ? "" : ` (${costs.join(", ")})`}`;
}

const amount = (count: number, what: string): string => `${formatNumber(count)} ${what}${count === 1 ? "" : "s"}`;

/** The same for programs. Names of fields: docs/analyze.md. */
export function breakFields(outcome: BreakOutcome): { error: object | null; salvaged: object | null } {
  const { error, events, end, salvaged } = outcome;
  if (error === undefined) return { error: null, salvaged: null };
  const { offset, generation, batch } = error.place;
  return {
    error: {
      code: error.code,
      message: error.message,
      offset: offset ?? null,
      generation: generation ?? null,
      batch: batch === undefined ? null : { number: batch.number, thread: batch.thread ?? null },
      delivered: { events: events - (salvaged?.events ?? 0), toNanos: salvaged?.brokenAt ?? end },
    },
    salvaged:
      salvaged === undefined
        ? null
        : {
            events: salvaged.events,
            fromNanos: salvaged.from,
            toNanos: salvaged.to,
            generations: salvaged.generations,
            skippedBytes: salvaged.skippedBytes,
            skippedEvents: salvaged.skippedEvents,
            repairs: salvaged.repairs,
            lostNames: salvaged.lostNames,
            clock: salvaged.clock,
          },
  };
}
