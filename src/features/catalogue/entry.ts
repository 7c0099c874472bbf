/** One metric that is computed from a trace, as the list of them has it. */
export type Aggregation = "mean" | "max" | "last" | "sum" | "count" | "quantile";

export type CatalogueEntry = {
  readonly name: string;
  readonly unit: "" | "s" | "B";
  readonly type: "gauge";
  /** One line for people who see the name in a panel. */
  readonly help: string;
  /** Exactly what is counted, where it begins and ends, and what it must not be taken for. */
  readonly definition: string;
  /** Label name → what it holds. */
  readonly labels: Readonly<Record<string, string>>;
  readonly aggregation: Aggregation;
  /** Core series are the contract of `analyze --format csv`; the wide ones are everything else. */
  readonly set: "core" | "wide";
};

export const entryOf =
  (set: CatalogueEntry["set"]) =>
  <Name extends string>(
    name: Name,
    aggregation: Aggregation,
    help: string,
    definition: string,
    labels: Readonly<Record<string, string>> = {},
  ) => ({
    name,
    unit: (/_seconds(_|$)/.test(name) && !/_(count|bucket)$/.test(name) ? "s" : name.endsWith("_bytes") ? "B" : "") as "" | "s" | "B",
    type: "gauge" as const,
    help,
    definition,
    labels,
    aggregation,
    set,
  });
