/** Order of label sets, as Prometheus sorts its answers. */
import type { Labels } from "../lib/series.ts";

const isSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff;

/** Order of the UTF-8 bytes, which is that of the code points and not of JavaScript's UTF-16 units. */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  let i = 0;
  while (i < length && a.charCodeAt(i) === b.charCodeAt(i)) i++;
  if (i === length) return a.length - b.length;
  const left = a.charCodeAt(i);
  const right = b.charCodeAt(i);
  // A surrogate stands for a point above all others.
  if (isSurrogate(left) !== isSurrogate(right)) return isSurrogate(left) ? 1 : -1;
  return left - right;
}

export function sortedEntries(labels: Labels): [string, string][] {
  return Object.entries(labels)
    .filter(([, value]) => value !== "")
    .sort(([a], [b]) => compareCodePoints(a, b));
}

/** By name and value of one label after the other; a set that is the beginning of another comes first. */
export function compareLabels(a: Labels, b: Labels): number {
  const left = sortedEntries(a);
  const right = sortedEntries(b);
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const order = compareCodePoints(left[i]![0], right[i]![0]) || compareCodePoints(left[i]![1], right[i]![1]);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}
