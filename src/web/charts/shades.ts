/** Anomalous windows as a chart shades them. Pure. */
import type { Anomaly } from "../api-types.ts";

/** An anomalous window; `strong`: the series of the chart had a part in it. */
export type Shade = { readonly id: string; readonly from: number; readonly to: number; readonly score: number; readonly strong: boolean };

export const shadesOf = (anomalies: readonly Anomaly[], strong: (anomaly: Anomaly) => boolean): Shade[] =>
  anomalies.map((anomaly) => ({
    id: anomaly.id,
    from: anomaly.from,
    to: anomaly.to,
    score: anomaly.peakScore,
    strong: strong(anomaly),
  }));

/** The window at a moment; of several the strongest. */
export const shadeAt = (shades: readonly Shade[], at: number): Shade | undefined =>
  shades.filter((shade) => at >= shade.from && at <= shade.to).sort((a, b) => Number(b.strong) - Number(a.strong) || b.score - a.score)[0];
