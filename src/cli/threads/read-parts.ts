/**
 * Core series of a trace by several threads: each reads a part of the file, and begins before it is known what the part before it leads to.
 * Where one comes to the next part's border, both say what they know there; when that agrees, the next part's windows are what
 * a single thread would have found, and when it does not, the part is thrown away and the thread before reads on (docs/adr/0006).
 */
import { createCoreSeries } from "../../features/core-series.ts";
import { matchSeries, PartRows, resolveSnapshot } from "../../features/series-part.ts";
import type { FeatureWindow } from "../../features/window.ts";
import { ForetraceError, isForetraceError } from "../../lib/errors.ts";
import { traceNanos } from "../../lib/units.ts";
import { traceCores } from "../../sources/trace-core.ts";
import type { ByteSource, TraceInfo, TraceOutcome } from "../../trace/model.ts";
import { readTracePart } from "../../trace/read.ts";
import { CarriedState } from "../../trace/snapshot.ts";
import { Part, received } from "./part.ts";
import type { Plan } from "./plan.ts";
import type { Carried, Known } from "./protocol.ts";

export type PartsOptions = {
  readonly file: string;
  readonly source: ByteSource;
  readonly windowNanos: number;
  readonly onWindow: (window: FeatureWindow) => void;
  readonly ready: () => Promise<void>;
  readonly progress: (bytes: number) => void;
  readonly signal: AbortSignal | undefined;
};

/** Thrown where a part that was used turns out not to fit: the windows given so far are right, those behind them have to be read anew. */
export class PartsDisagree extends Error {}

/** Thrown out of the first part's reading where the next one takes over. */
class TakenOver extends Error {
  readonly carried: Carried;
  readonly place: number;
  constructor(carried: Carried, place: number) {
    super();
    this.carried = carried;
    this.place = place;
  }
}

/** `parts`: how many were used, the first one included. */
export type PartsOutcome = { readonly outcome: TraceOutcome; readonly parts: number };

/**
 * Delivers the windows of the core series in order, the last one included.
 * @throws what `readTrace` throws; {@link PartsDisagree}.
 */
export async function readParts(plan: Plan, options: PartsOptions): Promise<PartsOutcome> {
  const { file, windowNanos } = options;
  const broken = new AbortController();
  const signal = options.signal === undefined ? broken.signal : AbortSignal.any([options.signal, broken.signal]);
  const offsets = plan.borders.map(({ offset }) => offset);
  const fail = (error: Error): void => broken.abort(error);
  const parts = plan.borders.map(
    (border, i) => new Part({ file, version: plan.version, windowNanos, border, ends: offsets.slice(i + 1) }, fail),
  );
  try {
    return await new Reading(plan, options, parts, signal).run();
  } catch (error) {
    // The reading was cancelled since a thread died: that is the reason to tell.
    throw broken.signal.aborted && isForetraceError(error) && error.code === "canceled" ? broken.signal.reason : error;
  } finally {
    await Promise.all(parts.map((part) => part.close()));
  }
}

class Reading {
  readonly #plan: Plan;
  readonly #options: PartsOptions;
  readonly #parts: readonly Part[];
  readonly #signal: AbortSignal;
  #info: TraceInfo | undefined;

  constructor(plan: Plan, options: PartsOptions, parts: readonly Part[], signal: AbortSignal) {
    this.#plan = plan;
    this.#options = options;
    this.#parts = parts;
    this.#signal = signal;
  }

  async run(): Promise<PartsOutcome> {
    let next: TakenOver;
    try {
      return { outcome: await this.#readFirst(), parts: 1 };
    } catch (error) {
      if (!(error instanceof TakenOver)) throw error;
      next = error;
    }
    for (let parts = 2; ; parts++) {
      const found = await this.#takePart(next);
      if (!(found instanceof TakenOver)) return { outcome: found, parts };
      next = found;
    }
  }

  /** Reads in this thread, up to where a part takes over. */
  async #readFirst(): Promise<TraceOutcome> {
    const { source, windowNanos, onWindow, progress } = this.#options;
    let over: TakenOver | undefined;
    const series = createCoreSeries({
      windowNanos,
      onWindow: (window) => {
        onWindow(window);
        if (window.index === over?.carried.whole.series.index) throw over;
      },
    });
    const outcome = await readTracePart(
      source,
      series,
      {
        core: traceCores,
        signal: this.#signal,
        progress: (bytes) => progress(bytes + this.#parts.reduce((sum, part) => sum + part.progress, 0)),
        assumeVersion: this.#plan.version,
      },
      ({ begin }, reader) => {
        if (this.#info === undefined) {
          this.#info = { version: this.#plan.version, origin: BigInt(reader.origin) };
          for (const part of this.#parts) part.start(reader.origin);
        }
        const place = this.#parts.findIndex(({ offset }) => offset === begin);
        if (place < 0 || over !== undefined) return;
        const scheduler = reader.snapshot();
        if (scheduler === undefined) return;
        const known = {
          scheduler,
          series: series.snapshot(scheduler.goroutines),
          events: reader.events,
          generations: reader.generations,
        };
        over = this.#match(known, place);
      },
    );
    series.finish();
    return outcome;
  }

  /** Whether the part at `place` may take over; it is given up when not. */
  #match(whole: Known, place: number): TakenOver | undefined {
    const part = this.#parts[place]!.border();
    const state = part && CarriedState.between(whole.scheduler, part.scheduler);
    const reasons = part && matchSeries(whole.series, part.series);
    if (part !== undefined && state !== undefined && reasons !== undefined) return new TakenOver({ whole, part, state, reasons }, place);
    void this.#parts[place]!.close();
    return undefined;
  }

  /** Delivers the windows of a part, and says what comes behind it. */
  async #takePart({ carried, place }: TakenOver): Promise<TraceOutcome | TakenOver> {
    const { onWindow, ready, progress } = this.#options;
    const { whole, part: known, state, reasons } = carried;
    const part = this.#parts[place]!;
    const border = { reasons, lastValues: whole.series.lastValues };
    const rows = new PartRows(border);
    let next: TakenOver | undefined;
    for await (const message of part.messages(this.#signal)) {
      switch (message.kind) {
        case "rows":
          if (!state.check(message.assumed)) throw new PartsDisagree();
          for (const window of rows.windows(message.chunk)) onWindow(window);
          await ready();
          progress(this.#parts.reduce((sum, one) => sum + one.progress, this.#plan.borders[0]!.offset));
          break;
        case "end": {
          if (!state.check(message.assumed)) throw new PartsDisagree();
          const { scheduler, series, events, generations } = message.known;
          const end: Known = {
            scheduler: state.resolve(scheduler),
            series: resolveSnapshot(series, border),
            events: whole.events + events - known.events,
            generations: whole.generations + generations - known.generations,
          };
          next = this.#match(
            end,
            this.#parts.findIndex(({ offset }) => offset === scheduler.offset),
          );
          part.decide(next !== undefined);
          break;
        }
        case "stopped":
          if (next === undefined) throw new ForetraceError("internal", "a part of the trace ended before the next one began");
          return next;
        case "failed":
          throw received(message.error);
        case "finished": {
          const { bytes, events, generations, end, error } = message.outcome;
          return {
            info: this.#info,
            bytes,
            events: whole.events + events - known.events,
            generations: whole.generations + generations - known.generations,
            end: traceNanos(end),
            error: error === undefined ? undefined : (received(error) as ForetraceError),
          };
        }
        case "border":
          break;
      }
    }
    throw new ForetraceError("internal", "a part of the trace came to no end");
  }
}
