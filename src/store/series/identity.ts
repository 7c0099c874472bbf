/** What makes a series that series: its label set, without empty values (an empty label is a missing one, as in Prometheus). */
import { createHash } from "node:crypto";
import { ForetraceError } from "../../lib/errors.ts";
import type { Labels, Sample } from "../../lib/series.ts";
import { maxTime } from "./chunk.ts";

const maxLabelBytes = 64 * 1024;

export type SeriesIdentity = {
  /** Equal exactly when the label sets are equal. */
  readonly key: string;
  readonly labels: Labels;
};

/** @throws ForetraceError bad_metrics when a label cannot be stored. */
export function identify(labels: Labels): SeriesIdentity {
  const pairs = Object.entries(labels)
    .filter(([, value]) => value !== "")
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const key = JSON.stringify(pairs);
  if (pairs.length === 0) throw new ForetraceError("bad_metrics", "a series has no labels; give it at least a name (__name__)");
  if (key.length > maxLabelBytes)
    throw new ForetraceError("bad_metrics", `the labels of a series take more than ${maxLabelBytes} characters: ${key.slice(0, 120)}…`);
  // PostgreSQL's text holds neither of the two.
  if (pairs.some(([name, value]) => !isText(name) || !isText(value))) {
    throw new ForetraceError("bad_metrics", `a label holds a NUL character or half of a surrogate pair: ${key.slice(0, 200)}`);
  }
  return { key, labels: Object.fromEntries(pairs) };
}

export const fingerprint = (key: string): string => createHash("sha256").update(key).digest("hex");

const isText = (text: string): boolean => !text.includes("\0") && text.isWellFormed();

/** Whole milliseconds. @throws ForetraceError bad_metrics when the time is none, or out of range. */
export function sampleTime({ t }: Sample): number {
  const time = Math.round(t);
  if (!(Math.abs(time) <= maxTime)) throw new ForetraceError("bad_metrics", `a sample has the time ${t}, which is no time in milliseconds`);
  // Not −0.
  return time + 0;
}
