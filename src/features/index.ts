/** What `foretrace/features` exports: docs/library.md. Nothing here needs Node. */
export { catalogue, describeSeries, type CatalogueEntry } from "./catalogue.ts";
export { createCoreSeries, type CoreSeries, type CoreSeriesOptions } from "./core-series.ts";
export { type Finding, findingJson, type FindingKind } from "./findings.ts";
export { createSummary, type Summary, type SummaryOptions, type SummaryVisitor } from "./summary.ts";
export type { FeatureWindow } from "./window.ts";
