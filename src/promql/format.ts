/** Values and labels as the Prometheus API writes them. */
import type { Labels } from "../lib/series.ts";
import { sortedEntries } from "./labels.ts";

/** Value of a sample in a vector or matrix: shortest digits that give the same double, with an exponent below 1e-6 and from 1e21 on. */
export function formatValue(value: number): string {
  // JavaScript changes to an exponent at the same places; Go writes it with two digits at least.
  return special(value) ?? String(value).replace(/e([+-])(\d)$/, "e$10$2");
}

/** Value of a scalar: as {@link formatValue}, but never with an exponent. */
export function formatScalar(value: number): string {
  const known = special(value);
  if (known !== undefined) return known;
  const text = String(value);
  const match = /^(-?)(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (match === null) return text;
  const [, sign, whole, fraction = "", exponentText] = match;
  const digits = whole! + fraction;
  const point = whole!.length + Number(exponentText);
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  return `${sign}${digits.padEnd(point, "0")}`;
}

function special(value: number): string | undefined {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  return Object.is(value, -0) ? "-0" : undefined;
}

/** Label set with its names sorted and empty values left out. */
export const formatLabels = (labels: Labels): Record<string, string> => Object.fromEntries(sortedEntries(labels));
