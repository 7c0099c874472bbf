/**
 * The ports of the store: everything that outlives a process goes through one of these.
 * Each has one contract suite in tests/contract that runs on every implementation.
 * Writes are idempotent: the same call twice leaves what one call leaves.
 */
import type { Labels, Sample } from "../lib/series.ts";
import type { EpochMillis } from "../lib/units.ts";
import type { SavedModel } from "../models/model.ts";

export type Matcher = { readonly name: string; readonly op: "=" | "!=" | "=~" | "!~"; readonly value: string };
export type TimeRange = { readonly from: EpochMillis; readonly to: EpochMillis };
/** Samples of one series, ascending in time. */
export type SampleBatch = { readonly labels: Labels; readonly samples: readonly Sample[] };

export type SeriesStore = {
  /** Durable when it resolves. A sample at a (series, time) already stored replaces it. */
  append(batches: readonly SampleBatch[]): Promise<void>;
  /** Series that match all matchers and their samples in [from, to], both inclusive; series without a sample there are left out. */
  select(matchers: readonly Matcher[], range: TimeRange): Promise<SampleBatch[]>;
  /** Label sets with at least one sample in the range. */
  series(matchers: readonly Matcher[], range: TimeRange): Promise<Labels[]>;
  /**
   * Times of the first and of the last of all samples in the range of the series that match; undefined when there is none. Cheap however long
   * the range: readers that go through it in pieces skip what holds nothing. Without this method they go through all of it.
   */
  extent?(matchers: readonly Matcher[], range: TimeRange): Promise<TimeRange | undefined>;
  labelNames(matchers: readonly Matcher[], range: TimeRange): Promise<string[]>;
  labelValues(name: string, matchers: readonly Matcher[], range: TimeRange): Promise<string[]>;
  /** The newest sample of each series that matches; without this method readers select the recent past. */
  latest?(matchers: readonly Matcher[]): Promise<{ readonly labels: Labels; readonly sample: Sample }[]>;
};

export type TraceRecord = {
  /** SHA-256 of the stored (as uploaded) bytes, hex. The same upload twice is one trace. */
  readonly id: string;
  readonly target: string;
  readonly bytes: number;
  readonly uploadedAt: EpochMillis;
  readonly status: "stored" | "extracted" | "partial" | "failed";
  /** Known once extracted. */
  readonly version?: number;
  readonly events?: number;
  readonly start?: EpochMillis;
  readonly end?: EpochMillis;
  /** Where the wall clock comes from, and its error bound in ms. */
  readonly clock?: "snapshot" | "recorded_at" | "upload";
  readonly clockErrorMillis?: number;
  readonly recordedAt?: EpochMillis;
  /** Added to the clock of the trace: a recording replayed at another time. */
  readonly clockShiftMillis?: number;
  /** The reading error, when the trace was partial or failed. */
  readonly error?: string;
};

export type TraceStore = {
  /** Streams to disk while hashing; durable (fsync) when it resolves. Over `limitBytes`: too_large, nothing kept. No bytes: empty_input. */
  put(
    bytes: AsyncIterable<Uint8Array>,
    meta: { target: string; uploadedAt: EpochMillis; recordedAt?: EpochMillis; clockShiftMillis?: number; limitBytes?: number },
  ): Promise<{ record: TraceRecord; created: boolean }>;
  get(id: string): Promise<TraceRecord | undefined>;
  /** Newest first. */
  list(filter: { target?: string; range?: TimeRange; limit?: number }): Promise<TraceRecord[]>;
  update(id: string, change: Partial<Omit<TraceRecord, "id" | "target" | "bytes">>): Promise<void>;
  /** The stored bytes, as uploaded. */
  open(id: string): Promise<AsyncIterable<Uint8Array>>;
  /** The file that holds them, where there is one: another thread can read it itself. */
  path?(id: string): Promise<string | undefined>;
};

export type ModelRecord = {
  readonly id: string;
  readonly target: string;
  readonly kind: "forecast" | "anomaly";
  readonly createdAt: EpochMillis;
  readonly summary: Readonly<Record<string, unknown>>;
};
export type ModelStore = {
  put(record: Omit<ModelRecord, "id">, model: SavedModel): Promise<ModelRecord>;
  /** @throws ForetraceError store_failed with the model's id as input when its files cannot be read. */
  latest(target: string, kind: ModelRecord["kind"]): Promise<{ record: ModelRecord; model: SavedModel } | undefined>;
  list(target?: string): Promise<ModelRecord[]>;
};

export type ForecastRecord = {
  /** Hash of target, series, model and issuedAt. */
  readonly id: string;
  readonly target: string;
  readonly labels: Labels;
  readonly modelId: string;
  readonly model: string;
  readonly issuedAt: EpochMillis;
  /** Time of the first step. */
  readonly start: EpochMillis;
  readonly step: number;
  readonly levels: readonly number[];
  /** quantiles[k][h] */
  readonly quantiles: readonly (readonly (number | null)[])[];
};

export type Contribution = {
  readonly labels: Labels;
  readonly share: number;
  readonly observed: number | null;
  readonly expected: number | null;
  /** When that was: where in the window the series lay farthest from what was expected. Absent in records of earlier versions. */
  readonly at?: EpochMillis;
};
export type AnomalyRecord = {
  /** Hash of target, model and window start: scoring twice gives one record. */
  readonly id: string;
  readonly target: string;
  readonly from: EpochMillis;
  readonly peakAt: EpochMillis;
  readonly to: EpochMillis;
  readonly open: boolean;
  /** Score over threshold: > 1 is anomalous. */
  readonly peakScore: number;
  readonly threshold: number;
  readonly modelId: string;
  readonly contributions: readonly Contribution[];
  /** Traces that cover part of the window, with the slice link. */
  readonly traces: readonly { readonly id: string; readonly url: string }[];
};

export type ReportRecord = {
  readonly id: string;
  readonly createdAt: EpochMillis;
  readonly from: EpochMillis;
  readonly to: EpochMillis;
  readonly title: string;
};

export type OutcomeStore = {
  putForecasts(records: readonly ForecastRecord[]): Promise<void>;
  /** The newest issued per series (labels), optionally issued at or before `issuedBefore`. */
  latestForecasts(filter: { target?: string; issuedBefore?: EpochMillis }): Promise<ForecastRecord[]>;
  /** Every forecast issued in the range, oldest first; with `labels` those of this one series. */
  forecasts(filter: { target?: string; labels?: Labels; range: TimeRange }): Promise<ForecastRecord[]>;
  /** Replaces the target's windows that touch the range by these. */
  putAnomalies(target: string, range: TimeRange, records: readonly AnomalyRecord[]): Promise<void>;
  anomalies(filter: { target?: string; range?: TimeRange; limit?: number }): Promise<AnomalyRecord[]>;
  anomaly(id: string): Promise<AnomalyRecord | undefined>;
  putReport(record: ReportRecord, body: { markdown: string; html: string }): Promise<void>;
  reports(): Promise<ReportRecord[]>;
  report(id: string): Promise<{ record: ReportRecord; markdown: string; html: string } | undefined>;
};

export type TargetRecord = { readonly name: string; readonly createdAt: EpochMillis };
export type TargetStore = {
  ensure(name: string, at: EpochMillis): Promise<void>;
  list(): Promise<TargetRecord[]>;
};

export type Store = {
  readonly series: SeriesStore;
  readonly traces: TraceStore;
  readonly models: ModelStore;
  readonly outcomes: OutcomeStore;
  readonly targets: TargetStore;
  /** Flushes and closes; safe to call twice. */
  close(): Promise<void>;
};
