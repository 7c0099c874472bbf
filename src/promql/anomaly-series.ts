/** foretrace_anomaly_active{target}: 1 inside an anomalous window, absent outside. */
import type { Sample } from "../lib/series.ts";
import { epochMillis } from "../lib/units.ts";
import { compileMatchers } from "../store/matchers.ts";
import type { AnomalyRecord, Matcher, OutcomeStore, TimeRange } from "../store/ports.ts";
import { staleMarker } from "../store/series/stale.ts";
import type { DerivedSeries } from "./derived.ts";

const metric = "foretrace_anomaly_active";
/** Shorter than any lookback that makes sense, so that a window has no holes. */
const sampleEvery = 60_000;
/** Of one target; older windows of a longer range are left out. */
const maxWindows = 10_000;

export function anomalySeries(outcomes: Pick<OutcomeStore, "anomalies">): DerivedSeries {
  const windows = async (matchers: readonly Matcher[], range: TimeRange): Promise<Map<string, AnomalyRecord[]>> => {
    const matches = compileMatchers(matchers);
    const target = matchers.find(({ name, op }) => name === "target" && op === "=")?.value;
    const found = await outcomes.anomalies({ ...(target === undefined || target === "" ? {} : { target }), range, limit: maxWindows });
    const own = found.filter((record) => matches({ __name__: metric, target: record.target })).sort((a, b) => a.from - b.from);
    return Map.groupBy(own, (record) => record.target);
  };
  return {
    names: [metric],
    async select(matchers, range) {
      return [...(await windows(matchers, range))].map(([target, records]) => ({
        labels: { __name__: metric, target },
        samples: samplesOf(records, range),
      }));
    },
    async series(matchers, range) {
      return [...(await windows(matchers, range)).keys()].map((target) => ({ __name__: metric, target }));
    },
  };
}

/** Ascending in time; a window that has ended gets a stale marker, one that is open runs on for the length of the lookback. */
function samplesOf(records: readonly AnomalyRecord[], range: TimeRange): Sample[] {
  const samples = new Map<number, number>();
  for (const { from, to, open } of records) {
    const first = from + Math.max(0, Math.ceil((range.from - from) / sampleEvery)) * sampleEvery;
    if (from < range.from && range.from <= to) samples.set(range.from, 1);
    for (let t = first; t <= Math.min(to, range.to); t += sampleEvery) samples.set(t, 1);
    if (to <= range.to && to >= range.from) {
      samples.set(to, 1);
      if (!open && !samples.has(to + 1)) samples.set(to + 1, staleMarker());
    }
  }
  return [...samples].sort(([a], [b]) => a - b).map(([t, v]) => ({ t: epochMillis(t), v }));
}
