/** What `foretrace/trace` exports: docs/library.md. Nothing here needs Node. */
export { errorTable, ForetraceError, isForetraceError, type ErrorCode, type ErrorPlace } from "../lib/errors.ts";
export { formatDuration, parseDurationNanos, traceNanos, type TraceNanos } from "../lib/units.ts";
export { deliverBlock } from "./blocks.ts";
export { columnNames, type ColumnName, type ColumnOptions, type EventChunk, type EventColumns } from "./columns.ts";
export { eventAt, traceEvents, type EventDetail, type TraceEvent } from "./events.ts";
export {
  EventKind,
  eventKindNames,
  Field,
  GoState,
  goStateNames,
  Metric,
  metricNames,
  ProcState,
  procStateNames,
  RangeName,
  rangeNames,
  recordWords,
  Scope,
  scopeNames,
  wideRecord,
  type ByteSource,
  type ClockSnapshot,
  type CompiledModule,
  type EventBlock,
  type Frame,
  type GenerationTables,
  type ReadOptions,
  type TraceCores,
  type TraceInfo,
  type TraceOutcome,
  type TraceVisitor,
} from "./model.ts";
export { readTrace } from "./read.ts";
export { sliceTrace, type SliceOptions, type TraceRange } from "./slice.ts";
export { type RangeSource } from "./range-source.ts";
export { streamBytes } from "./stream.ts";
export { readTable, tableChunks, type ChunkOptions, type EventTable, type TableOptions } from "./table.ts";
export { traceFromText, traceFromTextStream } from "./text/from-text.ts";
export { traceToText, type TextOptions } from "./text/to-text.ts";
export { blockBytes, TraceIndexer, type Crc32, type IndexedGeneration, type TraceIndex } from "./trace-index.ts";
export { validationRules, type RuleName } from "./validation/rules.ts";
export { createValidator, type TraceValidator, type ValidatorOptions } from "./validator.ts";
