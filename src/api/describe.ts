/** Unit and help text of a series, from the catalogue of features and the list of derived series. */
import { catalogue, describeSeries } from "../features/catalogue.ts";
import type { Labels } from "../lib/series.ts";
import { derivedHelp } from "../promql/derived.ts";

export type Description = { readonly unit: string; readonly help: string };

const unitWords = { s: "seconds", B: "bytes", "": "" } as const;

/** Empty help for a series that came from outside; derived series have the unit of their source. */
export function describe(labels: Labels): Description {
  const name = labels["__name__"] ?? "";
  const help = derivedHelp[name];
  if (help !== undefined) {
    const source = labels["source_name"];
    return { unit: source === undefined ? "" : describe({ __name__: source }).unit, help };
  }
  const entry = describeSeries(name);
  return entry === undefined ? { unit: unitOf(name), help: "" } : { unit: unitWords[entry.unit], help: entry.help };
}

/** Prometheus' naming rules put the unit at the end of a name. */
function unitOf(name: string): string {
  const match = /_(seconds|bytes|ratio|celsius|volts|amperes|joules|grams|meters)(?:_total|_sum)?$/.exec(name);
  return match?.[1] ?? "";
}

/** Every metric that this service makes itself: what Prometheus' /metadata answers. All are gauges. */
export function metadata(): { name: string; type: "gauge"; help: string; unit: string }[] {
  const features = catalogue.map(({ name, type, help, unit }) => ({ name: name as string, type, help, unit: unitWords[unit] as string }));
  const derived = Object.entries(derivedHelp).map(([name, help]) => ({ name, type: "gauge" as const, help, unit: "" }));
  return [...features, ...derived];
}
