/** Counters to rates. */
import type { Sample } from "../lib/series.ts";

/**
 * Rate per second between neighbouring samples of a counter, stamped with the later one.
 *
 * Resets as in Prometheus: a value below the one before it means that the counter began again at 0, so the increase is the new value.
 * That equals `rate(c[step])` of Prometheus 2 where samples lie on the step, since nothing is extrapolated then. A reset between two
 * samples after which the counter has already passed its old value cannot be seen, here as there.
 *
 * Missing stays missing: a NaN sample, or a distance above `maxGapMillis`, ends the stretch, and the next sample only opens a new one.
 */
export function counterToRate(samples: readonly Sample[], maxGapMillis = Number.POSITIVE_INFINITY): Sample[] {
  const rates: Sample[] = [];
  let before: Sample | undefined;
  for (const sample of samples) {
    if (Number.isNaN(sample.v)) {
      before = undefined;
      continue;
    }
    const elapsed = before === undefined ? 0 : sample.t - before.t;
    if (before !== undefined && elapsed > 0 && elapsed <= maxGapMillis) {
      const increase = sample.v < before.v ? sample.v : sample.v - before.v;
      rates.push({ t: sample.t, v: (increase / elapsed) * 1000 });
    }
    before = sample;
  }
  return rates;
}
