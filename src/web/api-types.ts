/**
 * The JSON answers of /api/foretrace/v1 as the page reads them. The page talks to the service by HTTP only,
 * so these are shapes of a wire format, not imports of the store. Times are epoch milliseconds, missing is null.
 */
export type Items<T> = { readonly items: readonly T[] };

export type TargetItem = {
  readonly name: string;
  readonly createdAt: number;
  readonly series: number;
  readonly traces: number;
  readonly openAnomalies: number;
  readonly lastSampleAt: number | null;
};

export type LabelSet = Readonly<Record<string, string>>;

export type SeriesItem = {
  /** Prometheus notation, `target` label included; the key for series/data. */
  readonly name: string;
  readonly labels: LabelSet;
  readonly unit: string;
  readonly help: string;
  readonly last: { readonly t: number; readonly v: number | null } | null;
};

export type Forecast = {
  readonly id: string;
  readonly target: string;
  readonly labels: LabelSet;
  readonly modelId: string;
  readonly model: string;
  readonly issuedAt: number;
  /** Time of the first step. */
  readonly start: number;
  readonly step: number;
  readonly levels: readonly number[];
  /** quantiles[level][step] */
  readonly quantiles: readonly (readonly (number | null)[])[];
};

export type Contribution = {
  readonly labels: LabelSet;
  readonly share: number;
  readonly observed: number | null;
  readonly expected: number | null;
  /** Where in the window the series lay farthest from what was expected. */
  readonly at?: number;
};

export type Anomaly = {
  readonly id: string;
  readonly target: string;
  readonly from: number;
  readonly peakAt: number;
  readonly to: number;
  readonly open: boolean;
  /** Score over threshold: > 1 is anomalous. */
  readonly peakScore: number;
  readonly threshold: number;
  readonly modelId: string;
  readonly contributions: readonly Contribution[];
  readonly traces: readonly { readonly id: string; readonly url: string }[];
};

export type SeriesData = {
  readonly name: string;
  readonly unit: string;
  readonly help: string;
  readonly samples: readonly (readonly [number, number | null])[];
  readonly forecast: Forecast | null;
  /** What earlier forecasts said: time, expected, lower and upper (0.025 and 0.975). */
  readonly past: readonly (readonly [number, number | null, number | null, number | null])[];
  readonly anomalies: readonly Anomaly[];
};

export type TraceItem = {
  readonly id: string;
  readonly target: string;
  readonly bytes: number;
  readonly uploadedAt: number;
  readonly status: "stored" | "extracted" | "partial" | "failed";
  readonly version?: number;
  readonly events?: number;
  readonly start?: number;
  readonly end?: number;
  readonly clock?: "snapshot" | "recorded_at" | "upload";
  readonly clockErrorMillis?: number;
  /** Start of the recording as given at upload. */
  readonly recordedAt?: number;
  readonly clockShiftMillis?: number;
  readonly error?: string;
};

export type ReportItem = {
  readonly id: string;
  readonly createdAt: number;
  readonly from: number;
  readonly to: number;
  readonly title: string;
};

export type LaneKind = "proc" | "gc" | "stw" | "assist";

export type TimelineLane = {
  readonly kind: LaneKind;
  readonly id: number;
  readonly label: string;
  /** Spans, ascending: start and end in trace nanoseconds. */
  readonly start: readonly number[];
  readonly end: readonly number[];
  /** Index into names; -1 = several spans merged. */
  readonly name: readonly number[];
  /** -1 = several. */
  readonly goroutine: readonly number[];
  /** Busy share of a merged span; 1 = exact. */
  readonly share: readonly number[];
};

export type TimelineCounter = {
  readonly label: string;
  readonly unit: string;
  readonly t: readonly number[];
  readonly v: readonly number[];
};

export type Timeline = {
  /** Trace nanoseconds. */
  readonly from: number;
  readonly to: number;
  readonly names: readonly string[];
  readonly lanes: readonly TimelineLane[];
  readonly counters: readonly TimelineCounter[];
};

export type Job = {
  readonly id: string;
  readonly name: "ingest" | "extract" | "train" | "score" | "forecast" | "report";
  readonly state: "waiting" | "active" | "delayed" | "completed" | "failed" | "canceled";
  readonly input: Readonly<Record<string, unknown>>;
  /** Share done 0..1. */
  readonly progress: number;
  readonly attempts: number;
  readonly createdAt: number;
  readonly finishedAt?: number;
  readonly result?: unknown;
  readonly error?: string;
};
