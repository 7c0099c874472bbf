/**
 * The list of what is computed from a trace: one entry a metric.
 * Prometheus HELP and TYPE, docs/series.md and the rules of the wall-clock grid are made from it.
 *
 * Every series is a gauge, also where its name ends in _count or _sum: its values are amounts of one window,
 * not totals since a start, so `rate()` on them would be wrong.
 */
import { coreEntries } from "./catalogue/core.ts";
import type { CatalogueEntry } from "./catalogue/entry.ts";
import { wideEntries } from "./catalogue/wide.ts";

export type { CatalogueEntry } from "./catalogue/entry.ts";

const entries = [...coreEntries, ...wideEntries] as const;

export type MetricName = (typeof entries)[number]["name"];
export const catalogue: readonly CatalogueEntry[] = entries;

const byName = new Map<string, CatalogueEntry>(entries.map((found) => [found.name, found]));

/** The entry of a series, given its name with or without labels; undefined for names that do not come from traces. */
export function describeSeries(name: string): CatalogueEntry | undefined {
  const brace = name.indexOf("{");
  return byName.get(brace < 0 ? name : name.slice(0, brace));
}

/** Amounts grow with the length of what is covered (counts, sums), and scale with it; gauges do not. */
export function isAmount(name: string): boolean {
  const aggregation = describeSeries(name)?.aggregation;
  return aggregation === "count" || aggregation === "sum";
}

const zeroMaxima: ReadonlySet<string> = new Set(["go_trace_stw_max_seconds", "go_trace_gc_pause_max_seconds"] satisfies MetricName[]);

/** Whether a window without this series means 0 (nothing of it happened) rather than not known. */
export function isZeroWhenAbsent(name: string): boolean {
  return isAmount(name) || zeroMaxima.has(describeSeries(name)?.name ?? "");
}
