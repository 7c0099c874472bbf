/** When did a series last speak? Where the store does not tell, it is asked in growing steps back, so that the common case reads little. */
import type { EpochMillis } from "../lib/units.ts";
import { epochMillis } from "../lib/units.ts";
import type { Matcher, SeriesStore } from "../store/ports.ts";

const hour = 3_600_000;

/** Time of the newest sample at or before `now`, not older than `now − lookback`; undefined when there is none. */
export async function newestSample(
  series: SeriesStore,
  matchers: readonly Matcher[],
  now: EpochMillis,
  lookback: number,
): Promise<EpochMillis | undefined> {
  const latest = await series.latest?.(matchers);
  if (latest !== undefined) {
    const newest = latest.reduce((most, { sample }) => Math.max(most, sample.t), Number.NEGATIVE_INFINITY);
    // Samples of the future (a clock that stepped back) hide what lies before them; then it is searched for.
    if (newest <= now) return newest >= now - lookback ? epochMillis(newest) : undefined;
  }
  let to: number = now;
  for (let back = Math.min(hour, lookback); ; back = Math.min(back * 8, lookback)) {
    const from = now - back;
    let newest = Number.NEGATIVE_INFINITY;
    for (const { samples } of await series.select(matchers, { from: epochMillis(from), to: epochMillis(to) })) {
      newest = Math.max(newest, samples.at(-1)?.t ?? newest);
    }
    if (newest > Number.NEGATIVE_INFINITY) return epochMillis(newest);
    if (back >= lookback) return undefined;
    to = from;
  }
}
