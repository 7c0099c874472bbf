/** Unit and help text of a series, from the catalogue of features and the list of derived series. */
import type { Labels } from "../lib/series.ts";
import { derivedHelp } from "../promql/derived.ts";

export type Description = { readonly unit: string; readonly help: string };

/** Empty texts for a series that came from outside. */
export function describe(labels: Labels): Description {
  const name = labels["__name__"] ?? "";
  return { unit: unitOf(name), help: derivedHelp[name] ?? "" };
}

/** Prometheus' naming rules put the unit at the end of a name. */
function unitOf(name: string): string {
  const match = /_(seconds|bytes|ratio|celsius|volts|amperes|joules|grams|meters)(?:_total|_sum)?$/.exec(name);
  return match?.[1] ?? "";
}
