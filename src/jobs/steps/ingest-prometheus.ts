/**
 * Pulls a target's queries from its Prometheus into the store.
 *
 * - A pull begins at the newest stored sample of the query, less an overlap in which late scrapes may still come in; the first one `lookback` ago.
 * - It goes forward in pieces, each stored before the next is asked for: a pull that is killed goes on where it stopped.
 * - Points lie on the multiples of the step, so pulling twice gives the same samples at the same times, which replace each other.
 * - What the server gives is what its range queries give: a value holds for up to its lookback (5 min) after a scrape was missed
 *   without a stale marker. Where a label set has no point, none is stored, and a stale marker says so.
 * - A query that fails, or a label set that cannot be stored, keeps no other from being pulled; what failed is said at the end.
 * - Counters become rates per second between neighbouring points; a missing point ends the stretch.
 */
import { ForetraceError, isForetraceError } from "../../lib/errors.ts";
import { type Labels, type Sample, seriesKey } from "../../lib/series.ts";
import { epochMillis } from "../../lib/units.ts";
import { counterToRate } from "../../sources/counter.ts";
import { alignDown, createPrometheusClient, type PrometheusClient } from "../../sources/prometheus/client.ts";
import type { SampleSeries } from "../../sources/samples.ts";
import type { SampleBatch } from "../../store/ports.ts";
import { identify } from "../../store/series/identity.ts";
import { type PrometheusConfig, type QueryConfig, targetConfig } from "../config.ts";
import { markGaps } from "../gaps.ts";
import { newestSample } from "../newest.ts";
import type { StepContext } from "../step.ts";

/** Points of a piece: far below the server's 11,000, so that many label sets fit in memory. */
const pointsAtOnce = 2000;
/** Scrapes of the last minute may still be on their way when a pull looks. */
const overlapMillis = 60_000;
/** Label sets of one query that are named when they cannot be stored. */
const mostNamed = 3;

/** `failure`: what went wrong with some of the queries, after all of them have been tried. */
export type Pulled = { readonly samples: number; readonly series: number; readonly failure: ForetraceError | undefined };

/** @throws ForetraceError bad_config without a prometheus section; canceled. */
export async function pullPrometheus(target: string, context: StepContext): Promise<Pulled> {
  const { prometheus } = targetConfig(context.config, target);
  if (prometheus === undefined) {
    throw new ForetraceError(
      "bad_config",
      `target "${target}" has no prometheus section in the configuration; add one with url and queries`,
      {
        input: target,
      },
    );
  }
  const client = createPrometheusClient({ url: prometheus.url, auth: prometheus.auth, timeoutMillis: prometheus.timeoutMillis });
  const queries = Object.entries(prometheus.queries);
  const seen = new Set<string>();
  let samples = 0;
  const faults: Fault[] = [];
  for (const [index, [name, query]] of queries.entries()) {
    const report = (error: ForetraceError): void => void faults.push({ query: name, error });
    const pulled = pullQuery({ target, name, query, client, prometheus, report }, context, (done) =>
      context.progress((index + done) / queries.length),
    );
    try {
      for await (const batches of pulled) {
        for (const batch of batches) {
          seen.add(seriesKey(batch.labels));
          samples += batch.samples.length;
        }
      }
    } catch (error) {
      if (context.signal.aborted || !isForetraceError(error) || error.code === "canceled") throw error;
      report(error);
    }
  }
  context.log.debug({ target, series: seen.size, samples, faults: faults.length }, "pulled from Prometheus");
  return { samples, series: seen.size, failure: failureOf(target, faults) };
}

type Fault = { readonly query: string; readonly error: ForetraceError };

/** One error that names every query that failed; worth another attempt when one of them is. */
function failureOf(target: string, faults: readonly Fault[]): ForetraceError | undefined {
  const [first, ...others] = faults;
  if (first === undefined || others.length === 0) return first?.error;
  const telling = faults.find(({ error }) => error.retryable) ?? first;
  const queries = [...Map.groupBy(faults, ({ query }) => query)].map(([query, own]) => {
    const more = own.length > mostNamed ? `, and ${own.length - mostNamed} more` : "";
    return `${query}: ${own
      .slice(0, mostNamed)
      .map(({ error }) => error.message)
      .join(", ")}${more}`;
  });
  const message = `${queries.length} of the queries of target "${target}" failed, in whole or in part: ${queries.join("; ")}`;
  return new ForetraceError(telling.error.code, message, { input: telling.query, cause: telling.error });
}

type Pull = {
  target: string;
  name: string;
  query: QueryConfig;
  client: PrometheusClient;
  prometheus: PrometheusConfig;
  /** Told of each label set that is left out, once. */
  report: (error: ForetraceError) => void;
};

/** Gives what each piece brought, after it is stored. */
async function* pullQuery(
  { target, name, query, client, prometheus, report }: Pull,
  { store, clock, signal }: StepContext,
  progress: (done: number) => void,
): AsyncGenerator<SampleBatch[]> {
  const { stepMillis: step, lookbackMillis } = prometheus;
  const now = clock();
  const matchers = [
    { name: "__name__", op: "=", value: name },
    { name: "target", op: "=", value: target },
  ] as const;
  const newest = await newestSample(store.series, matchers, now, lookbackMillis);
  const first = alignDown(newest === undefined ? now - lookbackMillis + step : newest - Math.max(overlapMillis, step), step);
  const last = alignDown(now, step);
  const refused = new Set<string>();
  for (let from: number = first; from <= last; from += pointsAtOnce * step) {
    const to = Math.min(last, from + (pointsAtOnce - 1) * step);
    // Two points before the piece belong to it: a rate needs the one before it, and so does a gap that begins between two pieces.
    const asked = { from: epochMillis(from - 2 * step), to: epochMillis(to) };
    const answer = await client.rangeQuery(query.expr, asked.from, asked.to, step, { signal });
    const batches = storedSeries(answer, target, name, query.expr).map(({ labels, samples }) => ({
      labels,
      samples: markGaps(query.kind === "counter" ? counterToRate(samples, step) : samples, step, to).filter(({ t }) => t >= from),
    }));
    const filled = batches.filter(({ labels, samples }) => {
      if (samples.length === 0) return false;
      const fault = unstorable(labels);
      if (fault === undefined) return true;
      const key = seriesKey(labels);
      if (!refused.has(key)) report(fault);
      refused.add(key);
      return false;
    });
    if (filled.length > 0) {
      await store.series.append(filled);
      yield filled;
    }
    progress((to - first + step) / (last - first + step));
  }
}

/** Why the store would refuse the label set. */
function unstorable(labels: Labels): ForetraceError | undefined {
  try {
    identify(labels);
    return undefined;
  } catch (error) {
    if (isForetraceError(error)) return error;
    throw error;
  }
}

/** The answer under the names it is stored by: `__name__` is the query's, `target` ours (one in the answer becomes `exported_target`). */
function storedSeries(
  answer: readonly SampleSeries[],
  target: string,
  name: string,
  expr: string,
): { labels: Labels; samples: readonly Sample[] }[] {
  const keys = new Set<string>();
  return answer.map(({ labels: { target: exported, ...rest }, samples }) => {
    const labels: Labels = { ...rest, ...(exported !== undefined && { exported_target: exported }), __name__: name, target };
    const key = seriesKey(labels);
    if (keys.has(key)) {
      throw new ForetraceError(
        "source_rejected",
        `query ${name} ("${expr}") of target "${target}" gives two series that differ only in their metric name; ask for one metric in each query`,
        { input: name },
      );
    }
    keys.add(key);
    return { labels, samples };
  });
}
