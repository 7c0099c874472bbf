/** What every source of samples gives: raw samples of one series, ascending in time. The store's batches have the same shape. */
import type { Labels, Sample } from "../lib/series.ts";

export type SampleSeries = { readonly labels: Labels; readonly samples: readonly Sample[] };
