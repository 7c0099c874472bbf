/** Order of label sets, as Prometheus sorts its answers. */
import type { Labels } from "../lib/series.ts";

const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export function sortedEntries(labels: Labels): [string, string][] {
  return Object.entries(labels)
    .filter(([, value]) => value !== "")
    .sort(([a], [b]) => byCodeUnit(a, b));
}

/** By name and value of one label after the other; a set that is the beginning of another comes first. */
export function compareLabels(a: Labels, b: Labels): number {
  const left = sortedEntries(a);
  const right = sortedEntries(b);
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const order = byCodeUnit(left[i]![0], right[i]![0]) || byCodeUnit(left[i]![1], right[i]![1]);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}
