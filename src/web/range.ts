/** The time range of the charts: presets that follow the clock, and fixed ranges from a drag. */
export type Range =
  | { readonly kind: "live"; readonly span: number }
  | { readonly kind: "fixed"; readonly from: number; readonly to: number };

const minute = 60_000;
const hour = 60 * minute;
export const presets: readonly { readonly label: string; readonly title: string; readonly span: number }[] = [
  { label: "15m", title: "15 minutes", span: 15 * minute },
  { label: "1h", title: "1 hour", span: hour },
  { label: "6h", title: "6 hours", span: 6 * hour },
  { label: "24h", title: "24 hours", span: 24 * hour },
  { label: "7d", title: "7 days", span: 7 * 24 * hour },
];

export type Span = { readonly from: number; readonly to: number };

/**
 * Epoch ms a range shows. A live range ends as far in the future as forecasts reach, at most a third of its span ahead.
 * When the newest sample is older than half the span (a recording, a dead scrape), the range stands at that sample instead of now.
 */
export function resolveRange(range: Range, now: number, lastSampleAt: number | null, forecastEnd: number | null): Span {
  if (range.kind === "fixed") return { from: range.from, to: range.to };
  const anchor = rangeAnchor(range, now, lastSampleAt);
  const ahead = forecastEnd === null ? anchor : Math.min(forecastEnd, anchor + range.span / 3);
  return { from: anchor - range.span, to: Math.max(anchor, ahead) };
}

/** Where the present of a live range stands: now, or the newest sample when that is old. */
export function rangeAnchor(range: Range, now: number, lastSampleAt: number | null): number {
  if (range.kind === "fixed") return now;
  return lastSampleAt !== null && Math.abs(now - lastSampleAt) > range.span / 2 ? lastSampleAt : now;
}

/** The smallest preset that shows all the data there is; six hours when nothing is known. */
export function fittingSpan(firstAt: number | null, lastAt: number | null): number {
  if (firstAt === null || lastAt === null) return 6 * hour;
  return (presets.find((preset) => preset.span >= (lastAt - firstAt) * 0.98) ?? presets.at(-1)!).span;
}

/** A drag shorter than this is a click. */
export const shortestRange = 2000;
