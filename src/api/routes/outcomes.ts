/** /forecasts, /anomalies and /models: what was learnt and what came of it. */
import { Type } from "typebox";
import { ForetraceError } from "../../lib/errors.ts";
import type { AnomalyRecord } from "../../store/ports.ts";
import type { ApiContext, App } from "../context.ts";
import { parseRange } from "../moments.ts";
import { IdParams, Limit, RangeFrom, RangeTo, TargetName, answers, itemsOf, queryOf, restBase } from "../schemas/common.ts";
import { Anomaly, Forecast, Model } from "../schemas/records.ts";
import { always } from "../series-view.ts";

const ofTarget = { target: Type.Optional(TargetName) };
const filterOf = (target: string | undefined): { target?: string } => (target === undefined ? {} : { target });

export async function outcomeRoutes(app: App, { store }: ApiContext): Promise<void> {
  app.get(
    `${restBase}/forecasts`,
    {
      schema: {
        summary: "The newest forecast of each series",
        tags: ["forecasts"],
        querystring: queryOf(ofTarget),
        response: answers({ 200: itemsOf(Forecast) }),
      },
    },
    async ({ query }) => ({ items: await store.outcomes.latestForecasts(filterOf(query.target)) }),
  );
  app.get(
    `${restBase}/anomalies`,
    {
      schema: {
        summary: "Anomalous windows, newest first",
        tags: ["anomalies"],
        querystring: queryOf({ ...ofTarget, from: RangeFrom, to: RangeTo, limit: Limit }),
        response: answers({ 200: itemsOf(Anomaly) }),
      },
    },
    async ({ query }) => {
      const range = parseRange(query, always);
      const found = await store.outcomes.anomalies({ ...filterOf(query.target), range, limit: query.limit ?? 100 });
      return { items: found.map(bySharing).sort((a, b) => b.from - a.from) };
    },
  );
  app.get(
    `${restBase}/anomalies/:id`,
    { schema: { summary: "One anomalous window", tags: ["anomalies"], params: IdParams, response: answers({ 200: Anomaly }) } },
    async ({ params }) => {
      const found = await store.outcomes.anomaly(params.id);
      if (found === undefined) throw new ForetraceError("not_found", `no anomaly "${params.id}" is stored`, { input: "id" });
      return bySharing(found);
    },
  );
  app.get(
    `${restBase}/models`,
    {
      schema: {
        summary: "Trained models, newest first",
        tags: ["models"],
        querystring: queryOf(ofTarget),
        response: answers({ 200: itemsOf(Model) }),
      },
    },
    async ({ query }) => ({ items: await store.models.list(query.target) }),
  );
}

/** Contributions by share, largest first. */
function bySharing(anomaly: AnomalyRecord): AnomalyRecord {
  return { ...anomaly, contributions: [...anomaly.contributions].sort((a, b) => b.share - a.share) };
}
