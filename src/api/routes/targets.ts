/** /targets: the services that are watched. */
import { epochMillis } from "../../lib/units.ts";
import { targetMatcher } from "../../jobs/frames.ts";
import type { ApiContext, App } from "../context.ts";
import { answers, itemsOf, restBase } from "../schemas/common.ts";
import { Target } from "../schemas/records.ts";
import { always, latestSamples } from "../series-view.ts";

/** Traces and windows of one target that are looked at; the page asks every few seconds. */
const maxCounted = 1000;

export async function targetRoutes(app: App, { store, clock }: ApiContext): Promise<void> {
  app.get(
    `${restBase}/targets`,
    { schema: { summary: "Watched services", tags: ["targets"], response: answers({ 200: itemsOf(Target) }) } },
    async () => {
      const targets = await store.targets.list();
      const items = await Promise.all(
        targets.map(async ({ name, createdAt }) => {
          const matchers = targetMatcher(name);
          const [series, traces, anomalies, latest] = await Promise.all([
            store.series.series(matchers, always),
            store.traces.list({ target: name, limit: maxCounted }),
            store.outcomes.anomalies({ target: name, limit: maxCounted }),
            latestSamples(store.series, matchers, epochMillis(clock())),
          ]);
          const lastSampleAt = latest.size === 0 ? null : Math.max(...[...latest.values()].map(({ t }) => t));
          return {
            name,
            createdAt,
            series: series.length,
            traces: traces.length,
            openAnomalies: anomalies.filter(({ open }) => open).length,
            lastSampleAt,
          };
        }),
      );
      return { items };
    },
  );
}
