/** /autoscale/v1/{target}/{horizon}: how many replicas a target needs, now and within the horizon. Answered from memory. */
import { Type } from "typebox";
import { ForetraceError } from "../../lib/errors.ts";
import { type Labels, parseSeriesName } from "../../lib/series.ts";
import { parseDurationMillis } from "../../lib/units.ts";
import { type AutoscaleInputs, autoscaleAnswer } from "../autoscale.ts";
import type { ApiContext, App, AutoscaleConfig } from "../context.ts";
import { answers } from "../schemas/common.ts";
import { Autoscale } from "../schemas/records.ts";
import { latestOf, matching } from "../series-view.ts";

const maxHorizonMillis = 7 * 86_400_000;
/** Inputs younger than this are not read again. */
const freshMillis = 2000;
/** An autoscaler waits this long for a slow store before it gets the last known values. */
const patienceMillis = 500;

/** Without any values yet it waits so long, and a reading that takes longer than this is given up for another. */
const hungMillis = 10_000;

type Reading = { readonly since: number; readonly inputs: Promise<AutoscaleInputs> };
type Entry = { inputs?: AutoscaleInputs; readAt: number; reading?: Reading };

export async function autoscaleRoutes(app: App, context: ApiContext): Promise<void> {
  const { config, clock, log } = context;
  const scalings = new Map(Object.entries(config.autoscale ?? {}));
  const cache = new Map<string, Entry>();

  const startReading = (entry: Entry, target: string, scaling: AutoscaleConfig): Reading => {
    const forget = (): void => {
      if (entry.reading === reading) delete entry.reading;
    };
    const inputs = readInputs(context, target, scaling).then((read) => {
      entry.inputs = read;
      entry.readAt = clock();
      return read;
    });
    const reading: Reading = { since: clock(), inputs };
    inputs.then(forget, forget);
    return reading;
  };
  const inputsOf = async (target: string, scaling: AutoscaleConfig): Promise<AutoscaleInputs> => {
    const entry = cache.get(target) ?? { readAt: Number.NEGATIVE_INFINITY };
    cache.set(target, entry);
    const now = clock();
    if (entry.inputs !== undefined && Math.abs(now - entry.readAt) < freshMillis) return entry.inputs;
    if (entry.reading === undefined || Math.abs(now - entry.reading.since) > hungMillis)
      entry.reading = startReading(entry, target, scaling);
    const { inputs } = entry.reading;
    if (entry.inputs === undefined) {
      const slow = new ForetraceError("unavailable", "the store does not answer; no demand has been read yet");
      return Promise.race([inputs, after(hungMillis).then(() => Promise.reject(slow))]);
    }
    const last: AutoscaleInputs = { ...entry.inputs, unreadable: true };
    const failed = (error: unknown): AutoscaleInputs => {
      log.warn({ err: error, target }, "autoscale answers from the last known values");
      return last;
    };
    return Promise.race([inputs.catch(failed), after(patienceMillis).then(() => last)]);
  };

  app.get(
    "/autoscale/v1/:target/:horizon",
    {
      schema: {
        summary: "Replicas that a target needs, now and within the horizon",
        description:
          "Plain numbers for KEDA's metrics-api scaler (valueLocation: recommended). Old inputs are answered with stale = true, " +
          "unknown ones with null, which KEDA takes as an error and holds its fallback.",
        tags: ["autoscale"],
        params: Type.Object({
          target: Type.String({ description: "Name of the service" }),
          horizon: Type.String({ description: "How far ahead: 300s or 5m; 7d at most" }),
        }),
        response: answers({ 200: Autoscale }),
      },
    },
    async ({ params }) => {
      const horizon = parseHorizon(params.horizon);
      const scaling = scalings.get(params.target);
      if (scaling === undefined) {
        const known = [...scalings.keys()];
        const remedy = known.length === 0 ? "; set autoscale for it in the configuration" : `; it is set for ${known.join(", ")}`;
        throw new ForetraceError("not_found", `autoscale is not configured for target "${params.target}"${remedy}`, { input: "target" });
      }
      const inputs = await inputsOf(params.target, scaling);
      return autoscaleAnswer(params.target, horizon, scaling, inputs, clock(), config.staleAfterMillis ?? 300_000);
    },
  );
}

function parseHorizon(text: string): number {
  const millis = parseDurationMillis(text, "horizon");
  if (millis < 1000 || millis > maxHorizonMillis) {
    throw new ForetraceError("bad_usage", `horizon: "${text}" is not between 1s and 7d`, { input: "horizon" });
  }
  return Math.round(millis);
}

/** Every label set that has the target, the name and the given labels of the configured series. */
async function readInputs({ store, clock }: ApiContext, target: string, scaling: AutoscaleConfig): Promise<AutoscaleInputs> {
  const wanted: Labels = { target, ...parseSeriesName(scaling.series) };
  const [samples, forecasts] = await Promise.all([
    latestOf(store.series, matching(wanted), clock()),
    store.outcomes.latestForecasts({ target }),
  ]);
  const fits = (labels: Labels): boolean => Object.entries(wanted).every(([name, value]) => (labels[name] ?? "") === value);
  return { samples, forecasts: forecasts.filter((record) => fits({ target: record.target, ...record.labels })) };
}

const after = (millis: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, millis).unref());
