/** What the store holds, as it is answered. */
import { Type } from "typebox";
import { LabelSet, Millis, NullableNumber } from "./common.ts";

export const Target = Type.Object({
  name: Type.String(),
  createdAt: Millis("First seen"),
  series: Type.Integer({ description: "Stored series" }),
  traces: Type.Integer({ description: "Stored traces (1,000 at most are counted)" }),
  openAnomalies: Type.Integer({ description: "Anomalous windows that have not ended, of the newest 1,000" }),
  lastSampleAt: NullableNumber("Time of the newest sample, milliseconds since 1970"),
});

export const Trace = Type.Object({
  id: Type.String({ description: "SHA-256 of the stored bytes, hex" }),
  target: Type.String(),
  bytes: Type.Integer(),
  uploadedAt: Millis("Upload"),
  status: Type.Enum(["stored", "extracted", "partial", "failed"], {
    description: "stored: not read yet; partial: read up to a break; failed: nothing could be read",
  }),
  version: Type.Optional(Type.Integer({ description: "Minor version of the format: 22 for go 1.22 trace" })),
  events: Type.Optional(Type.Integer()),
  start: Type.Optional(Millis("Wall clock of the first event")),
  end: Type.Optional(Millis("Wall clock of the last event")),
  clock: Type.Optional(Type.Enum(["snapshot", "recorded_at", "upload"], { description: "Where the wall clock comes from" })),
  clockErrorMillis: Type.Optional(Type.Number({ description: "Error bound of the wall clock, milliseconds" })),
  recordedAt: Type.Optional(Millis("Start of the recording as given at upload")),
  clockShiftMillis: Type.Optional(Type.Number({ description: "Added to the clock of the trace" })),
  error: Type.Optional(Type.String({ description: "Where and why reading ended" })),
});

export const Forecast = Type.Object({
  id: Type.String(),
  target: Type.String(),
  labels: LabelSet,
  modelId: Type.String(),
  model: Type.String(),
  issuedAt: Millis("Issue"),
  start: Millis("First step"),
  step: Type.Number({ description: "Milliseconds between steps" }),
  levels: Type.Array(Type.Number(), { description: "Levels of the quantiles, ascending" }),
  quantiles: Type.Array(Type.Array(NullableNumber()), { description: "quantiles[level][step]; null where unknown" }),
});

const Contribution = Type.Object({
  labels: LabelSet,
  share: Type.Number({ description: "Share of the score about the peak, 0..1" }),
  observed: NullableNumber("Value where in the window it lay farthest from what was expected"),
  expected: NullableNumber("What was normal there"),
  at: Type.Optional(Millis("When that was")),
});

export const Anomaly = Type.Object({
  id: Type.String(),
  target: Type.String(),
  from: Millis("Start of the window"),
  peakAt: Millis("Strangest moment"),
  to: Millis("End of the window"),
  open: Type.Boolean({ description: "The window has not ended yet" }),
  peakScore: Type.Number({ description: "Score over threshold at the peak; above 1 is anomalous" }),
  threshold: Type.Number(),
  modelId: Type.String(),
  contributions: Type.Array(Contribution, { description: "Series that contributed most, largest first" }),
  traces: Type.Array(Type.Object({ id: Type.String(), url: Type.String({ description: "Slice of the trace that covers the window" }) })),
});

export const Model = Type.Object({
  id: Type.String(),
  target: Type.String(),
  kind: Type.Enum(["forecast", "anomaly"]),
  createdAt: Millis("Training"),
  summary: Type.Record(Type.String(), Type.Unknown(), { description: "What the training found: series, errors, threshold" }),
});

export const Report = Type.Object({
  id: Type.String(),
  createdAt: Millis("Making"),
  from: Millis("Start of the range"),
  to: Millis("End of the range"),
  title: Type.String(),
});

export const Job = Type.Object({
  id: Type.String(),
  name: Type.Enum(["ingest", "extract", "train", "score", "forecast", "report"]),
  state: Type.Enum(["waiting", "active", "delayed", "completed", "failed", "canceled"]),
  input: Type.Record(Type.String(), Type.Unknown()),
  progress: Type.Number({ minimum: 0, maximum: 1, description: "Share done" }),
  attempts: Type.Integer(),
  createdAt: Millis("Enqueued"),
  finishedAt: Type.Optional(Millis("End")),
  result: Type.Optional(Type.Unknown()),
  error: Type.Optional(Type.String()),
});

const Last = Type.Union([Type.Object({ t: Millis("Time"), v: NullableNumber() }), Type.Null()]);
export const SeriesItem = Type.Object({
  name: Type.String({ description: "Prometheus notation; the key for series/data" }),
  labels: LabelSet,
  unit: Type.String(),
  help: Type.String(),
  last: Last,
});

export const SeriesData = Type.Object({
  name: Type.String(),
  unit: Type.String(),
  help: Type.String(),
  samples: Type.Array(Type.Tuple([Type.Number(), NullableNumber()]), { description: "[time, value]" }),
  forecast: Type.Union([Forecast, Type.Null()]),
  past: Type.Array(Type.Tuple([Type.Number(), NullableNumber(), NullableNumber(), NullableNumber()]), {
    description: "What was last said before each moment: [time, expected, lower, upper] (0.5, 0.025, 0.975)",
  }),
  anomalies: Type.Array(Anomaly),
});

const Numbers = Type.Array(Type.Number());
export const Timeline = Type.Object({
  from: Type.Number({ description: "Trace nanoseconds" }),
  to: Type.Number({ description: "Trace nanoseconds" }),
  names: Type.Array(Type.String()),
  lanes: Type.Array(
    Type.Object({
      kind: Type.Enum(["proc", "gc", "stw", "assist"]),
      id: Type.Number(),
      label: Type.String(),
      start: Numbers,
      end: Numbers,
      name: Type.Array(Type.Integer(), { description: "Index in names; -1 = several merged" }),
      goroutine: Type.Array(Type.Number(), { description: "-1 = several" }),
      share: Type.Array(Type.Number(), { description: "Busy share of a merged span; 1 = exact" }),
    }),
  ),
  counters: Type.Array(Type.Object({ label: Type.String(), unit: Type.String(), t: Numbers, v: Numbers })),
});

export const Autoscale = Type.Object({
  target: Type.String(),
  horizon: Type.String({ description: "As asked, in seconds: 300s" }),
  current: NullableNumber("Demand now"),
  predicted: NullableNumber("Highest expected demand within the horizon"),
  demand: NullableNumber("Demand to plan for: the larger of now and the 0.9 quantile within the horizon"),
  replicas: NullableNumber("Replicas that carry the demand of now"),
  recommended: NullableNumber("Replicas that carry the demand to plan for"),
  reason: Type.Array(Type.String()),
  stale: Type.Boolean({ description: "The newest sample or forecast is old or missing" }),
  issued_at: NullableNumber("Issue of the forecast, milliseconds since 1970"),
});
