/** Values and labels as the Prometheus API writes them. */
import type { Labels } from "../lib/series.ts";
import { sortedEntries } from "./labels.ts";

/** Shortest digits that give the same double, never with an exponent; `NaN`, `+Inf`, `-Inf`. */
export function formatValue(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  if (Object.is(value, -0)) return "-0";
  const text = String(value);
  const match = /^(-?)(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (match === null) return text;
  const [, sign, whole, fraction = "", exponentText] = match;
  const digits = whole! + fraction;
  const point = whole!.length + Number(exponentText);
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  return `${sign}${digits.padEnd(point, "0")}`;
}

/** Label set with its names sorted and empty values left out. */
export const formatLabels = (labels: Labels): Record<string, string> => Object.fromEntries(sortedEntries(labels));
