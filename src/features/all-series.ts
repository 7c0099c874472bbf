/** Core and wide series together, in one pass and the same windows. */
import type { EventBlock, TraceVisitor } from "../trace/model.ts";
import { createCoreSeries, type CoreSeriesOptions } from "./core-series.ts";
import { createWideSeries } from "./wide-series.ts";
import type { FeatureWindow } from "./window.ts";

/** As {@link createCoreSeries}, with the wide series among the values of each window. */
export function createAllSeries(options: CoreSeriesOptions): TraceVisitor & { finish(): void } {
  const waiting: FeatureWindow[] = [];
  const core = createCoreSeries({ ...options, onWindow: (window) => waiting.push(window) });
  const wide = createWideSeries({
    ...options,
    // Both hold back and release the same windows, and the core series see each event first.
    onWindow({ values }) {
      const window = waiting.shift()!;
      options.onWindow({ ...window, values: new Map([...window.values, ...values]) });
    },
  });
  const visitor: TraceVisitor = {
    start(info) {
      core.start?.(info);
      wide.start?.(info);
    },
    generation(tables) {
      core.generation?.(tables);
      wide.generation?.(tables);
    },
    event(kind, time, thread, proc, goroutine, stack, a, b, c, d, e, f) {
      core.event(kind, time, thread, proc, goroutine, stack, a, b, c, d, e, f);
      wide.event(kind, time, thread, proc, goroutine, stack, a, b, c, d, e, f);
    },
    block(block: EventBlock) {
      core.block!(block);
      wide.block!(block);
    },
  };
  return Object.assign(visitor, {
    finish() {
      core.finish();
      wide.finish();
    },
  });
}
