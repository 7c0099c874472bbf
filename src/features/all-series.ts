/** Core and wide series together, in one pass and the same windows. */
import type { TraceVisitor } from "../trace/model.ts";
import { createCoreSeries, type CoreSeriesOptions } from "./core-series.ts";
import type { WindowOptions } from "./core/windows.ts";
import type { FeatureWindow } from "./window.ts";
import { createWideSeries, type WideSeries } from "./wide-series.ts";
import type { Observed, Observer } from "./wide/observer.ts";

export type SeriesPairOptions = WindowOptions & {
  /** Called in order, once a window. */
  readonly onWindow: (core: FeatureWindow, wide: FeatureWindow) => void;
};

/**
 * Both kinds of series of each window beside each other. @param observe as for {@link createWideSeries}.
 * @throws ForetraceError too_many_windows from `event`.
 */
export function createSeriesPair(options: SeriesPairOptions, observe?: (observed: Observed) => Observer): WideSeries {
  /** By index of the window. */
  const waiting = new Map<number, FeatureWindow>();
  const core = createCoreSeries({ ...options, onWindow: (window) => waiting.set(window.index, window) });
  // Both hold back and release the same windows, and the core series see each event first.
  const onWindow = (window: FeatureWindow): void => {
    const { index } = window;
    const first = waiting.get(index)!;
    waiting.delete(index);
    options.onWindow(first, window);
  };
  const wide = createWideSeries({ ...options, onWindow }, observe);
  const both = [core, wide] as const satisfies readonly TraceVisitor[];
  return {
    start: (info) => both.forEach((series) => series.start?.(info)),
    generation: (tables) => both.forEach((series) => series.generation?.(tables)),
    event(kind, time, thread, proc, goroutine, stack, a, b, c, d, e, f) {
      core.event(kind, time, thread, proc, goroutine, stack, a, b, c, d, e, f);
      wide.event(kind, time, thread, proc, goroutine, stack, a, b, c, d, e, f);
    },
    block(block) {
      core.block!(block);
      wide.block!(block);
    },
    get end() {
      return wide.end;
    },
    finish: () => both.forEach((series) => series.finish()),
  };
}

/** As {@link createCoreSeries}, with the wide series among the values of each window. */
export function createAllSeries({ onWindow, ...options }: CoreSeriesOptions): WideSeries {
  return createSeriesPair({
    ...options,
    onWindow: ({ index, start, length, values }, wide) => onWindow({ index, start, length, values: new Map([...values, ...wide.values]) }),
  });
}
