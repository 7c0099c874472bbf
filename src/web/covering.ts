/** Which stored traces cover an anomalous window. Pure. */
import type { Anomaly, TraceItem } from "./api-types.ts";

/**
 * Ids of the traces that the anomaly names, then of those listed that overlap it: a trace that came in after the
 * window was scored is not named by it yet.
 */
export function coveringTraces(
  anomaly: Pick<Anomaly, "from" | "to" | "traces">,
  traces: readonly Pick<TraceItem, "id" | "start" | "end">[],
): string[] {
  const named = anomaly.traces.map((trace) => trace.id);
  const overlapping = traces
    .filter(({ start, end }) => start !== undefined && end !== undefined && end >= anomaly.from && start <= anomaly.to)
    .sort((a, b) => a.start! - b.start!);
  return [...new Set([...named, ...overlapping.map((trace) => trace.id)])];
}
