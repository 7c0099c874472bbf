/**
 * Series of a trace on a grid of the wall clock, as the store keeps them.
 *
 * A cell is (end − grid, end], with end a multiple of the grid since 1970; its sample lies at `end`.
 * The first and last cell of a trace are covered only partly: below half they are dropped, unless no cell of the trace is covered that far;
 * then the one covered most is given, so that a short trace says something (from a twentieth of a cell on). Amounts (counts and sums) are
 * scaled to a full cell, while means, maxima, last values and quantiles stand for the covered part.
 * In a cell that is given, an amount that did not occur is an explicit 0 (not missing): those without labels always,
 * those with labels from the first cell on in which their label set was seen.
 */
import { ForetraceError } from "../lib/errors.ts";
import { epochMillis, type EpochMillis } from "../lib/units.ts";
import type { TraceVisitor } from "../trace/model.ts";
import { catalogue, isAmount, isZeroWhenAbsent } from "./catalogue.ts";
import { createCoreSeries } from "./core-series.ts";
import type { FeatureWindow } from "./window.ts";

export type GridCell = {
  /** End of the cell, a multiple of the grid. */
  readonly end: EpochMillis;
  /** Share of the cell that the trace covers: {@link minCovered} to 1, or {@link leastCovered} to that where it is the only cell. */
  readonly covered: number;
  /** Series name in Prometheus notation (without a target) → value. */
  readonly values: ReadonlyMap<string, number>;
};

export type GridSeriesOptions = {
  /** Length of a cell; whole milliseconds > 0. */
  readonly gridMillis: number;
  /** Wall clock of the trace's first event (time 0); fractions of a millisecond count. */
  readonly origin: EpochMillis;
  /** Called in order, once a cell that is given. */
  readonly onCell: (cell: GridCell) => void;
};

export type GridSeries = TraceVisitor & {
  /** Ends the last cell at the last event and delivers what was held back. */
  finish(): void;
};

/** A cell is given when the trace covers at least this share of it. */
export const minCovered = 0.5;
/** The one cell of a short trace is given when it is covered this far; scaled from less, an amount would be mostly noise. */
export const leastCovered = 0.05;
/** A program that makes up a label value for each request would fill every cell with zeros; label sets beyond this many get none. */
const maxZeros = 2000;

/** @throws ForetraceError bad_usage for a grid or origin that is no such number; too_many_windows from `event`. */
export function createGridSeries({ gridMillis, origin, onCell }: GridSeriesOptions): GridSeries {
  if (!Number.isSafeInteger(gridMillis) || gridMillis < 1) {
    throw new ForetraceError("bad_usage", `the grid must be whole milliseconds > 0, not ${gridMillis}`, { input: "grid" });
  }
  if (!Number.isFinite(origin)) {
    throw new ForetraceError("bad_usage", `the wall clock of the trace must be milliseconds since 1970, not ${origin}`, {
      input: "origin",
    });
  }
  const gridNanos = gridMillis * 1e6;
  const firstEnd = (Math.floor(origin / gridMillis) + 1) * gridMillis;
  // The origin is a double of milliseconds, exact to about 0.2 µs: near a border a cell may round away to nothing.
  const firstWindowNanos = Math.min(gridNanos, Math.max(1, Math.round((firstEnd - origin) * 1e6)));
  const zeros = new Set(
    catalogue
      .filter(({ name, labels, set }) => set === "core" && Object.keys(labels).length === 0 && isZeroWhenAbsent(name))
      .map(({ name }) => name),
  );

  /** The cell covered most, while none is covered far enough. */
  let best: GridCell | undefined;
  let given = false;
  const deliver = (window: FeatureWindow): void => {
    const covered = window.length / gridNanos;
    const values = new Map<string, number>();
    for (const [name, value] of window.values) {
      if (zeros.size < maxZeros && isZeroWhenAbsent(name)) zeros.add(name);
      values.set(name, isAmount(name) && covered < 1 ? value / covered : value);
    }
    const isBest = !given && covered >= leastCovered && covered > (best?.covered ?? 0);
    if (covered < minCovered && !isBest) return;
    for (const name of zeros) if (!values.has(name)) values.set(name, 0);
    const cell = { end: epochMillis(firstEnd + window.index * gridMillis), covered, values };
    if (covered < minCovered) best = cell;
    else {
      given = true;
      onCell(cell);
    }
  };
  const series = createCoreSeries({ windowNanos: gridNanos, firstWindowNanos, onWindow: deliver });
  const finishCore = series.finish.bind(series);
  series.finish = () => {
    finishCore();
    if (!given && best !== undefined) onCell(best);
  };
  return series;
}
