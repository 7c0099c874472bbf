/** Says in the store where a series breaks off, so that readers with a lookback do not draw on through the gap. */
import type { Sample } from "../lib/series.ts";
import { epochMillis } from "../lib/units.ts";
import { staleMarker } from "../store/series/stale.ts";

/**
 * The samples with a stale marker one step after each that has no follower there, up to `until` inclusive.
 * A sample that comes later at the marker's time replaces it.
 * @param samples ascending, on multiples of `step` (milliseconds)
 */
export function markGaps(samples: readonly Sample[], step: number, until: number): Sample[] {
  const marked: Sample[] = [];
  for (const [i, sample] of samples.entries()) {
    marked.push(sample);
    const due = sample.t + step;
    const next = samples[i + 1]?.t ?? Number.POSITIVE_INFINITY;
    if (next > due && due <= until) marked.push({ t: epochMillis(due), v: staleMarker() });
  }
  return marked;
}
