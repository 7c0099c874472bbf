/** What the forms of the answer have in common. */
import type { FeatureWindow } from "../../features/window.ts";
import type { TraceOutcome, TraceVisitor } from "../../trace/model.ts";

export const formats = ["text", "json", "csv", "prom", "html"] as const;
export type Format = (typeof formats)[number];

export const seriesSets = ["core", "all"] as const;
export type SeriesSet = (typeof seriesSets)[number];

export type AnswerOptions = {
  readonly input: string;
  readonly windowNanos: number;
  /** Trace nanoseconds, on borders of windows; `to` may be Infinity. */
  readonly from: number;
  readonly to: number;
  readonly write: (text: string) => void;
  /** Which series csv, json and prom give. */
  readonly series: SeriesSet;
  readonly color: boolean;
  readonly width: number;
};

export type Answer = {
  readonly visitor: TraceVisitor;
  /** Of an answer that is made of the windows of the core series alone: takes them in order, instead of `visitor`. */
  readonly onWindow?: (window: FeatureWindow) => void;
  /** After the last event. */
  finish(outcome: TraceOutcome): void;
};
